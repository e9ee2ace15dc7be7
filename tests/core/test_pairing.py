"""Who belongs to whom (spec/sync-rules.md §3), sentence by sentence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shared.core.pairing import same_person
from shared.core.plan import Effect, Step
from shared.core.snapshot import Whereabouts, Wish, WishKind
from shared.model import Field, Link, LinkState, Marker, Outcome, Reason, Side
from tests.core.builders import (
    COMPANY,
    ENVIRONMENT,
    TENANT,
    Given,
    card,
    couple,
    link,
    own_marker,
    person,
    stranger,
    values,
)

CARD = "outlook:ol-ada"
PENDING = Link("bc-ada", "", LinkState.CREATING)


def paired(given: Given) -> dict[str, str]:
    """Which Outlook contact each BC contact is linked with, once everything is done; new ones are "new"."""
    pairs: dict[str, str] = {}
    for step in given.plan():
        if step.link is not None and step.link.state is LinkState.LINKED:
            pairs[step.bc_id or f"new for {step.outlook_id}"] = step.link.outlook_id or "new"
    return pairs


def the(given: Given, key: str) -> Step:
    step = given.step(key)
    assert step is not None
    return step


def reason(given: Given, key: str = CARD) -> Reason:
    (only,) = the(given, key).reasons
    return only


# --- 1. the stored link -----------------------------------------------------------------------------


def test_an_id_that_no_longer_resolves_is_looked_for_by_marker_before_it_counts_as_deleted() -> None:
    given = replace(couple(), cards=(card(id="ol-new"),), away={"ol-ada": Whereabouts.GONE})
    step = the(given, "bc-ada")
    assert step.link is not None
    assert (step.link.outlook_id, step.link.state) == ("ol-new", LinkState.LINKED)
    assert not step.writes


def test_the_link_holds_whatever_marker_and_address_say() -> None:
    moved_on = stranger(emails=("someone.else@works.example",))
    given = replace(couple(), cards=(moved_on,))
    step = the(given, "bc-ada")
    assert values(step.to_bc) == {Field.EMAIL: "someone.else@works.example"}
    assert step.mark


# --- 2. the marker ----------------------------------------------------------------------------------


def test_after_loss_of_state_a_marker_rebuilds_the_link_without_a_new_category() -> None:
    given = Given(people=(person(),), cards=(card(categories=()),))
    step = the(given, "bc-ada")
    assert step.link is not None
    assert step.link.outlook_id == "ol-ada"
    assert not step.writes
    assert not step.category


@pytest.mark.parametrize(
    "marker",
    [
        Marker("tenant-2", ENVIRONMENT, COMPANY, "bc-ada"),
        Marker(TENANT, "Sandbox", COMPANY, "bc-ada"),
        Marker(TENANT, ENVIRONMENT, "company-2", "bc-ada"),
    ],
)
def test_a_marker_of_another_tenant_environment_or_company_is_never_followed(marker: Marker) -> None:
    given = Given(people=(person(),), cards=(card(marker=marker),))
    assert reason(given) is Reason.FOREIGN_MARKER
    assert paired(given) == {"bc-ada": "new"}


def test_a_marker_reads_the_same_in_either_case() -> None:
    marker = Marker(TENANT.upper(), ENVIRONMENT.lower(), COMPANY.title(), "bc-ada")
    assert paired(Given(people=(person(),), cards=(card(marker=marker),))) == {"bc-ada": "ol-ada"}


def test_of_two_contacts_with_one_marker_the_linked_one_keeps_it() -> None:
    older = card(id="ol-copy", created="2020-01-01T00:00:00Z")
    given = replace(couple(), cards=(older, card()))
    assert reason(given, "outlook:ol-copy") is Reason.DUPLICATE
    assert given.step("bc-ada") is None


def test_of_two_contacts_with_one_marker_and_no_link_the_oldest_keeps_it() -> None:
    older = card(id="ol-older", created="2020-01-01T00:00:00Z")
    given = Given(people=(person(),), cards=(card(), older))
    assert paired(given) == {"bc-ada": "ol-older"}
    assert reason(given) is Reason.DUPLICATE


def test_on_a_copy_the_marker_is_ignored_and_a_new_person_written_over_it_is_created() -> None:
    reused = card("Grace Hopper", id="ol-copy", marker=own_marker("bc-ada"))
    given = replace(couple(), cards=(card(), reused))
    step = the(given, "outlook:ol-copy")
    assert Effect.CREATE_BC in step.effects
    assert step.mark


def test_a_marker_whose_contact_is_gone_means_detached_also_after_loss_of_state() -> None:
    given = Given(cards=(card(),), gone=frozenset({"bc-ada"}))
    step = the(given, "bc-ada")
    assert step.link is not None
    assert step.link.state is LinkState.DETACHED
    assert not step.writes


def test_a_copy_whose_contact_was_blocked_while_the_state_was_lost_is_removed() -> None:
    step = Given(people=(person(privacy_blocked=True),), cards=(card(),)).step("bc-ada")
    assert step is not None
    assert step.effects == {Effect.DELETE_OUTLOOK}
    assert step.reasons == (Reason.PRIVACY_BLOCKED,)


def test_a_copy_of_a_contact_that_is_gone_is_not_created_again_either() -> None:
    given = replace(couple(bc=None), cards=(card(), card(id="ol-copy")))
    assert reason(given, "outlook:ol-copy") is Reason.DETACHED
    assert not any(given.plan().having(Effect.CREATE_BC))


def test_a_detached_contact_is_created_in_business_central_when_a_person_asks() -> None:
    base = link(person(), card(), state=LinkState.DETACHED, note=Reason.KEPT_EDITED)
    wish = {"ol-ada": Wish(WishKind.CREATE_IN_BC, "ol-ada")}
    given = Given(links=(base,), cards=(card(),), gone=frozenset({"bc-ada"}), wishes=wish)
    step = the(given, CARD)
    assert Effect.CREATE_BC in step.effects
    assert step.forget == "bc-ada"
    assert given.step("bc-ada") is None


def test_a_detached_contact_stays_so_while_nobody_asks() -> None:
    base = link(person(), card(), state=LinkState.DETACHED, note=Reason.KEPT_EDITED)
    given = Given(links=(base,), cards=(card(),), gone=frozenset({"bc-ada"}))
    assert reason(given, "bc-ada") is Reason.KEPT_EDITED
    assert not given.plan().writes


def test_a_detached_copy_that_the_user_deleted_does_not_come_back_with_its_contact() -> None:
    base = link(person(), card(), state=LinkState.DETACHED, note=Reason.OUTSIDE_FILTER)
    given = Given(links=(base,), people=(person(),), away={"ol-ada": Whereabouts.GONE})
    step = the(given, "bc-ada")
    assert step.link is not None
    assert step.link.state is LinkState.DELETED_BY_USER
    assert not step.writes


def test_a_copy_that_we_removed_is_made_anew_when_its_contact_is_back_in_scope() -> None:
    base = link(person(), card(), state=LinkState.REMOVED_BY_US)
    assert paired(Given(links=(base,), people=(person(),))) == {"bc-ada": "new"}


def test_a_creation_whose_answer_was_lost_finds_its_contact_by_the_marker() -> None:
    given = Given(links=(PENDING,), people=(person(),), cards=(card(),))
    assert paired(given) == {"bc-ada": "ol-ada"}
    assert not given.plan().writes


def test_a_creation_whose_answer_was_lost_and_that_never_happened_is_done_again() -> None:
    assert paired(Given(links=(PENDING,), people=(person(),))) == {"bc-ada": "new"}


def test_a_creation_that_never_happened_of_a_contact_deleted_since_is_given_up() -> None:
    step = the(Given(links=(PENDING,), gone=frozenset({"bc-ada"})), "bc-ada")
    assert not step.effects
    assert step.link is not None
    assert step.link.state is LinkState.REMOVED_BY_US


def test_a_contact_linked_but_never_marked_gets_its_marker_and_category() -> None:
    started = Link("bc-ada", "ol-ada", LinkState.LINKED)
    step = the(Given(links=(started,), people=(person(),), cards=(stranger(),)), "bc-ada")
    assert (step.effects, step.mark, step.category) == (frozenset({Effect.UPDATE_OUTLOOK}), True, True)


def test_a_contact_blocked_before_the_lost_answer_is_taken_out_again() -> None:
    given = Given(links=(PENDING,), people=(person(privacy_blocked=True),), cards=(card(),))
    assert the(given, "bc-ada").effects == {Effect.DELETE_OUTLOOK}


# --- 3. e-mail --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("theirs", "mine"),
    [
        ("ada@works.example", ("ada@works.example",)),
        (" Ada@Works.Example ", ("ada@works.example",)),
        ("first@works.example;ada@works.example", ("ada@works.example",)),
        ("ada@works.example", ("first@works.example", "second@works.example", "ADA@works.example")),
    ],
)
def test_any_address_of_one_side_finds_any_of_the_other(theirs: str, mine: tuple[str, ...]) -> None:
    given = Given(people=(person(email=theirs),), cards=(stranger(emails=mine),))
    assert paired(given) == {"bc-ada": "ol-ada"}


def test_a_first_meeting_marks_the_contact_and_adds_the_category_once() -> None:
    step = the(Given(people=(person(),), cards=(stranger(),)), "bc-ada")
    assert step.mark
    assert step.category
    assert not step.to_bc
    assert not step.to_outlook


def test_the_names_must_share_a_word() -> None:
    given = Given(
        people=(person("Grace Hopper", email="office@works.example"),),
        cards=(stranger(emails=("office@works.example",)),),
    )
    assert reason(given) is Reason.DUPLICATE
    assert the(given, CARD).related == "bc-grace"
    assert paired(given) == {"bc-grace": "new"}


def test_a_card_with_only_a_display_name_pairs_by_it() -> None:
    given = Given(people=(person(),), cards=(stranger(given_name="", surname=""),))
    assert paired(given) == {"bc-ada": "ol-ada"}


def test_name_or_telephone_alone_pair_nothing() -> None:
    given = Given(people=(person(),), cards=(stranger(emails=("other@works.example",)),))
    assert paired(given) == {"bc-ada": "new", "new for ol-ada": "ol-ada"}


def test_the_primary_address_goes_before_the_others() -> None:
    by_primary = person("Ada King", email="one@works.example")
    by_second = replace(person(email="two@works.example"), id="bc-second")
    given = Given(
        people=(by_second, by_primary), cards=(stranger(emails=("one@works.example", "two@works.example")),)
    )
    assert paired(given)["bc-ada"] == "ol-ada"
    assert paired(given)["bc-second"] == "new"


OLDER, NEWER = {"modified": "2026-01-01T00:00:00Z"}, {"modified": "2026-03-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"display_name": "ada  LOVELACE"} | OLDER, {"display_name": "Ada King"} | NEWER),
        (OLDER, {"city": "Paris"} | NEWER),
        (OLDER, {"privacy_blocked": True} | NEWER),
        (OLDER, {"type": "Company"} | NEWER),
        (NEWER, OLDER),
        ({"number": "KT1"} | OLDER, {"number": "KT2"} | OLDER),
    ],
    ids=["equal name", "in the filter", "not blocked", "a Person", "newest", "lower number"],
)
def test_among_several_the_better_match_is_taken(better: dict[str, Any], worse: dict[str, Any]) -> None:
    one = replace(person(id="bc-better"), **better)
    other = replace(person(id="bc-worse"), **worse)
    for people in ((one, other), (other, one)):
        given = Given(people=people, cards=(stranger(),)).choosing(filter={"city": "London"})
        assert paired(given).get("bc-better") == "ol-ada"


def test_a_blocked_person_of_that_very_name_goes_before_another_of_a_similar_one() -> None:
    blocked, other = person(privacy_blocked=True), person("Ada King", id="bc-king", email="ada@works.example")
    given = Given(people=(blocked, other), cards=(stranger(),))
    assert reason(given) is Reason.PRIVACY_BLOCKED
    assert paired(given) == {"bc-king": "new"}


def test_on_the_outlook_side_the_oldest_is_taken_then_the_lower_id() -> None:
    cards = (
        stranger(id="ol-1", created="2026-03-01T00:00:00Z"),
        stranger(id="ol-3", created="2026-01-01T00:00:00Z"),
        stranger(id="ol-2", created="2026-01-01T00:00:00Z"),
    )
    given = Given(people=(person(),), cards=cards)
    assert paired(given) == {"bc-ada": "ol-2"}
    assert reason(given, "outlook:ol-1") is reason(given, "outlook:ol-3") is Reason.DUPLICATE


def test_persons_with_one_address_and_different_names_each_get_their_own_contact() -> None:
    grace = person("Grace Hopper", email="office@works.example")
    ada = person(email="office@works.example")
    assert paired(Given(people=(ada, grace))) == {"bc-ada": "new", "bc-grace": "new"}


def test_persons_with_one_address_and_one_name_share_one_copy() -> None:
    twin = person(id="bc-twin", number="KT-z")
    given = Given(people=(person(), twin))
    assert paired(given) == {"bc-ada": "new"}
    assert reason(given, "bc-twin") is Reason.DUPLICATE


@pytest.mark.parametrize("state", [LinkState.LINKED, LinkState.CREATING, LinkState.DELETED_BY_USER])
def test_a_twin_is_not_created_beside_one_that_has_its_copy_or_lost_it_to_the_user(state: LinkState) -> None:
    twin = person(id="bc-twin", number="KT-z")
    given = Given(links=(link(person(), card(), state=state),), people=(person(), twin), cards=(card(),))
    assert reason(given, "bc-twin") is Reason.DUPLICATE


def test_the_same_twin_is_named_whatever_the_order_of_reading() -> None:
    twins = [person(id=f"bc-{n}") for n in (1, 2)]
    cards = [card(id=f"ol-{n}", marker=own_marker(f"bc-{n}")) for n in (1, 2)]
    links = tuple(link(bc, copy) for bc, copy in zip(twins, cards, strict=True))
    third = person(id="bc-third")
    for people in ((*twins, third), (*reversed(twins), third)):
        step = Given(links=links, people=people, cards=tuple(cards)).step("bc-third")
        assert step is not None
        assert step.related == "bc-1"


def test_a_removed_copy_does_not_return_beside_a_twin_that_took_its_place() -> None:
    twin = person(id="bc-twin", number="KT-z")
    former = link(person(), card(id="ol-gone"), state=LinkState.REMOVED_BY_US)
    kept = card(id="ol-twin", marker=own_marker("bc-twin"))
    given = Given(links=(former, link(twin, kept)), people=(person(), twin), cards=(kept,))
    assert reason(given, "bc-ada") is Reason.DUPLICATE


def test_three_cards_of_one_new_person_make_one_contact() -> None:
    given = Given(cards=(stranger(), stranger(id="ol-2"), stranger(id="ol-3")))
    assert len(list(given.plan().having(Effect.CREATE_BC))) == 1
    assert reason(given) is reason(given, "outlook:ol-3") is Reason.DUPLICATE


def test_nothing_is_created_where_any_address_belongs_to_a_linked_contact() -> None:
    second = stranger("Grace Hopper", emails=("grace@works.example", "ada@works.example"))
    given = replace(couple(), cards=(card(), second))
    assert reason(given, "outlook:ol-grace") is Reason.DUPLICATE
    assert the(given, "outlook:ol-grace").related == "bc-ada"


def test_added_again_by_hand_a_deleted_contact_is_linked_again() -> None:
    away = link(person(), card(), outlook_id="ol-before", state=LinkState.DELETED_BY_USER)
    given = Given(links=(away,), people=(person(),), cards=(stranger(id="ol-again"),))
    assert paired(given) == {"bc-ada": "ol-again"}


def test_deleted_and_added_again_between_two_runs_is_linked_at_once() -> None:
    given = replace(couple(outlook=None), cards=(stranger(id="ol-again"),))
    assert paired(given) == {"bc-ada": "ol-again"}


def test_moved_out_it_is_not_created_again_and_back_again_it_is_linked() -> None:
    moved = replace(couple(outlook=None), away={"ol-ada": Whereabouts.MOVED_OUT})
    step = the(moved, "bc-ada")
    assert not step.writes
    assert step.link is not None
    back = replace(couple(bc={"job_title": "Chief"}), links=(step.link,))
    assert values(the(back, "bc-ada").to_outlook) == {Field.JOB_TITLE: "Chief"}
    assert paired(back) == {"bc-ada": "ol-ada"}


def test_a_contact_found_moved_out_and_then_deleted_there_is_deleted_by_its_user() -> None:
    given = couple(outlook=None, link={"note": Reason.MOVED_OUT})
    assert reason(given, "bc-ada") is Reason.DELETED_BY_USER


# --- the first meeting ------------------------------------------------------------------------------


def test_first_meeting_business_centrals_values_win_and_outlooks_fill_its_blanks() -> None:
    bc = person(job_title="Chief", mobile="")
    outlook = stranger(job_title="Lead", business_phones=())
    step = the(Given(people=(bc,), cards=(outlook,)), "bc-ada")
    assert values(step.to_outlook) == {Field.JOB_TITLE: "Chief", Field.PHONE: "+44 20 7946 0001"}
    assert values(step.to_bc) == {Field.MOBILE: "+44 7700 900001"}
    assert [(c.field, c.kept, c.lost, c.lost_side) for c in step.conflicts] == [
        (Field.JOB_TITLE, "Chief", "Lead", Side.OUTLOOK)
    ]
    assert step.outcome is Outcome.CONFLICT


def test_an_heir_takes_over_the_copy_and_the_former_link_is_forgotten() -> None:
    heir = person(id="bc-heir", number="KT2", job_title="Chief")
    given = replace(couple(bc=None), people=(heir,))
    step = the(given, "bc-heir")
    assert step.forget == "bc-ada"
    assert given.step("bc-ada") is None
    assert step.mark
    assert not step.category


@pytest.mark.parametrize("changes", [{"display_name": "Ada King"}, {"email": "other@works.example"}])
def test_one_of_another_name_or_address_is_no_heir(changes: dict[str, Any]) -> None:
    given = replace(couple(bc=None), people=(replace(person(id="bc-heir"), **changes),))
    assert the(given, "bc-ada").effects == {Effect.DELETE_OUTLOOK}


def test_of_two_former_contacts_the_older_copy_goes_to_the_heir_whatever_their_order() -> None:
    heir = person(id="bc-heir")
    young = card(id="ol-young", created="2026-02-01T00:00:00Z", marker=own_marker("bc-young"))
    links = (link(person(), card()), link(person(id="bc-young"), young))
    for order in (links, links[::-1]):
        given = Given(
            links=order, people=(heir,), cards=(young, card()), gone=frozenset({"bc-ada", "bc-young"})
        )
        assert paired(given) == {"bc-heir": "ol-ada"}
        assert the(given, "bc-young").effects == {Effect.DELETE_OUTLOOK}


# --- recognising a repeated create -----------------------------------------------------------------


def test_a_created_contact_is_recognised_by_address_and_name_also_where_the_name_was_cut() -> None:
    long = "Ada " + "Lovelace " * 12 + "King"
    written = stranger(display_name=long, given_name="", surname="")
    assert same_person(person(), stranger(given_name="", surname=""))
    assert same_person(person(display_name=long[:100].rstrip()), written)
    assert not same_person(person(display_name="Ada"), written)
    assert not same_person(person(email="other@works.example"), stranger())
