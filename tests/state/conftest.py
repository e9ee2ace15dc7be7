"""A store on a real Azurite, with a clock that stands still, and a setup that no other test has."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from shared.model import Setup
from shared.settings import StorageSettings
from shared.state import Store


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **how_long: float) -> None:
        self.now += timedelta(**how_long)


def tokens() -> Callable[[], str]:
    """Different at each call, and in each test: the tables are shared."""
    prefix, numbers = uuid.uuid4().hex, itertools.count()
    return lambda: f"{prefix}{next(numbers):06d}"


@dataclass(frozen=True, slots=True)
class Who:
    """A mailbox and a company."""

    user: str
    company: str

    @property
    def pair(self) -> tuple[str, str]:
        return self.user, self.company

    def setup(self) -> Setup:
        return Setup(self.user, self.company)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(storage: str, clock: Clock) -> Store:
    return Store(StorageSettings.from_connection_string(storage), clock, tokens())


@pytest.fixture
def who() -> Who:
    return Who(str(uuid.uuid4()), str(uuid.uuid4()))
