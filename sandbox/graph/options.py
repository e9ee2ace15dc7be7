"""Query options and preferences of one request, read strictly (contracts/graph.md §2.5, §2.6)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_plus

from sandbox.graph.errors import bad_query
from sandbox.graph.extended import PropertyName, parse_expand

DEFAULT_PAGE: Final = 10
MAX_PAGE: Final = 1000

_EXTENSIONS: Final = re.compile(r"extensions\(\$filter=id eq '((?:[^']|'')+)'\)")


def parse_query(query: str) -> dict[str, str]:
    """Option name → value, decoded. Raises GraphError 400 for a doubled or empty option."""
    options: dict[str, str] = {}
    for part in query.split("&") if query else ():
        name, _, value = part.partition("=")
        name = unquote_plus(name)
        if not name or name in options:
            raise bad_query(f"The query option '{name[:50]}' is empty or given more than once.")
        options[name] = unquote_plus(value)
    return options


def allow(options: Mapping[str, str], *names: str) -> None:
    """Refuse every option but these, and blank values. Raises GraphError 400."""
    for name, value in options.items():
        if name not in names:
            raise bad_query(f"The query option '{name[:50]}' is not supported here.")
        if not value.strip():
            raise bad_query(f"The query option '{name}' has no value.")


@dataclass(frozen=True, slots=True)
class Expand:
    """What `$expand` asks for: extended properties and ids of open extensions."""

    properties: tuple[PropertyName, ...] = ()
    extensions: tuple[str, ...] = ()


def read_select(options: Mapping[str, str], known: frozenset[str], type_name: str) -> tuple[str, ...] | None:
    """The selected properties, or None for all. Raises GraphError 400 for one that does not exist."""
    text = options.get("$select")
    if text is None:
        return None
    names = tuple(name.strip() for name in text.split(","))
    for name in names:
        if name not in known:
            raise bad_query(
                f"Could not find a property named '{name[:50]}' on type 'microsoft.graph.{type_name}'."
            )
    return names


def read_expand(options: Mapping[str, str], *, extensions: bool) -> Expand:
    """`$expand` as far as it is supported: extended properties, and `extensions` for a contact."""
    text = options.get("$expand")
    if text is None:
        return Expand()
    properties: list[PropertyName] = []
    wanted: list[str] = []
    for item in _split_outside(text):
        match = _EXTENSIONS.fullmatch(item.strip()) if extensions else None
        if match is not None:
            wanted.append(match[1].replace("''", "'"))
        else:
            properties.extend(parse_expand(item))
    return Expand(tuple(properties), tuple(wanted))


def _split_outside(text: str) -> list[str]:
    """Split at the commas that stand outside parentheses and quotes."""
    parts, depth, quoted, start = [], 0, False, 0
    for position, sign in enumerate(text):
        if sign == "'":
            quoted = not quoted
        elif quoted:
            continue
        elif sign in "()":
            depth += 1 if sign == "(" else -1
        elif sign == "," and depth == 0:
            parts.append(text[start:position])
            start = position + 1
    return [*parts, text[start:]]


def read_number(options: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = options.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise bad_query(f"The value '{text[:20]}' of '{name}' must be a number from {low} to {high}.")
    return int(text)


def read_flag(options: Mapping[str, str], name: str) -> bool:
    text = options.get(name, "false")
    if text not in ("true", "false"):
        raise bad_query(f"The value of '{name}' must be true or false.")
    return text == "true"


_PREFERENCE: Final = re.compile(r"\s*([A-Za-z][\w.\-]*)\s*(?:=\s*(?:\"([^\"]*)\"|([^,;\s]*)))?\s*(?:,|$)")


@dataclass(frozen=True, slots=True)
class Preferences:
    """The `Prefer` header as far as it takes effect; other preferences are passed over (RFC 7240)."""

    immutable: bool = False
    page_size: int | None = None
    minimal: bool = False

    @classmethod
    def read(cls, header: str) -> Preferences:
        found = {m[1].lower(): (m[2] if m[2] is not None else m[3]) or "" for m in _PREFERENCE.finditer(header)}
        size = found.get("odata.maxpagesize", "")
        return cls(
            immutable=found.get("idtype", "").lower() == "immutableid",
            page_size=min(int(size), MAX_PAGE) if size.isascii() and size.isdigit() and int(size) > 0 else None,
            minimal=found.get("return", "") == "minimal",
        )

    def applied(self, *, paged: bool = False, minimal: bool = False) -> dict[str, str]:
        """The `Preference-Applied` header for what took effect."""
        applied = [f"odata.maxpagesize={self.page_size}"] if paged and self.page_size else []
        if self.immutable:
            applied.append("IdType=ImmutableId")
        if minimal:
            applied.append("return=minimal")
        return {"Preference-Applied": ", ".join(applied)} if applied else {}
