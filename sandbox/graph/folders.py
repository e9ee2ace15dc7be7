"""Operations on contact folders (contracts/graph.md §1.2, §2.1)."""

from __future__ import annotations

import re
from typing import Final

from sandbox.exchange import ApiResponse
from sandbox.graph.bodies import read_object
from sandbox.graph.contacts import show_extended
from sandbox.graph.deleting import discard_folder, purge_folder
from sandbox.graph.errors import GraphError, bad_body, bad_property, bad_query, folder_exists
from sandbox.graph.extended import MULTI, SINGLE, ExtendedChanges, read_properties
from sandbox.graph.options import (
    DEFAULT_PAGE,
    MAX_PAGE,
    Expand,
    allow,
    read_expand,
    read_flag,
    read_number,
    read_select,
)
from sandbox.graph.schema import check_type, is_annotation, read_text
from sandbox.graph.store import Folder
from sandbox.graph.tenant import Call, Tenant
from shared.model import Json

SELECTABLE: Final = frozenset({"id", "displayName", "parentFolderId"})

_NAME_FILTER = re.compile(r"displayName\s+eq\s+'((?:[^']|'')*)'")
_BODY: Final = frozenset({"displayName", "parentFolderId", SINGLE, MULTI})


def _context(call: Call, select: tuple[str, ...] | None) -> str:
    return f"{call.context}/contactFolders" + (f"({','.join(select)})" if select else "")


def show_folder(folder: Folder, select: tuple[str, ...] | None, expand: Expand) -> dict[str, Json]:
    """One folder as it appears in answers."""
    parent = folder.parent.id if folder.parent is not None else None
    shown: dict[str, Json] = {"id": folder.id, "parentFolderId": parent, "displayName": folder.name}
    if select is not None:
        shown = {name: shown[name] for name in ("id", *select)}
    show_extended(shown, folder.extended, expand)
    return shown


def list_folders(tenant: Tenant, call: Call, parent: Folder) -> ApiResponse:
    """The folders directly under one; the default folder itself is in no list (§2)."""
    options = call.options
    tenant.pages.check(call.request.path, call.request.query, options)
    allow(options, "$select", "$top", "$skip", "$count", "$filter", "$orderby", "$expand")
    select = read_select(options, SELECTABLE, "contactFolder")
    expand = read_expand(options, extensions=False)
    top = read_number(options, "$top", DEFAULT_PAGE, 1, MAX_PAGE)
    skip = read_number(options, "$skip", 0, 0, 10_000_000)
    found = call.mailbox.children(parent)
    if "$filter" in options:
        match = _NAME_FILTER.fullmatch(options["$filter"].strip())
        if match is None:
            raise bad_query("Folders can be filtered by 'displayName eq' only.")
        wanted = match[1].replace("''", "'").casefold()
        found = [folder for folder in found if folder.name.casefold() == wanted]
    if "$orderby" in options:
        order = re.fullmatch(r"\s*displayName(?:\s+(asc|desc))?\s*", options["$orderby"])
        if order is None:
            raise bad_query("Folders can be ordered by 'displayName' only.")
        found = sorted(found, key=lambda folder: folder.name.casefold(), reverse=order[1] == "desc")
    answer: dict[str, Json] = {"@odata.context": _context(call, select)}
    if read_flag(options, "$count"):
        answer["@odata.count"] = len(found)
    answer["value"] = [show_folder(folder, select, expand) for folder in found[skip : skip + top]]
    if skip + top < len(found):
        answer["@odata.nextLink"] = tenant.pages.issue(
            call.request.origin, call.request.path, options, skip + top
        )
    return ApiResponse(200, answer, call.prefer.applied())


def _entity(
    call: Call, folder: Folder, status: int, select: tuple[str, ...] | None, expand: Expand
) -> ApiResponse:
    context = f"{_context(call, select)}/$entity"
    return ApiResponse(
        status, {"@odata.context": context, **show_folder(folder, select, expand)}, call.prefer.applied()
    )


def get_folder(call: Call, folder: Folder) -> ApiResponse:
    """Also answers 200 for a folder that was deleted: only its parent tells (§2.1)."""
    allow(call.options, "$select", "$expand")
    select = read_select(call.options, SELECTABLE, "contactFolder")
    return _entity(call, folder, 200, select, read_expand(call.options, extensions=False))


def _read_body(call: Call) -> tuple[str | None, ExtendedChanges]:
    """The name (None where not sent) and the extended properties. Raises GraphError 400."""
    body = read_object(call.request)
    check_type(body, "contactFolder")
    for member in body:
        if member == "id":
            raise bad_property("The property 'id' is read-only and cannot be set.")
        if member not in _BODY and not is_annotation(member):
            raise bad_body(f"The property '{member}' does not exist on type 'microsoft.graph.contactFolder'.")
    changes: ExtendedChanges = {}
    for member in (SINGLE, MULTI):
        if member in body:
            changes |= read_properties(member, body[member])
    read_text("parentFolderId", body.get("parentFolderId"), 1000)
    name = read_text("displayName", body.get("displayName"))
    if "displayName" in body and not (name and name.strip()):
        raise bad_property("The property 'displayName' cannot be empty.")
    return name, changes


def create_folder(call: Call, parent: Folder) -> ApiResponse:
    """201; 409 where the parent has a folder of that name in any letter case (§2.1)."""
    allow(call.options)
    name, changes = _read_body(call)
    if name is None:
        raise bad_property("The property 'displayName' is required when creating the entity.")
    if call.mailbox.child_named(parent, name) is not None:
        raise folder_exists()
    folder = call.mailbox.add_folder(parent, name, {k: v for k, v in changes.items() if v is not None})
    return _entity(call, folder, 201, None, Expand())


def _refuse_default(call: Call, folder: Folder, what: str) -> None:
    if folder is call.mailbox.default:
        raise GraphError(403, "ErrorDeleteDistinguishedFolder", f"Distinguished folders cannot be {what}.")


def patch_folder(tenant: Tenant, call: Call, folder: Folder) -> ApiResponse:
    """Rename, and set extended properties; `parentFolderId` has no effect (§1.2)."""
    allow(call.options)
    name, changes = _read_body(call)
    if name is not None and name != folder.name:
        _refuse_default(call, folder, "renamed")
        if folder.parent is not None and call.mailbox.child_named(folder.parent, name) not in (None, folder):
            raise folder_exists()
    extended = {k: v for k, v in {**folder.extended, **changes}.items() if v is not None}
    if (name in (None, folder.name)) and extended == folder.extended:
        tenant.log.violate("empty_patch", "graph", f"PATCH of {call.request.path} changes nothing")
    else:
        folder.extended = extended
        call.mailbox.rename_folder(folder, name or folder.name)
    return _entity(call, folder, 200, None, Expand())


def delete_folder(tenant: Tenant, call: Call, folder: Folder) -> ApiResponse:
    """Into Deleted Items with all that is in it, or for good: a switch. Deleted Items can hold one folder
    of a name, so a second deletion of that name fails (§2.1)."""
    allow(call.options)
    _refuse_default(call, folder, "deleted")
    mailbox = call.mailbox
    if tenant.switches["folder_delete"] == "hard" or mailbox.is_deleted(folder):
        return purge(tenant, call, folder)
    if mailbox.child_named(mailbox.bin, folder.name) is not None:
        raise folder_exists()
    discard_folder(tenant, call.user, folder, by_api=True)
    return ApiResponse(204)


def purge(tenant: Tenant, call: Call, folder: Folder) -> ApiResponse:
    """`permanentDelete` of a folder: it is gone with its contacts."""
    allow(call.options)
    _refuse_default(call, folder, "deleted")
    purge_folder(tenant, call.user, folder)
    return ApiResponse(204)
