"""What changed in a folder since the last round (contracts/graph.md §3)."""

from __future__ import annotations

from dataclasses import dataclass

from shared.errors import Refused, StateLost
from shared.graph.mailbox import IMMUTABLE, SERVICE, Mailbox, objects, refusal, segment
from shared.graph.records import MAPPED, SELECT, parse_contact, text
from shared.model import OutlookContact

PREFER = f"{IMMUTABLE}, odata.maxpagesize=500"
"""Constant: the links carry no headers, so each page has to be asked for in the same way (§3.3)."""
_VALUES = frozenset(MAPPED)
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
    (then start with None), NotFound when the folder is gone, Refused when a link leads to another host.
    """
    if link is not None and not mailbox.transport.is_of_service(link):
        # Kept from before the service's address was changed in the settings: no token goes there.
        raise StateLost(SERVICE, 0, "foreignLink", "lives elsewhere now", "Everything is read again.")
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
            contact = parse_contact(item, inspected=False)
            if contact is None:
                complete = False
                continue
            if item.get("@removed") is not None:
                removed.add(contact.id)
                contacts.pop(contact.id, None)
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
            if complete:
                mailbox.transport.address(end)
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
