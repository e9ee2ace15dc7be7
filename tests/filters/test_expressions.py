"""What each form of expression lets through (spec/sync-rules.md §8)."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from shared.filters import EMPTY, parse_filter
from tests.filters.records import contact


def passes(field: str, expression: str, value: str) -> bool:
    return parse_filter({field: expression}).matches(contact(**{field: value}))


def test_the_empty_filter_lets_everyone_through() -> None:
    assert parse_filter({}) == EMPTY
    assert EMPTY.matches(contact())
    assert EMPTY.fields == frozenset()


def test_all_fields_must_hold() -> None:
    both = parse_filter({"city": "Berlin", "country": "DE"})
    assert both.matches(contact(city="Berlin", country="DE"))
    assert not both.matches(contact(city="Berlin", country="AT"))
    assert not both.matches(contact(city="Wien", country="DE"))
    assert both.fields == {"city", "country"}


@pytest.mark.parametrize(
    ("expression", "value", "expected"),
    [
        ("Berlin", "Berlin", True),
        ("Berlin", "berlin", False),
        ("Berlin", "Berlin-Mitte", False),
        ("=Berlin", "Berlin", True),
        ("<>Berlin", "Berlin", False),
        ("<>Berlin", "BERLIN", True),
        ("<>Berlin", "", True),
        ("@berlin", "BERLIN", True),
        ("@BERLIN", "Berlin", True),
        ("@münchen", "MÜNCHEN", True),
        ("<>@berlin", "BERLIN", False),
        ("  Berlin  |  Bern ", "Bern", True),
        ("Bad Homburg", "Bad Homburg", True),
        ("''", "", True),
        ("''", "x", False),
        ("<>''", "", False),
        ("<>''", "x", True),
        ("O'Neil", "O'Neil", True),
        ("'O''Neil'", "O'Neil", True),
        ("''''", "'", True),
    ],
)
def test_equal_and_not_equal(expression: str, value: str, expected: bool) -> None:
    assert passes("city", expression, value) is expected


@pytest.mark.parametrize(
    ("expression", "value", "expected"),
    [
        ("Ber*", "Berlin", True),
        ("Ber*", "Ber", True),
        ("Ber*", "Bremen", False),
        ("Ber*", "berlin", False),
        ("@ber*", "BERLIN", True),
        ("*lin", "Berlin", True),
        ("*erl*", "Berlin", True),
        ("B*r*n", "Berlin", True),
        ("B*r*n", "Bern", True),
        ("*a*ab", "aab", True),
        ("Ber?", "Bern", True),
        ("Ber?", "Ber", False),
        ("Ber?", "Berlin", False),
        ("?*", "", False),
        ("*", "", True),
        ("<>Ber*", "Berlin", False),
        ("<>Ber*", "Bremen", True),
        ("<>@*LIN", "Berlin", False),
        ("*.[a]", "x.[a]", True),
        ("*.[a]", "x.a", False),
        ("A*", "A\nB", True),
    ],
)
def test_wildcards(expression: str, value: str, expected: bool) -> None:
    assert passes("city", expression, value) is expected


@pytest.mark.parametrize(
    ("expression", "value", "expected"),
    [
        ("'a|b'", "a|b", True),
        ("'a|b'", "a", False),
        ("'a*'", "a*", True),
        ("'a*'", "abc", False),
        ("'a?'", "ab", False),
        ("'..'", "..", True),
        ("'@a'", "@a", True),
        ("'@a'", "A", False),
        ("@'A&B'", "a&b", True),
        ("'A&B'*", "A&B Ltd", True),
        ("*'(UK)'", "Acme (UK)", True),
        ("'<>a'", "<>a", True),
        ("<>'a|b'", "a", True),
        ("<>'a|b'", "a|b", False),
        ("' a'", " a", True),
        ("'Acme'..'Acmf'", "Acme Ltd", True),
    ],
)
def test_a_quoted_value_is_taken_literally(expression: str, value: str, expected: bool) -> None:
    assert passes("companyName", expression, value) is expected


@pytest.mark.parametrize(
    ("expression", "value", "expected"),
    [
        ("B..D", "b", True),
        ("B..D", "Cologne", True),
        ("B..D", "D", True),
        ("B..D", "Da", False),
        ("..D", "", True),
        ("D..", "", False),
        ("d..", "Dublin", True),
        (">d", "D", False),
        (">=d", "D", True),
        ("<d", "Cologne", True),
        ("<=D", "d", True),
        (">''", "x", True),
        (">''", "", False),
        ("Z..A", "M", False),
    ],
)
def test_order_of_texts_ignores_letter_case(expression: str, value: str, expected: bool) -> None:
    assert passes("city", expression, value) is expected


@pytest.mark.parametrize(
    ("value", "expected"), [("a", True), ("bx", True), ("by", False), ("c", False), ("bxy", True)]
)
def test_and_binds_tighter_than_or(value: str, expected: bool) -> None:
    assert passes("city", "a|b*&*x*", value) is expected


@pytest.mark.parametrize("field", ["number", "searchName", "companyNumber", "country", "postalCode"])
def test_codes_are_compared_without_letter_case(field: str) -> None:
    assert passes(field, "de1", "DE1")
    assert passes(field, "x|de1", "DE1")
    assert passes(field, "d*1", "DE1")
    assert not passes(field, "<>de1", "DE1")
    assert not passes(field, "<>d*", "DE1")


def test_mail_domain_is_written_without_quotes() -> None:
    assert passes("email", "*@contoso.example", "ada@contoso.example")
    assert passes("email", "ada@contoso.example", "ada@contoso.example")
    assert not passes("email", "*@contoso.example", "ada@fabrikam.example")


@pytest.mark.parametrize(
    ("expression", "value", "expected"),
    [
        ("Person", "Person", True),
        ("person", "Person", True),
        ("Company", "Person", False),
        ("<>Company", "Person", True),
        ("Company|Person", "Person", True),
        ("Per*", "Person", True),
        ("Company..Person", "Person", True),
        ("''", "Person", False),
        ("''", "Company", False),
        ("<>''", "Person", True),
        (">Company", "Person", True),
    ],
)
def test_contact_type(expression: str, value: str, expected: bool) -> None:
    assert passes("type", expression, value) is expected


@pytest.mark.parametrize(
    ("expression", "value", "expected"),
    [
        ("Bank Account", "Bank_x0020_Account", True),
        ("bank_x0020_account", "Bank_x0020_Account", True),
        ("'Bank Account'", "Bank Account", True),
        ("Bank*", "Bank_x0020_Account", True),
        ("<>Customer", "Bank_x0020_Account", True),
        ("''", "_x0020_", True),
        ("<>''", "_x0020_", False),
        ("<>''", "None", True),
        ("<=Vendor", "Customer", True),
        (">Vendor", "Customer", False),
        ("Customer..Employee", "Bank_x0020_Account", True),
        ("<>Customer", "Partner_x0020_Of_x0020_Ours", True),
        ("Customer..Multiple", "Partner_x0020_Of_x0020_Ours", False),
        ("Partner*", "Partner_x0020_Of_x0020_Ours", True),
    ],
)
def test_business_relation_by_its_shown_or_its_encoded_name(
    expression: str, value: str, expected: bool
) -> None:
    assert passes("contactBusinessRelation", expression, value) is expected


@pytest.mark.parametrize(
    ("expression", "value", "expected"),
    [
        ("2026-05-31", "2026-05-31", True),
        ("'2026-05-31'", "2026-05-31", True),
        ("<>2026-05-31", "2026-06-01", True),
        ("2026-05-01..2026-05-31", "2026-05-31", True),
        ("2026-05-01..2026-05-31", "2026-06-01", False),
        (">2026-05-31", "2026-05-31", False),
        (">=2026-05-31|''", "2026-05-31", True),
        ("..2026-05-31", "0001-01-01", True),
        ("''", "0001-01-01", True),
        ("<>''", "0001-01-01", False),
        ("0001-01-01", "0001-01-01", True),
    ],
)
def test_dates(expression: str, value: str, expected: bool) -> None:
    assert passes("lastInteractionDate", expression, value) is expected


MOMENT = "2026-05-11T08:02:13.657Z"


@pytest.mark.parametrize(
    ("expression", "value", "expected"),
    [
        ("2026-05-11", MOMENT, True),
        ("2026-05-11", "2026-05-12T00:00:00Z", False),
        ("<>2026-05-11", MOMENT, False),
        (">2026-05-11", MOMENT, False),
        (">2026-05-11", "2026-05-12T00:00:00Z", True),
        (">=2026-05-11", "2026-05-11T00:00:00Z", True),
        ("<2026-05-11", "2026-05-10T23:59:59.997Z", True),
        ("<=2026-05-11", "2026-05-11T23:59:59.997Z", True),
        ("2026-05-10..2026-05-11", MOMENT, True),
        ("2026-05-10..2026-05-11", "2026-05-12T00:00:00Z", False),
        ("2026-05-11T08:02:13.657Z", MOMENT, True),
        ("2026-05-11T10:02:13.657+02:00", MOMENT, True),
        ("2026-05-11T08:02:13Z", MOMENT, False),
        (">2026-05-11T08:02:13Z", MOMENT, True),
        ("..2026-05-11T08:02:13.657Z", MOMENT, True),
        ("<2026-05-11T08:02:13.657Z", MOMENT, False),
        ("2026-05-11T08:02:13.657Z..", MOMENT, True),
        ("''", "0001-01-01T00:00:00Z", True),
        ("<>''", MOMENT, True),
        ("..9999-12-31", MOMENT, True),
        (">9999-12-31", MOMENT, False),
    ],
)
def test_times_and_whole_days_in_utc(expression: str, value: str, expected: bool) -> None:
    assert passes("lastModifiedDateTime", expression, value) is expected


def test_only_a_field_that_moves_no_timestamp_makes_a_filter_volatile() -> None:
    assert parse_filter({"city": "Bern", "lastInteractionDate": "2026-01-01.."}).volatile
    assert not parse_filter({"city": "Bern", "lastModifiedDateTime": "2026-01-01.."}).volatile
    assert not EMPTY.volatile


def test_many_wildcards_are_no_burden() -> None:
    hostile = parse_filter({"displayName": "*a" * 200 + "*b"})
    assert not hostile.matches(contact(displayName="a" * 5_000))


def test_every_filter_on_the_rules_page_can_be_used() -> None:
    page = (Path(__file__).parents[2] / "docs" / "RULES.md").read_text(encoding="utf-8")
    examples = [json.loads(found.replace("\\|", "|")) for found in re.findall(r"`(\{.*?\})`", page)]
    assert len(examples) > 5
    for example in examples:
        assert parse_filter(example).fields == set(example)
