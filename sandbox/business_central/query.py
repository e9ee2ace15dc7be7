"""The query options of a read: parsed, checked, refused where Business Central would refuse them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from sandbox.business_central import errors
from sandbox.business_central.entity import EntityType
from sandbox.business_central.filters import Clause, Dialect, parse_filter
from sandbox.business_central.switches import Switches

MAX_QUERY = 8_099
_KNOWN = frozenset(
    {
        "$filter",
        "$select",
        "$orderby",
        "$top",
        "$skip",
        "$count",
        "$expand",
        "$schemaversion",
        "$skiptoken",
        "aid",
        "company",
    }
)
_NOT_IN_BC = frozenset({"$search", "$apply", "$compute"})
COUNT_OPTIONS = frozenset({"$filter", "$schemaversion", "company"})
SINGLE_OPTIONS = frozenset({"$select", "$expand", "$schemaversion", "company"})
WRITE_OPTIONS = frozenset({"company"})
_SCHEMA_VERSIONS = ("1.0", "2.0", "2.1")


@dataclass(frozen=True, slots=True)
class Order:
    """One term of $orderby."""

    name: str
    downwards: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """A read's options, understood. `raw`: the options as sent, decoded, in their order.

    `select`: property names in canonical spelling, None for all. `top`: None where not asked for.
    """

    raw: Mapping[str, str] = field(default_factory=dict)
    clause: Clause | None = None
    select: tuple[str, ...] | None = None
    order: tuple[Order, ...] = ()
    top: int | None = None
    skip: int = 0
    count: bool = False
    expand: bool = False

    @property
    def company(self) -> str:
        return self.raw.get("company", "")


def options_of(query: str) -> dict[str, str]:
    """The options of a raw query string, decoded as the server does: `+` is a blank."""
    if len(query) > MAX_QUERY:
        raise errors.query_too_long()
    options: dict[str, str] = {}
    for part in query.split("&") if query else ():
        name, _, value = part.partition("=")
        name = unquote_plus(name)
        if name in options:
            raise errors.query_syntax(f"Query option '{name}' was given more than once.")
        if name in _NOT_IN_BC:
            raise errors.not_implemented(f"The query option '{name}' is not supported.")
        if name not in _KNOWN:
            raise errors.query_syntax(f"The query option '{name}' is not known.")
        options[name] = unquote_plus(value)
    return options


def parse_query(
    options: Mapping[str, str],
    entity: EntityType,
    switches: Switches,
    allowed: Collection[str] = _KNOWN,
) -> Query:
    """Check the options against an entity type. Raises `Refusal`."""
    for name in options:
        if name not in allowed:
            raise errors.query_syntax(f"The query option '{name}' cannot be used here.")
    version = options.get("$schemaversion", "2.0")
    if version not in _SCHEMA_VERSIONS:
        raise errors.query_syntax(f"The schema version '{version}' does not exist.")
    dialect = Dialect(
        nested=version == "2.1",
        case_sensitive=switches.text("bc_text_case") == "sensitive",
        wildcards=switches.flag("bc_wildcards"),
    )
    filter_text = options.get("$filter")
    return Query(
        raw=options,
        clause=parse_filter(filter_text, entity, dialect) if filter_text is not None else None,
        select=_select(options["$select"], entity) if "$select" in options else None,
        order=_order(options["$orderby"], entity) if "$orderby" in options else (),
        top=_natural("$top", options["$top"]) if "$top" in options else None,
        skip=_natural("$skip", options.get("$skip", "0")),
        count=_boolean("$count", options.get("$count", "false")),
        expand=_expand(options["$expand"], entity) if "$expand" in options else False,
    )


def _select(text: str, entity: EntityType) -> tuple[str, ...]:
    canonical = {name.lower(): name for name in entity.properties}
    wanted: set[str] = set()
    for part in text.split(","):
        name = canonical.get(part.strip().lower())
        if name is None:
            raise errors.property_not_found(part.strip(), entity.name)
        wanted.add(name)
    return tuple(name for name in entity.properties if name in wanted)


def _order(text: str, entity: EntityType) -> tuple[Order, ...]:
    terms: list[Order] = []
    for part in text.split(","):
        words = part.split()
        if "(" in part:
            raise errors.not_implemented("The OData orderby expression is not supported.")
        if len(words) not in (1, 2) or (len(words) == 2 and words[1] not in ("asc", "desc")):
            raise errors.query_syntax()
        if words[0] not in entity.properties:
            raise errors.property_not_found(words[0], entity.name)
        terms.append(Order(words[0], words[1:] == ["desc"]))
    return tuple(terms)


def _expand(text: str, entity: EntityType) -> bool:
    for part in text.split(","):
        if part.strip() not in entity.navigation:
            raise errors.property_not_found(part.strip(), entity.name)
    return True


def _natural(name: str, text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or len(text) > 9:
        raise errors.query_syntax(f"Invalid value '{text}' for {name}.")
    return int(text)


def _boolean(name: str, text: str) -> bool:
    if text not in ("true", "false"):
        raise errors.query_syntax(f"Invalid value '{text}' for {name}.")
    return text == "true"


def preferred_page(prefer: str, most: int) -> tuple[int, bool]:
    """The page size after `Prefer: odata.maxpagesize=N`, and whether it was asked for."""
    for part in prefer.split(","):
        name, _, value = part.strip().partition("=")
        if name.strip().lower() in ("odata.maxpagesize", "maxpagesize"):
            value = value.strip().strip('"')
            wanted = _natural("odata.maxpagesize", value)
            if wanted < 1:
                raise errors.query_syntax("Invalid value '0' for odata.maxpagesize.")
            return min(wanted, most), True
    return most, False


def prefers(prefer: str, name: str) -> bool:
    return any(part.strip().lower() == name for part in prefer.split(","))
