"""A bad filter names its field, the position and what was expected there (spec/sync-rules.md §8)."""

from __future__ import annotations

import pytest

from shared.errors import FilterError
from shared.filters import parse_filter


def refusal(field: str, expression: object) -> FilterError:
    with pytest.raises(FilterError) as caught:
        parse_filter({field: expression})
    return caught.value


@pytest.mark.parametrize(
    ("expression", "position", "expected"),
    [
        ("", 0, "a value was expected"),
        ("   ", 3, "a value was expected"),
        ("<>", 2, "a value was expected"),
        ("@", 1, "a value was expected"),
        ("a|", 2, "a value was expected"),
        ("|a", 0, "a value was expected"),
        ("a||b", 2, "a value was expected"),
        ("a&", 2, "a value was expected"),
        ("a| &b", 3, "a value was expected"),
        ("..", 2, "before or after .."),
        ("a|..", 4, "before or after .."),
        ("a..b..c", 4, "| or &"),
        (">a..b", 2, "a range can't follow >"),
        ("'abc", 0, "closing quote"),
        ("a|'abc''", 2, "closing quote"),
        ("'a'b", 3, "after the closing quote"),
        ("'a' b", 4, "after the closing quote"),
        ("(a|b)", 0, "no parentheses"),
        ("a|(b)", 2, "no parentheses"),
        ("a<b", 1, "in quotes"),
        ("><a", 1, "in quotes"),
        ("@<>a", 1, "in quotes"),
        (">a*", 2, "without *"),
        ("<=?", 2, "without ?"),
        ("a*..b", 0, "without * and ?"),
        ("a..b*", 4, "without *"),
        (">@a", 1, "without @"),
        ("@a..b", 0, "single value"),
    ],
)
def test_wrong_expression(expression: str, position: int, expected: str) -> None:
    error = refusal("city", expression)
    assert (error.field, error.position) == ("city", position)
    assert expected in str(error)
    assert error.status == 400
    assert error.errors[0].field == "filter.city"
    assert error.errors[0].position == position


@pytest.mark.parametrize(
    ("field", "expression", "position", "expected"),
    [
        ("type", "Person|Robot", 7, "Company, Person"),
        ("contactBusinessRelation", "Friend", 0, "Bank Account"),
        ("lastInteractionDate", "2026-02-30", 0, "a date was expected"),
        ("lastInteractionDate", "31.05.2026", 0, "a date was expected"),
        ("lastInteractionDate", "2026-01-01T00:00:00Z", 0, "a date was expected"),
        ("lastInteractionDate", "2026-*", 0, "a date was expected"),
        ("lastInteractionDate", "2026-01-01..yesterday", 12, "a date was expected"),
        ("lastModifiedDateTime", "2026-05-11T08:00:00", 0, "a date and time was expected"),
        ("lastModifiedDateTime", "<>2026-05-11T25:00:00Z", 2, "a date and time was expected"),
        ("lastModifiedDateTime", "0001-01-01T00:00:00+02:00", 0, "a date and time was expected"),
        ("lastModifiedDateTime", "@2026-05-11", 1, "a date and time was expected"),
    ],
)
def test_value_that_does_not_fit_the_field(field: str, expression: str, position: int, expected: str) -> None:
    error = refusal(field, expression)
    assert (error.field, error.position) == (field, position)
    assert expected in str(error)


@pytest.mark.parametrize("field", ["privacyBlocked", "displayname", "", "id", "address"])
def test_unknown_field_is_answered_with_the_known_ones(field: str) -> None:
    error = refusal(field, "x")
    assert error.field == field
    assert "displayName" in str(error)
    assert "lastModifiedDateTime" in str(error)


@pytest.mark.parametrize("field", ["salesperson", "salespersonCode", "Territory", "territoryCode"])
def test_salesperson_and_territory_come_with_the_extension(field: str) -> None:
    assert "come with the Business Central extension" in str(refusal(field, "JR"))


@pytest.mark.parametrize("value", [None, 5, True, ["a"], {"a": "b"}])
def test_expression_that_is_no_text(value: object) -> None:
    error = refusal("city", value)
    assert (error.field, error.position) == ("city", 0)
    assert "in text" in str(error)


def test_the_first_bad_field_is_named_among_good_ones() -> None:
    with pytest.raises(FilterError) as caught:
        parse_filter({"city": "Bern", "country": "DE|", "state": "("})
    assert caught.value.field == "country"
