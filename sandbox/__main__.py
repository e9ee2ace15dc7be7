"""`python3 -m sandbox`: the sandbox alone, until it is told to end."""

from __future__ import annotations

import argparse
import signal
import threading
from collections.abc import Sequence

from sandbox.seed import SEEDS
from sandbox.world import Sandbox


def main(arguments: Sequence[str] | None = None) -> None:
    """Print addresses and the product's settings, then `ready`; end on SIGTERM or Ctrl-C."""
    given = _parser().parse_args(arguments)
    ports = {
        "graph": given.graph_port,
        "businessCentral": given.bc_port,
        "entra": given.entra_port,
        "control": given.control_port,
    }
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    try:
        sandbox = Sandbox(given.seed, dict(given.switch), given.latency, random_seed=given.random, ports=ports)
    except ValueError as error:
        raise SystemExit(str(error)) from error
    with sandbox:
        print(f"Graph             {sandbox.graph_url}")
        print(f"Business Central  {sandbox.bc_url}")
        print(f"Entra             {sandbox.entra_url}")
        print(f"control plane     {sandbox.control_url}")
        for name, value in sandbox.settings().items():
            print(f"{name}={value}")
        print("ready", flush=True)
        # In short turns: Windows looks for Ctrl-C only between them.
        while not ended.wait(0.2):
            continue


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python3 -m sandbox", description="Graph, Business Central, Entra: local.")
    parser.add_argument("--seed", default="demo", help=SEEDS)
    parser.add_argument("--latency", type=float, default=0.0, metavar="SECONDS", help="what every call takes")
    parser.add_argument(
        "--switch", type=_switch, action="append", default=[], metavar="NAME=VALUE", help="may be repeated"
    )
    parser.add_argument("--random", type=int, default=1, metavar="SEED", help="seed of ids and made-up data")
    for name in ("graph", "bc", "entra", "control"):
        parser.add_argument(f"--{name}-port", type=int, default=0, help="a free one unless given")
    return parser


def _switch(text: str) -> tuple[str, str]:
    name, found, value = text.partition("=")
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


if __name__ == "__main__":
    main()
