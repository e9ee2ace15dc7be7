"""Operations on contacts (contracts/graph.md §1.5, §2.2–§2.5, §2.9, §2.10)."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from sandbox.exchange import ApiResponse
from sandbox.graph.bodies import read_object
from sandbox.graph.content import compose
from sandbox.graph.deleting import discard, purge
from sandbox.graph.errors import GraphError, bad_argument, bad_query, item_not_found
from sandbox.graph.extended import MULTI, SINGLE, ExtendedValue, PropertyName, render
from sandbox.graph.filters import candidates, parse_filter, parse_order
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
from sandbox.graph.schema import ADDRESSES, SELECTABLE, read_text
from sandbox.graph.store import Contact, Folder
from sandbox.graph.tenant import Call, Event, Tenant
from shared.model import Json


def folder_context(call: Call, folder: Folder, through_folder: bool) -> str:
    if not through_folder:
        return f"{call.context}/contacts"
    return f"{call.context}/contactFolders('{quote(folder.id, safe='')}')/contacts"


def show(
    tenant: Tenant, contact: Contact, immutable: bool, select: tuple[str, ...] | None, expand: Expand
) -> dict[str, Json]:
    """One contact as it appears in answers."""
    shown = contact.to_json(immutable)
    if select is not None:
        shown = {name: shown[name] for name in ("@odata.etag", "id", *select)}
    if tenant.switches["address_unset"] == "absent":
        for name in ADDRESSES:
            address = shown.get(name)
            if isinstance(address, dict):
                shown[name] = {part: text for part, text in address.items() if text is not None}
    show_extended(shown, contact.extended, expand)
    if expand.extensions:
        shown["extensions"] = [
            dict(contact.extensions[name]) for name in expand.extensions if name in contact.extensions
        ]
    return shown


def show_extended(shown: dict[str, Json], values: Mapping[PropertyName, ExtendedValue], expand: Expand) -> None:
    """Add the wanted extended properties; the key is absent where there are none (§2.7)."""
    for member, many in ((SINGLE, False), (MULTI, True)):
        properties = render(values, expand.properties, many=many)
        if properties:
            shown[member] = properties


def list_contacts(tenant: Tenant, call: Call, folder: Folder, through_folder: bool) -> ApiResponse:
    """One page. Distribution lists count and take their place, but are not shown (§1.5)."""
    options = call.options
    if "$search" in options:
        raise bad_query("The query option '$search' is not supported for contacts.")
    tenant.pages.check(call.request.path, call.request.query, options)
    allow(options, "$select", "$top", "$skip", "$count", "$filter", "$orderby", "$expand")
    select = read_select(options, SELECTABLE, "contact")
    expand = read_expand(options, extensions=True)
    top = read_number(options, "$top", DEFAULT_PAGE, 1, MAX_PAGE)
    skip = read_number(options, "$skip", 0, 0, 10_000_000)
    terms = parse_filter(options["$filter"]) if "$filter" in options else ()
    order = parse_order(options["$orderby"], terms) if "$orderby" in options else None
    found = candidates(folder, terms, order)
    if any(term.extended for term in terms):
        found = _indexed(tenant, call, found)
    if tenant.faults.take("graph", call.method, call.request.path, "short_page"):
        top = max(1, top // 2)
    rows: list[Json] = [
        show(tenant, contact, call.prefer.immutable, select, expand)
        for contact in found[skip : skip + top]
        if not contact.distribution_list
    ]
    context = folder_context(call, folder, through_folder)
    answer: dict[str, Json] = {"@odata.context": context + (f"({','.join(select)})" if select else "")}
    if read_flag(options, "$count"):
        answer["@odata.count"] = len(found)
    answer["value"] = rows
    if skip + top < len(found):
        answer["@odata.nextLink"] = tenant.pages.issue(
            call.request.origin, call.request.path, options, skip + top
        )
    return ApiResponse(200, answer, call.prefer.applied())


def _indexed(tenant: Tenant, call: Call, found: tuple[Contact, ...]) -> tuple[Contact, ...]:
    """With the fault `index_delay`, what was created in the last `seconds` is not found yet (§10)."""
    fault = tenant.faults.take("graph", call.method, call.request.path, "index_delay")
    if fault is None:
        return found
    now = tenant.clock.now().timestamp()
    return tuple(contact for contact in found if now - contact.created_at > fault.seconds)


def get_contact(tenant: Tenant, call: Call, contact: Contact, through_folder: bool) -> ApiResponse:
    allow(call.options, "$select", "$expand")
    select = read_select(call.options, SELECTABLE, "contact")
    shown = show(tenant, contact, call.prefer.immutable, select, read_expand(call.options, extensions=True))
    return _entity(call, contact, shown, 200, through_folder, select)


def _entity(
    call: Call,
    contact: Contact,
    shown: dict[str, Json],
    status: int,
    through_folder: bool,
    select: tuple[str, ...] | None = None,
) -> ApiResponse:
    context = folder_context(call, contact.folder, through_folder)
    chosen = f"({','.join(select)})" if select else ""
    body: dict[str, Json] = {"@odata.context": f"{context}{chosen}/$entity", **shown}
    return ApiResponse(status, body, {"ETag": contact.etag, **call.prefer.applied()})


def create_contact(tenant: Tenant, call: Call, folder: Folder, through_folder: bool) -> ApiResponse:
    """Create; not idempotent. A marker that is alive in the folder already is a breach of manners."""
    allow(call.options)
    body = read_object(call.request)
    if tenant.switches["require_given_name"] == "on" and body.get("givenName") is None:
        raise GraphError(
            400, "ErrorInvalidProperty", "The property 'GivenName' is required when creating the entity."
        )
    parent = read_text("parentFolderId", body.get("parentFolderId"), 1000)
    if parent is not None and parent != folder.id:
        raise bad_argument("The property 'parentFolderId' names another folder than the request's path.")
    content = compose(tenant, body, None, by_api=True)
    for name, value in content.extended.items():
        if name.named and isinstance(value, str) and (name, value.casefold()) in folder.marked:
            tenant.log.violate(
                "repeated_create", "graph", f"a contact with this value of '{name}' exists already"
            )
    contact = call.mailbox.add(folder, tenant.clock.now(), content)
    tenant.tell(Event(call.user, folder, contact, "created", by_api=True))
    tenant.tell(Event(call.user, folder, contact, "updated", by_api=True))
    shown = show(tenant, contact, call.prefer.immutable, None, Expand())
    response = _entity(call, contact, shown, 201, through_folder)
    place = f"contactFolders('{folder.id}')/contacts" if through_folder else "contacts"
    location = f"{call.request.origin}/users('{call.user.id}')/{place}('{contact.id(call.prefer.immutable)}')"
    return ApiResponse(201, response.body, {"Location": location, **response.headers})


def _check_version(tenant: Tenant, call: Call, contact: Contact) -> None:
    """Compare `If-Match` where the switch says so (§2.10). Raises GraphError 409, 412."""
    mode, wanted = tenant.switches["if_match"], call.request.headers.get("if-match")
    if mode == "ignore" or wanted is None or wanted.strip() == "*" or wanted.strip() == contact.etag:
        return
    raise GraphError(
        int(mode.removeprefix("enforce")),
        "ErrorIrresolvableConflict",
        "The send or update operation could not be performed because the change key passed in the request "
        "does not match the current change key for the item.",
    )


def patch_contact(tenant: Tenant, call: Call, contact: Contact, through_folder: bool) -> ApiResponse:
    allow(call.options)
    body = read_object(call.request)
    content = compose(tenant, body, contact, by_api=True)
    parent = read_text("parentFolderId", body.get("parentFolderId"), 1000)
    target = contact.folder
    if parent is not None and tenant.switches["patch_parent"] == "moves":
        target = call.mailbox.folder(parent)
    _check_version(tenant, call, contact)
    changed = content != contact.content()
    if not changed and target is contact.folder:
        tenant.log.violate("empty_patch", "graph", f"PATCH of {call.request.path} changes nothing")
    if changed:
        call.mailbox.change(contact, tenant.clock.now(), content)
        tenant.tell(Event(call.user, contact.folder, contact, "updated", by_api=True))
    if target is not contact.folder:
        _move(tenant, call, contact, target)
    if call.prefer.minimal:
        return ApiResponse(204, None, call.prefer.applied(minimal=True))
    shown = show(tenant, contact, call.prefer.immutable, None, Expand())
    return _entity(call, contact, shown, 200, through_folder)


def _move(tenant: Tenant, call: Call, contact: Contact, target: Folder) -> None:
    source = contact.folder
    call.mailbox.move(contact, target, tenant.clock.now())
    tenant.tell(Event(call.user, source, contact, "deleted", by_api=True))
    tenant.tell(Event(call.user, target, contact, "created", by_api=True))


def delete_contact(tenant: Tenant, call: Call, contact: Contact) -> ApiResponse:
    """Into Deleted Items; from there, for good. Whether the immutable id still resolves is a switch (§2.4)."""
    allow(call.options)
    _check_version(tenant, call, contact)
    discard(tenant, call.user, contact, by_api=True)
    return ApiResponse(204)


def purge_contact(tenant: Tenant, call: Call, contact: Contact) -> ApiResponse:
    """`permanentDelete` (§2)."""
    allow(call.options)
    purge(tenant, call.user, contact)
    return ApiResponse(204)


def contact_in(call: Call, folder: Folder | None, key: str) -> Contact:
    """The contact behind an id; under a folder's path it must lie there. Raises GraphError 400, 404."""
    contact = call.mailbox.contact(key)
    if folder is not None and contact.folder is not folder:
        raise item_not_found()
    return contact
