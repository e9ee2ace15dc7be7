"""Child processes that end with their parent, on every system and however the parent ends.

A child gets the reading end of a pipe as its standard input; the parent holds the other end and writes
nothing. When the parent is gone, killed too, the system closes the pipe, and the child sees the end.
"""

from __future__ import annotations

import _thread
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import IO

_TIED = "CONTACT_SYNC_ENDS_WITH_STDIN"
_GRACE_SECONDS = 10.0


@contextmanager
def child(
    command: Sequence[str],
    cwd: Path,
    environment: Mapping[str, str] | None = None,
    output: int = subprocess.PIPE,
    log: IO[bytes] | None = None,
) -> Iterator[subprocess.Popen[str]]:
    """A child process, ended politely, then firmly, at the end of the block.

    `output`: what becomes of its standard output. `log`: where its error output goes; by default, where
    ours goes.
    """
    # A group of its own: Ctrl-C reaches only the parent, which then ends its children in the right order.
    process = subprocess.Popen(
        list(command),
        cwd=cwd,
        env={**os.environ, **(environment or {}), _TIED: "1"},
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=log,
        text=True,
        start_new_session=os.name != "nt",
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
    )
    try:
        yield process
    finally:
        end(process)


def end(process: subprocess.Popen[str]) -> None:
    """Ends a child: closes its input, which asks it to end, waits, kills. Harmless for one that has ended."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def end_with_parent() -> None:
    """Makes this process end, as by SIGTERM, when the parent that started it by `child` is gone."""
    if os.environ.pop(_TIED, None) is None:
        return

    stdin = sys.stdin.fileno()

    def watch() -> None:
        # Not through sys.stdin: its lock would be held when the interpreter ends, which is fatal.
        while os.read(stdin, 4096):
            pass
        if os.name == "nt":
            _thread.interrupt_main(signal.SIGTERM)
        else:
            os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def exit_on_terminate() -> None:
    """Turns SIGTERM into `SystemExit`, so that every open block ends what it started."""

    def leave(signum: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + signum)

    signal.signal(signal.SIGTERM, leave)
