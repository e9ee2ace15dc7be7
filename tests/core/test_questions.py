"""What must be looked up before anything is decided, and what need not be (spec/sync-rules.md §3, §4, §7)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.core.questions import Questions, Reading, questions
from shared.core.snapshot import Whereabouts, Wish, WishKind
from shared.model import Field, LinkState, Reason, Side
from tests.core.builders import PRINTS, Given, couple, person, stranger


def asked(given: Given, **reading: object) -> Questions:
    how = replace(Reading(PRINTS), **reading)  # type: ignore[arg-type]
    return questions(given.links, given.bc, given.outlook, given.rules, how)


def unread(given: Given) -> Given:
    """The same, but Outlook was not read."""
    return replace(given, cards=())


def test_a_quiet_pair_asks_nothing() -> None:
    assert not asked(couple())


def test_an_edit_in_business_central_is_written_without_reading_the_copy() -> None:
    assert not asked(unread(couple(bc={"job_title": "Chief"})))


def test_a_copy_with_a_value_that_business_central_refused_is_read_first() -> None:
    given = unread(couple(bc={"city": "Oxford"}, link={"refused": (Field.JOB_TITLE,)}))
    assert asked(given.choosing(filter={})).outlook == {"ol-ada"}


@pytest.mark.parametrize(
    "note",
    [Reason.PHONE_HAS_LETTERS, Reason.TRUNCATED, Reason.DIRECTION_OFF, Reason.PRIVATE, Reason.OUTSIDE_FILTER],
)
def test_a_copy_in_which_something_may_rest_or_wait_is_read_first(note: Reason) -> None:
    given = unread(couple(bc={"job_title": "Chief"}, link={"note": note, "matched": False}))
    assert asked(given).outlook == {"ol-ada"}


def test_a_side_whose_change_still_waits_is_read_before_the_other_is_written_over_it() -> None:
    given = unread(couple(bc={"job_title": "Chief"}, link={"outlook_etag": ""}))
    assert asked(given).outlook == {"ol-ada"}
    given = replace(couple(outlook={"job_title": "Lead"}, link={"bc_etag": ""}), people=())
    assert asked(given).bc == {"bc-ada"}


def test_a_copy_that_is_to_go_is_looked_at_first() -> None:
    assert asked(unread(couple(bc={"city": "Paris"}))).outlook == {"ol-ada"}
    assert asked(unread(couple(bc=None))).outlook == {"ol-ada"}


def test_a_copy_whose_contact_is_gone_is_asked_for_own_content_and_heirs() -> None:
    questions_ = asked(couple(bc=None))
    assert questions_.own_content == {"ol-ada"}
    assert questions_.owners == {"ada@works.example"}


def test_removed_in_delta_is_only_a_hint_of_a_contact_that_was_never_linked_too() -> None:
    """Moved out and back before any run saw it, Graph tells no more of it."""
    assert asked(Given(), removed=frozenset({"ol-ada"})).outlook == {"ol-ada"}


def test_a_link_that_was_never_synced_has_its_contact_inspected() -> None:
    """A run that died between the creation and the marker left it so."""
    given = couple(link={"bc_prints": b"", "outlook_prints": b""})
    seen = replace(given, cards=tuple(replace(card, inspected=False) for card in given.cards))
    assert asked(seen).outlook == {"ol-ada"}


def test_removed_in_delta_is_only_a_hint() -> None:
    assert asked(unread(couple()), removed=frozenset({"ol-ada"})).outlook == {"ol-ada"}


def test_an_id_that_no_longer_resolves_is_looked_for_by_its_marker() -> None:
    given = replace(unread(couple()), away={"ol-ada": Whereabouts.GONE})
    assert asked(given).markers == {"bc-ada"}


def test_an_interrupted_removal_looks_at_both_sides() -> None:
    given = replace(unread(couple(link={"state": LinkState.REMOVING})), people=())
    found = asked(given)
    assert (found.bc, found.outlook) == ({"bc-ada"}, {"ol-ada"})


@pytest.mark.parametrize("emptied", [{"country": ""}, {"company_name": ""}, {"emails": ()}])
def test_what_is_put_back_must_be_known(emptied: dict[str, object]) -> None:
    assert asked(replace(couple(outlook=emptied), people=())).bc == {"bc-ada"}


def test_a_company_is_looked_up_by_its_folded_name_when_it_is_edited_or_wished_for() -> None:
    assert asked(couple(outlook={"company_name": " OTHER  Works"})).companies == {"other works"}
    wish = {"bc-ada": Wish(WishKind.TAKE_OTHER, "bc-ada", ((Field.COMPANY, "Other Works"),))}
    assert asked(couple(wishes=wish)).companies == {"other works"}


def test_a_company_is_looked_up_also_where_the_contact_leaves() -> None:
    given = couple(bc={"city": "Paris"}, outlook={"company_name": "Other Works"})
    assert asked(given).companies == {"other works"}


def test_a_new_card_asks_for_its_marker_first_and_for_the_bearers_of_its_addresses_then() -> None:
    uninspected = stranger(inspected=False)
    assert asked(Given(cards=(uninspected,))).outlook == {"ol-ada"}
    assert asked(Given(cards=(stranger(),))).owners == {"ada@works.example"}


def test_a_new_person_asks_for_twins_and_for_a_copy_that_may_be_there() -> None:
    found = asked(Given(people=(person(),)))
    assert found.owners == found.in_folder == {"ada@works.example"}
    assert found.markers == {"bc-ada"}


def test_a_contact_back_in_the_scope_is_asked_for_like_a_new_one() -> None:
    """Meanwhile its twin may have got the copy, or the user one of their own."""
    found = asked(unread(couple(link={"state": LinkState.REMOVED_BY_US})))
    assert found.owners == found.in_folder == {"ada@works.example"}


def test_a_copy_that_was_moved_back_asks_what_happened_to_its_contact() -> None:
    given = replace(couple(link={"note": Reason.MOVED_OUT}), people=())
    assert asked(given).bc == {"bc-ada"}


def test_what_was_left_alone_is_looked_at_again_when_what_was_in_its_way_moves() -> None:
    left = {"bc-ada": [(Side.OUTLOOK, "ol-second"), (Side.BUSINESS_CENTRAL, "bc-twin")]}
    still = replace(couple(), people=())
    assert not asked(still, left_alone=left)
    gone = replace(still, gone=frozenset({"bc-ada"}))
    deleted = replace(still, cards=(), away={"ol-ada": Whereabouts.GONE})
    for given in (couple(bc={"job_title": "Chief"}), gone, deleted):
        found = asked(given, left_alone=left)
        assert "ol-second" in found.outlook
        assert "bc-twin" in found.bc
    assert "bc-twin" in asked(still, left_alone=left, missing_bc=frozenset({"bc-ada"})).bc


def test_what_was_left_alone_for_one_not_known_yet_is_looked_at_again() -> None:
    assert asked(couple(), left_alone={"": [(Side.OUTLOOK, "ol-second")]}).outlook == {"ol-second"}


def test_a_copy_of_which_only_the_version_moved_may_have_been_marked_private() -> None:
    assert asked(couple(outlook={"inspected": False, "categories": ("Mine",)})).outlook == {"ol-ada"}
    edited = couple(outlook={"inspected": False, "job_title": "Lead"})
    assert not asked(edited).outlook
    assert asked(couple(link={"unlooked": True}, outlook={"inspected": False, "job_title": "Lead"})).outlook
