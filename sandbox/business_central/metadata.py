"""The `$metadata` document: the entity types with the lengths a client must keep to."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

from sandbox.business_central.entity import (
    APPROVAL_USER,
    COMPANY,
    CONTACT,
    COUNTRY,
    SALESPERSON,
    SUBSCRIPTION,
    EntityType,
    Kind,
    Property,
)
from sandbox.business_central.switches import Switches

ENTITY_TYPES = (COMPANY, CONTACT, COUNTRY, SALESPERSON, APPROVAL_USER, SUBSCRIPTION)
_ENUMS = {
    ("contact", "type"): "contactType",
    ("contact", "contactBusinessRelation"): "contactBusinessRelation",
}


def metadata_xml(switches: Switches) -> bytes:
    """The document as CSDL 4.0. MaxLength of `website` follows the version switch."""
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>',
        '<Schema Namespace="Microsoft.NAV" xmlns="http://docs.oasis-open.org/odata/ns/edm">',
    ]
    for entity in ENTITY_TYPES:
        lines += _entity_type(entity, switches)
    for (owner, name), enum in _ENUMS.items():
        members = next(each for each in ENTITY_TYPES if each.name == owner).properties[name].members
        lines.append(f"<EnumType Name={quoteattr(enum)}>")
        lines += [f"<Member Name={quoteattr(m)} Value={quoteattr(str(n))}/>" for n, m in enumerate(members)]
        lines.append("</EnumType>")
    lines.append('<EntityContainer Name="NAV">')
    lines += [
        f'<EntitySet Name="{entity.set_name}" EntityType="Microsoft.NAV.{entity.name}"/>'
        for entity in ENTITY_TYPES
    ]
    lines.append("</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>")
    return "\n".join(lines).encode()


def _entity_type(entity: EntityType, switches: Switches) -> list[str]:
    key = next(iter(entity.properties))
    lines = [f'<EntityType Name="{entity.name}"><Key><PropertyRef Name="{key}"/></Key>']
    lines += [_property(entity, prop, switches) for prop in entity.properties.values()]
    lines.append("</EntityType>")
    return lines


def _property(entity: EntityType, prop: Property, switches: Switches) -> str:
    match prop.kind:
        case Kind.CODE:
            edm = "Edm.String"
        case Kind.ENUM:
            edm = f"Microsoft.NAV.{_ENUMS[entity.name, prop.name]}"
        case _:
            edm = prop.kind.value
    length = switches.number("bc_website_length") if prop.name == "website" else prop.length
    limit = f' MaxLength="{length}"' if length else ""
    return f'<Property Name="{prop.name}" Type="{edm}"{limit}/>'
