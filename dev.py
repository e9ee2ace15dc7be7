#!/usr/bin/env python3
"""Everything a developer does here, on one command: `python3 dev.py --help`.

Needs Python 3.11 and nothing else: it makes the virtual environment, installs the pinned packages, and runs
itself again inside. Plain syntax in this file, so that an old Python can say what is missing.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

OLDEST = (3, 11)


def main() -> int:
    """Checks the command line, prepares the machine, runs the command; the exit status."""
    if sys.version_info < OLDEST:
        found = ".".join(str(part) for part in sys.version_info[:2])
        print(f"dev.py needs Python 3.11 or newer; this is {found}.", file=sys.stderr)
        return 2
    from sandbox.commands import run_command
    from sandbox.commands.arguments import parse
    from sandbox.install import VENV, Missing, ensure_environment

    arguments = parse(sys.argv[1:])
    try:
        python = ensure_environment()
    except Missing as missing:
        print(f"dev.py: {missing}", file=sys.stderr)
        return 1
    if Path(sys.prefix).samefile(VENV):
        return run_command(arguments)
    command = [str(python), str(Path(__file__).resolve()), *sys.argv[1:]]
    if os.name != "nt":
        os.execv(command[0], command)
    try:
        return subprocess.run(command, check=False).returncode
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
