"""`dev.py test`: the whole test suite, on two processes, with Azurite ready."""

from __future__ import annotations

import argparse
import subprocess
import sys

from sandbox import azurite
from sandbox.install import ROOT


def run(arguments: argparse.Namespace) -> int:
    """pytest's own exit status. Raises `Missing` when Azurite can't be installed."""
    azurite.install()
    command = [sys.executable, "-m", "pytest", "-n", "2", *arguments.rest]
    return subprocess.run(command, cwd=ROOT, check=False).returncode
