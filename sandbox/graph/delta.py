"""Delta over the contacts of a folder and over the folders (contracts/graph.md §3).

A round is fixed when it begins: its entries stand in the token's state, each page renders what is true
when the page is read. What happens meanwhile comes in the next round.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from sandbox.exchange import ApiResponse
from sandbox.faults import Fault
from sandbox.graph.contacts import show
from sandbox.graph.errors import GraphError, bad_query, item_not_found
from sandbox.graph.folders import SELECTABLE as FOLDER_SELECTABLE
from sandbox.graph.folders import show_folder
from sandbox.graph.links import TokenLinks, sync_state_not_found
from sandbox.graph.options import DEFAULT_PAGE, Expand, read_select
from sandbox.graph.schema import SELECTABLE
from sandbox.graph.store import PUT, REMOVED, Change, Folder
from sandbox.graph.tenant import Call, Tenant
from shared.model import Json

_REFUSED: Final = ("$orderby", "$filter", "$expand", "$search", "$top", "$skip", "$count")

Entry = Change | tuple[str, Folder]


@dataclass(frozen=True, slots=True)
class Round:
    """Where a round stands. `folder` is None for the folders' own delta; `since` and `until` are positions
    in the change log, `since` None for a first round; `entries` is None for a round that has not begun."""

    user: str
    folder: Folder | None
    generation: int
    select: tuple[str, ...] | None
    since: int | None
    until: int = 0
    entries: tuple[Entry, ...] | None = None
    offset: int = 0


class Delta:
    """All rounds of all mailboxes."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._links: TokenLinks[Round] = TokenLinks(tenant.rng, tenant.log)

    def expire(self, user: str) -> None:
        """Let every token of this user be unknown from now on."""
        self._links.forget(lambda state: state.user == user)

    def contacts(self, call: Call, folder: Folder, through_folder: bool) -> ApiResponse:
        """One page of `…/contacts/delta`. Raises GraphError 400, 404, 410."""
        if call.mailbox.is_deleted(folder) and self._tenant.switches["deleted_folder_delta"] == "not_found":
            raise item_not_found()
        place = f"contactFolders('{folder.id}')/contacts" if through_folder else "contacts"
        return self._page(call, folder, f"/users/{call.user.id}/{place}/delta")

    def folders(self, call: Call) -> ApiResponse:
        """One page of `contactFolders/delta`. Raises GraphError 400, 410."""
        return self._page(call, None, f"/users/{call.user.id}/contactFolders/delta")

    def _page(self, call: Call, folder: Folder | None, path: str) -> ApiResponse:
        state = self._begin(call, folder, path)
        if state.entries is None:
            state = self._start_round(call, state)
        entries = state.entries or ()
        size = call.prefer.page_size or DEFAULT_PAGE
        if self._take(call, "empty_page"):
            size = 0
        rows = [self._row(call, state, entry) for entry in entries[state.offset : state.offset + size]]
        kind = "contact" if folder is not None else "contactFolder"
        answer: dict[str, Json] = {
            "@odata.context": f"{call.request.origin}/$metadata#Collection({kind})",
            "value": [row for row in rows if row is not None],
        }
        origin, end = call.request.origin, state.offset + size
        if end < len(entries) or size == 0:
            following = replace(state, offset=end)
            answer["@odata.nextLink"] = self._links.issue(origin, path, "$skiptoken", following)
        else:
            done = replace(state, since=state.until, entries=None, offset=0)
            answer["@odata.deltaLink"] = self._links.issue(origin, path, "$deltatoken", done)
        return ApiResponse(200, answer, call.prefer.applied(paged=True))

    def _begin(self, call: Call, folder: Folder | None, path: str) -> Round:
        """The state the request stands for: a token's, or a first round's."""
        options = call.options
        token = options.get("$skiptoken", options.get("$deltatoken"))
        lost = self._take(call, "delta_gone", "sync_state_lost") if token else None
        if lost is not None:
            if lost.kind == "sync_state_lost":
                raise sync_state_not_found(lost.code or "syncStateNotFound")
            location = f"{call.request.origin}{path}?$deltatoken="
            raise GraphError(410, lost.code or "resyncRequired", "Resynchronize.", {"Location": location})
        if token:
            state = self._links.redeem(call.request.path, call.request.query, token)
            if state.generation != call.mailbox.generation:
                raise sync_state_not_found()
            return state
        restart = options == {"$deltatoken": ""}
        if not restart:
            self._check_options(call, folder)
        known, type_name = (
            (SELECTABLE, "contact") if folder is not None else (FOLDER_SELECTABLE, "contactFolder")
        )
        select = None if restart else read_select(options, known, type_name)
        return Round(call.user.id, folder, call.mailbox.generation, select, None)

    def _check_options(self, call: Call, folder: Folder | None) -> None:
        """Refuse everything but `$select` (§3.4). Raises GraphError 400."""
        resource = "Contacts" if folder is not None else "Folders"
        for name in call.options:
            if name == "$top":
                raise bad_query(
                    f"The '$top' parameter is not supported with change tracking over the '{resource}' "
                    "resource as page size cannot be guaranteed. Express page size preferences using the "
                    "Prefer: odata.maxpagesize= header instead."
                )
            if name in _REFUSED:
                raise bad_query(
                    f"The following parameters are not supported with change tracking over the '{resource}' "
                    "resource: '$orderby, $filter, $select, $expand, $search, $top'."
                )
            if name != "$select":
                raise bad_query(f"The query option '{name[:50]}' is not supported here.")

    def _start_round(self, call: Call, state: Round) -> Round:
        """Fix what this round will tell."""
        folder = state.folder
        log: list[Entry] = list(call.mailbox.folder_log) if folder is None else list(folder.log)
        until = len(log)
        if state.since is None:
            entries = self._everything(call, folder)
        else:
            if self._take(call, "late_changes"):
                until = state.since
            start = max(0, state.since - 3) if self._take(call, "replay") else state.since
            entries = _collapse(log[start:until], call.prefer.immutable)
        if self._take(call, "removed_and_present"):
            entries = [twin for entry in entries for twin in (_as_removed(entry), entry)]
        if self._take(call, "duplicate"):
            entries = [*entries, *entries]
        if self._take(call, "out_of_order"):
            self._tenant.rng.shuffle(entries)
        return replace(state, until=until, entries=tuple(entries), offset=0)

    def _everything(self, call: Call, folder: Folder | None) -> list[Entry]:
        mailbox = call.mailbox
        if folder is not None:
            return [Change(PUT, contact, contact.mutable_id) for contact in folder.listing()]
        return [
            (PUT, one)
            for one in mailbox.folders.values()
            if one is not mailbox.default and not mailbox.is_deleted(one)
        ]

    def _row(self, call: Call, state: Round, entry: Entry) -> Json:
        """One entry as told now; None for a distribution list, which takes its place on the page."""
        immutable = call.prefer.immutable
        if isinstance(entry, tuple):
            kind, folder = entry
            if kind == REMOVED or folder.id not in call.mailbox.folders or call.mailbox.is_deleted(folder):
                return _removed("contactFolder", folder.id)
            return {
                "@odata.type": "#microsoft.graph.contactFolder",
                **show_folder(folder, state.select, Expand()),
            }
        contact = entry.contact
        if contact.distribution_list:
            return None
        home = state.folder
        if entry.kind == REMOVED or home is None or contact.immutable_id not in home.members:
            return _removed("contact", contact.immutable_id if immutable else entry.mutable_id)
        shown = show(self._tenant, contact, immutable, state.select, Expand())
        return {"@odata.type": "#microsoft.graph.contact", **shown}

    def _take(self, call: Call, *kinds: str) -> Fault | None:
        return self._tenant.faults.take("graph", call.method, call.request.path, *kinds)


def _removed(type_name: str, id: str) -> dict[str, Json]:
    return {"@odata.type": f"#microsoft.graph.{type_name}", "id": id, "@removed": {"reason": "deleted"}}


def _as_removed(entry: Entry) -> Entry:
    return (REMOVED, entry[1]) if isinstance(entry, tuple) else replace(entry, kind=REMOVED)


def _collapse(log: Iterable[Entry], immutable: bool) -> list[Entry]:
    """One entry for each thing the log tells of, the latest; but with immutable ids, what left the folder
    and came back within a round is told as removed only (§3.7)."""
    latest: dict[tuple[object, str], Entry] = {}
    for entry in log:
        if isinstance(entry, tuple):
            latest.pop((entry[1], ""), None)
            latest[entry[1], ""] = entry
            continue
        key = (entry.contact, "" if immutable else entry.mutable_id)
        before = latest.pop(key, None)
        left = immutable and isinstance(before, Change) and before.kind == REMOVED
        latest[key] = before if left and before is not None else entry
    return list(latest.values())
