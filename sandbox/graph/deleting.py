"""Deleting: into Deleted Items, or for good (contracts/graph.md §2.1, §2.4, §3.6)."""

from __future__ import annotations

from sandbox.graph.store import REMOVED, Contact, Folder
from sandbox.graph.tenant import Event, Tenant, User


def discard(tenant: Tenant, user: User, contact: Contact, *, by_api: bool) -> None:
    """Move a contact to Deleted Items; out of there it is gone. Whether its immutable id still resolves
    afterwards is a switch (§2.4)."""
    mailbox, source = tenant.mailbox(user), contact.folder
    if source is mailbox.bin:
        mailbox.purge(contact)
        return
    mailbox.move(contact, mailbox.bin, tenant.clock.now())
    if tenant.switches["delete_immutable_still_resolves"] == "off":
        mailbox.forget_immutable(contact)
    tenant.tell(Event(user, source, contact, "deleted", by_api))


def purge(tenant: Tenant, user: User, contact: Contact) -> None:
    source = contact.folder
    tenant.mailbox(user).purge(contact)
    tenant.tell(Event(user, source, contact, "deleted", by_api=True))


def discard_folder(tenant: Tenant, user: User, folder: Folder, *, by_api: bool) -> None:
    """Move a folder under Deleted Items; what delta then says of its contacts is a switch (§3.6)."""
    mailbox = tenant.mailbox(user)
    mailbox.place_folder(folder, mailbox.bin)
    if tenant.switches["deleted_folder_delta"] == "removed":
        for contact in folder.listing():
            folder.record(REMOVED, contact)
    for contact in folder.listing():
        tenant.tell(Event(user, folder, contact, "deleted", by_api))


def purge_folder(tenant: Tenant, user: User, folder: Folder) -> None:
    gone = folder.listing()
    tenant.mailbox(user).purge_folder(folder)
    for contact in gone:
        tenant.tell(Event(user, folder, contact, "deleted", by_api=True))
