"""From what a caller sends to what the server keeps: all of its normalisation (contracts/graph.md §1.5)."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.graph.extended import MULTI, SINGLE, ExtendedChanges, ExtendedValue, PropertyName, read_properties
from sandbox.graph.schema import (
    ADDRESSES,
    COLLECTIONS,
    EMPTY,
    NAME_PARTS,
    TEXTS,
    Email,
    generated_names,
    read_emails,
    read_values,
    settle_email,
)
from sandbox.graph.store import Contact, ContactContent
from sandbox.graph.tenant import Tenant
from shared.model import Json


def compose(
    tenant: Tenant, body: Mapping[str, Json], before: Contact | None, *, by_api: bool
) -> ContactContent:
    """What a contact holds after a create or an update with this body. Raises GraphError 400.

    `by_api`: False for what a person does in Outlook, whose display name the server leaves alone.
    """
    sent = read_values(body)
    if tenant.switches["trim_texts"] == "on":
        sent = {name: _trimmed(name, value) for name, value in sent.items()}
    birthday = sent.get("birthday")
    if isinstance(birthday, str) and tenant.switches["birthday_time"] == "T11:59":
        sent["birthday"] = f"{birthday[:10]}T11:59:00Z"
    old = before.values if before else {}
    values = {name: value for name, value in {**old, **sent}.items() if value != EMPTY[name]}
    slots = _settle_slots(tenant, body, before)
    extended = _extended_after(body, before.extended if before else {})
    if before is None:
        _fill_names(values)
    else:
        elsewhere = slots != before.slots or extended != before.extended
        _recalculate(tenant, sent, old, values, elsewhere=elsewhere, by_api=by_api)
    return ContactContent(values, slots, extended)


def _trimmed(name: str, value: Json) -> Json:
    if name in TEXTS and isinstance(value, str):
        return value.strip() or EMPTY[name]
    if name in ADDRESSES and isinstance(value, dict):
        return {part: text.strip() if isinstance(text, str) else text for part, text in value.items()}
    if name in COLLECTIONS and isinstance(value, list):
        return [text.strip() if isinstance(text, str) else text for text in value]
    return value


def _settle_slots(tenant: Tenant, body: Mapping[str, Json], before: Contact | None) -> list[Email | None]:
    old = before.slots if before else []
    asked = read_emails(body, old)
    if asked is None:
        return old
    rename = tenant.switches["gal_rename"] == "on"
    slots = [settle_email(email, tenant.directory, rename=rename) for email in asked]
    while slots and slots[-1] is None:
        slots.pop()
    return slots


def _extended_after(
    body: Mapping[str, Json], old: dict[PropertyName, ExtendedValue]
) -> dict[PropertyName, ExtendedValue]:
    changes: ExtendedChanges = {}
    for member in (SINGLE, MULTI):
        if member in body:
            changes |= read_properties(member, body[member])
    merged = {**old, **changes}
    return {name: value for name, value in merged.items() if value is not None}


def _fill_names(values: dict[str, Json]) -> None:
    """A new contact's names where the caller gave none."""
    display, file_as = generated_names(values)
    fallback = values.get("companyName", "")
    display = display or str(fallback)
    if "displayName" not in values and display:
        values["displayName"] = display
    if "fileAs" not in values and (file_as or "displayName" in values):
        values["fileAs"] = file_as or values["displayName"]


def _recalculate(
    tenant: Tenant,
    sent: Mapping[str, Json],
    old: Mapping[str, Json],
    values: dict[str, Json],
    *,
    elsewhere: bool,
    by_api: bool,
) -> None:
    """Another property changed, so the server makes up a display name unless one is sent (§1.5); `fileAs`
    follows the name parts as long as it was made from them."""
    display, file_as = generated_names(values)
    renamed = any(old.get(part) != values.get(part) for part in NAME_PARTS)
    if renamed and "fileAs" not in sent and file_as and old.get("fileAs") == generated_names(old)[1]:
        values["fileAs"] = file_as
    if not by_api or "displayName" in sent or tenant.switches["display_name_recalc"] == "off":
        return
    if display and (elsewhere or values != old):
        values["displayName"] = display
