"""What Business Central's OData dialect can express of a filter: never less than the filter means.

Whatever would risk leaving out a matching contact is left to the local predicate (contracts/business-central.md
§5): `ne` with a text (the server may ignore case), order of texts (its collation), `@` with wildcards (nested
calls), and values with characters that the server may read as a filter of its own.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from shared.filters.fields import FilterField, Kind
from shared.filters.syntax import Alternatives, Comparison, Op, Wildcard
from shared.filters.values import day, fold, known_member, span

# Read by the server's own filter language anywhere in a value (or no text that can be sent), or at its start.
_SPECIAL = re.compile(r"[*?|&<>()\x00-\x1f\ud800-\udfff]|\.\.")
_SPECIAL_FIRST = re.compile(r"[@=%'\"]")
# In a text next to a wildcard a piece can be left out, so everything doubtful is.
_DOUBTFUL = re.compile(r"[*?@|&<>()=%'\"\x00-\x1f\ud800-\udfff]|\.\.")
# The database keeps 3 ms steps and shows whole ones, so bounds are moved out of their way.
_SLACK = timedelta(seconds=1)


def odata_clauses(field: FilterField, alternatives: Alternatives) -> tuple[str, ...]:
    """Clauses that all hold for every value that satisfies the expression; none where nothing can be said."""
    if not field.filtered_by_server:
        return ()
    groups = [
        tuple(dict.fromkeys(clause for comparison in group for clause in _clauses(field, comparison)))
        for group in alternatives
    ]
    if not all(groups):
        return ()  # one alternative that lets everything through does so for all of them
    if len(groups) == 1:
        return groups[0]
    options = dict.fromkeys(
        " and ".join(group) if len(group) == 1 else f"({' and '.join(group)})" for group in groups
    )
    return (f"({' or '.join(options)})",) if len(options) > 1 else tuple(options)


def _clauses(field: FilterField, comparison: Comparison) -> list[str]:
    match field.kind:
        case Kind.TEXT | Kind.CODE:
            if comparison.is_pattern:
                return _pattern_clauses(field, comparison)
            return _text_clauses(field, comparison)
        case Kind.ENUM:
            return _enum_clauses(field, comparison)
        case Kind.DATE:
            return [f"{field.name} {comparison.op} {day(field, comparison)}"]
        case Kind.MOMENT:
            return _moment_clauses(field, comparison.op, *span(field, comparison))


def _text_clauses(field: FilterField, comparison: Comparison) -> list[str]:
    text = comparison.text
    if text == "" and comparison.op in (Op.EQ, Op.NE):
        return [f"{field.name} {comparison.op} ''"]
    special = _SPECIAL.search(text) or _SPECIAL_FIRST.match(text) or text != text.strip()
    if comparison.op is not Op.EQ or special or _length(text) > field.longest:
        return []
    if field.kind is Kind.CODE:
        # Beyond ASCII the upper case of one library is not that of another.
        return [f"{field.name} eq {_quoted(text.upper())}"] if text.isascii() else []
    if not comparison.ignore_case:
        return [f"{field.name} eq {_quoted(text)}"]
    return [f"tolower({field.name}) eq {_quoted(fold(text))}"] if text.isascii() else []


def _pattern_clauses(field: FilterField, comparison: Comparison) -> list[str]:
    """The texts between the wildcards: what a match starts with, ends with and contains."""
    if comparison.op is not Op.EQ:
        return []
    clauses = []
    last = len(comparison.parts) - 1
    for place, part in enumerate(comparison.parts):
        if isinstance(part, Wildcard):
            continue
        pieces = _DOUBTFUL.split(part)
        if place == 0:
            function, piece = "startswith", pieces[0].rstrip()
        elif place == last:
            function, piece = "endswith", pieces[-1].lstrip()
        else:
            function, piece = "contains", max((piece.strip() for piece in pieces), key=len)
        sent = _pattern_text(field, piece, ignore_case=comparison.ignore_case)
        if sent:
            clauses.append(f"{function}({field.name},{_quoted(sent)})")
    return clauses


def _pattern_text(field: FilterField, piece: str, *, ignore_case: bool) -> str:
    """`piece` as the server can be asked for it; "" where it cannot."""
    if piece != piece.strip() or _length(piece) > field.longest:
        return ""
    if field.kind is Kind.CODE:
        return piece.upper() if piece.isascii() else ""
    if ignore_case and not (piece.isascii() and piece.lower() == piece.upper()):
        return ""
    return piece


def _enum_clauses(field: FilterField, comparison: Comparison) -> list[str]:
    if comparison.is_pattern or comparison.op not in (Op.EQ, Op.NE):
        return []
    member = field.members[rank] if (rank := known_member(field, comparison)) >= 0 else ""
    # How a member with a blank is written in a filter isn't established, so it is not asked for.
    return [f"{field.name} {comparison.op} {_quoted(member)}"] if member.isalpha() else []


def _moment_clauses(field: FilterField, op: Op, start: datetime, end: datetime) -> list[str]:
    clauses = []
    if op in (Op.EQ, Op.GT, Op.GE):
        low = end if op is Op.GT else start
        if low - datetime.min.replace(tzinfo=UTC) > _SLACK:
            clauses.append(f"{field.name} ge {_instant(low - _SLACK)}")
    if op in (Op.EQ, Op.LT, Op.LE):
        high = start if op is Op.LT else end
        if datetime.max.replace(tzinfo=UTC) - high > 2 * _SLACK:
            clauses.append(f"{field.name} le {_instant(high + 2 * _SLACK)}")
    return clauses


def _instant(moment: datetime) -> str:
    return moment.replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def _length(text: str) -> int:
    """In UTF-16 units, as Business Central counts."""
    return len(text.encode("utf-16-le")) // 2


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
