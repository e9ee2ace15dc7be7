"""Contacts of one folder, read in full: listings, single contacts, and looking for them."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from shared.graph.batch import read_paths
from shared.graph.folders import default_folder
from shared.graph.mailbox import NOT_FOUND, Mailbox, cut_off, is_missing, objects, odata_text, refusal, segment
from shared.graph.markers import MARKER_ID, SENSITIVITY_ID, marker_text
from shared.graph.records import SELECT, parse_contact
from shared.model import Marker, OutlookContact
from shared.transport.http import Answer, JsonObject
from shared.transport.retry import UNAUTHORIZED

_PROPERTIES = quote(f"$filter=id eq '{MARKER_ID}' or id eq '{SENSITIVITY_ID}'", safe="$=")
_INSPECT = f"$select={SELECT}&$expand=singleValueExtendedProperties({_PROPERTIES})"
PAGE_SIZE = 999
MATCHES = 50
"""Contacts asked for at once with one marker or one address; more come by link."""


def list_contacts(mailbox: Mailbox, folder: str) -> list[OutlookContact]:
    """Every contact of the folder, inspected; distribution lists never show up (contracts/graph.md §2.5)."""
    url = f"/contactFolders/{segment(folder)}/contacts?$top={PAGE_SIZE}&{_INSPECT}"
    found: dict[str, OutlookContact] = {}
    for page in mailbox.pages(url, "did not list the folder's contacts"):
        for contact in _inspected(page):
            found[contact.id] = contact
    return list(found.values())


def read(mailbox: Mailbox, ids: Sequence[str]) -> dict[str, OutlookContact | None]:
    """Contacts by id wherever they lie, inspected: look at `folder`. None where there is none (404).

    What Graph refuses to show, while it shows the mailbox, is left out: nothing is known of it.
    """
    found: dict[str, OutlookContact | None] = {}
    for contact_id, answer in _shown(mailbox, ids, _INSPECT).items():
        contact = parse_contact(answer.body, inspected=True) if answer.ok else None
        if answer.ok and contact is None:
            raise cut_off("did not show a contact")
        found[contact_id] = contact
    return found


def read_whole(mailbox: Mailbox, ids: Sequence[str]) -> dict[str, JsonObject]:
    """Contacts with all their properties as Graph's JSON; those that it does not show are left out."""
    shown = _shown(mailbox, ids, f"$expand=singleValueExtendedProperties({_PROPERTIES})")
    return {contact_id: answer.body for contact_id, answer in shown.items() if answer.ok}


def find_by_markers(mailbox: Mailbox, folder: str, markers: Sequence[Marker]) -> list[OutlookContact]:
    """The folder's contacts that carry any of the markers, inspected.

    A freshly written marker may not be found for some seconds. Each marker is a scan of the folder on
    Graph's side: for many of them, list the folder.
    """
    name = odata_text(MARKER_ID)
    filters = [
        f"singleValueExtendedProperties/Any(ep:%20ep/id%20eq%20{name}"
        f"%20and%20ep/value%20eq%20{odata_text(marker_text(marker))})"
        for marker in markers
    ]
    return _find(mailbox, folder, filters)


def find_by_addresses(mailbox: Mailbox, folder: str, addresses: Sequence[str]) -> list[OutlookContact]:
    """The folder's contacts that have any of the e-mail addresses in any slot, inspected."""
    filters = [f"emailAddresses/any(a:a/address%20eq%20{odata_text(address)})" for address in addresses]
    return _find(mailbox, folder, filters)


def _find(mailbox: Mailbox, folder: str, filters: Sequence[str]) -> list[OutlookContact]:
    found: dict[str, OutlookContact] = {}
    links: list[str] = []

    def keep(_: int, answer: Answer) -> None:
        if not answer.ok:
            raise refusal(answer, "did not search the folder")
        if not isinstance(answer.body.get("value"), list):
            raise cut_off("did not search the folder")
        found.update((contact.id, contact) for contact in _inspected(answer.body))
        following = answer.body.get("@odata.nextLink")
        if isinstance(following, str):
            links.append(following)

    base = f"/contactFolders/{segment(folder)}/contacts?$top={MATCHES}&{_INSPECT}&$filter="
    read_paths(mailbox, [base + each for each in filters], keep)
    for link in links:
        for page in mailbox.pages(link, "did not search the folder"):
            found.update((contact.id, contact) for contact in _inspected(page))
    return list(found.values())


def _inspected(page: JsonObject) -> list[OutlookContact]:
    parsed = (parse_contact(item, inspected=True) for item in objects(page))
    return [contact for contact in parsed if contact is not None]


def _shown(mailbox: Mailbox, ids: Sequence[str], query: str) -> dict[str, Answer]:
    """What Graph says of each contact, but for those that it refuses to show.

    Where it shows none at all, that may be the mailbox's state; then the mailbox itself is asked.
    """
    answers: dict[str, Answer] = {}
    refused: list[Answer] = []

    def keep(index: int, answer: Answer) -> None:
        if answer.status in (NOT_FOUND, UNAUTHORIZED) and not is_missing(answer):
            raise refusal(answer, "did not show a contact")
        if answer.ok or is_missing(answer):
            answers[ids[index]] = answer
        else:
            refused.append(answer)

    read_paths(mailbox, [f"/contacts/{segment(each)}?{query}" for each in ids], keep)
    if refused and not any(answer.ok for answer in answers.values()):
        default_folder(mailbox)
    return answers
