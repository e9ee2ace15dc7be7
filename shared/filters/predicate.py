"""The local predicate: what a filter means, as functions from a field's value to yes or no."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias, TypeVar

from shared.filters.fields import FilterField, Kind
from shared.filters.syntax import Alternatives, Comparison, Op, Wildcard
from shared.filters.values import day, fold, known_member, member_rank, shown_member, span

Test: TypeAlias = Callable[[str], bool]
_T = TypeVar("_T", str, int)


def compile_test(field: FilterField, alternatives: Alternatives) -> Test:
    """The expression of `field` as one function over its value as read from Business Central.

    Raises FilterError where a value doesn't fit the field's kind.
    """
    groups = [[_comparison_test(field, comparison) for comparison in group] for group in alternatives]
    listed = _listed(field, alternatives)
    if listed is not None:
        return listed
    return _any_of([_all_of(group) for group in groups])


def _comparison_test(field: FilterField, comparison: Comparison) -> Test:
    match field.kind:
        case Kind.TEXT:
            return _text_test(comparison, ignore_case=comparison.ignore_case)
        case Kind.CODE:
            return _text_test(comparison, ignore_case=True)
        case Kind.ENUM:
            return _enum_test(field, comparison)
        case Kind.DATE:
            return _relation(comparison.op, day(field, comparison))
        case Kind.MOMENT:
            return _moment_test(comparison.op, *span(field, comparison))


def _text_test(comparison: Comparison, *, ignore_case: bool) -> Test:
    if comparison.is_pattern:
        return _pattern_test(comparison, ignore_case=ignore_case)
    if comparison.op in (Op.EQ, Op.NE):
        if ignore_case:
            return _keyed(fold, _relation(comparison.op, fold(comparison.text)))
        return _relation(comparison.op, comparison.text)
    # Business Central orders by the database's collation; without its letter case is as near as one gets.
    return _keyed(str.casefold, _relation(comparison.op, comparison.text.casefold()))


def _pattern_test(comparison: Comparison, *, ignore_case: bool) -> Test:
    found = _pattern(comparison.parts, ignore_case=ignore_case).fullmatch
    if comparison.op is Op.NE:
        return lambda value: found(value) is None
    return lambda value: found(value) is not None


def _pattern(parts: tuple[str | Wildcard, ...], *, ignore_case: bool) -> re.Pattern[str]:
    """The wildcards as a regular expression whose work grows with pattern times value, never faster.

    Every stretch between two `*` is found once, as early as possible (an atomic group): trying later places
    cannot help the stretches after it.
    """
    stretches = [""]
    for part in parts:
        if part is Wildcard.ANY:
            stretches.append("")
        else:
            stretches[-1] += "." if part is Wildcard.ONE else re.escape(str(part))
    first, *others = stretches
    expression = first
    if others:
        *middle, last = others
        expression += "".join(f"(?>.*?{stretch})" for stretch in middle if stretch) + ".*" + last
    return re.compile(expression, re.DOTALL | (re.IGNORECASE if ignore_case else re.NOFLAG))


def _enum_test(field: FilterField, comparison: Comparison) -> Test:
    if comparison.is_pattern:
        return _keyed(shown_member, _pattern_test(comparison, ignore_case=True))
    wanted = known_member(field, comparison)
    relation = _relation(comparison.op, wanted)
    # A member that an extension added has no known place: it differs from all and is neither more nor less.
    unknown = comparison.op is Op.NE

    def test(value: str) -> bool:
        rank = member_rank(field, value)
        return unknown if rank is None else relation(rank)

    return test


def _moment_test(op: Op, start: datetime, end: datetime) -> Test:
    tests: dict[Op, Callable[[datetime], bool]] = {
        Op.EQ: lambda moment: start <= moment < end,
        Op.NE: lambda moment: not start <= moment < end,
        Op.GT: lambda moment: moment >= end,
        Op.GE: lambda moment: moment >= start,
        Op.LT: lambda moment: moment < start,
        Op.LE: lambda moment: moment < end,
    }
    test = tests[op]
    return lambda value: test(datetime.fromisoformat(value))


def _listed(field: FilterField, alternatives: Alternatives) -> Test | None:
    """A list of plain values (`a|b|c`) as one look-up, however long it is; None for anything else."""
    plain = field.kind in (Kind.TEXT, Kind.CODE) and all(
        len(group) == 1 and group[0].op is Op.EQ and not group[0].is_pattern and not group[0].ignore_case
        for group in alternatives
    )
    if not plain:
        return None
    values = [group[0].text for group in alternatives]
    if field.kind is Kind.CODE:
        folded = frozenset(map(fold, values))
        return lambda value: fold(value) in folded
    return frozenset(values).__contains__


def _relation(op: Op, right: _T) -> Callable[[_T], bool]:
    relations: dict[Op, Callable[[_T], bool]] = {
        Op.EQ: lambda left: left == right,
        Op.NE: lambda left: left != right,
        Op.GT: lambda left: left > right,
        Op.GE: lambda left: left >= right,
        Op.LT: lambda left: left < right,
        Op.LE: lambda left: left <= right,
    }
    return relations[op]


def _keyed(key: Callable[[str], str], test: Test) -> Test:
    return lambda value: test(key(value))


def _all_of(tests: list[Test]) -> Test:
    if len(tests) == 1:
        return tests[0]
    return lambda value: all(test(value) for test in tests)


def _any_of(tests: list[Test]) -> Test:
    if len(tests) == 1:
        return tests[0]
    return lambda value: any(test(value) for test in tests)
