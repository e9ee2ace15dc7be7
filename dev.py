#!/usr/bin/env python3
"""Everything a developer does here, on one command: `python3 dev.py --help`.

Needs Python 3.11 and nothing else: it makes the virtual environment, installs the pinned packages, and runs
the command inside. Plain syntax in this file, so that an old Python can say what is missing.
"""

from __future__ import annotations

import os
import subprocess
import sys

OLDEST = (3, 11)


def main() -> int:
    """Checks the command line, prepares the machine, hands over to `sandbox.commands`; the exit status."""
    if sys.version_info < OLDEST:
        found = ".".join(str(part) for part in sys.version_info[:2])
        print(f"dev.py needs Python 3.11 or newer; this is {found}.", file=sys.stderr)
        return 2
    from sandbox.commands.arguments import parse
    from sandbox.install import ROOT, Missing, ensure_environment

    arguments = sys.argv[1:]
    parse(arguments)
    try:
        python = ensure_environment()
    except Missing as missing:
        print(f"dev.py: {missing}", file=sys.stderr)
        return 1
    command = [str(python), "-m", "sandbox.commands", *arguments]
    os.chdir(ROOT)
    if os.name != "nt":
        os.execv(command[0], command)
    try:
        return subprocess.run(command, check=False).returncode
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
