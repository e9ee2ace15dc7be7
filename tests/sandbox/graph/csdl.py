"""Checks JSON against Microsoft's type definitions (graph-types.csdl.xml, contracts/graph.md {M1})."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from uuid import UUID
from xml.etree import ElementTree

from shared.model import Json

_EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")


@dataclass(slots=True)
class _Type:
    base: str | None
    open: bool
    properties: dict[str, tuple[str, bool]] = field(default_factory=dict)
    navigation: dict[str, str] = field(default_factory=dict)


class Csdl:
    """The types of one CSDL file; `check` raises AssertionError with the path of what does not fit."""

    def __init__(self, file: Path) -> None:
        self._types: dict[str, _Type] = {}
        self._enums: dict[str, set[str]] = {}
        root = ElementTree.parse(file).getroot()
        for enum in root.iter(f"{_EDM}EnumType"):
            self._enums[enum.attrib["Name"]] = {member.attrib["Name"] for member in enum}
        for tag in ("EntityType", "ComplexType"):
            for element in root.iter(_EDM + tag):
                self._types[element.attrib["Name"]] = _read_type(element)

    def check(self, value: Json, type_name: str, *, partial: bool = False) -> None:
        """`partial`: members may be missing, as with `$select`."""
        self._check(value, type_name, type_name, partial)

    def _members(self, name: str) -> tuple[dict[str, tuple[str, bool]], dict[str, str], bool]:
        found = self._types[name]
        if found.base is None:
            return dict(found.properties), dict(found.navigation), found.open
        properties, navigation, is_open = self._members(found.base)
        return {**properties, **found.properties}, {**navigation, **found.navigation}, is_open or found.open

    def _check(self, value: Json, name: str, where: str, partial: bool) -> None:
        assert isinstance(value, dict), f"{where} is no object"
        properties, navigation, is_open = self._members(name)
        for member, content in value.items():
            if member.startswith("@"):
                continue
            if member in navigation:
                self._check_value(content, navigation[member], True, f"{where}/{member}")
                continue
            # A contact is an open type too, but this service gives it no members of its own.
            assert member in properties or (is_open and name != "contact"), (
                f"{where} has the unknown member {member}"
            )
            if member in properties:
                self._check_value(content, *properties[member], f"{where}/{member}")
        if not partial and name in ("contact", "contactFolder", "subscription"):
            assert properties.keys() <= value.keys(), f"{where} lacks {properties.keys() - value.keys()}"

    def _check_value(self, value: Json, type_name: str, nullable: bool, where: str) -> None:
        if type_name.startswith("Collection("):
            assert isinstance(value, list), f"{where} is no collection"
            for position, entry in enumerate(value):
                self._check_value(entry, type_name[11:-1], False, f"{where}/{position}")
            return
        if value is None:
            assert nullable, f"{where} is null"
            return
        kind = type_name.removeprefix("graph.")
        if kind == "Edm.DateTimeOffset":
            assert isinstance(value, str) and _DATE.fullmatch(value), f"{where} is no time: {value}"
        elif kind == "Edm.Guid":
            UUID(str(value))
        elif kind == "Edm.Boolean":
            assert isinstance(value, bool), f"{where} is no boolean"
        elif kind == "Edm.String":
            assert isinstance(value, str), f"{where} is no text: {value}"
        elif kind in self._enums:
            assert value in self._enums[kind], f"{where} is none of {kind}: {value}"
        else:
            self._check(value, kind, where, True)


def _read_type(element: ElementTree.Element) -> _Type:
    base = element.get("BaseType")
    found = _Type(base.removeprefix("graph.") if base else None, element.get("OpenType") == "true")
    for child in element:
        if child.tag == f"{_EDM}Property":
            found.properties[child.attrib["Name"]] = (child.attrib["Type"], child.get("Nullable") != "false")
        elif child.tag == f"{_EDM}NavigationProperty":
            found.navigation[child.attrib["Name"]] = child.attrib["Type"]
    return found


@cache
def graph_types() -> Csdl:
    return Csdl(Path(__file__).with_name("graph-types.csdl.xml"))


def check_answer(body: Json) -> None:
    """Check an answer of the service by what its `@odata.context` says it is."""
    assert isinstance(body, dict)
    context = body.get("@odata.context")
    if not isinstance(context, str):
        return
    fragment = context.partition("#")[2]
    single = fragment.endswith("/$entity")
    chosen = (
        re.search(r"\(([a-zA-Z,]+)\)(?:/\$entity)?$", fragment) is not None and "Collection(" not in fragment
    )
    delta = "Collection(contact" in fragment
    kind = next((kind for kind, sign in _SIGNS if re.search(sign, fragment)), None)
    if kind is None:
        return
    value = body.get("value")
    entries = [body] if single else value if isinstance(value, list) else []
    for entry in entries:
        graph_types().check(entry, kind, partial=chosen or delta)


_SIGNS = (
    ("openTypeExtension", r"/extensions/\$entity$"),
    ("contact", r"/contacts(\([a-zA-Z,]+\))?(/\$entity)?$|Collection\(contact\)"),
    ("contactFolder", r"/contactFolders(\([a-zA-Z,]+\))?(/\$entity)?$|Collection\(contactFolder\)"),
    ("subscription", r"#?subscriptions(/\$entity)?$"),
)
