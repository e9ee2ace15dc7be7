"""The street: two lines against any number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.fields import bc_body, same, to_bc, to_outlook
from shared.model import Field, Reason
from tests.fields.make import CONTEXT, bc, outlook, stored_in_bc, stored_in_outlook, texts


def _to_bc(street: str) -> tuple[str | None, tuple[Reason, ...]]:
    translation = to_bc(Field.ADDRESS, outlook(street=street), None, CONTEXT)
    return translation.value, translation.reasons


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_two_lines_go_line_by_line_whatever_ends_them(end: str) -> None:
    assert _to_bc(f"1 Quay Rd{end}Dock 2") == ("1 Quay Rd\nDock 2", ())
    street = outlook(street=f"1 Quay Rd{end}Dock 2{end}")
    assert same(Field.ADDRESS, bc(address_line1="1 Quay Rd", address_line2="Dock 2"), street, CONTEXT)


@pytest.mark.parametrize(
    ("street", "expected"),
    [
        ("a\nb\nc\nd", "a\nb, c, d"),
        ("a\n\nc\n\n", "a\nc"),
        (" a \n b ", "a\nb"),
        ("a\n\n", "a"),
        ("\nb", "\nb"),
        ("", ""),
        (" \r\n ", ""),
    ],
)
def test_lines_beyond_two_are_joined_to_the_second(street: str, expected: str) -> None:
    assert _to_bc(street) == (expected, ())


def test_each_line_is_cut_at_its_own_maximum() -> None:
    assert _to_bc("a" * 100 + "\n" + "b" * 50) == ("a" * 100 + "\n" + "b" * 50, ())
    assert _to_bc("a" * 101 + "\n" + "b" * 51) == ("a" * 100 + "\n" + "b" * 50, (Reason.TRUNCATED,))


def test_street_out_is_one_line_or_two() -> None:
    both = bc(address_line1="1 Quay Rd", address_line2="Dock 2")
    assert to_outlook(Field.ADDRESS, both, None, CONTEXT).value == "1 Quay Rd\nDock 2"
    assert to_outlook(Field.ADDRESS, bc(address_line1="1 Quay Rd"), None, CONTEXT).value == "1 Quay Rd"
    assert to_outlook(Field.ADDRESS, bc(), None, CONTEXT).value == ""


def test_third_line_in_outlook_outlives_an_edit_of_the_first_in_business_central() -> None:
    edited = bc(address_line1="2 Quay Rd", address_line2="Dock 2, Gate 3")
    street = outlook(street="1 Quay Rd\r\nDock 2\r\nGate 3")
    assert to_outlook(Field.ADDRESS, edited, street, CONTEXT).value == "2 Quay Rd\nDock 2\nGate 3"


def test_end_of_a_line_too_long_outlives_an_edit_of_the_other_in_business_central() -> None:
    edited = bc(address_line1="a" * 100, address_line2="Dock 3")
    street = outlook(street="a" * 120 + "\nDock 2")
    assert to_outlook(Field.ADDRESS, edited, street, CONTEXT).value == "a" * 120 + "\nDock 3"


@pytest.mark.parametrize("shown", ["\nDock 2", "Dock 2", "\r\nDock 2\r\n"])
def test_second_line_without_a_first_is_the_same_where_the_server_trims_it_up(shown: str) -> None:
    held = bc(address_line2="Dock 2")
    assert same(Field.ADDRESS, held, outlook(street=shown), CONTEXT)
    assert not same(Field.ADDRESS, held, outlook(street="Dock 2\nGate 3"), CONTEXT)
    assert not same(Field.ADDRESS, held, outlook(street=""), CONTEXT)


def test_streets_differ_by_any_line() -> None:
    held = bc(address_line1="1 Quay Rd", address_line2="Dock 2")
    assert not same(Field.ADDRESS, held, outlook(street="1 Quay Rd"), CONTEXT)
    assert not same(Field.ADDRESS, held, outlook(street="1 Quay Rd\nDock 3"), CONTEXT)
    assert not same(Field.ADDRESS, held, outlook(street="1 Quay Rd, Dock 2"), CONTEXT)


def test_body_carries_both_lines_so_that_a_dropped_one_is_cleared() -> None:
    assert bc_body({Field.ADDRESS: "1 Quay Rd"}) == {"addressLine1": "1 Quay Rd", "addressLine2": ""}
    assert bc_body({Field.ADDRESS: ""}) == {"addressLine1": "", "addressLine2": ""}


_lines = st.lists(texts(50) | texts(100), max_size=5)


@given(_lines, st.sampled_from(["\r\n", "\n", "\r"]))
def test_street_written_to_business_central_reads_as_the_same(lines: list[str], end: str) -> None:
    contact = outlook(street=end.join(lines))
    value = to_bc(Field.ADDRESS, contact, None, CONTEXT).value
    assert value is not None
    after = stored_in_bc({Field.ADDRESS: value}, bc())
    assert len(after.address_line1.encode("utf-16-le")) <= 200
    assert len(after.address_line2.encode("utf-16-le")) <= 100
    assert same(Field.ADDRESS, after, contact, CONTEXT)


@given(texts(100), texts(50), _lines)
def test_street_written_to_outlook_reads_as_the_same(line1: str, line2: str, lines: list[str]) -> None:
    contact, before = bc(address_line1=line1, address_line2=line2), outlook(street="\n".join(lines))
    value = to_outlook(Field.ADDRESS, contact, before, CONTEXT).value
    assert value is not None
    assert same(Field.ADDRESS, contact, stored_in_outlook({Field.ADDRESS: value}, before), CONTEXT)
