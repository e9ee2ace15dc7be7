"""The part of OData's filter language that Business Central understands (contracts/business-central.md §5).

What it does not understand is refused with 501, what is no filter at all with 400.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from sandbox.business_central import errors
from sandbox.business_central.entity import EntityType, Kind, Property, Value, Values
from sandbox.business_central.filter_tokens import Token, tokens_of
from sandbox.business_central.stamps import instant_key, parse_instant

Predicate: TypeAlias = Callable[[Values], bool]
Read: TypeAlias = Callable[[Values], Value]

_COMPARE: Mapping[str, Callable[[Value, Value], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
_MATCH: Mapping[str, Callable[[str, str], bool]] = {
    "contains": lambda text, part: part in text,
    "startswith": str.startswith,
    "endswith": str.endswith,
}
_TRANSFORMS = ("tolower", "toupper", "substring")
_DEEPEST = 50


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a filter is read: the schema version, whether text compares by case, whether `*` leaks."""

    nested: bool = False
    case_sensitive: bool = True
    wildcards: bool = False


@dataclass(frozen=True, slots=True)
class Clause:
    """A filter or a part of one. `fields`: what it looks at. `since`: only rows changed from then on match."""

    matches: Predicate
    fields: frozenset[str]
    since: str = ""


@dataclass(frozen=True, slots=True)
class _Operand:
    """A property, bare or inside a transforming function."""

    prop: Property
    read: Read
    transformed: bool = False


def parse_filter(text: str, entity: EntityType, dialect: Dialect) -> Clause:
    """Compile a filter. Raises `Refusal`: 400 for bad syntax or values, 501 for what BC cannot do."""
    parser = _Parser(tokens_of(text), entity, dialect)
    clause = parser.either(0)
    if parser.peek().kind != "end":
        raise errors.query_syntax()
    return clause


class _Parser:
    def __init__(self, tokens: list[Token], entity: EntityType, dialect: Dialect) -> None:
        self._tokens = tokens
        self._at = 0
        self._entity = entity
        self._dialect = dialect

    def peek(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self._tokens[self._at]
        if token.kind != "end":
            self._at += 1
        return token

    def _expect(self, text: str) -> None:
        if self._take().text != text:
            raise errors.query_syntax()

    def _accept(self, text: str) -> bool:
        if self.peek().kind in ("name", "mark") and self.peek().text == text:
            self._at += 1
            return True
        return False

    def either(self, depth: int) -> Clause:
        parts = [self._both(depth)]
        while self._accept("or"):
            parts.append(self._both(depth))
        if len(parts) == 1:
            return parts[0]
        fields = frozenset[str]().union(*(part.fields for part in parts))
        if len(fields) > 1:
            raise errors.or_on_distinct_fields()
        tests = tuple(part.matches for part in parts)
        since = min(part.since for part in parts)
        return Clause(lambda values: any(test(values) for test in tests), fields, since)

    def _both(self, depth: int) -> Clause:
        parts = [self._single(depth)]
        while self._accept("and"):
            parts.append(self._single(depth))
        if len(parts) == 1:
            return parts[0]
        fields = frozenset[str]().union(*(part.fields for part in parts))
        tests = tuple(part.matches for part in parts)
        since = max(part.since for part in parts)
        return Clause(lambda values: all(test(values) for test in tests), fields, since)

    def _single(self, depth: int) -> Clause:
        if depth > _DEEPEST:
            raise errors.not_implemented()
        if self._accept("("):
            clause = self.either(depth + 1)
            self._expect(")")
            return clause
        token = self.peek()
        if token.kind != "name":
            raise errors.query_syntax() if token.kind in ("end", "mark") else errors.not_implemented()
        if token.text in _MATCH and self._tokens[self._at + 1].text == "(":
            return self._match()
        operand = self._operand(nested=False)
        return self._comparison(operand)

    def _match(self) -> Clause:
        name = self._take().text
        self._expect("(")
        operand = self._operand(nested=True)
        self._expect(",")
        literal = self._take()
        if literal.kind != "string":
            raise errors.not_implemented()
        self._expect(")")
        if self.peek().kind == "name" and self.peek().text in _COMPARE:
            raise errors.not_implemented()
        if operand.prop.kind not in (Kind.TEXT, Kind.CODE):
            raise errors.not_implemented()
        test, read = _MATCH[name], self._folded(operand)
        part = self._fold(operand, literal.value)
        return Clause(lambda values: test(str(read(values)), part), frozenset({operand.prop.name}))

    def _operand(self, nested: bool) -> _Operand:
        token = self._take()
        if token.kind != "name":
            raise errors.query_syntax() if token.kind in ("end", "mark") else errors.not_implemented()
        if self.peek().text == "(" and self.peek().kind == "mark":
            if token.text not in _TRANSFORMS:
                raise errors.not_implemented()
            if nested and not self._dialect.nested:
                raise errors.not_implemented()
            return self._transform(token.text)
        if token.text in ("not", "true", "false", "null"):
            raise errors.not_implemented()
        prop = self._entity.properties.get(token.text)
        if prop is None:
            raise errors.property_not_found(token.text, self._entity.name)
        name = prop.name
        return _Operand(prop, lambda values: values[name])

    def _transform(self, name: str) -> _Operand:
        self._expect("(")
        inner = self._operand(nested=True)
        if inner.prop.kind not in (Kind.TEXT, Kind.CODE):
            raise errors.not_implemented()
        read = inner.read
        if name == "substring":
            start, stop = self._bounds()
            self._expect(")")
            return _Operand(inner.prop, lambda values: str(read(values))[start:stop], True)
        self._expect(")")
        if name == "tolower":
            return _Operand(inner.prop, lambda values: str(read(values)).lower(), True)
        return _Operand(inner.prop, lambda values: str(read(values)).upper(), True)

    def _bounds(self) -> tuple[int, int | None]:
        self._expect(",")
        numbers = [self._natural()]
        if self._accept(","):
            numbers.append(self._natural())
        return numbers[0], sum(numbers) if len(numbers) > 1 else None

    def _natural(self) -> int:
        token = self._take()
        if token.kind != "number" or not token.text.isdecimal() or len(token.text) > 9:
            raise errors.query_syntax()
        return int(token.text)

    def _comparison(self, operand: _Operand) -> Clause:
        token = self._take()
        if token.kind == "name" and token.text == "in":
            return self._membership(operand)
        if token.kind != "name" or token.text not in _COMPARE:
            if token.kind == "name" and token.text not in ("and", "or"):
                raise errors.not_implemented()
            if token.kind in ("end", "name") or token.text == ")":
                # A bare boolean property is a filter in OData, not here.
                raise errors.not_implemented()
            raise errors.query_syntax()
        literal = self._take()
        fields = frozenset({operand.prop.name})
        if literal.kind == "string" and token.text in ("eq", "ne"):
            pattern = self._pattern(operand, literal.value)
            if pattern is not None:
                read, wanted = operand.read, token.text == "eq"
                return Clause(
                    lambda values: (pattern.fullmatch(str(read(values))) is not None) is wanted, fields
                )
        key = self._literal(operand, literal, token.text)
        compare = _COMPARE[token.text]
        name, folds = operand.prop.name, operand.prop.kind is Kind.TEXT and not self._dialect.case_sensitive
        if token.text == "eq" and not (operand.transformed or folds or operand.prop.kind is Kind.INSTANT):
            # The commonest filter, without the detours.
            return Clause(lambda values: values[name] == key, fields)
        read = self._folded(operand) if token.text in ("eq", "ne") else self._ordered(operand)
        if token.text not in ("eq", "ne") and isinstance(key, str) and operand.prop.kind is Kind.TEXT:
            key = key.casefold()
        since = str(key) if operand.prop.kind is Kind.INSTANT and token.text in ("eq", "ge", "gt") else ""
        return Clause(lambda values: compare(read(values), key), fields, since)

    def _membership(self, operand: _Operand) -> Clause:
        if not self._dialect.nested:
            raise errors.not_implemented("The 'in' operator is not supported on an OData filter.")
        self._expect("(")
        keys = {self._literal(operand, self._take(), "eq")}
        while self._accept(","):
            keys.add(self._literal(operand, self._take(), "eq"))
        self._expect(")")
        read = self._folded(operand)
        return Clause(lambda values: read(values) in keys, frozenset({operand.prop.name}))

    def _literal(self, operand: _Operand, token: Token, verb: str) -> Value:
        """The literal as the property's value would read; refused where it cannot be one."""
        prop, kind = operand.prop, operand.prop.kind
        if token.kind in ("end", "mark"):
            raise errors.query_syntax()
        if token.kind == "name":
            if token.text == "null" and kind in (Kind.TEXT, Kind.CODE) and verb in ("eq", "ne"):
                return ""
            raise errors.not_implemented()
        wrong = errors.bad_filter_value(token.value, prop.caption or prop.name, self._entity.table)
        match kind:
            case Kind.TEXT | Kind.CODE:
                if token.kind != "string":
                    raise wrong
                return self._fold(operand, token.value)
            case Kind.ENUM:
                if token.kind != "string" or token.value not in prop.members:
                    raise wrong
                if verb not in ("eq", "ne"):
                    raise errors.not_implemented()
                return token.value
            case Kind.GUID:
                if token.kind != "guid":
                    raise errors.invalid_guid(token.value)
                if verb not in ("eq", "ne"):
                    raise errors.not_implemented()
                return token.value.lower()
            case Kind.INSTANT:
                instant = parse_instant(token.value) if token.kind == "instant" else None
                if instant is None:
                    raise wrong
                return instant
            case Kind.DATE:
                if token.kind != "date":
                    raise wrong
                return token.value
            case Kind.INTEGER:
                digits = token.text.removeprefix("-")
                if token.kind != "number" or not digits.isdecimal() or len(digits) > 18:
                    raise wrong
                return int(token.text)
            case _:
                raise errors.not_implemented()

    def _pattern(self, operand: _Operand, text: str) -> re.Pattern[str] | None:
        """The pattern that a value with AL's filter characters is, where those leak; else None."""
        if operand.prop.kind not in (Kind.TEXT, Kind.CODE):
            return None
        if not (self._dialect.wildcards or self._entity.wildcards) or not re.search(r"[*?]|^@", text):
            return None
        flags = re.DOTALL
        if text.startswith("@") or operand.prop.kind is Kind.CODE or not self._dialect.case_sensitive:
            flags |= re.IGNORECASE
        parts = {"*": ".*", "?": "."}
        body = "".join(parts.get(char, re.escape(char)) for char in text.removeprefix("@"))
        return re.compile(body, flags)

    def _fold(self, operand: _Operand, text: str) -> str:
        if operand.transformed:
            return text
        if operand.prop.kind is Kind.CODE:
            return text.strip().upper()
        return text if self._dialect.case_sensitive else text.casefold()

    def _folded(self, operand: _Operand) -> Read:
        """How the property's value is read to be compared for equality."""
        read = operand.read
        if operand.prop.kind is Kind.INSTANT:
            return lambda values: instant_key(str(read(values)))
        if operand.prop.kind is Kind.TEXT and not operand.transformed and not self._dialect.case_sensitive:
            return lambda values: str(read(values)).casefold()
        return read

    def _ordered(self, operand: _Operand) -> Read:
        """How the property's value is read to be compared for order: text by the collation, without case."""
        read = operand.read
        if operand.prop.kind is Kind.TEXT:
            return lambda values: str(read(values)).casefold()
        return self._folded(operand)
