"""A small service behind the gate, as Graph and as Business Central."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox.frame.small_service import Bench, bench


@pytest.fixture
def graph() -> Iterator[Bench]:
    with bench("graph") as running:
        yield running


@pytest.fixture
def bc() -> Iterator[Bench]:
    with bench("businessCentral") as running:
        yield running
