"""One mailbox in Microsoft Graph, as the sync sees it: who it is, its folders, its contacts."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from shared.errors import AccessDenied
from shared.graph import contacts, folders
from shared.graph.delta import DeltaRound, delta
from shared.graph.folders import Folder
from shared.graph.mailbox import Mailbox, is_missing, refusal
from shared.graph.markers import Stamp
from shared.graph.records import text
from shared.graph.writes import Write, WriteResult
from shared.graph.writing import FolderWriter
from shared.model import Marker, OutlookContact
from shared.transport.http import JsonObject, Transport

_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class GraphClient:
    """One mailbox. `user`: its object id (preferred) or address.

    Every method may raise TokenRefused, AccessDenied, Busy, Refused, and NotFound when there is no such
    mailbox; what else it raises stands with the method.
    """

    def __init__(self, transport: Transport, user: str) -> None:
        self._mailbox = Mailbox(transport, user)
        self._user = user

    def user_id(self) -> str | None:
        """The mailbox's object id; None when no such user exists.

        Without the right to look users up (`User.Read.All`), the mailbox itself is asked, and the id taken
        from what it says of itself; where that holds none either, the name the client was made with.
        """
        try:
            answer = self._mailbox.get("?$select=id")
        except AccessDenied:
            return self._id_from_mailbox()
        if answer.ok:
            return text(answer.body, "id").lower() or None
        if is_missing(answer):
            return self._id_from_mailbox()
        if answer.status == 404:
            return None
        raise refusal(answer, "did not show the user")

    def get_folder(self, folder: str) -> Folder | None:
        """None when it does not exist; in Deleted Items it still does, so look at its parent."""
        return folders.get_folder(self._mailbox, folder)

    def default_folder(self) -> Folder:
        """The mailbox's own Contacts folder."""
        return folders.default_folder(self._mailbox)

    def list_folders(self) -> list[Folder]:
        """The folders directly under Contacts."""
        return folders.list_folders(self._mailbox)

    def child_folders(self, parent: str) -> list[Folder]:
        """The folders directly under any folder."""
        return folders.child_folders(self._mailbox, parent)

    def find_folder(self, name: str) -> Folder | None:
        """The folder of that name directly under Contacts, in any letter case."""
        return folders.find_folder(self._mailbox, name)

    def create_folder(self, name: str, stamp: Stamp | None) -> Folder:
        """A folder under Contacts; one of that name comes back as it is, with its own stamp or none."""
        return folders.create_folder(self._mailbox, name, stamp)

    def rename_folder(self, folder: str, name: str) -> None:
        """Raises VersionConflict when another folder has that name."""
        folders.rename_folder(self._mailbox, folder, name)

    def stamp_folder(self, folder: str, stamp: Stamp) -> None:
        """Say in the folder itself whose copies it holds."""
        folders.stamp_folder(self._mailbox, folder, stamp)

    def delta(self, folder: str, link: str | None) -> DeltaRound:
        """The changes since `link`, with None everything. Raises StateLost: then start with None."""
        return delta(self._mailbox, folder, link)

    def list_contacts(self, folder: str) -> list[OutlookContact]:
        """Every contact of the folder, inspected."""
        return contacts.list_contacts(self._mailbox, folder)

    def read(self, ids: Sequence[str]) -> dict[str, OutlookContact | None]:
        """Contacts by id wherever they lie, inspected; None where there is none.

        One that Graph refuses to show, while it shows the mailbox, is left out.
        """
        return contacts.read(self._mailbox, ids)

    def read_whole(self, ids: Sequence[str]) -> dict[str, JsonObject]:
        """Existing contacts with all their properties, for `own_content` and for restoring them."""
        return contacts.read_whole(self._mailbox, ids)

    def find_by_markers(self, folder: str, markers: Sequence[Marker]) -> list[OutlookContact]:
        """The folder's contacts that carry any of the markers; an index may lag by some seconds."""
        return contacts.find_by_markers(self._mailbox, folder, markers)

    def find_by_addresses(self, folder: str, addresses: Sequence[str]) -> list[OutlookContact]:
        """The folder's contacts that have any of the addresses in any slot, inspected."""
        return contacts.find_by_addresses(self._mailbox, folder, addresses)

    def write(
        self,
        folder: str,
        writes: Sequence[Write],
        on_done: Callable[[WriteResult], None],
        should_stop: Callable[[], bool],
    ) -> bool:
        """Write all, telling each result; False when `should_stop`, asked before each batch, came first.

        `on_done` is called in this thread while the next batch is under way.
        """
        return FolderWriter(self._mailbox, folder).run(writes, on_done, should_stop)

    def _id_from_mailbox(self) -> str | None:
        answer = self._mailbox.get("/contactFolders?$top=1")
        if answer.status == 404:
            return None
        if not answer.ok:
            raise refusal(answer, "did not show the mailbox")
        found = _GUID.search(text(answer.body, "@odata.context").partition("users(")[2])
        return found.group(0).lower() if found else self._user
