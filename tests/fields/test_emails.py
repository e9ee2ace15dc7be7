"""E-mail addresses: validity, and the list against the slots."""

from __future__ import annotations

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import example, given
from hypothesis import strategies as st

from shared.fields import addresses, same, to_bc, to_outlook, valid_email
from shared.fields.emails import well_formed
from shared.model import Field, Reason
from tests.fields.make import CONTEXT, bc, outlook, stored_in_bc, stored_in_outlook

LONG = "an.address.that.leaves.hardly.any.room.at.all@a-rather-long-domain.example"


@pytest.mark.parametrize(
    "address",
    [
        "ada@analytical.example",
        " ada@analytical.example ",
        "Ada.M+work@mail.analytical.test",
        "ada@server.local",
        "o'neil@harbour.example",
        "ü@bücher.example",
        "山田@例え.jp",
        "a@b.co",
    ],
)
def test_ordinary_international_and_private_addresses_are_valid(address: str) -> None:
    assert valid_email(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ada",
        "ada@localhost",
        "ada@.analytical.example",
        "ada@analytical.example.",
        "ada@analytical.x",
        "ada@@analytical.example",
        "ada@one.example;eve@two.example",
        "A@msn.com,",
        "Ada <ada@analytical.example>",
        "ada lovelace@analytical.example",
        ".ada@analytical.example",
        "/o=ExchangeLabs/ou=Group/cn=ada",
        "\ud800@analytical.example",
        "a" * 70 + "@harbour.example",
    ],
)
def test_what_business_central_would_refuse_is_not_valid(address: str) -> None:
    assert not valid_email(address)


def _by_library(address: str) -> bool:
    try:
        validate_email(address, check_deliverability=False, globally_deliverable=False, strict=True)
    except EmailNotValidError:
        return False
    return True


@given(
    st.from_regex(r"[a-z0-9._+-]{1,66}@([a-z0-9-]{1,5}\.){1,3}[a-z]{1,4}", fullmatch=True)
    | st.text(alphabet="ab1.@-_+ é", max_size=20)
)
@example("a@ab--c.example")
@example("a" * 65 + "@b.example")
def test_the_short_cut_for_ordinary_addresses_never_disagrees_with_the_library(address: str) -> None:
    if well_formed(address):
        assert _by_library(address)
    elif _by_library(address):
        domain = address.rpartition("@")[2]
        assert "." not in domain or "." in domain[-2:]


def test_addresses_to_pair_by_are_folded_ordered_and_unique() -> None:
    expected = ("ada@x.example", "eve@y.example")
    assert addresses(" Ada@X.example ;; eve@y.example;ADA@x.example") == expected
    assert addresses(("Ada@X.example", "", "eve@y.example")) == expected
    assert addresses("") == ()
    assert addresses(()) == ()


def test_first_three_of_business_centrals_list_fill_the_slots() -> None:
    contact = bc(email="a@x.example; b@x.example;c@x.example;d@x.example")
    assert to_outlook(Field.EMAIL, contact, None, CONTEXT).value == "a@x.example;b@x.example;c@x.example"


def test_slots_become_a_list_without_blanks_that_business_central_would_refuse() -> None:
    contact = outlook(emails=(" Ada@X.example ", "b@x.example"))
    assert to_bc(Field.EMAIL, contact, None, CONTEXT).value == "Ada@X.example;b@x.example"


def test_fourth_and_later_addresses_survive_a_write_back() -> None:
    current = bc(email="a@x.example;b@x.example;c@x.example;d@x.example;e@x.example")
    edited = outlook(emails=("a@x.example", "new@x.example", "c@x.example"))
    value = to_bc(Field.EMAIL, edited, current, CONTEXT).value
    assert value == "a@x.example;new@x.example;c@x.example;d@x.example;e@x.example"


def test_fourth_address_moved_into_a_slot_is_not_listed_twice() -> None:
    current = bc(email="a@x.example;b@x.example;c@x.example;d@x.example")
    edited = outlook(emails=("D@x.example", "b@x.example", "c@x.example"))
    assert to_bc(Field.EMAIL, edited, current, CONTEXT).value == "D@x.example;b@x.example;c@x.example"


def test_slot_emptied_in_outlook_lets_the_fourth_address_move_up() -> None:
    current = bc(email="a@x.example;b@x.example;c@x.example;d@x.example")
    edited = outlook(emails=("a@x.example", "b@x.example"))
    after = stored_in_bc({Field.EMAIL: to_bc(Field.EMAIL, edited, current, CONTEXT).value or ""}, current)
    assert after.email == "a@x.example;b@x.example;d@x.example"
    assert not same(Field.EMAIL, after, edited, CONTEXT)
    assert to_outlook(Field.EMAIL, after, edited, CONTEXT).value == after.email


def test_address_that_does_not_fit_is_dropped_whole() -> None:
    translation = to_bc(Field.EMAIL, outlook(emails=(LONG, "b@x.example")), None, CONTEXT)
    assert translation.value == LONG
    assert translation.reasons == (Reason.TRUNCATED,)


def test_shorter_address_after_one_that_does_not_fit_is_kept() -> None:
    slots = ("a@x.example", LONG, "b@x.example")
    assert to_bc(Field.EMAIL, outlook(emails=slots), None, CONTEXT).value == "a@x.example;b@x.example"


def test_list_is_full_at_eighty_characters() -> None:
    first, second = "a" * 30 + "@harbour.example", "b" * 17 + "@harbour.example"
    assert len(f"{first};{second}") == 80
    fits = to_bc(Field.EMAIL, outlook(emails=(first, second)), None, CONTEXT)
    beyond = to_bc(Field.EMAIL, outlook(emails=(first, f"b{second}")), None, CONTEXT)
    assert (fits.value, fits.reasons) == (f"{first};{second}", ())
    assert (beyond.value, beyond.reasons) == (first, (Reason.TRUNCATED,))


def test_only_address_too_long_leaves_business_central_as_it_is() -> None:
    slots = ("a" * 60 + "@a-rather-long-domain.example",)
    translation = to_bc(Field.EMAIL, outlook(emails=slots), None, CONTEXT)
    assert translation.value is None
    assert translation.reasons == (Reason.TRUNCATED,)


def test_edit_that_would_push_out_an_address_only_business_central_holds_rests() -> None:
    current = bc(email="a@x.example;b@x.example;c@x.example;d@x.example")
    translation = to_bc(Field.EMAIL, outlook(emails=("a@x.example", LONG, "c@x.example")), current, CONTEXT)
    assert translation.value is None
    assert translation.reasons == (Reason.TRUNCATED,)


@pytest.mark.parametrize("slots", [("ada@localhost",), ("a@x.example", "no address"), ("a@x.example", "")])
def test_malformed_or_unreadable_address_leaves_business_central_as_it_is(slots: tuple[str, ...]) -> None:
    translation = to_bc(Field.EMAIL, outlook(emails=slots), bc(email="a@x.example;b@x.example"), CONTEXT)
    assert translation.value is None
    assert translation.reasons == (Reason.INVALID_EMAIL,)


@pytest.mark.parametrize("bad", ["ada@localhost", "Ada <ada@x.example>", "/o=Org/cn=ada", "", "no address"])
def test_valid_address_goes_although_one_beside_it_cannot_and_takes_nothing_away(bad: str) -> None:
    current = bc(email="a@x.example;b@x.example;c@x.example;d@x.example")
    translation = to_bc(Field.EMAIL, outlook(emails=("new@x.example", bad, "c@x.example")), current, CONTEXT)
    assert translation.value == "new@x.example;b@x.example;c@x.example;d@x.example"
    assert translation.reasons == (Reason.INVALID_EMAIL,)
    added = to_bc(
        Field.EMAIL, outlook(emails=("a@x.example", "e@x.example", bad)), bc(email="a@x.example"), CONTEXT
    )
    assert (added.value, added.reasons) == ("a@x.example;e@x.example", (Reason.INVALID_EMAIL,))


@given(st.lists(st.sampled_from(["a@x.example", "new@x.example", "bad@localhost", ""]), min_size=1, max_size=3))
def test_a_bad_slot_never_takes_an_address_from_business_central_that_stood_in_its_place(
    slots: list[str],
) -> None:
    current = bc(email="p@x.example;q@x.example;r@x.example")
    value = to_bc(Field.EMAIL, outlook(emails=tuple(slots)), current, CONTEXT).value
    held = (value or current.email).split(";")
    for place, slot in enumerate(slots):
        assert slot.endswith("x.example") or current.email.split(";")[place] in held


@pytest.mark.parametrize("slots", [(), ("",), (" ", "")])
def test_emptied_email_is_required(slots: tuple[str, ...]) -> None:
    translation = to_bc(Field.EMAIL, outlook(emails=slots), bc(), CONTEXT)
    assert translation.value is None
    assert translation.reasons == (Reason.REQUIRED_FIELD,)


def test_email_emptied_in_business_central_does_not_empty_outlook() -> None:
    translation = to_outlook(Field.EMAIL, bc(email=" ; "), outlook(emails=("a@x.example",)), CONTEXT)
    assert translation.value is None
    assert translation.reasons == (Reason.NO_EMAIL,)


def test_address_too_long_for_business_central_outlives_an_edit_there() -> None:
    slots = ("a@x.example", LONG)
    edited = bc(email="new@x.example")
    assert to_outlook(Field.EMAIL, edited, outlook(emails=slots), CONTEXT).value == f"new@x.example;{LONG}"


def test_malformed_address_outlives_an_edit_in_business_central_where_there_is_room() -> None:
    slots = ("a@x.example", "ada@localhost")
    one = to_outlook(Field.EMAIL, bc(email="new@x.example"), outlook(emails=slots), CONTEXT)
    full = to_outlook(
        Field.EMAIL, bc(email="p@x.example;q@x.example;r@x.example"), outlook(emails=slots), CONTEXT
    )
    assert (one.value, one.reasons) == ("new@x.example;ada@localhost", ())
    assert (full.value, full.reasons) == ("p@x.example;q@x.example;r@x.example", (Reason.TRUNCATED,))


def test_address_removed_in_business_central_leaves_outlook() -> None:
    slots = ("a@x.example", "b@x.example")
    assert (
        to_outlook(Field.EMAIL, bc(email="b@x.example"), outlook(emails=slots), CONTEXT).value == "b@x.example"
    )


def test_lists_compare_in_order_and_without_case() -> None:
    slots = outlook(emails=("Ada@X.example", "b@x.example"))
    assert same(Field.EMAIL, bc(email="ada@x.EXAMPLE ; B@x.example"), slots, CONTEXT)
    assert not same(Field.EMAIL, bc(email="b@x.example;ada@x.example"), slots, CONTEXT)
    assert not same(Field.EMAIL, bc(email="ada@x.example"), slots, CONTEXT)
    assert not same(Field.EMAIL, bc(email=""), slots, CONTEXT)


_address = st.builds(
    "{}@{}.example".format,
    st.from_regex(r"[a-zA-Z][a-zA-Z0-9]{0,40}", fullmatch=True),
    st.from_regex(r"[a-z][a-z0-9]{0,30}", fullmatch=True),
)


@given(st.lists(_address, min_size=1, max_size=3))
def test_slots_written_to_business_central_read_as_the_same(slots: list[str]) -> None:
    contact = outlook(emails=tuple(slots))
    value = to_bc(Field.EMAIL, contact, None, CONTEXT).value
    if value is not None:
        assert len(value) <= 80
        assert same(Field.EMAIL, stored_in_bc({Field.EMAIL: value}, bc()), contact, CONTEXT)


@given(st.lists(_address, min_size=1, max_size=5), st.lists(_address, max_size=3))
def test_list_written_to_outlook_reads_as_the_same_unless_it_kept_an_address(
    listed: list[str], slots: list[str]
) -> None:
    contact, before = bc(email=";".join(listed)), outlook(emails=tuple(slots))
    value = to_outlook(Field.EMAIL, contact, before, CONTEXT).value or ""
    after = stored_in_outlook({Field.EMAIL: value}, before)
    assert len(after.emails) <= 3
    kept = [address for address in addresses(after.emails) if address not in addresses(listed)]
    assert kept or same(Field.EMAIL, contact, after, CONTEXT)
    assert set(kept) <= set(addresses(slots))
