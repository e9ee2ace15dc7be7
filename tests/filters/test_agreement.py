"""Random filters against random contacts: the parser, the predicate and the server's part agree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from hypothesis import example, given, settings
from hypothesis import strategies as st

from sandbox.business_central.entity import CONTACT
from sandbox.business_central.filters import Dialect
from sandbox.business_central.filters import parse_filter as sandbox_filter
from shared.errors import FilterError
from shared.filters import parse_filter
from shared.filters.fields import FILTER_FIELDS, Kind
from shared.model import BcContact
from tests.filters.odata_dialect import satisfies
from tests.filters.records import contact, wire

TEXT_FIELDS = [name for name, field in FILTER_FIELDS.items() if field.kind is Kind.TEXT]
CODE_FIELDS = [name for name, field in FILTER_FIELDS.items() if field.kind is Kind.CODE]
RELATIONS = ["_x0020_", "Customer", "Vendor", "Bank_x0020_Account", "Employee", "None", "Other", "Multiple"]
DAYS = ["0001-01-01", "2026-05-10", "2026-05-11", "2026-05-12", "9999-12-31"]
MOMENTS = [
    "0001-01-01T00:00:00Z",
    "2026-05-10T23:59:59.997Z",
    "2026-05-11T00:00:00Z",
    "2026-05-11T08:02:13.657Z",
    "2026-05-12T00:00:00.003Z",
]

# Few pieces, so that values often match; the language's own signs; letters whose case is awkward.
PIECES = [*"aAbBßİıſÄ1.'@*?|&<>()%= \n", "a|", "@a", "A b"]
values = st.lists(st.sampled_from(PIECES) | st.sampled_from("aAb"), max_size=4).map("".join).map(str.strip)
codes = values.map(str.upper)


@dataclass(frozen=True)
class Written:
    """An expression as it would be typed, and what it means, told in another way than the product tells it."""

    text: str
    groups: list[list[tuple[str, str]]]  # alternatives of (operator, value); "like" holds a pattern's parts


def quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def always_kept(person: BcContact, query: str) -> bool:
    """Whether every server answers `query` with the contact: case-sensitive or not, `*` leaking or not."""
    record = wire(person)
    servers = [
        Dialect(case_sensitive=case, wildcards=leaks) for case in (True, False) for leaks in (True, False)
    ]
    return all(satisfies(record, query, case_sensitive=case) for case in (True, False)) and all(
        not query or sandbox_filter(query, CONTACT, server).matches({**record}) for server in servers
    )


@st.composite
def comparisons(draw: st.DrawFn, of: st.SearchStrategy[str]) -> tuple[str, list[tuple[str, str]]]:
    form = draw(st.sampled_from(["=", "=", "<>", "@", "<>@", ">", ">=", "<", "<=", "range", "like"]))
    value = draw(of)
    if form == "range":
        low, high = value, draw(of)
        return f"{quoted(low)}..{quoted(high)}", [(">=", low), ("<=", high)]
    if form == "like":
        sign = draw(st.sampled_from(["", "<>", "@", "<>@"]))
        drawn = draw(st.lists(st.sampled_from(["*", "?", "a", "b", *PIECES]), min_size=1, max_size=5))
        parts = [part for i, part in enumerate(drawn) if i == 0 or {part, drawn[i - 1]} & {"*", "?"}]
        parts = parts if {"*", "?"} & set(parts) else [*parts, "*"]
        text = "".join(part if part in "*?" else quoted(part) for part in parts)
        return sign + text, [(f"{sign}like", "\0".join(parts))]
    sign = "" if form == "=" and draw(st.booleans()) else form
    return sign + quoted(value), [(form, value)]


@st.composite
def expressions(draw: st.DrawFn, of: st.SearchStrategy[str]) -> Written:
    groups = draw(st.lists(st.lists(comparisons(of), min_size=1, max_size=3), min_size=1, max_size=3))
    blank = draw(st.sampled_from(["", " "]))
    return Written(
        f"{blank}|{blank}".join(f"{blank}&{blank}".join(text for text, _ in group) for group in groups),
        [[meaning for _, meanings in group for meaning in meanings] for group in groups],
    )


def like(parts: list[str], value: str) -> bool:
    if not parts:
        return value == ""
    head, *tail = parts
    if head == "*":
        return any(like(tail, value[start:]) for start in range(len(value) + 1))
    if head == "?":
        return value != "" and like(tail, value[1:])
    return value.startswith(head) and like(tail, value[len(head) :])


def means(operator: str, operand: str, value: str, *, code: bool) -> bool:
    negated, ignoring = operator.startswith("<>"), "@" in operator or code
    if operator.endswith("like"):
        parts = operand.split("\0")
        found = like(parts, value)
        if ignoring:
            found = like([part.lower() for part in parts], value.lower())
        return found is not negated
    if operator in (">", ">=", "<", "<="):
        left, right = value.casefold(), operand.casefold()
        return {">": left > right, ">=": left >= right, "<": left < right, "<=": left <= right}[operator]
    same = value.lower() == operand.lower() if ignoring else value == operand
    return same is not negated


@settings(max_examples=400, deadline=None)
@given(expressions(values), st.lists(values.filter(lambda value: not set(value) & set("İıſ")), min_size=3))
def test_text_expression_means_what_its_parts_mean(written: Written, candidates: list[str]) -> None:
    parsed = parse_filter({"companyName": written.text})
    for value in candidates:
        expected = any(
            all(means(operator, operand, value, code=False) for operator, operand in group)
            for group in written.groups
        )
        assert parsed.matches(contact(companyName=value)) is expected, (written.text, value)


@settings(max_examples=200, deadline=None)
@given(expressions(codes), st.lists(codes.filter(lambda value: "ſ" not in value), min_size=3))
def test_code_expression_means_what_its_parts_mean(written: Written, candidates: list[str]) -> None:
    parsed = parse_filter({"searchName": written.text})
    for value in candidates:
        expected = any(
            all(means(operator, operand, value, code=True) for operator, operand in group)
            for group in written.groups
        )
        assert parsed.matches(contact(searchName=value)) is expected, (written.text, value)


records = st.fixed_dictionaries(
    dict.fromkeys(TEXT_FIELDS, values)
    | dict.fromkeys(CODE_FIELDS, codes)
    | {
        "type": st.sampled_from(["Company", "Person"]),
        "contactBusinessRelation": st.sampled_from([*RELATIONS, "Added_x0020_Later"]),
        "lastInteractionDate": st.sampled_from(DAYS),
        "lastModifiedDateTime": st.sampled_from(MOMENTS),
    }
)


@st.composite
def typed_expressions(draw: st.DrawFn, of: list[str]) -> str:
    """Expressions over enums, days and times: every operator, ranges, lists."""
    value = st.sampled_from(of)
    term = st.one_of(
        st.builds(lambda sign, v: sign + v, st.sampled_from(["", "<>", ">", ">=", "<", "<=", "="]), value),
        st.builds(lambda low, high: f"{low}..{high}", value, value),
        st.builds(lambda low: f"{low}..", value),
        st.builds(lambda high: f"..{high}", value),
        st.sampled_from(["''", "<>''"]),
    )
    groups = draw(st.lists(st.lists(term, min_size=1, max_size=2), min_size=1, max_size=3))
    return "|".join("&".join(group) for group in groups)


FILTERS: dict[str, st.SearchStrategy[str]] = {
    **{name: expressions(values).map(lambda written: written.text) for name in TEXT_FIELDS},
    **{name: expressions(values).map(lambda written: written.text) for name in CODE_FIELDS},
    "type": typed_expressions(["Company", "person"]),
    "contactBusinessRelation": typed_expressions([*RELATIONS[1:], "Bank Account"]),
    "lastInteractionDate": typed_expressions(DAYS),
    "lastModifiedDateTime": typed_expressions([*MOMENTS, *DAYS, "2026-05-11T02:00:00+02:00"]),
}
filters = st.lists(st.sampled_from(list(FILTERS)), min_size=1, max_size=3, unique=True).flatmap(
    lambda names: st.fixed_dictionaries({name: FILTERS[name] for name in names})
)


@settings(max_examples=400, deadline=None)
@given(filters, st.lists(records, min_size=1, max_size=5), st.sampled_from([8000, 200, 40]))
@example({"companyName": "@a"}, [{"companyName": "A"}], 8000)
@example({"city": "@straße"}, [{"city": "STRASSE"}], 8000)
@example({"lastModifiedDateTime": "..9999-12-31"}, [{"lastModifiedDateTime": MOMENTS[3]}], 8000)
def test_the_server_never_leaves_out_what_matches(
    expressions: dict[str, str], contents: list[dict[str, str]], limit: int
) -> None:
    parsed = parse_filter(expressions)
    query = parsed.odata(max_chars=limit)
    assert len(quote(query)) <= limit
    for content in contents:
        person = contact(**content)
        assert always_kept(person, query) or not parsed.matches(person), (expressions, query, content)


@settings(max_examples=600, deadline=None)
@given(st.sampled_from([("city", str), ("searchName", str.upper)]), expressions(values), st.data())
def test_the_server_never_leaves_out_a_value_that_matches(
    case: tuple[str, Callable[[str], str]], written: Written, data: st.DataObject
) -> None:
    field, stored = case
    parsed = parse_filter({field: written.text})
    query = parsed.odata()
    for value in data.draw(st.lists(values, min_size=5, max_size=10)):
        person = contact(**{field: stored(value)})
        assert always_kept(person, query) or not parsed.matches(person), (written.text, query, value)


@st.composite
def taken_from_a_value(draw: st.DrawFn) -> tuple[str, str, str]:
    """A field, a value, and an expression made of it: pieces left to wildcards, letter case changed after @."""
    field = draw(st.sampled_from(["city", "searchName"]))
    value = draw(values.map(str.upper) if field == "searchName" else values)
    other_case = draw(st.booleans())
    text, literal = "", ""
    for character in value:
        kept = draw(st.sampled_from(["", "", "*", "?"]))
        swapped = character.swapcase() if other_case and character.isascii() else character
        if kept:
            text, literal = text + (quoted(literal) if literal else "") + kept, ""
        else:
            literal += swapped
    text += quoted(literal) if literal or not text else ""
    return field, value, "@" + text if other_case and field == "city" else text


@settings(max_examples=600, deadline=None)
@given(taken_from_a_value(), values)
def test_an_expression_made_of_a_value_matches_it_here_and_on_the_server(
    made: tuple[str, str, str], alternative: str
) -> None:
    field, value, expression = made
    person = contact(**{field: value})
    for written in (expression, f"{expression}|{quoted(alternative)}"):
        parsed = parse_filter({field: written})
        assert parsed.matches(person)
        assert always_kept(person, parsed.odata()), (written, parsed.odata())


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(DAYS), st.sampled_from(DAYS), st.sampled_from(MOMENTS))
def test_a_range_of_days_is_every_moment_of_those_days(low: str, high: str, moment: str) -> None:
    expected = low <= datetime.fromisoformat(moment).date().isoformat() <= high
    parsed = parse_filter({"lastModifiedDateTime": f"{low}..{high}"})
    assert parsed.matches(contact(lastModifiedDateTime=moment)) is expected


SCRIBBLE = (
    st.text(alphabet="ab'|&.<>=@*? ()2026-05T:Z", max_size=15)
    | st.text(max_size=10)
    | st.text(st.characters(), max_size=5)  # lone surrogates too
)


@settings(max_examples=800, deadline=None)
@given(st.sampled_from([*FILTER_FIELDS, "nonsense", "salesperson"]), SCRIBBLE, records)
def test_any_text_is_a_filter_or_a_named_error_inside_it(
    field: str, text: str, content: dict[str, str]
) -> None:
    try:
        parsed = parse_filter({field: text})
    except FilterError as error:
        assert error.field == field
        assert 0 <= error.position <= len(text)
        return
    person = contact(**content)
    assert always_kept(person, parsed.odata()) or not parsed.matches(person)
