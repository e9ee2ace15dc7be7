"""The sandbox's Graph over HTTP: a plain client with a token, and a mailbox to work on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import requests

from sandbox.faults import Fault
from sandbox.world import Sandbox
from tests.sandbox.graph.api import ANN, BEN, IMMUTABLE, NOBODY
from tests.sandbox.graph.csdl import check_answer
from tests.sandbox.graph.listener import Listener


class Wire:
    """Ann, Ben and a user without mailbox in a running sandbox; a listener for what it sends out."""

    def __init__(self, sandbox: Sandbox, listener: Listener) -> None:
        self.sandbox = sandbox
        self.listener = listener
        people = sandbox.graph.people
        for id, upn, name, mailbox in (
            (ANN, "ann@harbour.example", "Ann Harbour", True),
            (BEN, "ben@harbour.example", "Ben Harbour", True),
            (NOBODY, "nobody@harbour.example", "Nobody", False),
        ):
            sandbox.call(people.add_user, id, upn, name, mailbox)
        self.folder: str = self.person("create_folder", ANN, "Business Central")
        self.contacts = f"/users/{ANN}/contactFolders/{self.folder}/contacts"
        self._session = requests.Session()
        self._session.trust_env = False

    def close(self) -> None:
        self._session.close()

    def person(self, what: str, *args: Any, **more: Any) -> Any:
        return self.sandbox.call(getattr(self.sandbox.graph.people, what), *args, **more)

    def fault(self, kind: str, **more: Any) -> None:
        self.sandbox.faults.add(Fault(kind, "graph", **more))

    def advance(self, seconds: float) -> None:
        """Put the clock forward once every notification under way was answered."""
        self.sandbox.call(self.sandbox.graph.subscriptions.postbox.settle)
        self.sandbox.clock.advance(seconds)

    def call(
        self, method: str, url: str, json: object = None, headers: Mapping[str, str] | None = None
    ) -> requests.Response:
        sent = {"Authorization": f"Bearer {self.sandbox.token()}", "Prefer": IMMUTABLE, **(headers or {})}
        if not url.startswith("http"):
            url = self.sandbox.graph_url + url
        answer = self._session.request(method, url, json=json, headers=sent, timeout=30)
        if answer.ok and answer.content and "json" in answer.headers.get("Content-Type", ""):
            check_answer(answer.json())
        return answer

    def subscribe(self, headers: Mapping[str, str] | None = None, **changed: object) -> requests.Response:
        """Ask for a subscription of the folder; a member given as None is left out."""
        body = {
            "changeType": "created,updated,deleted",
            "notificationUrl": self.listener.url,
            "resource": self.contacts,
            "expirationDateTime": self.in_minutes(10_000),
            "clientState": "s3cret",
            **changed,
        }
        return self.call("POST", "/subscriptions", {k: v for k, v in body.items() if v is not None}, headers)

    def in_minutes(self, minutes: float) -> str:
        moment = self.sandbox.clock.now() + timedelta(minutes=minutes)
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

    def create(self, **json: object) -> str:
        answer = self.call("POST", self.contacts, {"givenName": "Nneka", "surname": "Okafor", **json})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])


def refusal(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]
