"""The commands of `dev.py`, one module each, run inside the virtual environment."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from importlib import import_module

from sandbox.install import Missing
from sandbox.processes import end_with_parent, exit_on_terminate


def run_command(arguments: argparse.Namespace) -> int:
    """Runs the command that the arguments name; its exit status."""
    end_with_parent()
    exit_on_terminate()
    # Only the command's own module is loaded: `lint` need not wait for the imports of `demo`.
    run: Callable[[argparse.Namespace], int] = import_module(f"sandbox.commands.{arguments.command}").run
    try:
        return run(arguments)
    except Missing as missing:
        print(f"dev.py: {missing}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
