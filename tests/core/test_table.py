"""The decision table of spec/sync-rules.md §4, cell by cell, and what every policy makes of it."""

from __future__ import annotations

import pytest

from tests.core.builders import summary
from tests.core.scenarios import ALL, Scenario


@pytest.mark.parametrize("scenario", ALL, ids=lambda scenario: scenario.situation.replace(" ", "_"))
def test(scenario: Scenario) -> None:
    plan = scenario.given.plan()
    found = [step for step in plan if step.key == scenario.key]
    assert [summary(step) for step in found] == ([scenario.then] if scenario.then else [])
    if scenario.then is None:
        assert plan.unchanged == 1
