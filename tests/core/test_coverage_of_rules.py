"""Nothing of the rules goes unexercised: cells of §4, policies of §1, outcomes and reasons of §9.

What a scenario exercises is read off what it was given and what was decided, never off its name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from itertools import product

import pytest

from shared.core.plan import Plan
from shared.core.snapshot import Whereabouts
from shared.fields.fingerprint import changed
from shared.model import (
    ConflictPolicy,
    ContactType,
    Direction,
    Limit,
    LinkState,
    OnBusinessCentralDelete,
    OnLeaveScope,
    OnOutlookDelete,
    Outcome,
    Reason,
)
from tests.core.builders import PRINTS, Given, summary
from tests.core.scenarios import ALL

BC_ROWS = ("unchanged", "changed", "deleted", "left the scope", "became blocked", "became a Company")
OUTLOOK_COLUMNS = ("unchanged", "changed", "deleted")
POLICIES: dict[str, type[StrEnum]] = {
    "conflict_policy": ConflictPolicy,
    "on_business_central_delete": OnBusinessCentralDelete,
    "on_outlook_delete": OnOutlookDelete,
    "on_leave_scope": OnLeaveScope,
    "direction": Direction,
}
# What only doing can bring about: an answer of a service, a contact that failed before.
OF_THE_SHELL = {
    Outcome.FAILED,
    Reason.REFUSED_BY_BUSINESS_CENTRAL,
    Reason.REFUSED_BY_OUTLOOK,
    Reason.THROTTLED,
    Reason.PARKED,
}


def cells(given: Given) -> Iterator[tuple[str, str]]:
    """The cells of the table that the linked pairs of an observation stand in."""
    people = {contact.id: contact for contact in given.people}
    cards = {contact.id: contact for contact in given.cards}
    for link in given.links:
        if link.state is not LinkState.LINKED:
            continue
        bc, outlook = people.get(link.bc_id), cards.get(link.outlook_id)
        if link.bc_id in given.gone:
            row = "deleted"
        elif bc is None:
            continue
        elif bc.type != ContactType.PERSON:
            row = "became a Company"
        elif bc.privacy_blocked:
            row = "became blocked"
        elif link.matched and given.rules.scope(bc) is not None:
            row = "left the scope"
        else:
            row = "changed" if changed(link.bc_prints, PRINTS.bc(bc)) else "unchanged"
        if given.away.get(link.outlook_id) is Whereabouts.GONE:
            yield row, "deleted"
        elif outlook is not None:
            edited = changed(link.outlook_prints, PRINTS.outlook(outlook))
            yield row, "changed" if edited else "unchanged"


def told(plan: Plan) -> list[object]:
    return [summary(step) for step in plan]


def matters(policy: str, value: StrEnum) -> bool:
    """Some scenario under this value would end otherwise under another."""
    return any(
        told(scenario.given.plan()) != told(scenario.given.choosing(**{policy: other}).plan())
        for scenario in ALL
        if getattr(scenario.given.setup, policy) is value
        for other in POLICIES[policy]
        if other is not value
    )


@pytest.mark.parametrize("cell", list(product(BC_ROWS, OUTLOOK_COLUMNS)), ids=" × ".join)
def test_every_cell_of_the_table_is_exercised(cell: tuple[str, str]) -> None:
    assert cell in {found for scenario in ALL for found in cells(scenario.given)}


@pytest.mark.parametrize(
    ("policy", "value"), [(policy, value) for policy, values in POLICIES.items() for value in values]
)
def test_every_value_of_every_policy_makes_a_difference_somewhere(policy: str, value: StrEnum) -> None:
    assert matters(policy, value)


@pytest.mark.parametrize("limit", ["max_deletes", "max_changes"])
def test_either_brake_holds_something_back_that_goes_without_it(limit: str) -> None:
    wide = {limit: Limit(100, 100)}
    assert any(
        told(given.plan()) != told(replace(given, brakes=replace(given.brakes, **wide)).plan())  # type: ignore[arg-type]
        for given in (scenario.given for scenario in ALL)
        if given.brakes is not None
    )


def test_every_reason_and_every_outcome_is_exercised_but_those_that_only_doing_brings_about() -> None:
    steps = [step for scenario in ALL for step in scenario.given.plan()]
    exercised = {step.outcome for step in steps} | {reason for step in steps for reason in step.reasons}
    unchanged = {Outcome.UNCHANGED} if any(scenario.given.plan().unchanged for scenario in ALL) else set()
    assert exercised | unchanged == {*Reason, *Outcome} - OF_THE_SHELL


def test_no_situation_is_told_twice() -> None:
    situations = [scenario.situation for scenario in ALL]
    assert len(set(situations)) == len(situations)
