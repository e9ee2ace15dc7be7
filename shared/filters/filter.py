"""A filter: its parsed conditions, what they let through here, and what the server is asked for."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from urllib.parse import quote

from shared.errors import FilterError
from shared.filters.fields import EXTENSION_FIELDS, FILTER_FIELDS, TIMELESS_FIELDS, FilterField
from shared.filters.odata import odata_clauses
from shared.filters.predicate import Test, compile_test
from shared.filters.syntax import Alternatives, parse_expression
from shared.model import BcContact

_AND = " and "


@dataclass(frozen=True, slots=True)
class Condition:
    """One field's expression. `read` takes the field's value from a contact, `test` judges it."""

    field: FilterField
    alternatives: Alternatives
    read: Callable[[BcContact], str] = dataclass_field(compare=False, repr=False)
    test: Test = dataclass_field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Filter:
    """Conditions on Business Central contacts; all of them must hold (spec/sync-rules.md §8)."""

    conditions: tuple[Condition, ...]

    def matches(self, contact: BcContact) -> bool:
        """Whether the contact passes. This is the truth; `odata` only narrows what is read."""
        for condition in self.conditions:  # noqa: SIM110 – twice as fast as all(), and asked for every contact
            if not condition.test(condition.read(contact)):
                return False
        return True

    def odata(self, *, max_chars: int = 8000) -> str:
        """A `$filter` that every matching contact satisfies, perhaps others too; "" lets everything through.

        Within contracts/business-central.md §5: `or` on one field only, no nested calls, no `not`, no `in`.
        Percent-encoded it is at most `max_chars` long: clauses that don't fit are left out.
        """
        kept: list[str] = []
        room = max_chars
        for condition in self.conditions:
            for clause in odata_clauses(condition.field, condition.alternatives):
                length = len(quote(clause)) + (len(quote(_AND)) if kept else 0)
                if length <= room:
                    kept.append(clause)
                    room -= length
        return _AND.join(kept)

    @property
    def fields(self) -> frozenset[str]:
        """The names of the fields it looks at."""
        return frozenset(condition.field.name for condition in self.conditions)

    @property
    def volatile(self) -> bool:
        """Whether a contact can begin or cease to match without its lastModifiedDateTime moving."""
        return not self.fields.isdisjoint(TIMELESS_FIELDS)


def parse_filter(expressions: Mapping[str, object]) -> Filter:
    """The filter of `{"field": "expression", …}`; an empty mapping lets everything through.

    Raises FilterError: unknown field, value that is no text, or an expression that is wrong at a position.
    """
    return Filter(tuple(_condition(name, expression) for name, expression in expressions.items()))


def _condition(name: str, expression: object) -> Condition:
    field = FILTER_FIELDS.get(name)
    if field is None:
        if name.lower() in EXTENSION_FIELDS:
            raise FilterError(
                name,
                0,
                "another field was expected: salesperson and territory are not in Business Central's API v2.0, "
                "they come with the Business Central extension",
            )
        raise FilterError(name, 0, f"one of these fields was expected: {', '.join(FILTER_FIELDS)}")
    if not isinstance(expression, str):
        raise FilterError(name, 0, 'an expression in text was expected, such as "A*|B*"')
    alternatives = parse_expression(name, expression)
    test = compile_test(field, alternatives)
    return Condition(field, alternatives, operator.attrgetter(field.attribute), test)


EMPTY = Filter(())
