"""`$filter` and `$orderby` on contacts: what is known to work, nothing else (contracts/graph.md §2.5, §2.7)."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sandbox.graph.errors import GraphError, bad_query
from sandbox.graph.extended import MAX_EXPANDED, SINGLE, PropertyName, parse_name
from sandbox.graph.store import Contact, Folder, stamp

Predicate = Callable[[Contact], bool]

SORTABLE: Final = frozenset({"lastModifiedDateTime", "displayName"})


@dataclass(frozen=True, slots=True)
class Term:
    """One condition: the property it is about, its test, and an index key where it can be looked up."""

    name: str
    test: Predicate
    key: tuple[PropertyName, str] | None = None
    extended: bool = False


_QUOTED = r"'((?:[^']|'')*)'"
_ANY = re.compile(rf"({SINGLE}|emailAddresses|categories)/[aA]ny\(\s*([A-Za-z]\w*)\s*:\s*(.*)\)", re.DOTALL)
_PLAIN = re.compile(rf"([A-Za-z]\w*)\s+(eq|ne|gt|ge|lt|le)\s+(?:{_QUOTED}|([0-9TZ:.+\-]+))")
_COMPARE: Mapping[str, Callable[[str, str], bool]] = {
    "eq": operator.eq,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
_COMPARE_NUMBER: Mapping[str, Callable[[int, int], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}


def parse_filter(text: str) -> tuple[Term, ...]:
    """The conditions, joined by `and`. Raises GraphError 400: ErrorInvalidUrlQuery for what is not known
    to work, ErrorRestrictionTooComplex for more than five extended properties."""
    terms = tuple(_term(part) for part in _conjuncts(text))
    if sum(term.extended for term in terms) > MAX_EXPANDED:
        raise GraphError(400, "ErrorRestrictionTooComplex", "The filter has too many extended properties.")
    return terms


def _conjuncts(text: str) -> list[str]:
    """Split at the `and`s outside parentheses and quotes."""
    parts, depth, quoted, start, position = [], 0, False, 0, 0
    while position < len(text):
        sign = text[position]
        if sign == "'":
            quoted = not quoted
        elif not quoted and sign in "()":
            depth += 1 if sign == "(" else -1
        elif not quoted and depth == 0:
            joint = re.compile(r"\s+(and|or)\s+").match(text, position)
            if joint is not None and joint[1] == "or":
                raise bad_query("A filter cannot join its conditions with 'or' here.")
            if joint is not None:
                parts.append(text[start:position])
                start = position = joint.end()
                continue
        position += 1
    if quoted or depth != 0:
        raise bad_query("The filter has an open quote or parenthesis.")
    return [part.strip() for part in (*parts, text[start:])]


def _unquote(text: str) -> str:
    return text.replace("''", "'")


def _term(text: str) -> Term:
    match = _ANY.fullmatch(text)
    if match is not None:
        collection, variable, inner = match.groups()
        reader = {SINGLE: _extended, "emailAddresses": _email, "categories": _category}[collection]
        return reader(variable, inner.strip())
    match = _PLAIN.fullmatch(text)
    if match is None:
        raise bad_query(f"The filter '{text[:100]}' is not supported.")
    name, op, quoted, bare = match.groups()
    if name == "displayName" and op == "eq" and quoted is not None:
        wanted = _unquote(quoted).casefold()
        return Term(name, lambda contact: str(contact.get("displayName")).casefold() == wanted)
    if name == "lastModifiedDateTime" and op in _COMPARE and bare is not None:
        moment, compare = _moment(bare), _COMPARE[op]
        return Term(name, lambda contact: compare(contact.modified, moment))
    raise bad_query(f"The property '{name}' does not support '{op}' with this value in a filter.")


def _moment(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise bad_query(f"'{text[:40]}' is not a date and time.") from error
    if moment.tzinfo is None:
        raise bad_query(f"'{text[:40]}' needs an offset from UTC.")
    return stamp(moment.astimezone(UTC))


def _email(variable: str, inner: str) -> Term:
    match = re.fullmatch(rf"{variable}/address\s+eq\s+{_QUOTED}", inner)
    if match is None:
        raise bad_query("Only 'address' with 'eq' can be filtered in 'emailAddresses'.")
    wanted = _unquote(match[1]).casefold()

    def test(contact: Contact) -> bool:
        return any(
            slot is not None and str(slot.get("address", "")).casefold() == wanted for slot in contact.slots
        )

    return Term("emailAddresses", test)


def _category(variable: str, inner: str) -> Term:
    match = re.fullmatch(rf"{variable}\s+eq\s+{_QUOTED}", inner)
    if match is None:
        raise bad_query("Only 'eq' can be filtered in 'categories'.")
    wanted = _unquote(match[1])

    def test(contact: Contact) -> bool:
        categories = contact.get("categories")
        return isinstance(categories, list) and wanted in categories

    return Term("categories", test)


def _extended(variable: str, inner: str) -> Term:
    v = re.escape(variable)
    match = re.fullmatch(
        rf"{v}/id\s+eq\s+{_QUOTED}\s+and\s+(?:"
        rf"{v}/value\s+(eq|ne)\s+{_QUOTED}"
        rf"|(contains|startswith)\(\s*{v}/value\s*,\s*{_QUOTED}\s*\)"
        rf"|cast\(\s*{v}/value\s*,\s*Edm\.Int32\s*\)\s+(eq|ne|gt|ge|lt|le)\s+(-?\d+))",
        inner,
    )
    if match is None:
        raise bad_query("The filter on extended properties must compare 'id' and 'value' of one property.")
    name = parse_name(_unquote(match[1]))
    if name.many:
        raise bad_query("A property with many values cannot be filtered here.")
    op, text, function, part, number_op, number = match.groups()[1:]
    if number_op is not None:
        wanted, compare = int(number), _COMPARE_NUMBER[number_op]
        return Term(
            SINGLE, _on_value(name, lambda value: _is_number(value) and compare(int(value), wanted)), None, True
        )
    if name.kind != "String":
        raise bad_query(f"The value of '{name}' must be cast to be compared.")
    wanted_text = _unquote(text if text is not None else part).casefold()
    tests: Mapping[str, Callable[[str], bool]] = {
        "eq": lambda value: value.casefold() == wanted_text,
        "ne": lambda value: value.casefold() != wanted_text,
        "contains": lambda value: wanted_text in value.casefold(),
        "startswith": lambda value: value.casefold().startswith(wanted_text),
    }
    key = (name, wanted_text) if op == "eq" else None
    return Term(SINGLE, _on_value(name, tests[op or function]), key, True)


def _is_number(value: str) -> bool:
    return re.fullmatch(r"-?\d+", value) is not None


def _on_value(name: PropertyName, test: Callable[[str], bool]) -> Predicate:
    def on_contact(contact: Contact) -> bool:
        value = contact.extended.get(name)
        return isinstance(value, str) and test(value)

    return on_contact


def parse_order(text: str, terms: tuple[Term, ...]) -> tuple[str, bool]:
    """The property to sort by and whether downwards. With a filter, the property must lead the filter,
    otherwise InefficientFilter (contracts/graph.md §2.5)."""
    match = re.fullmatch(r"\s*([A-Za-z]\w*)(?:\s+(asc|desc))?\s*", text)
    if match is None or match[1] not in SORTABLE:
        raise bad_query(f"The order '{text[:60]}' is not supported.")
    if terms and terms[0].name != match[1]:
        raise GraphError(
            400, "InefficientFilter", "The restriction or sort order is too complex for this operation."
        )
    return match[1], match[2] == "desc"


def candidates(folder: Folder, terms: tuple[Term, ...], order: tuple[str, bool] | None) -> tuple[Contact, ...]:
    """The folder's contacts that fit, in order; looked up by extended property where the filter allows."""
    pool: Iterable[Contact] = folder.sorted_by(*order) if order else folder.listing()
    if not terms:
        return pool if isinstance(pool, tuple) else tuple(pool)
    if order is None:
        key = next((term.key for term in terms if term.key is not None), None)
        if key is not None:
            pool = folder.marked.get(key, {}).values()
    return tuple(contact for contact in pool if all(term.test(contact) for term in terms))
