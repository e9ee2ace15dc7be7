"""What a person in Outlook or an administrator does: no HTTP, no quota, no entry in the log."""

from __future__ import annotations

from copy import deepcopy

from sandbox.graph.content import compose
from sandbox.graph.deleting import discard, discard_folder
from sandbox.graph.delta import Delta
from sandbox.graph.errors import item_not_found
from sandbox.graph.extended import MULTI, SINGLE
from sandbox.graph.store import PUT, Contact, Folder, Mailbox
from sandbox.graph.subscriptions import Subscriptions
from sandbox.graph.tenant import Event, Tenant, User
from shared.model import Json


class People:
    """Acts on mailboxes directly. `user` is a GUID or UPN; `folder` an id, "contacts" for the default folder,
    or a display name; contact ids may have either form, those returned are immutable.

    Raises GraphError for users, folders, contacts and properties that do not exist. To be called where the
    service runs.
    """

    def __init__(self, tenant: Tenant, delta: Delta, subscriptions: Subscriptions) -> None:
        self._tenant = tenant
        self._delta = delta
        self._subscriptions = subscriptions

    # Users

    def add_user(self, id: str, upn: str, display_name: str, mailbox: bool = True) -> None:
        """`mailbox=False`: known to the directory, but not in Exchange Online."""
        self._tenant.add_user(id, upn, display_name, mailbox=mailbox)

    def restore_mailbox(self, user: str) -> None:
        """Bring the mailbox back from a backup: the same contents, every id another."""
        self._mailbox(user).renew_ids()

    def expire_delta_tokens(self, user: str) -> None:
        self._delta.expire(self._tenant.user(user).id)

    # Folders

    def create_folder(self, user: str, name: str, parent: str | None = None) -> str:
        mailbox = self._mailbox(user)
        under = mailbox.default if parent is None else self._folder(mailbox, parent)
        return mailbox.add_folder(under, name, {}).id

    def rename_folder(self, user: str, folder: str, name: str) -> None:
        mailbox = self._mailbox(user)
        mailbox.rename_folder(self._folder(mailbox, folder), name)

    def delete_folder(self, user: str, folder: str) -> None:
        """Into Deleted Items; Outlook numbers it where that holds the name already."""
        owner = self._tenant.user(user)
        mailbox = self._mailbox(user)
        found = self._folder(mailbox, folder)
        name, number = found.name, 1
        while mailbox.child_named(mailbox.bin, found.name) is not None:
            found.name, number = f"{name}{number}", number + 1
        discard_folder(self._tenant, owner, found, by_api=False)

    def move_folder(self, user: str, folder: str, parent: str) -> None:
        """Under another folder; out of Deleted Items its contacts are told as there again."""
        mailbox = self._mailbox(user)
        found, under = self._folder(mailbox, folder), self._folder(mailbox, parent)
        was_deleted = mailbox.is_deleted(found)
        mailbox.place_folder(found, under)
        if was_deleted:
            for contact in found.listing():
                found.record(PUT, contact)

    # Contacts

    def create_contact(self, user: str, folder: str, *, distribution_list: bool = False, **json: Json) -> str:
        owner, mailbox = self._tenant.user(user), self._mailbox(user)
        home = self._folder(mailbox, folder)
        content = compose(self._tenant, json, None, by_api=False)
        contact = mailbox.add(home, self._tenant.clock.now(), content, distribution_list)
        self._tell(owner, home, contact, "created")
        return contact.immutable_id

    def edit_contact(self, user: str, id: str, **json: Json) -> None:
        owner, mailbox = self._tenant.user(user), self._mailbox(user)
        contact = self._contact(user, id)
        mailbox.change(contact, self._tenant.clock.now(), compose(self._tenant, json, contact, by_api=False))
        self._tell(owner, contact.folder, contact, "updated")

    def delete_contact(self, user: str, id: str) -> None:
        """Into Deleted Items; one that lies there already is gone for good."""
        owner = self._tenant.user(user)
        discard(self._tenant, owner, self._contact(user, id), by_api=False)

    def move_contact(self, user: str, id: str, folder: str) -> None:
        owner, mailbox = self._tenant.user(user), self._mailbox(user)
        contact, target = self._contact(user, id), self._folder(mailbox, folder)
        source = contact.folder
        mailbox.move(contact, target, self._tenant.clock.now())
        self._tell(owner, source, contact, "deleted")
        self._tell(owner, target, contact, "created")

    def copy_contact(self, user: str, id: str, folder: str | None = None) -> str:
        """A twin with all that the contact has, extended properties too; beside it or in another folder."""
        owner, mailbox = self._tenant.user(user), self._mailbox(user)
        contact = self._contact(user, id)
        home = contact.folder if folder is None else self._folder(mailbox, folder)
        twin = mailbox.add(home, self._tenant.clock.now(), deepcopy(contact.content()))
        self._tell(owner, home, twin, "created")
        return twin.immutable_id

    # Looking

    def contacts(self, user: str, folder: str) -> list[dict[str, Json]]:
        """Everything in a folder, whole, with every extended property."""
        mailbox = self._mailbox(user)
        return [
            _whole(contact)
            for contact in self._folder(mailbox, folder).listing()
            if not contact.distribution_list
        ]

    def contact(self, user: str, id: str) -> dict[str, Json] | None:
        found = self._mailbox(user).contacts.get(id)
        return None if found is None else _whole(found)

    def deleted_items(self, user: str) -> list[dict[str, Json]]:
        return [_whole(contact) for contact in self._mailbox(user).bin.listing()]

    # Subscriptions

    def lose_subscription(self, id: str) -> None:
        """It is gone, and nobody is told."""
        self._subscriptions.notifier.remove(id)

    def lifecycle(self, id: str, event: str) -> None:
        self._subscriptions.notifier.lifecycle(id, event)

    def _mailbox(self, user: str) -> Mailbox:
        return self._tenant.mailbox(self._tenant.user(user))

    def _contact(self, user: str, id: str) -> Contact:
        """Distribution lists too, which the API does not show."""
        found = self._mailbox(user).contacts.get(id)
        if found is None:
            raise item_not_found()
        return found

    def _folder(self, mailbox: Mailbox, key: str) -> Folder:
        named = next((one for one in mailbox.folders.values() if one.name == key), None)
        if key in mailbox.folders or named is None or named is mailbox.default:
            return mailbox.folder(key)
        return named

    def _tell(self, user: User, folder: Folder, contact: Contact, change: str) -> None:
        self._tenant.tell(Event(user, folder, contact, change, by_api=False))


def _whole(contact: Contact) -> dict[str, Json]:
    shown = deepcopy(contact.to_json(immutable=True))
    for member, many in ((SINGLE, False), (MULTI, True)):
        values = [(name, value) for name, value in contact.extended.items() if name.many is many]
        if values:
            shown[member] = [{"id": str(n), "value": v if isinstance(v, str) else list(v)} for n, v in values]
    return shown
