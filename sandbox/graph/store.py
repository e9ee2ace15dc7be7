"""What a mailbox holds: folders, contacts, and a log of changes for delta (contracts/graph.md §3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Final

from sandbox.graph.errors import id_malformed, item_not_found
from sandbox.graph.extended import ExtendedValue, PropertyName
from sandbox.graph.ids import IdMaker, is_well_formed
from sandbox.graph.schema import EMPTY, SLOTS, Email
from shared.model import Json

PUT: Final = "put"
REMOVED: Final = "removed"


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(slots=True, eq=False)
class Contact:
    """One contact. `values` holds only what is set; `slots` are the three e-mail slots; `created_at` is in
    seconds since 1970, `modified` as Graph writes it."""

    immutable_id: str
    mutable_id: str
    folder: Folder
    change_key: str
    created_at: float
    modified: str
    values: dict[str, Json] = field(default_factory=dict)
    slots: list[Email | None] = field(default_factory=list)
    extended: dict[PropertyName, ExtendedValue] = field(default_factory=dict)
    extensions: dict[str, dict[str, Json]] = field(default_factory=dict)
    photo: bytes | None = None
    distribution_list: bool = False

    @property
    def created(self) -> str:
        return stamp(datetime.fromtimestamp(self.created_at, UTC))

    @property
    def etag(self) -> str:
        return f'W/"{self.change_key}"'

    def id(self, immutable: bool) -> str:
        return self.immutable_id if immutable else self.mutable_id

    def emails(self) -> list[Json]:
        return [dict(slot) for slot in self.slots if slot is not None]

    def content(self) -> ContactContent:
        return ContactContent(self.values, self.slots, self.extended)

    def get(self, name: str) -> Json:
        return self.values.get(name, EMPTY[name])

    def to_json(self, immutable: bool) -> dict[str, Json]:
        """Every property as Graph shows it (contracts/graph.md §1.6), without annotations but the etag."""
        shown: dict[str, Json] = {
            "@odata.etag": self.etag,
            "id": self.id(immutable),
            "createdDateTime": self.created,
            "lastModifiedDateTime": self.modified,
            "changeKey": self.change_key,
            "parentFolderId": self.folder.id,
            **EMPTY,
            **self.values,
            "emailAddresses": self.emails(),
        }
        for position, name in enumerate(SLOTS):
            slot = self.slots[position] if position < len(self.slots) else None
            shown[name] = None if slot is None else dict(slot)
        return shown


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a change log: what happened to which contact, and the regular id it had then."""

    kind: str
    contact: Contact
    mutable_id: str


@dataclass(slots=True, eq=False)
class Folder:
    """One contact folder. `parent` is None for the mailbox's root alone."""

    id: str
    name: str
    parent: Folder | None
    extended: dict[PropertyName, ExtendedValue] = field(default_factory=dict)
    members: dict[str, Contact] = field(default_factory=dict)
    log: list[Change] = field(default_factory=list)
    marked: dict[tuple[PropertyName, str], dict[str, Contact]] = field(default_factory=dict)
    _listing: tuple[Contact, ...] | None = None
    _sorted: dict[tuple[str, bool], tuple[Contact, ...]] = field(default_factory=dict)

    def listing(self) -> tuple[Contact, ...]:
        """The members in order of arrival; kept until something changes."""
        if self._listing is None:
            self._listing = tuple(self.members.values())
        return self._listing

    def sorted_by(self, name: str, descending: bool) -> tuple[Contact, ...]:
        key = (name, descending)
        if key not in self._sorted:
            pick = (lambda c: c.modified) if name == "lastModifiedDateTime" else _display_key
            self._sorted[key] = tuple(sorted(self.listing(), key=pick, reverse=descending))
        return self._sorted[key]

    def record(self, kind: str, contact: Contact) -> None:
        self.log.append(Change(kind, contact, contact.mutable_id))
        self._sorted.clear()

    def join(self, contact: Contact) -> None:
        self.members[contact.immutable_id] = contact
        self._listing = None
        self.index(contact)
        self.record(PUT, contact)

    def leave(self, contact: Contact) -> None:
        del self.members[contact.immutable_id]
        self._listing = None
        self.unindex(contact)
        self.record(REMOVED, contact)

    def clear(self) -> None:
        self.members.clear()
        self.marked.clear()
        self.log.clear()
        self._listing = None
        self._sorted.clear()

    def index(self, contact: Contact) -> None:
        for name, value in contact.extended.items():
            if isinstance(value, str):
                self.marked.setdefault((name, value.casefold()), {})[contact.immutable_id] = contact

    def unindex(self, contact: Contact) -> None:
        for name, value in contact.extended.items():
            if isinstance(value, str):
                key = (name, value.casefold())
                holders = self.marked[key]
                del holders[contact.immutable_id]
                if not holders:
                    del self.marked[key]

    def ancestors(self) -> Iterator[Folder]:
        """This folder, its parent, and so on up to the root."""
        folder: Folder | None = self
        while folder is not None:
            yield folder
            folder = folder.parent


def _display_key(contact: Contact) -> str:
    return str(contact.get("displayName")).casefold()


@dataclass(slots=True, eq=False)
class Mailbox:
    """One user's store. `generation` counts restores: delta tokens of an older one are lost."""

    ids: IdMaker
    root: Folder
    default: Folder
    bin: Folder
    folders: dict[str, Folder] = field(default_factory=dict)
    contacts: dict[str, Contact] = field(default_factory=dict)
    folder_log: list[tuple[str, Folder]] = field(default_factory=list)
    generation: int = 0

    @classmethod
    def empty(cls, rng: Random) -> Mailbox:
        ids = IdMaker(rng)
        root = Folder(ids.well_known_folder("IBCAAAAA=="), "Top of Information Store", None)
        default = Folder(ids.well_known_folder("IBDgAAAA=="), "Contacts", root)
        bin_ = Folder(ids.well_known_folder("IBCgAAAA=="), "Deleted Items", root)
        return cls(ids, root, default, bin_, {default.id: default})

    def folder(self, key: str) -> Folder:
        """The contact folder with this id or the alias `contacts`. Raises GraphError 400, 404."""
        if key == "contacts":
            return self.default
        folder = self.folders.get(key)
        if folder is None:
            raise item_not_found() if is_well_formed(key) else id_malformed()
        return folder

    def contact(self, key: str) -> Contact:
        """The contact with this id in either form. Raises GraphError 400, 404."""
        contact = self.contacts.get(key)
        if contact is None or contact.distribution_list:
            raise item_not_found() if is_well_formed(key) else id_malformed()
        return contact

    def children(self, parent: Folder) -> list[Folder]:
        return [folder for folder in self.folders.values() if folder.parent is parent]

    def child_named(self, parent: Folder, name: str) -> Folder | None:
        wanted = name.casefold()
        return next((one for one in self.children(parent) if one.name.casefold() == wanted), None)

    def is_deleted(self, folder: Folder) -> bool:
        return self.bin in folder.ancestors()

    # Contacts

    def add(
        self, folder: Folder, now: datetime, content: ContactContent, distribution_list: bool = False
    ) -> Contact:
        contact = Contact(
            self.ids.immutable(),
            self.ids.mutable(),
            folder,
            self.ids.change_key(),
            now.timestamp(),
            stamp(now),
            content.values,
            content.slots,
            content.extended,
            distribution_list=distribution_list,
        )
        self._know(contact)
        self._join(contact, folder)
        return contact

    def change(self, contact: Contact, now: datetime, content: ContactContent) -> None:
        """Give a contact new content; its version moves."""
        contact.folder.unindex(contact)
        contact.values, contact.slots, contact.extended = content.values, content.slots, content.extended
        contact.folder.index(contact)
        self.touch(contact, now)

    def touch(self, contact: Contact, now: datetime) -> None:
        contact.change_key, contact.modified = self.ids.change_key(), stamp(now)
        contact.folder.record(PUT, contact)

    def move(self, contact: Contact, folder: Folder, now: datetime) -> None:
        """Move within the mailbox: the regular id changes, the immutable one stays (§2.6)."""
        contact.folder.leave(contact)
        del self.contacts[contact.mutable_id]
        contact.mutable_id = self.ids.mutable()
        contact.change_key, contact.modified = self.ids.change_key(), stamp(now)
        self._know(contact)
        self._join(contact, folder)

    def purge(self, contact: Contact) -> None:
        contact.folder.leave(contact)
        self.contacts.pop(contact.mutable_id, None)
        self.contacts.pop(contact.immutable_id, None)

    def forget_immutable(self, contact: Contact) -> None:
        """Let the immutable id stop resolving, as some say it does after a deletion (§2.4)."""
        self.contacts.pop(contact.immutable_id, None)

    def _know(self, contact: Contact) -> None:
        self.contacts[contact.immutable_id] = self.contacts[contact.mutable_id] = contact

    def _join(self, contact: Contact, folder: Folder) -> None:
        contact.folder = folder
        folder.join(contact)

    # Folders

    def add_folder(self, parent: Folder, name: str, extended: Mapping[PropertyName, ExtendedValue]) -> Folder:
        folder = Folder(self.ids.folder(), name, parent, dict(extended))
        self.folders[folder.id] = folder
        self.folder_log.append((PUT, folder))
        return folder

    def rename_folder(self, folder: Folder, name: str) -> None:
        folder.name = name
        self.folder_log.append((PUT, folder))

    def place_folder(self, folder: Folder, parent: Folder) -> None:
        folder.parent = parent
        self.folder_log.append((REMOVED if self.is_deleted(folder) else PUT, folder))

    def purge_folder(self, folder: Folder) -> None:
        """Remove a folder with all that is in it, for good."""
        for child in self.children(folder):
            self.purge_folder(child)
        for contact in folder.listing():
            self.purge(contact)
        del self.folders[folder.id]
        self.folder_log.append((REMOVED, folder))

    def renew_ids(self) -> None:
        """A restored mailbox: every id is another, and no delta token is known (brought back from a backup)."""
        folders, items = list(self.folders.values()), {c.immutable_id: c for c in self.contacts.values()}
        self.folders, self.contacts = {}, {}
        self.root.id, self.bin.id = (
            self.ids.well_known_folder("IBCAAAAA=="),
            self.ids.well_known_folder("IBCgAAAA=="),
        )
        for folder in folders:
            folder.id = (
                self.ids.well_known_folder("IBDgAAAA==") if folder is self.default else self.ids.folder()
            )
            self.folders[folder.id] = folder
        for folder in (*folders, self.bin):
            folder.clear()
        for contact in items.values():
            contact.immutable_id, contact.mutable_id = self.ids.immutable(), self.ids.mutable()
            self._know(contact)
            self._join(contact, contact.folder)
        self.folder_log.clear()
        self.generation += 1


@dataclass(frozen=True, slots=True)
class ContactContent:
    """What a contact consists of, apart from its identity and place."""

    values: dict[str, Json]
    slots: list[Email | None]
    extended: dict[PropertyName, ExtendedValue]
