"""A contact that Outlook would not show: nothing is concluded from that, and it is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.model import LinkState, Outcome, Reason
from tests.core.builders import Given, card, couple, link, person


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(couple(), id="nothing known"),
        pytest.param(replace(couple(bc=None), cards=()), id="deleted in Business Central"),
        pytest.param(
            Given(links=(link(person(), card()),), people=(person(job_title="Head Buyer"),)),
            id="changed in Business Central",
        ),
        pytest.param(
            Given(links=(link(person(), card(), state=LinkState.DETACHED),), people=(person(),)), id="detached"
        ),
    ],
)
def test_whatever_is_due_for_a_pair_waits(given: Given) -> None:
    step = replace(given, unread=frozenset({card().id})).step(person().id)
    assert step is not None
    assert (step.effects, step.link, step.before) == (frozenset(), None, given.links[0])
    assert (step.outcome, step.reasons) == (Outcome.FAILED, (Reason.REFUSED_BY_OUTLOOK,))


def test_a_newcomer_that_is_not_shown_is_told_too() -> None:
    step = Given(unread=frozenset({"ol-new"})).step("outlook:ol-new")
    assert step is not None
    assert (step.outlook_id, step.outcome) == ("ol-new", Outcome.FAILED)
