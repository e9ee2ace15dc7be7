"""The command line of `dev.py`. Standard library only: it answers `--help` before anything is installed."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

_PASSED_ON = frozenset({"test", "sandbox"})
"""Commands that give the arguments dev.py does not know to pytest and to the sandbox."""


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """What was asked for: `command`, its options, and `rest` for what is passed on.

    Ends the process on `--help` and on a mistake.
    """
    parser = _parser()
    known, rest = parser.parse_known_args(arguments)
    if rest and known.command not in _PASSED_ON:
        parser.error(f"unknown arguments: {' '.join(rest)}")
    known.rest = rest
    return known


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dev.py", description="Runs, tests and packages the contact sync.")
    commands = parser.add_subparsers(dest="command", metavar="command", required=True)

    demo = commands.add_parser(
        "demo", help="everything local: sandbox, function app, a first sync, an edit on each side"
    )
    demo.add_argument("--exit", action="store_true", help="end after the demonstration instead of staying up")
    demo.add_argument("--picture", type=Path, metavar="FILE", help="also save what it prints as an SVG picture")

    commands.add_parser(
        "test",
        help="the whole test suite; further arguments go to pytest",
        description="Runs the whole test suite. Further arguments go to pytest, for instance a path or -k.",
    )

    start = commands.add_parser(
        "start",
        help="the function app alone, on the local host",
        description="Runs the function app with the settings of the environment and of local.settings.json.",
    )
    start.add_argument(
        "--port", type=int, default=7071, help="where to listen, 0 for a free port (default: 7071)"
    )
    start.add_argument(
        "--storage-dir", type=Path, metavar="DIR", help="keeps the data of the Azurite it starts"
    )

    commands.add_parser(
        "sandbox",
        add_help=False,
        help="the sandbox alone: Business Central, Graph and Entra; further arguments go to it, --help too",
    )

    sync = commands.add_parser("sync", help="one run in the foreground, against whatever the settings name")
    sync.add_argument("--user", required=True, metavar="U", help="the mailbox: object id or address")
    sync.add_argument("--company", metavar="C", help="the Business Central company id (default: BC_COMPANY_ID)")
    sync.add_argument("--full", action="store_true", help="compare everything, not only what changed")
    sync.add_argument("--preview", action="store_true", help="show what a run would do, and change nothing")

    bench = commands.add_parser("bench", help="how fast and how large it is, against the targets")
    bench.add_argument("--rows", metavar="T1,T3", help="only these rows (default: all)")
    bench.add_argument(
        "--quick", action="store_true", help="tiny sizes: shows that the rows work, not how fast"
    )

    commands.add_parser("lint", help="formatter, linter and type checker")
    commands.add_parser("package", help="the zip that is deployed, in dist/")
    return parser
