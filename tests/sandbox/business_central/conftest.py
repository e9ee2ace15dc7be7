"""The service with one empty company."""

from __future__ import annotations

import pytest

from tests.sandbox.business_central.api import Api


@pytest.fixture
def api() -> Api:
    return Api()
