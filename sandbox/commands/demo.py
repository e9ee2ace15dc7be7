"""`dev.py demo`: everything local on one command, and what the product does with it."""

from __future__ import annotations

import argparse
import json
import secrets
import threading

from rich.console import Console

from sandbox.azurite import azurite
from sandbox.commands.api import Api, Run
from sandbox.commands.app_process import free_port, running_app
from sandbox.commands.scenes import Stage
from sandbox.commands.watch import follow, show_counts, show_reasons
from sandbox.install import Missing
from sandbox.seed.cast import COMPANIES, USERS
from sandbox.world import TENANT_ID, Sandbox

_SETUPS = ((USERS[0], COMPANIES[0]), (USERS[1], COMPANIES[0]), (USERS[2], COMPANIES[1]))
_MOST_ROUNDS = 4
_BC_DELAY_SECONDS = 2
"""Business Central itself waits 30 seconds before it notifies; nobody wants to watch that."""


def run(arguments: argparse.Namespace) -> int:
    """0 when everything ended as promised. Raises `Missing` when something could not be started."""
    console = Console(record=bool(arguments.picture))
    key = secrets.token_urlsafe(32)
    console.print("Starting Storage, Business Central, Outlook and the function app …")
    port = free_port()
    switches = {"bc_notification_delay": str(_BC_DELAY_SECONDS)}
    with azurite() as storage, Sandbox(seed="demo", switches=switches) as sandbox:
        settings = {
            **sandbox.settings(),
            "AzureWebJobsStorage": storage,
            "FUNCTION_KEY": key,
            "LOCAL_USERS": _local_users(),
            "PUBLIC_BASE_URL": f"http://127.0.0.1:{port}",
        }
        with running_app(settings, "demo.log", port) as url:
            api = Api(url, key)
            _first_syncs(console, api)
            user, company = _SETUPS[0]
            good = Stage(sandbox, api, console, user, company).play()
            console.print("\nEverything ended as promised." if good else "\nNot everything ended as promised.")
            if arguments.picture:
                console.save_svg(str(arguments.picture), title="python3 dev.py demo")
            if not arguments.exit:
                _stay(console, url, key, sandbox)
    return 0 if good else 1


def _first_syncs(console: Console, api: Api) -> None:
    """A full sync for everybody; then whatever one user's new contacts mean for the others."""
    for user, company in _SETUPS:
        api.put_setup(user.id, company.id, {})
    runs: dict[str, Run] = {}
    for user, company in _SETUPS:
        run_id = api.start_sync(user.id, company.id, "full")
        runs[user.name] = _done(follow(console, api, run_id, f"{user.name}, {company.display_name}"))
    show_counts(console, runs)
    for name, run in runs.items():
        show_reasons(console, api, run, name)
    for user, _ in _SETUPS:
        held = runs[user.name]
        if held.state == "needsConfirmation":
            console.print(f"\n{user.name} confirms what was held: new people for Business Central.")
            api.confirm(held.run_id)
    for _ in range(_MOST_ROUNDS):
        writes = 0
        for user, company in _SETUPS:
            run_id = api.start_sync(user.id, company.id, "incremental")
            writes += _done(follow(console, api, run_id, f"{user.name}, again")).counts.writes
        if not writes:
            return
    raise Missing(f"The sync did not come to rest in {_MOST_ROUNDS} rounds.")


def _done(run: Run) -> Run:
    if run.state not in ("succeeded", "partial", "needsConfirmation"):
        raise Missing(f"The run ended as {run.state}: {run.message}")
    return run


def _stay(console: Console, url: str, key: str, sandbox: Sandbox) -> None:
    """Stays up until Ctrl-C or SIGTERM."""
    console.print(f"\nPage              {url}/api/app", soft_wrap=True)
    console.print(f"Function key      {key}", soft_wrap=True)
    console.print(f"Business Central  {sandbox.bc_url}", soft_wrap=True)
    console.print(f"Graph             {sandbox.graph_url}", soft_wrap=True)
    console.print(f"Controls          {sandbox.control_url}", soft_wrap=True)
    console.print("Ctrl-C ends everything.")
    never = threading.Event()
    try:
        while not never.wait(0.5):
            pass
    except (KeyboardInterrupt, SystemExit):
        return


def _local_users() -> str:
    """Who can sign in on the page; the first is an administrator."""
    return json.dumps(
        [
            {
                "id": user.id,
                "tenant": TENANT_ID,
                "address": user.address,
                "name": user.name,
                "roles": ["Admin"] if user is USERS[0] else [],
            }
            for user in USERS
        ]
    )
