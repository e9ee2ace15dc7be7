"""Fingerprints: what they notice, what they don't, and that they keep nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.fields.fingerprint import Prints, bc_prints, changed, keep, outlook_prints, parts_changed
from shared.model import FIELDS, BcContact, Field, OutlookContact
from tests.fields.make import bc, outlook

KEY = bytes(range(32))

BC_EDITS = {
    "display_name": Field.NAME,
    "job_title": Field.JOB_TITLE,
    "company_name": Field.COMPANY,
    "email": Field.EMAIL,
    "phone": Field.PHONE,
    "mobile": Field.MOBILE,
    "address_line1": Field.ADDRESS,
    "address_line2": Field.ADDRESS,
    "country": Field.COUNTRY,
    "city": Field.CITY,
    "state": Field.STATE,
    "postal_code": Field.POSTAL_CODE,
    "website": Field.WEBSITE,
}
OUTLOOK_EDITS = {
    "display_name": Field.NAME,
    "given_name": Field.NAME,
    "middle_name": Field.NAME,
    "surname": Field.NAME,
    "job_title": Field.JOB_TITLE,
    "company_name": Field.COMPANY,
    "mobile": Field.MOBILE,
    "street": Field.ADDRESS,
    "country": Field.COUNTRY,
    "city": Field.CITY,
    "state": Field.STATE,
    "postal_code": Field.POSTAL_CODE,
    "website": Field.WEBSITE,
}


def _bc(contact: BcContact) -> bytes:
    return bc_prints(KEY, contact)


def _outlook(contact: OutlookContact) -> bytes:
    return outlook_prints(KEY, contact)


@pytest.mark.parametrize(("attribute", "field"), BC_EDITS.items())
@pytest.mark.parametrize("after", ["edited", ""])
def test_edit_in_business_central_shows_in_its_field_alone(attribute: str, field: Field, after: str) -> None:
    before = bc(**dict.fromkeys(BC_EDITS, "before"))
    edited = replace(before, **{attribute: after})  # type: ignore[arg-type]
    assert changed(_bc(before), _bc(edited)) == {field}


@pytest.mark.parametrize(("attribute", "field"), OUTLOOK_EDITS.items())
@pytest.mark.parametrize("after", ["edited", ""])
def test_edit_in_outlook_shows_in_its_field_alone(attribute: str, field: Field, after: str) -> None:
    before = outlook(**dict.fromkeys(OUTLOOK_EDITS, "before"))
    edited = replace(before, **{attribute: after})  # type: ignore[arg-type]
    assert changed(_outlook(before), _outlook(edited)) == {field}


def test_edit_of_a_slot_or_of_the_first_telephone_shows() -> None:
    before = outlook(emails=("a@x.example", "b@x.example"), business_phones=("1", "2"))
    assert changed(_outlook(before), _outlook(replace(before, emails=("a@x.example",)))) == {Field.EMAIL}
    assert changed(_outlook(before), _outlook(replace(before, business_phones=("3", "2")))) == {Field.PHONE}


def test_edit_of_the_second_telephone_is_no_change_of_a_field() -> None:
    before = outlook(business_phones=("1", "2"))
    assert changed(_outlook(before), _outlook(replace(before, business_phones=("1", "3")))) == frozenset()


def test_contact_without_a_second_telephone_is_told_from_one_that_has_it() -> None:
    prints = Prints(KEY)
    assert prints.single_phone(prints.outlook(outlook(business_phones=("1",))))
    assert prints.single_phone(prints.outlook(outlook()))
    assert not prints.single_phone(prints.outlook(outlook(business_phones=("1", "2"))))


def test_etag_time_marker_and_categories_are_no_edit() -> None:
    held, shown = bc(), outlook(display_name="Ada")
    touched = replace(held, etag="e2", modified="2026-01-01T00:00:00Z", search_name="X", number="KT2")
    assert _bc(touched) == _bc(held)
    seen = replace(shown, etag="e2", categories=("Business Central",), modified="2026", inspected=True)
    assert _outlook(seen) == _outlook(shown)


def test_text_is_taken_as_returned_so_that_a_blank_or_letter_case_is_an_edit() -> None:
    assert changed(_bc(bc(city="Hull")), _bc(bc(city="Hull "))) == {Field.CITY}
    assert changed(_outlook(outlook(street="a\nb")), _outlook(outlook(street="a\r\nb"))) == {Field.ADDRESS}


def test_text_moved_from_one_field_to_the_next_shows_in_both() -> None:
    before, after = bc(city="Hull"), bc(state="Hull")
    assert changed(_bc(before), _bc(after)) == {Field.CITY, Field.STATE}
    moved = changed(_bc(bc(address_line1="a")), _bc(bc(address_line2="a")))
    assert moved == {Field.ADDRESS}


def test_text_moved_from_one_name_part_to_the_next_is_a_change_of_the_name() -> None:
    before, after = outlook(given_name="Ada"), outlook(surname="Ada")
    assert changed(_outlook(before), _outlook(after)) == {Field.NAME}
    assert parts_changed(_outlook(before), _outlook(after))


def test_display_name_alone_is_no_change_of_the_parts() -> None:
    before = outlook(display_name="Ada", given_name="Ada")
    after = replace(before, display_name="Countess")
    assert changed(_outlook(before), _outlook(after)) == {Field.NAME}
    assert not parts_changed(_outlook(before), _outlook(after))


def test_contact_never_seen_has_changed_in_everything() -> None:
    assert changed(b"", _bc(bc())) == frozenset(FIELDS)
    assert changed(b"", _outlook(outlook())) == frozenset(FIELDS)
    assert parts_changed(b"", _outlook(outlook()))


def test_prints_of_another_layout_count_as_never_seen() -> None:
    now = _outlook(outlook(display_name="Ada"))
    assert changed(now[:-8], now) == frozenset(FIELDS)
    assert parts_changed(now[:-8], now)


def test_nothing_changed_is_nothing() -> None:
    assert changed(_bc(bc()), _bc(bc())) == frozenset()
    assert not parts_changed(_outlook(outlook()), _outlook(outlook()))


def test_field_not_dealt_with_keeps_its_old_print_and_is_seen_again() -> None:
    before = outlook(display_name="Ada", given_name="Ada", city="Hull", job_title="Buyer")
    after = replace(before, display_name="Eve", given_name="Eve", city="York", job_title="Head")
    base = keep(_outlook(before), _outlook(after), [Field.NAME, Field.CITY])
    assert changed(base, _outlook(after)) == {Field.NAME, Field.CITY}
    assert parts_changed(base, _outlook(after))
    assert changed(base, _outlook(before)) == {Field.JOB_TITLE}


def test_field_not_dealt_with_at_the_first_meeting_is_seen_again() -> None:
    now = _outlook(outlook(display_name="Ada", city=""))
    assert changed(keep(b"", now, [Field.CITY]), now) == {Field.CITY}


def test_raw_text_of_a_field_is_recognised() -> None:
    prints = Prints(KEY)
    seen = prints.outlook(outlook(city="Hull"))
    assert prints.shows(seen, Field.CITY, "Hull")
    assert prints.shows(seen, Field.STATE, "")
    assert not prints.shows(seen, Field.CITY, "York")


def test_setups_have_prints_of_their_own() -> None:
    assert bc_prints(KEY, bc()) != bc_prints(KEY[::-1], bc())
    assert bc_prints(KEY, bc(name="", email="")) != bc_prints(KEY[::-1], bc(name="", email=""))


@given(st.text(alphabet=st.characters(codec=None), max_size=20))
def test_any_text_json_can_carry_has_a_print(text: str) -> None:
    before = _bc(bc(city=text))
    assert changed(before, _bc(bc(city=text))) == frozenset()
    assert changed(before, _bc(bc(city=f"{text}."))) == {Field.CITY}


def test_prints_are_of_one_size_whatever_the_texts() -> None:
    assert len(_bc(bc())) == len(_outlook(outlook(street="x" * 5_000))) == len(_outlook(outlook()))
