"""Contact folders: found, made, renamed, stamped (contracts/graph.md §2.1)."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from shared.graph.mailbox import Mailbox, cut_off, is_missing, objects, odata_text, refusal, segment
from shared.graph.markers import (
    MARKER_ID,
    Stamp,
    extended_property,
    parse_stamp,
    read_property,
    stamp_text,
)
from shared.graph.records import text
from shared.model import Json
from shared.transport.http import JsonObject

_EXPAND = "$expand=singleValueExtendedProperties(" + quote(f"$filter=id eq '{MARKER_ID}'", safe="$=") + ")"


@dataclass(frozen=True, slots=True)
class Folder:
    """`parent`: id of the folder it lies in. `stamp`: None where the sync has not stamped it."""

    id: str
    name: str
    parent: str
    stamp: Stamp | None


def get_folder(mailbox: Mailbox, folder_id: str) -> Folder | None:
    """A folder by id; None when it does not exist. One in Deleted Items does: look at its parent."""
    answer = mailbox.get(f"/contactFolders/{segment(folder_id)}?{_EXPAND}")
    if is_missing(answer):
        return None
    if not answer.ok:
        raise refusal(answer, "did not show a contact folder")
    return _whole(answer.body, "did not show a contact folder")


def default_folder(mailbox: Mailbox) -> Folder:
    """The mailbox's own Contacts folder. Raises NotFound when there is no such mailbox."""
    answer = mailbox.get(f"/contactFolders/contacts?{_EXPAND}")
    if not answer.ok:
        raise refusal(answer, "did not show the Contacts folder")
    return _whole(answer.body, "did not show the Contacts folder")


def list_folders(mailbox: Mailbox) -> list[Folder]:
    """The folders directly under Contacts; Contacts itself is not among them."""
    return _list(mailbox, f"/contactFolders?$top=100&{_EXPAND}")


def child_folders(mailbox: Mailbox, parent: str) -> list[Folder]:
    """The folders directly under any folder."""
    return _list(mailbox, f"/contactFolders/{segment(parent)}/childFolders?$top=100&{_EXPAND}")


def find_folder(mailbox: Mailbox, name: str) -> Folder | None:
    """The folder of that name directly under Contacts, letter case ignored as Exchange does."""
    found = _list(mailbox, f"/contactFolders?$filter=displayName%20eq%20{odata_text(name)}&{_EXPAND}")
    return _named(found, name)


def create_folder(mailbox: Mailbox, name: str, stamp: Stamp | None) -> Folder:
    """A folder under Contacts, stamped; if one of that name is there already, that one, as it is."""
    body: dict[str, Json] = {"displayName": name}
    if stamp is not None:
        body |= extended_property(stamp_text(stamp))
    answer = mailbox.send("POST", "/contactFolders", body, safe=False)
    created = _parse(answer.body)
    if answer.ok and created.id:
        if stamp is not None and _is_unstamped(mailbox, created.id):
            stamp_folder(mailbox, created.id, stamp)
        return Folder(created.id, created.name, created.parent, stamp)
    if answer.ok or answer.status == 409 or answer.lost:
        existing = find_folder(mailbox, name) or _named(list_folders(mailbox), name)
        if existing is not None:
            return existing
    raise refusal(answer, "did not create the contact folder")


def _named(folders: list[Folder], name: str) -> Folder | None:
    return next((folder for folder in folders if folder.name.casefold() == name.casefold()), None)


def _is_unstamped(mailbox: Mailbox, folder_id: str) -> bool:
    """Whether a new folder did not take its stamp: nothing promises that it does, nor tells it (§1.2, §2.2)."""
    folder = get_folder(mailbox, folder_id)
    return folder is not None and folder.stamp is None


def rename_folder(mailbox: Mailbox, folder_id: str, name: str) -> None:
    """Raises VersionConflict when another folder has that name, NotFound when it is gone."""
    _patch(mailbox, folder_id, {"displayName": name}, "did not rename the contact folder")


def stamp_folder(mailbox: Mailbox, folder_id: str, stamp: Stamp) -> None:
    """Say in the folder itself whose copies it holds."""
    _patch(mailbox, folder_id, extended_property(stamp_text(stamp)), "did not stamp the contact folder")


def _patch(mailbox: Mailbox, folder_id: str, body: dict[str, Json], what: str) -> None:
    answer = mailbox.send("PATCH", f"/contactFolders/{segment(folder_id)}", body, safe=True)
    if not answer.ok:
        raise refusal(answer, what)


def _list(mailbox: Mailbox, url: str) -> list[Folder]:
    pages = mailbox.pages(url, "did not list the contact folders")
    return [_parse(item) for page in pages for item in objects(page)]


def _whole(item: JsonObject, what: str) -> Folder:
    folder = _parse(item)
    if not folder.id:
        raise cut_off(what)
    return folder


def _parse(item: JsonObject) -> Folder:
    return Folder(
        id=text(item, "id"),
        name=text(item, "displayName"),
        parent=text(item, "parentFolderId"),
        stamp=parse_stamp(read_property(item, MARKER_ID)),
    )
