"""Who takes part (spec/sync-rules.md §2)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.core.scope import bc_scope, outlook_scope
from shared.filters import EMPTY, parse_filter
from shared.model import BcContact, OutlookContact, Reason

ADA = BcContact(
    id="3f6c1d0a-7a52-ef11-9c36-002248a1b2c3",
    etag='W/"1"',
    number="KT000123",
    type="Person",
    display_name="Ada Lovelace",
    email="ada@analytical.example",
    city="London",
)
CARD = OutlookContact(
    id="AAMk1",
    etag='W/"2"',
    display_name="Ada Lovelace",
    given_name="Ada",
    surname="Lovelace",
    emails=("ada@analytical.example",),
)
LONDON = parse_filter({"city": "London"})
PARIS = parse_filter({"city": "Paris"})


def test_a_named_person_with_a_valid_address_in_the_filter_takes_part() -> None:
    assert bc_scope(ADA, EMPTY) is None
    assert bc_scope(ADA, LONDON) is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"type": "Company"}, Reason.NOT_A_PERSON),
        ({"display_name": "   "}, Reason.NO_NAME),
        ({"privacy_blocked": True}, Reason.PRIVACY_BLOCKED),
        ({"email": " ; "}, Reason.NO_EMAIL),
        ({"email": "ada@localhost"}, Reason.INVALID_EMAIL),
        ({"email": "not an address;neither"}, Reason.INVALID_EMAIL),
    ],
)
def test_a_filter_that_names_the_contact_does_not_make_it_take_part(
    changes: dict[str, str], reason: Reason
) -> None:
    assert bc_scope(replace(ADA, **changes), LONDON) is reason
    assert bc_scope(replace(ADA, **changes), PARIS) is reason


def test_a_person_outside_the_filter_stays_in_business_central() -> None:
    assert bc_scope(ADA, PARIS) is Reason.OUTSIDE_FILTER


def test_one_valid_address_of_a_list_is_enough() -> None:
    assert bc_scope(replace(ADA, email="broken;ada@analytical.example"), EMPTY) is None


def test_the_first_reason_is_told() -> None:
    everything_wrong = replace(ADA, type="Company", privacy_blocked=True, display_name="", email="")
    assert bc_scope(everything_wrong, PARIS) is Reason.NOT_A_PERSON
    assert bc_scope(replace(everything_wrong, type="Person", privacy_blocked=False), PARIS) is Reason.NO_NAME


def test_a_blocked_contact_counts_as_blocked_whatever_else_it_lacks() -> None:
    assert bc_scope(replace(ADA, privacy_blocked=True, display_name="", email=""), PARIS) is (
        Reason.PRIVACY_BLOCKED
    )


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"given_name": "", "surname": ""},
        {"display_name": "", "given_name": ""},
        {"display_name": "", "surname": ""},
        {"display_name": "Contoso", "company_name": "Contoso"},
        {"company_name": "Contoso"},
        {"emails": ("", "", "ada@analytical.example")},
        {"emails": ("broken", "ada@analytical.example")},
    ],
)
def test_a_card_with_a_name_and_an_address_goes_to_business_central(changes: dict[str, str]) -> None:
    assert outlook_scope(replace(CARD, **changes)) is None


NAMELESS = replace(CARD, display_name="", given_name="", surname="")


@pytest.mark.parametrize(
    ("card", "reason"),
    [
        (replace(NAMELESS, company_name="Contoso"), Reason.NOT_A_PERSON),
        (replace(NAMELESS, company_name="Contoso", display_name="contoso "), Reason.NOT_A_PERSON),
        (
            replace(NAMELESS, company_name="Contoso Ltd", given_name="Contoso", surname="Ltd"),
            Reason.NOT_A_PERSON,
        ),
        (NAMELESS, Reason.NO_NAME),
        (replace(NAMELESS, display_name="  ", middle_name=" "), Reason.NO_NAME),
        (replace(CARD, emails=()), Reason.NO_EMAIL),
        (replace(CARD, emails=("", " ")), Reason.NO_EMAIL),
        (replace(CARD, emails=("/o=ExchangeLabs/cn=ada",)), Reason.INVALID_EMAIL),
        (replace(CARD, private=True, inspected=True), Reason.PRIVATE),
        (replace(CARD, private=True, inspected=True, emails=()), Reason.NO_EMAIL),
    ],
)
def test_any_other_card_is_left_alone_with_its_reason(card: OutlookContact, reason: Reason) -> None:
    assert outlook_scope(card) is reason
