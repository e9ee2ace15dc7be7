"""The product's HTTP API, as the demo and `dev.py sync` use it: through the key door."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

import requests
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from sandbox.install import Missing
from shared.model import Json

_SECONDS = 60.0


class _Shown(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, frozen=True)


class OutlookCounts(_Shown):
    """What a run did in Outlook."""

    created: int = 0
    updated: int = 0
    deleted: int = 0


class BusinessCentralCounts(_Shown):
    """What a run did in Business Central, where nothing is ever deleted."""

    created: int = 0
    updated: int = 0


class Counts(_Shown):
    """A run's figures."""

    to_outlook: OutlookCounts = Field(default_factory=OutlookCounts)
    to_business_central: BusinessCentralCounts = Field(default_factory=BusinessCentralCounts)
    unchanged: int = 0
    conflicts: int = 0
    held: int = 0
    skipped: int = 0
    failed: int = 0

    @property
    def writes(self) -> int:
        """Changes on both sides together."""
        there, back = self.to_outlook, self.to_business_central
        return there.created + there.updated + there.deleted + back.created + back.updated


class Run(_Shown):
    """`GET /api/runs/{runId}` as far as it is shown."""

    run_id: str
    kind: str
    state: str
    phase: str | None = None
    done: int = 0
    total: int | None = None
    counts: Counts = Field(default_factory=Counts)
    message: str | None = None

    @property
    def ended(self) -> bool:
        return self.state not in ("queued", "running")


class Api:
    """One app at one address. Every method raises `Missing` with the app's own words when it refuses."""

    def __init__(self, url: str, key: str) -> None:
        self._url = f"{url}/api"
        self._session = requests.Session()
        self._session.headers["x-functions-key"] = key

    def start_sync(self, user: str, company: str | None, mode: str) -> str:
        """Queues a run; its id."""
        body: dict[str, Json] = {"user": user, "mode": mode}
        if company is not None:
            body["company"] = company
        return str(self._call("POST", "sync", body)["runId"])

    def start_preview(self, user: str, company: str, mode: str) -> str:
        """Queues a run that changes nothing; its id."""
        return str(self._call("POST", f"{_setup(user, company)}/preview", {"mode": mode})["runId"])

    def confirm(self, run: str) -> None:
        """Lets go what a run holds."""
        self._call("POST", f"runs/{run}/confirm")

    def run(self, run: str) -> Run:
        """How a run stands."""
        return Run.model_validate(self._call("GET", f"runs/{run}"))

    def actions(self, run: str) -> list[Mapping[str, Json]]:
        """What a run did, or a preview would do."""
        return self._list(f"runs/{run}/actions")

    def put_setup(self, user: str, company: str, setup: Mapping[str, Json]) -> None:
        """Creates or replaces a setup."""
        self._call("PUT", _setup(user, company), setup)

    def conflicts(self, user: str, company: str) -> list[Mapping[str, Json]]:
        """The conflicts of a setup, newest first."""
        return self._list(f"{_setup(user, company)}/conflicts")

    def _list(self, path: str) -> list[Mapping[str, Json]]:
        found: list[Mapping[str, Json]] = []
        address: str | None = f"{self._url}/{path}"
        while address is not None:
            page = self._fetch("GET", address, None)
            value, following = page.get("value"), page.get("nextLink")
            found += [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
            address = following if isinstance(following, str) else None
        return found

    def _call(self, method: str, path: str, body: Mapping[str, Json] | None = None) -> dict[str, Json]:
        return self._fetch(method, f"{self._url}/{path}", body)

    def _fetch(self, method: str, address: str, body: Mapping[str, Json] | None) -> dict[str, Json]:
        try:
            answer = self._session.request(method, address, json=body, timeout=_SECONDS)
            found = answer.json() if answer.content else {}
        except requests.RequestException as error:
            raise Missing(f"The function app does not answer ({type(error).__name__}).") from None
        if not isinstance(found, dict):
            raise Missing(f"The function app gave an unexpected answer to {method} {address}.")
        if not answer.ok:
            raise Missing(f"{found.get('title', answer.reason)}: {found.get('detail', answer.status_code)}")
        return found


def _setup(user: str, company: str) -> str:
    return f"users/{quote(user)}/setups/{quote(company)}"
