"""Telephone numbers: letters that may go, letters that may not, and when two numbers are one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.fields import same, to_bc, to_outlook
from shared.model import Field, Reason
from tests.fields.make import CONTEXT, bc, outlook

NUMBER = "+44 20 7946 0001"


def _to_bc(text: str) -> tuple[str | None, tuple[Reason, ...]]:
    translation = to_bc(Field.PHONE, outlook(business_phones=(text, "+49 30 99")), None, CONTEXT)
    return translation.value, translation.reasons


@pytest.mark.parametrize(
    "written",
    [
        f"{NUMBER} ext. 12",
        f"{NUMBER} Ext 12",
        f"{NUMBER}x12",
        f"{NUMBER}, extension: 12",
        f"{NUMBER} (ext. 12)",
        f"{NUMBER};ext=12",
        f"{NUMBER} Durchwahl 12",
        f"{NUMBER} - DW 12",
        f"{NUMBER} poste 12",
        f"{NUMBER} toestel 12",
        f"{NUMBER} wewn. 12",
        f" {NUMBER} доб. 12 ",
    ],
)
def test_an_extension_in_words_becomes_a_semicolon_and_digits(written: str) -> None:
    assert _to_bc(written) == (f"{NUMBER};12", ())


@pytest.mark.parametrize(
    "written",
    [
        "1-800-FLOWERS",
        "Tel. 030 1234",
        "030 1234 (after 5)",
        "030 1234 ext",
        "ext 12",
        "030 1234 ext 12 mobile",
        "030 1234;5 ext 12",
        "030 1234 or x12",
        "+44 20 7946 0001 0002 000345 ext. 12",
        "०३० नमस्ते",
    ],
)
def test_letters_that_mean_something_stay_in_outlook(written: str) -> None:
    assert _to_bc(written) == (None, (Reason.PHONE_HAS_LETTERS,))


@pytest.mark.parametrize("written", [NUMBER, "(030) 12/34-56", "*31#0151", "", "+1;23"])
def test_number_without_letters_goes_as_it_is(written: str) -> None:
    assert _to_bc(written) == (written, ())


def test_number_too_long_is_cut() -> None:
    assert _to_bc("0" * 29 + " 12") == ("0" * 29, (Reason.TRUNCATED,))
    assert _to_bc("0" * 30) == ("0" * 30, ())


def test_number_goes_to_outlook_verbatim() -> None:
    contact = bc(phone="+44 20 7946 0001;12", mobile="(0151) 1")
    assert to_outlook(Field.PHONE, contact, None, CONTEXT).value == "+44 20 7946 0001;12"
    assert to_outlook(Field.MOBILE, contact, None, CONTEXT).value == "(0151) 1"


@pytest.mark.parametrize(
    ("held", "shown"),
    [
        ("+44 20 7946 0001", "+44 (20) 7946-0001"),
        ("+44 20 7946 0001;12", "+44 20 7946 0001 ext. 12"),
        ("030 1", "٠٣٠ ١"),
        ("", " "),
        ("-", "-"),
        ("1-800-FLOWERS", "1-800-flowers"),
        ("0" * 30, "0" * 35),
    ],
)
def test_numbers_are_the_same_by_what_they_dial(held: str, shown: str) -> None:
    assert same(Field.MOBILE, bc(mobile=held), outlook(mobile=shown), CONTEXT)
    assert same(Field.PHONE, bc(phone=held), outlook(business_phones=(shown,)), CONTEXT)


@pytest.mark.parametrize(
    ("held", "shown"),
    [
        ("+44 20 7946 0001", "44 20 7946 0001"),
        ("030 12", "030;12"),
        ("", "-"),
        ("030 12", ""),
        ("1-800", "1-800-FLOWERS"),
        ("030 1234 12", "030 1234 x12"),
    ],
)
def test_numbers_differ_by_a_plus_an_extension_or_letters(held: str, shown: str) -> None:
    assert not same(Field.MOBILE, bc(mobile=held), outlook(mobile=shown), CONTEXT)


def test_second_business_telephone_does_not_count() -> None:
    assert same(Field.PHONE, bc(phone="1"), outlook(business_phones=("1", "2")), CONTEXT)
    assert same(Field.PHONE, bc(phone=""), outlook(business_phones=()), CONTEXT)


@given(st.text(alphabet="0123456789+;()-/. extXdwDW٣é", max_size=45))
def test_what_goes_to_business_central_has_no_letter_and_reads_as_the_same(written: str) -> None:
    value, reasons = _to_bc(written)
    if value is None:
        assert reasons == (Reason.PHONE_HAS_LETTERS,)
        assert any(char.isalpha() for char in written)
    else:
        assert len(value) <= 30
        assert not any(char.isalpha() for char in value)
        assert same(Field.PHONE, bc(phone=value), outlook(business_phones=(written,)), CONTEXT)
        kept = [char for char in written if char.isdecimal()]
        assert Reason.TRUNCATED in reasons or [char for char in value if char.isdecimal()] == kept


def test_a_very_long_text_with_letters_is_refused_quickly() -> None:
    assert _to_bc("0 " * 50_000 + "x")[0] is None
