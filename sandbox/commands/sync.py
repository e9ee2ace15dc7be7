"""`dev.py sync`: one run in the foreground, against whatever the settings name."""

from __future__ import annotations

import argparse
import os
import secrets

from rich.console import Console

from sandbox.commands.api import Api
from sandbox.commands.app_process import running_app
from sandbox.commands.start import SETTINGS_FILE, prepare_settings
from sandbox.commands.watch import follow, show_counts, show_reasons
from sandbox.install import Missing


def run(arguments: argparse.Namespace) -> int:
    """0 when the run did all it should. Raises `Missing` with the app's words when there can be no run."""
    prepare_settings(SETTINGS_FILE)
    console = Console()
    key = secrets.token_urlsafe(32)
    mode = "full" if arguments.full else "incremental"
    with running_app({"FUNCTION_KEY": key}, "sync.log") as url:
        api = Api(url, key)
        if arguments.preview:
            company = arguments.company or os.environ.get("BC_COMPANY_ID", "")
            if not company:
                raise Missing("A preview needs a company: name it by --company or in BC_COMPANY_ID.")
            run_id = api.start_preview(arguments.user, company, mode)
        else:
            run_id = api.start_sync(arguments.user, arguments.company, mode)
        ended = follow(console, api, run_id, "preview" if arguments.preview else f"{mode} sync")
        show_counts(console, {ended.kind: ended})
        show_reasons(console, api, ended, arguments.user)
    return 0 if ended.state == "succeeded" else 1
