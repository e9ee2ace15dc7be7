"""The sandbox's world, as the sync's own tests have it."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("tests.variance.scenario")

from tests.sync.conftest import world  # noqa: E402

__all__ = ["world"]
