"""The function app in a process of its own, as `dev.py start` runs it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sandbox.install import CACHE, ROOT, Missing
from sandbox.processes import child


@contextmanager
def running_app(settings: Mapping[str, str], log_name: str) -> Iterator[str]:
    """Starts the app on a free port and gives its address; its log goes to `.cache/<log_name>`.

    Raises `Missing` when it does not start.
    """
    file = CACHE / log_name
    file.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, str(ROOT / "dev.py"), "start", "--port", "0"]
    with file.open("wb") as log, child(command, ROOT, settings, log=log) as process:
        assert process.stdout is not None
        for line in process.stdout:
            word, _, address = line.strip().partition(" ")
            if word == "ready":
                yield address
                return
        raise Missing(f"The function app did not start; {file.relative_to(ROOT)} says why.")
