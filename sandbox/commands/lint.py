"""`dev.py lint`: formatter, linter and type checker, all of them even when one complains."""

from __future__ import annotations

import argparse
import subprocess
import sys

from sandbox.install import ROOT

_CHECKS = (("ruff", "format", "--check", "--quiet", "."), ("ruff", "check", "--quiet", "."), ("mypy",))


def run(arguments: argparse.Namespace) -> int:
    """0 when all three are content."""
    del arguments
    results = [
        subprocess.run([sys.executable, "-m", *check], cwd=ROOT, check=False).returncode for check in _CHECKS
    ]
    return 1 if any(results) else 0
