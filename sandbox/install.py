"""Puts what the project needs on the machine, once: the virtual environment and its packages.

Standard library only: it runs before anything is installed. What is there is known by a stamp, the hash
of what was asked for, so a second start looks at one small file and goes on.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
CACHE = ROOT / ".cache"
LOCK = ROOT / "requirements-dev.txt"


class Missing(Exception):
    """Something the machine lacks or refuses; the text is one line for people, with the way out."""


def environment_python() -> Path:
    """The interpreter of the project's virtual environment, there or not."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def ensure_environment() -> Path:
    """Makes `.venv` and installs the pinned packages unless that is done; returns its interpreter.

    Raises `Missing` when the machine can't make a virtual environment or the packages can't be had.
    """
    stamp = stamp_of(LOCK, sys.version)
    python = environment_python()
    with exclusively(CACHE / "environment.lock"):
        if python.exists() and is_stamped(VENV, stamp):
            return python
        if not _runs(python):
            say("making the virtual environment .venv")
            run_quietly(
                [sys.executable, "-m", "venv", "--clear", str(VENV)],
                "Python can't make a virtual environment. On Debian and Ubuntu, install python3-venv.",
            )
        say("installing the pinned Python packages")
        run_quietly(
            [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(LOCK)],
            "The packages of requirements-dev.txt could not be installed. Is the package index reachable?",
        )
        write_stamp(VENV, stamp)
    return python


def stamp_of(file: Path, *more: str) -> str:
    """A hash of a file's content and of whatever else decides what gets installed."""
    digest = hashlib.sha256(file.read_bytes())
    for part in more:
        digest.update(b"\0" + part.encode())
    return digest.hexdigest()


def is_stamped(folder: Path, stamp: str) -> bool:
    """Whether `folder` holds exactly what the stamp stands for."""
    file = folder / "installed.stamp"
    return file.is_file() and file.read_text() == stamp


def write_stamp(folder: Path, stamp: str) -> None:
    """Records a finished installation. Written last, so one that was broken off is done again."""
    (folder / "installed.stamp").write_text(stamp)


def run_quietly(command: Sequence[str], complaint: str, cwd: Path = ROOT) -> None:
    """Runs a command without its output; raises `Missing` with the complaint and the command's last lines."""
    try:
        subprocess.run(
            command,
            cwd=cwd,
            check=True,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    except OSError as error:
        raise Missing(f"{complaint} ({error.strerror})") from error
    except subprocess.CalledProcessError as error:
        tail = "\n".join(f"  {line}" for line in str(error.stdout).strip().splitlines()[-8:])
        raise Missing(f"{complaint}\n{tail}") from error


def say(text: str) -> None:
    """Tells what takes its time, on standard error: standard output belongs to the command."""
    print(f"dev.py: {text} …", file=sys.stderr, flush=True)


@contextmanager
def exclusively(file: Path) -> Iterator[None]:
    """Holds a lock between processes; the system lets go of it when the holder dies."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a+b") as handle:
        if sys.platform == "win32":
            import msvcrt

            handle.seek(0)
            msvcrt.locking(handle.fileno(), msvcrt.LK_LOCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _runs(python: Path) -> bool:
    """Whether the interpreter is there, works and is of this very version."""
    if not python.exists():
        return False
    answer = subprocess.run(
        [str(python), "-c", "import pip, sys; print(sys.version)"], capture_output=True, text=True, check=False
    )
    return answer.returncode == 0 and answer.stdout.strip() == sys.version.strip()
