"""`dev.py start`: the function app on the local host, with the settings of the environment."""

from __future__ import annotations

import argparse
import json
import logging
import os
import secrets
import sys
import threading
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path

from sandbox.azurite import DEVELOPMENT_STORAGE, development_storage
from sandbox.host import FunctionsHost, HostError
from sandbox.host.configuration import read_host_json
from sandbox.install import ROOT, Missing
from shared.settings import STORAGE

SETTINGS_FILE = ROOT / "local.settings.json"


def run(arguments: argparse.Namespace) -> int:
    """Serves until Ctrl-C or SIGTERM. Raises `Missing` for a setting, an app or a port that is no good."""
    prepare_settings(SETTINGS_FILE)
    log_to_stderr()
    with ExitStack() as stack:
        if arguments.storage_dir is not None:
            os.environ.setdefault(STORAGE, DEVELOPMENT_STORAGE)
        if os.environ.get(STORAGE, "").strip().lower() == DEVELOPMENT_STORAGE.lower():
            stack.enter_context(development_storage(arguments.storage_dir))
        key = os.environ.get("FUNCTION_KEY", "")
        if not key:
            key = secrets.token_urlsafe(32)
            print(f"function key {key}", flush=True)
        host = stack.enter_context(_host(arguments.port, key))
        print(f"ready {host.url}", flush=True)
        _wait_for_the_end()
    return 0


def prepare_settings(file: Path) -> None:
    """Puts the values of `local.settings.json` under the environment, which wins.

    Raises `Missing` for a bad file.
    """
    if file.exists():
        try:
            values = json.loads(file.read_text(encoding="utf-8-sig")).get("Values", {})
            items = [(str(name), str(value)) for name, value in values.items()]
        except (ValueError, AttributeError) as error:
            raise Missing(
                f'local.settings.json is not of the form {{"Values": {{"NAME": "value"}}}}: {error}'
            ) from None
        for name, value in items:
            os.environ.setdefault(name, value)
    if os.environ.get("LOCAL_USERS", "").strip():
        os.environ["WEBSITE_AUTH_ENABLED"] = "True"


def log_to_stderr() -> None:
    """What the app and the host log; of the libraries only what went wrong, since they log addresses."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    for library in ("azure", "urllib3", "msal", "uvicorn"):
        logging.getLogger(library).setLevel(logging.WARNING)


def _host(port: int, key: str) -> FunctionsHost:
    app = import_module("function_app").app
    try:
        return FunctionsHost(app, read_host_json(ROOT / "host.json"), os.environ, key, port)
    except HostError as error:
        raise Missing(str(error)) from None
    except OSError as error:
        raise Missing(
            f"Port {port} can't be used ({error.strerror}). Choose another one with --port."
        ) from None


def _wait_for_the_end() -> None:
    """Until a signal ends the process. In short waits: on Windows a signal does not end a long one."""
    never = threading.Event()
    try:
        while not never.wait(1.0):
            pass
    except (KeyboardInterrupt, SystemExit):
        return
