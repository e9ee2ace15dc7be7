"""From a mailbox path to its operation (contracts/graph.md §2)."""

from __future__ import annotations

import re
from typing import Final

from sandbox.exchange import ApiResponse
from sandbox.graph import contacts, extensions, folders, users
from sandbox.graph.bodies import refuse_body
from sandbox.graph.delta import Delta
from sandbox.graph.errors import item_not_found, not_supported
from sandbox.graph.store import Contact, Folder
from sandbox.graph.tenant import Call, Tenant

_DELTA: Final = frozenset({"delta", "delta()", "microsoft.graph.delta", "microsoft.graph.delta()"})
_PURGE: Final = frozenset({"permanentDelete", "microsoft.graph.permanentDelete"})
_KEYED = re.compile(r"([A-Za-z]+)\('((?:[^']|'')+)'\)")


def split_path(path: str) -> list[str]:
    """The segments of a path, keys in parentheses being segments of their own: `contacts('x')` is
    `contacts/x`. Raises GraphError 405 for an empty segment."""
    segments: list[str] = []
    for part in path.removeprefix("/").split("/"):
        if not part:
            raise not_supported()
        keyed = _KEYED.fullmatch(part)
        segments.extend((keyed[1], keyed[2].replace("''", "'")) if keyed else (part,))
    return segments


class Routes:
    """Everything below `/users/{u}/` of a user with a mailbox."""

    def __init__(self, tenant: Tenant, delta: Delta) -> None:
        self._tenant = tenant
        self._delta = delta

    def mailbox(self, call: Call, rest: list[str]) -> ApiResponse:
        """Carry out a call; `rest` are the path's segments behind the user. Raises GraphError."""
        if call.method in ("GET", "DELETE"):
            refuse_body(call.request)
        match rest:
            case ["translateExchangeIds" | "microsoft.graph.translateExchangeIds"] if call.method == "POST":
                return users.translate_ids(call)
            case ["contacts", *below]:
                return self._contacts(call, call.mailbox.default, below, through_folder=False)
            case ["contactFolders", *below]:
                return self._folders(call, call.mailbox.default, below)
            case _:
                raise not_supported()

    def _folders(self, call: Call, parent: Folder, below: list[str]) -> ApiResponse:
        """`contactFolders` of the mailbox or `childFolders` of a folder."""
        match below:
            case [] if call.method == "GET":
                return folders.list_folders(self._tenant, call, parent)
            case [] if call.method == "POST":
                return folders.create_folder(call, parent)
            case [word] if word in _DELTA and call.method == "GET" and parent is call.mailbox.default:
                return self._delta.folders(call)
            case [key, *rest] if rest[:1] != [] or call.method in ("GET", "PATCH", "DELETE"):
                return self._folder(call, call.mailbox.folder(key), rest)
            case _:
                raise not_supported()

    def _folder(self, call: Call, folder: Folder, rest: list[str]) -> ApiResponse:
        tenant = self._tenant
        match call.method, rest:
            case "GET", []:
                return folders.get_folder(call, folder)
            case "PATCH", []:
                return folders.patch_folder(tenant, call, folder)
            case "DELETE", []:
                return folders.delete_folder(tenant, call, folder)
            case "POST", [word] if word in _PURGE:
                return folders.purge(tenant, call, folder)
            case _, ["contacts", *below]:
                return self._contacts(call, folder, below, through_folder=True)
            case _, ["childFolders", *below]:
                return self._children(call, folder, below)
            case _:
                raise not_supported()

    def _children(self, call: Call, parent: Folder, below: list[str]) -> ApiResponse:
        if below and below[0] in _DELTA:
            raise not_supported()
        if below and call.mailbox.folder(below[0]).parent is not parent:
            raise item_not_found()
        return self._folders(call, parent, below)

    def _contacts(self, call: Call, folder: Folder, below: list[str], *, through_folder: bool) -> ApiResponse:
        """`contacts` of a folder; without a folder in the path lists are the default folder's, while an id
        finds any contact of the mailbox (§0 fact 8)."""
        tenant = self._tenant
        match call.method, below:
            case "GET", []:
                return contacts.list_contacts(tenant, call, folder, through_folder)
            case "POST", []:
                return contacts.create_contact(tenant, call, folder, through_folder)
            case "GET", [word] if word in _DELTA:
                return self._delta.contacts(call, folder, through_folder)
            case _, [key, *rest]:
                home = folder if through_folder else None
                return self._contact(call, contacts.contact_in(call, home, key), rest, through_folder)
            case _:
                raise not_supported()

    def _contact(self, call: Call, contact: Contact, rest: list[str], through_folder: bool) -> ApiResponse:
        tenant = self._tenant
        match call.method, rest:
            case "GET", []:
                return contacts.get_contact(tenant, call, contact, through_folder)
            case "PATCH", []:
                return contacts.patch_contact(tenant, call, contact, through_folder)
            case "DELETE", []:
                return contacts.delete_contact(tenant, call, contact)
            case "POST", [word] if word in _PURGE:
                return contacts.purge_contact(tenant, call, contact)
            case "GET", ["photo", "$value"]:
                return extensions.read_photo(call, contact)
            case "PUT", ["photo", "$value"]:
                return extensions.write_photo(call, contact)
            case "POST", ["extensions"]:
                return extensions.create_extension(call, contact)
            case "GET", ["extensions", name]:
                return extensions.read_extension(call, contact, name)
            case "DELETE", ["extensions", name]:
                return extensions.delete_extension(call, contact, name)
            case _:
                raise not_supported()
