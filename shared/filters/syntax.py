"""From the text of a filter expression to its comparisons (spec/sync-rules.md §8). Knows no field types."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from typing import TypeAlias

from shared.errors import FilterError


class Op(StrEnum):
    """The relation between a field and a value; the texts are those of OData."""

    EQ = "eq"
    NE = "ne"
    GT = "gt"
    GE = "ge"
    LT = "lt"
    LE = "le"


class Wildcard(Enum):
    ANY = auto()  # `*`: any text, none included
    ONE = auto()  # `?`: one character


@dataclass(frozen=True, slots=True)
class Comparison:
    """`field op value`. `parts` is the value: texts and wildcards in turn, `()` for blank.

    `at` is the 0-based position of the value in the expression. Only EQ and NE have wildcards or `ignore_case`.
    """

    op: Op
    parts: tuple[str | Wildcard, ...]
    at: int
    ignore_case: bool = False

    @property
    def is_pattern(self) -> bool:
        return any(isinstance(part, Wildcard) for part in self.parts)

    @property
    def text(self) -> str:
        """The value without its wildcards: the whole value where there are none."""
        return "".join(part for part in self.parts if isinstance(part, str))


# Alternatives (`|`) of comparisons that hold together (`&`).
Alternatives: TypeAlias = tuple[tuple[Comparison, ...], ...]

_OPERATORS = (("<>", Op.NE), (">=", Op.GE), ("<=", Op.LE), (">", Op.GT), ("<", Op.LT), ("=", Op.EQ))
_WILDCARDS = {"*": Wildcard.ANY, "?": Wildcard.ONE}
_VALUE_EXPECTED = "a value was expected ('' stands for blank)"


def parse_expression(field: str, text: str) -> Alternatives:
    """The comparisons of one field's expression. A range becomes two of them.

    Raises FilterError with `field` and the position where something else was expected.
    """
    return _Parser(field, text).expression()


class _Parser:
    def __init__(self, field: str, text: str) -> None:
        self._field = field
        self._text = text
        self._at = 0

    def expression(self) -> Alternatives:
        groups: list[tuple[Comparison, ...]] = []
        group = self._term()
        while self._at < len(self._text):
            if self._take("&"):
                group += self._term()
            elif self._take("|"):
                groups.append(group)
                group = self._term()
            else:
                raise self._error(self._at, "the end of the value, | or & was expected")
        return (*groups, group)

    def _term(self) -> tuple[Comparison, ...]:
        self._skip_blanks()
        for sign, op in _OPERATORS:
            if self._take(sign):
                return (self._after_operator(sign, op),)
        start = self._at
        ignore_case = self._take("@")
        parts = self._value()
        if self._text.startswith("..", self._at):
            if ignore_case:
                raise self._error(start, "@ goes with a single value; a range ignores case anyway")
            return self._range(parts, start)
        if parts is None:
            raise self._error(self._at, _VALUE_EXPECTED)
        return (Comparison(Op.EQ, parts, start + ignore_case, ignore_case),)

    def _after_operator(self, sign: str, op: Op) -> Comparison:
        self._skip_blanks()
        start = self._at
        ignore_case = self._take("@")
        ordering = op not in (Op.EQ, Op.NE)
        if ignore_case and ordering:
            raise self._error(start, f"a value was expected; {sign} ignores case anyway, without @")
        parts = self._value(wildcards_after=None if not ordering else sign)
        if parts is None:
            raise self._error(self._at, _VALUE_EXPECTED)
        if self._text.startswith("..", self._at):
            raise self._error(self._at, f"a range can't follow {sign}; | or & was expected")
        return Comparison(op, parts, start + ignore_case, ignore_case)

    def _range(self, low: tuple[str | Wildcard, ...] | None, start: int) -> tuple[Comparison, ...]:
        if low is not None and any(isinstance(part, Wildcard) for part in low):
            raise self._error(start, "the lower end of a range was expected, without * and ?")
        self._at += len("..")
        self._skip_blanks()
        high_at = self._at
        high = self._value(wildcards_after="..")
        if low is None and high is None:
            raise self._error(high_at, "a value before or after .. was expected")
        ends = ((Op.GE, low, start), (Op.LE, high, high_at))
        return tuple(Comparison(op, parts, at) for op, parts, at in ends if parts is not None)

    def _value(self, wildcards_after: str | None = None) -> tuple[str | Wildcard, ...] | None:
        """The value at the current position and the blanks around it; None where there is none.

        A quote opens a literal at the start of a value or right after a wildcard; elsewhere it is a plain
        character (O'Neil). `wildcards_after` names the operator that forbids wildcards.
        """
        self._skip_blanks()
        parts: list[str | Wildcard] = []
        plain = ""
        quoted = False  # a literal has just ended: only a wildcard may go on
        blank = False  # a literal was seen, so the value is there even if it is empty
        while self._at < len(self._text) and not self._at_end_of_value():
            character = self._text[self._at]
            if character in _WILDCARDS:
                if wildcards_after is not None:
                    raise self._error(
                        self._at, f"a value without {character} was expected after {wildcards_after}"
                    )
                parts += [plain, _WILDCARDS[character]] if plain else [_WILDCARDS[character]]
                plain, quoted = "", False
                self._at += 1
            elif quoted:
                if not character.isspace():
                    raise self._error(self._at, "the end of the value was expected after the closing quote")
                self._at += 1
            elif character == "'" and not plain:
                parts.append(self._literal())
                quoted = blank = True
            elif character in "()":
                raise self._error(
                    self._at,
                    "a value was expected; there are no parentheses, a value with one stands in quotes: '(a)'",
                )
            elif character in "<>":
                raise self._error(
                    self._at, f"a value was expected; one with {character} in it stands in quotes"
                )
            else:
                plain += character
                self._at += 1
        plain = plain.rstrip()
        if plain:
            parts.append(plain)
        found = tuple(part for part in parts if part != "")
        return found if found or blank else None

    def _literal(self) -> str:
        start = self._at
        self._at += 1
        value = ""
        while True:
            end = self._text.find("'", self._at)
            if end < 0:
                raise self._error(start, "a closing quote was expected for this one")
            value += self._text[self._at : end]
            self._at = end + 1
            if not self._take("'"):
                return value
            value += "'"

    def _at_end_of_value(self) -> bool:
        return self._text[self._at] in "|&" or self._text.startswith("..", self._at)

    def _take(self, sign: str) -> bool:
        found = self._text.startswith(sign, self._at)
        if found:
            self._at += len(sign)
        return found

    def _skip_blanks(self) -> None:
        while self._at < len(self._text) and self._text[self._at].isspace():
            self._at += 1

    def _error(self, position: int, expected: str) -> FilterError:
        return FilterError(self._field, position, expected)
