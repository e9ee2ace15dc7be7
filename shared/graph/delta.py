"""What changed in a folder since the last round (contracts/graph.md §3)."""

from __future__ import annotations

from dataclasses import dataclass

from shared.errors import Refused
from shared.graph.mailbox import IMMUTABLE, SERVICE, Mailbox, objects, refusal, segment
from shared.graph.records import SELECT, parse_contact, text
from shared.model import OutlookContact

PREFER = f"{IMMUTABLE}, odata.maxpagesize=500"
"""Constant: the links carry no headers, so each page has to be asked for in the same way (§3.3)."""
_VALUES = frozenset(SELECT.split(",")) - {"id", "createdDateTime", "lastModifiedDateTime", "parentFolderId"}
"""What an item must tell of a contact; a value that is missing must not be taken for an emptied one."""


@dataclass(frozen=True, slots=True)
class DeltaRound:
    """One round to its end. `removed` is only a hint: also what was moved out (§3.3).

    `link` starts the next round; store it when all of this one is applied. `complete`: every page was
    whole; an incomplete round has no link and must delete nothing. `partial`: ids of contacts that were told
    without some of their values, as Graph may (§3.3): read them before believing anything of them.
    """

    contacts: list[OutlookContact]
    removed: set[str]
    link: str
    complete: bool
    partial: frozenset[str] = frozenset()


def delta(mailbox: Mailbox, folder: str, link: str | None) -> DeltaRound:
    """The changes since `link`; with None, everything there is.

    The last word on a contact wins inside the round. Raises StateLost when the link is no longer good
    (then start with None), NotFound when the folder is gone.
    """
    contacts: dict[str, OutlookContact] = {}
    removed: set[str] = set()
    partial: set[str] = set()
    complete = True
    seen: set[str] = set()
    url = link or f"/contactFolders/{segment(folder)}/contacts/delta?$select={SELECT}"
    while True:
        answer = mailbox.get(url, PREFER)
        if not answer.ok:
            raise refusal(
                answer, "did not tell the changes of the folder", on_delta_link=url.startswith("http")
            )
        if not isinstance(answer.body.get("value"), list):
            complete = False
        for item in objects(answer.body):
            if "@removed" in item:
                removed.add(text(item, "id"))
                contacts.pop(text(item, "id"), None)
                continue
            contact = parse_contact(item, inspected=False)
            if contact is None:
                complete = False
                continue
            removed.discard(contact.id)
            contacts.pop(contact.id, None)
            contacts[contact.id] = contact
            if item.keys() >= _VALUES:
                partial.discard(contact.id)
            else:
                partial.add(contact.id)
        url = text(answer.body, "@odata.nextLink")
        if not url:
            end = text(answer.body, "@odata.deltaLink")
            complete = complete and bool(end)
            return DeltaRound(
                list(contacts.values()),
                removed,
                end if complete else "",
                complete,
                frozenset(partial & contacts.keys()),
            )
        if url in seen:
            raise Refused(SERVICE, 200, "repeatedLink", "sent a round without end", "It is read anew later.")
        seen.add(url)
