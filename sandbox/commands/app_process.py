"""The function app in a process of its own, as `dev.py start` runs it."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sandbox.install import CACHE, ROOT, Missing
from sandbox.processes import child


@contextmanager
def running_app(settings: Mapping[str, str], log_name: str, port: int = 0) -> Iterator[str]:
    """Starts the app (port 0: on a free one) and gives its address; its log goes to `.cache/<log_name>`.

    Raises `Missing` when it does not start.
    """
    file = CACHE / log_name
    file.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, str(ROOT / "dev.py"), "start", "--port", str(port)]
    with file.open("wb") as log, child(command, ROOT, settings, log=log) as process:
        assert process.stdout is not None
        for line in process.stdout:
            word, _, address = line.strip().partition(" ")
            if word == "ready":
                yield address
                return
        raise Missing(f"The function app did not start; {file.relative_to(ROOT)} says why.")


def free_port() -> int:
    """A port that was free a moment ago, for an app whose address must be known before it starts."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
