"""The sandbox in a process of its own, steered over its control plane: its work is not the product's."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import requests
from pydantic import BaseModel

from sandbox.install import ROOT, Missing
from sandbox.processes import child
from shared.model import Json

_SECONDS = 120.0
_CA = "REQUESTS_CA_BUNDLE"


class LoggedCall(BaseModel):
    """One call as the sandbox's log shows it. `started`, `ended`: its virtual seconds."""

    n: int
    service: str
    method: str
    path: str
    query: str
    status: int
    item: bool
    started: float
    ended: float
    body: object = None


@dataclass(frozen=True, slots=True)
class Control:
    """The control plane of a running sandbox. `settings`: the product's, that point to it."""

    url: str
    settings: dict[str, str]

    def mark(self) -> int:
        """The number that the next call to a service gets."""
        value = self._ask("GET", "requests?since=999999999")["mark"]
        assert isinstance(value, int)
        return value

    def calls(self, since: int) -> list[LoggedCall]:
        """The calls to both services since a mark, items of batches included."""
        value = self._ask("GET", f"requests?since={since}")["value"]
        assert isinstance(value, list)
        return [LoggedCall.model_validate(entry) for entry in value]

    def requests_since(self, mark: int) -> list[LoggedCall]:
        """Without the items: what went over the wire, a batch being one."""
        return [call for call in self.calls(mark) if not call.item]

    def violations(self) -> int:
        """Breaches of good manners so far."""
        counts = self._ask("GET", "violations")["counts"]
        assert isinstance(counts, dict)
        return sum(count for count in counts.values() if isinstance(count, int))

    def advance(self, seconds: float) -> None:
        """Put the sandbox's clock forward."""
        self._ask("POST", "clock", {"advance": seconds})

    def fault(self, **fault: Json) -> None:
        """Something to go wrong from now on."""
        self._ask("POST", "fault", fault)

    def people(self, service: str, do: str, *args: Json, **more: Json) -> Json:
        """What a person does in "graph" or "businessCentral"."""
        return self._ask("POST", f"people/{service}", {"do": do, "args": list(args), **more})["result"]

    def _ask(self, method: str, path: str, body: dict[str, Json] | None = None) -> dict[str, Json]:
        answer = requests.request(method, f"{self.url}/{path}", json=body, timeout=_SECONDS)
        found: dict[str, Json] = answer.json()
        if not answer.ok:
            raise Missing(f"The sandbox refused {path}: {found.get('error')}")
        return found


@contextmanager
def running_sandbox(seed: str, latency: float = 0.0) -> Iterator[Control]:
    """A sandbox with a seed; `latency` in seconds. Its certificate authority is trusted inside the block.

    Raises `Missing` when it does not start.
    """
    command = [sys.executable, str(ROOT / "dev.py"), "sandbox", "--seed", seed, "--latency", str(latency)]
    with child(command, ROOT) as process:
        assert process.stdout is not None
        settings: dict[str, str] = {}
        url = ""
        for line in process.stdout:
            text = line.strip()
            if text == "ready":
                break
            if text.startswith("control plane"):
                url = text.split()[-1]
            name, equals, value = text.partition("=")
            if equals and name.isupper():
                settings[name] = value
        else:
            raise Missing("The sandbox did not start.")
        before = os.environ.get(_CA)
        os.environ[_CA] = settings[_CA]
        try:
            yield Control(url, settings)
        finally:
            if before is None:
                del os.environ[_CA]
            else:
                os.environ[_CA] = before


class HurriedClock:
    """The product's clock and the sandbox's, put forward together instead of waiting."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._ahead = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self._ahead)

    def monotonic(self) -> float:
        return time.monotonic() + self._ahead

    def sleep(self, seconds: float) -> None:
        self._control.advance(seconds)
        self._ahead += seconds
