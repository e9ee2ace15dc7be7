"""Every cell of the table in docs/SECURITY.md, over HTTP, against the function app on the local host."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from sandbox.commands.app_process import running_app
from sandbox.world import TENANT_ID, Sandbox
from shared.api.app import ALL_ROUTES
from shared.api.route import Route
from shared.model import Json
from tests.api.access_table import CALLERS, OWN, YES, cell, lines
from tests.api.caller import principal
from tests.sync.world import ANNA, BEN, COMPANY

CARL = "7f0e1d2c-0000-4000-8000-0000000000cc"
DANA = "7f0e1d2c-0000-4000-8000-0000000000dd"
KEY = "the-function-key"
_SIGNED_IN = {"signed-in user": ANNA, "without the company": BEN, "other user": CARL, "Admin": DANA}
_SECONDS = 30.0
_BODIES: dict[str, Json] = {
    "startSync": {"user": ANNA, "company": COMPANY},
    "startSyncOfMine": {"company": COMPANY},
    "askForContact": {"action": "retry"},
    "askForContactOfMine": {"action": "retry"},
}


@dataclass
class Site:
    """The app at its address, with a session per caller. `touched`: an allowed call may have changed things."""

    url: str
    sessions: dict[str, requests.Session]
    run: str = ""
    touched: bool = True

    def call(self, caller: str, method: str, path: str, body: Json = None) -> requests.Response:
        url = f"{self.url}/api/{path}"
        return self.sessions[caller].request(method, url, json=body, timeout=_SECONDS)

    def key(self, method: str, path: str, body: Json = None) -> requests.Response:
        answer = self.call("key", method, path, body)
        assert answer.ok, (method, path, answer.text)
        return answer

    def prepare(self) -> None:
        """Anna has a setup, paused so that it rests, and a run; Carl only an opened company; Ben nothing."""
        if not self.touched:
            return
        for user in (BEN, CARL, DANA):
            self.key("DELETE", f"users/{user}")
        self.call("Admin", "PUT", f"manage/access/{CARL}/{COMPANY}").raise_for_status()
        hers = f"users/{ANNA}/setups/{COMPANY}"
        self.key("PUT", hers, {"paused": True})
        if not self.run or self.call("key", "GET", f"runs/{self.run}").status_code == 404:
            self.run = str(self.key("POST", f"{hers}/preview").json()["runId"])
        self._wait(lambda: self._ended(hers))
        self.touched = False

    def kept(self) -> Json:
        """Everything that is stored of Anna, but for addresses, which any call may learn."""
        found: dict[str, Json] = self.key("GET", f"users/{ANNA}/export").json()
        return {name: value for name, value in found.items() if name != "addresses"}

    def path(self, route: Route) -> str:
        values = {"user": ANNA, "company": COMPANY, "runId": self.run, "id": "AAkALg="}
        return route.template.format(**values)

    def _ended(self, setup: str) -> bool:
        runs = self.key("GET", f"{setup}/runs").json()["value"]
        return all(run["state"] not in ("queued", "running") for run in runs)

    def _wait(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + _SECONDS
        while not condition():
            assert time.monotonic() < end, "the runs did not end"
            time.sleep(0.05)


@pytest.fixture(scope="module")
def site(storage: str) -> Iterator[Site]:
    """The app as `dev.py start` runs it, with App Service Authentication played by the local host."""
    people = {"anna": ANNA, "ben": BEN, "carl": CARL, "dana": DANA}
    users: list[Json] = [
        {
            "id": user,
            "tenant": TENANT_ID,
            "address": f"{name}@cronus.example",
            "name": name.title(),
            "roles": ["Admin"] if user == DANA else [],
        }
        for name, user in people.items()
    ]
    with Sandbox() as sandbox:
        sandbox.call(sandbox.bc.people.add_company, COMPANY, "CRONUS International Ltd.")
        for name, user in people.items():
            sandbox.call(sandbox.graph.people.add_user, user, f"{name}@cronus.example", name.title())
        env = {
            **sandbox.settings(),
            "AzureWebJobsStorage": storage,
            "FUNCTION_KEY": KEY,
            "LOCAL_USERS": json.dumps(users),
            "SYNC_SCHEDULE": "0 0 0 1 1 *",
        }
        with running_app(env, "security-test.log") as url:
            site = Site(url, {caller: _session(url, caller) for caller in CALLERS})
            site.key("DELETE", f"users/{ANNA}")
            yield site


def _session(url: str, caller: str) -> requests.Session:
    session = requests.Session()
    if caller == "key":
        session.headers["x-functions-key"] = KEY
    elif caller == "forged principal":
        session.headers.update(principal(DANA, TENANT_ID, "Admin"))
        session.headers["x-ms-client-principal-id"] = DANA
    elif caller in _SIGNED_IN:
        session.get(f"{url}/.auth/login/aad?as={_SIGNED_IN[caller]}", timeout=_SECONDS).raise_for_status()
    return session


def test_table_in_the_document_is_the_rule() -> None:
    text = (Path(__file__).parents[2] / "docs" / "SECURITY.md").read_text(encoding="utf-8")
    assert [line for line in text.splitlines() if line.startswith("|")] == lines()


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("route", ALL_ROUTES, ids=lambda route: route.name)
def test_cell(site: Site, route: Route, caller: str) -> None:
    site.prepare()
    wanted = cell(route, caller)
    before = site.kept() if wanted != YES and route.method != "GET" else None
    sends = route.body is not None
    answer = site.call(caller, route.method, site.path(route), _BODIES.get(route.name, {}) if sends else None)
    if wanted not in (YES, OWN):
        assert answer.status_code == int(wanted), answer.text
        assert before is None or site.kept() == before
        assert ANNA not in answer.text
        return
    assert answer.status_code not in (401, 403), answer.text
    assert answer.status_code < 500, answer.text
    if route.method != "GET":
        site.touched = True
    if wanted == OWN:
        assert ANNA not in answer.text
        assert before is None or site.kept() == before
