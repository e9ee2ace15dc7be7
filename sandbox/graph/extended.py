"""Extended properties: their names, their values, and `$expand` of them (contracts/graph.md §2.7)."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final
from uuid import UUID

from sandbox.graph.errors import GraphError, bad_argument, bad_body, bad_query
from shared.model import Json

SINGLE: Final = "singleValueExtendedProperties"
MULTI: Final = "multiValueExtendedProperties"
MAX_EXPANDED: Final = 5

_GUID = r"\{[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}"
_NAME = re.compile(
    rf"([A-Za-z]+) (?:({_GUID}) (?:Name (\S.*)|Id (0[xX][0-9A-Fa-f]{{1,8}}))|(0[xX][0-9A-Fa-f]{{1,4}}))"
)
_TEXT_LIMIT = 32_767


def _whole(text: str) -> None:
    int(text)


def _truth(text: str) -> None:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)


def _time(text: str) -> None:
    datetime.fromisoformat(text)


def _binary(text: str) -> None:
    b64decode(text, validate=True)


def _text(text: str) -> None:
    if len(text) > _TEXT_LIMIT:
        raise ValueError("too long")


def _number(text: str) -> None:
    float(text)


def _class_id(text: str) -> None:
    UUID(text)


_CHECKS: Mapping[str, Callable[[str], None]] = {
    "String": _text,
    "Integer": _whole,
    "Long": _whole,
    "Short": _whole,
    "Boolean": _truth,
    "SystemTime": _time,
    "ApplicationTime": _time,
    "Double": _number,
    "Float": _number,
    "Currency": _number,
    "Binary": _binary,
    "CLSID": _class_id,
}


@dataclass(frozen=True, slots=True)
class PropertyName:
    """One property's identity: two spellings of the same property are equal.

    `kind`: String, Integer, …, with "Array" behind it for many values. `space`: the GUID in lower case,
    "" for a MAPI tag. `name`: the name (case counts) or the number as "0x36".
    """

    kind: str
    space: str
    name: str
    numbered: bool

    @property
    def many(self) -> bool:
        return self.kind.endswith("Array")

    @property
    def named(self) -> bool:
        return not self.numbered

    def __str__(self) -> str:
        """As the server spells it: the GUID in its own letter case, numbers without leading zeros."""
        if not self.space:
            return f"{self.kind} {self.name}"
        return f"{self.kind} {{{self.space.upper()}}} {'Id' if self.numbered else 'Name'} {self.name}"


@lru_cache(maxsize=4096)
def parse_name(text: str) -> PropertyName:
    """Read a property id in one of its three formats. Raises GraphError 400."""
    match = _NAME.fullmatch(text)
    kind = match[1] if match else ""
    if match is None or kind.removesuffix("Array") not in _CHECKS:
        raise bad_argument(f"The extended property id '{text[:100]}' is not valid.")
    guid, name, number, tag = match.group(2, 3, 4, 5)
    if name is not None:
        return PropertyName(kind, guid[1:-1].lower(), name, numbered=False)
    return PropertyName(kind, guid[1:-1].lower() if guid else "", hex(int(number or tag, 16)), numbered=True)


def _check_value(name: PropertyName, value: str) -> None:
    try:
        _CHECKS[name.kind.removesuffix("Array")](value)
    except (ValueError, binascii.Error) as error:
        raise bad_argument(f"The value given for the extended property '{name}' is not valid.") from error


ExtendedValue = str | tuple[str, ...]
ExtendedChanges = dict[PropertyName, ExtendedValue | None]


def read_properties(member: str, value: Json) -> ExtendedChanges:
    """The properties in a POST or PATCH body; None as a value removes one. Raises GraphError 400."""
    if not isinstance(value, list):
        raise bad_body(f"The property '{member}' must be a collection.")
    changes: ExtendedChanges = {}
    for entry in value:
        if not isinstance(entry, dict) or not {"id", "value"} <= entry.keys() <= {"id", "value", "@odata.type"}:
            raise bad_body(f"An entry of '{member}' must have the members 'id' and 'value'.")
        identity = entry["id"]
        if not isinstance(identity, str):
            raise bad_body(f"The id of an entry of '{member}' must be an Edm.String.")
        name = parse_name(identity)
        if name.many is not (member == MULTI):
            raise bad_argument(f"The extended property '{name}' does not belong into '{member}'.")
        if name in changes:
            raise bad_argument(f"The extended property '{name}' is given twice.")
        changes[name] = _read_value(name, entry["value"])
    return changes


def _read_value(name: PropertyName, value: Json) -> ExtendedValue | None:
    if value is None:
        return None
    if name.many:
        if not isinstance(value, list):
            raise bad_body(f"The value of '{name}' must be a collection of Edm.String.")
        texts: list[str] = []
        for text in value:
            if not isinstance(text, str):
                raise bad_body(f"The value of '{name}' must be a collection of Edm.String.")
            _check_value(name, text)
            texts.append(text)
        return tuple(texts)
    if not isinstance(value, str):
        raise bad_body(f"The value of '{name}' must be an Edm.String.")
    _check_value(name, value)
    return value


def render(
    values: Mapping[PropertyName, ExtendedValue], wanted: tuple[PropertyName, ...], *, many: bool
) -> list[Json]:
    """The wanted properties that are there, as `$expand` shows them."""
    shown: list[Json] = []
    for name in wanted:
        value = values.get(name)
        if value is not None and name.many is many:
            shown.append({"id": str(name), "value": list(value) if isinstance(value, tuple) else value})
    return shown


_EXPAND = re.compile(rf"({SINGLE}|{MULTI})\(\$filter=(.*)\)", re.DOTALL)
_ID_TERM = re.compile(r"\(*\s*(?:[a-z]\w*/)?id\s+eq\s+'((?:[^']|'')*)'\s*\)*")


def parse_expand(text: str) -> tuple[PropertyName, ...]:
    """The properties of one `$expand` item. Raises GraphError 400; with more than five ids
    ErrorRestrictionTooComplex (contracts/graph.md §2.5, §8 quirk 15)."""
    match = _EXPAND.fullmatch(text.strip())
    if match is None:
        raise bad_query(f"The $expand expression '{text[:100]}' is not supported; filter by id.")
    member, condition = match.groups()
    names: list[PropertyName] = []
    position = 0
    while True:
        term = _ID_TERM.match(condition, position)
        if term is None or term[0].count("(") != term[0].count(")"):
            raise bad_query(f"The filter of $expand={member} must compare 'id' with 'eq'.")
        names.append(parse_name(term[1].replace("''", "'")))
        position = term.end()
        if position == len(condition):
            break
        joint = re.compile(r"\s+or\s+").match(condition, position - len(term[0]) + len(term[0].rstrip()))
        if joint is None:
            raise bad_query(f"The filter of $expand={member} can only join ids with 'or'.")
        position = joint.end()
    if len(names) > MAX_EXPANDED:
        raise GraphError(400, "ErrorRestrictionTooComplex", "The filter has too many extended property ids.")
    if any(name.many is not (member == MULTI) for name in names):
        raise bad_query(f"$expand={member} names a property of the other kind.")
    return tuple(names)
