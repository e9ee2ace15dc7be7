"""`dev.py sandbox`: Business Central, Graph and Entra alone, with their control plane."""

from __future__ import annotations

import argparse

from sandbox.__main__ import main


def run(arguments: argparse.Namespace) -> int:
    """Serves until Ctrl-C or SIGTERM."""
    main(arguments.rest)
    return 0
