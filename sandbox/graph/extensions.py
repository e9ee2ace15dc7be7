"""Open extensions of a contact, and its photo (contracts/graph.md §2, §2.8)."""

from __future__ import annotations

import re
from typing import Final

from sandbox.exchange import ApiResponse
from sandbox.graph.bodies import read_object
from sandbox.graph.errors import GraphError, bad_argument, bad_body, item_not_found
from sandbox.graph.options import allow
from sandbox.graph.store import Contact
from sandbox.graph.tenant import Call
from shared.model import Json

_NAME = re.compile(r"[A-Za-z][\w\-]*(?:\.[\w\-]+)+")
MAX_PHOTO: Final = 4 * 1024 * 1024


def create_extension(call: Call, contact: Contact) -> ApiResponse:
    """201 with the extension; the contact's version does not move (§2.8)."""
    allow(call.options)
    body = read_object(call.request)
    if str(body.get("@odata.type")).lstrip("#").lower() != "microsoft.graph.opentypeextension":
        raise bad_body("The extension must be of the type 'microsoft.graph.openTypeExtension'.")
    name = body.get("extensionName")
    if not isinstance(name, str) or _NAME.fullmatch(name) is None or name.lower().startswith("com.microsoft"):
        raise bad_argument("The extensionName must be a reverse-DNS name of your own.")
    if name in contact.extensions:
        raise GraphError(409, "ErrorItemExists", "An extension with this name exists already.")
    own: dict[str, Json] = {k: v for k, v in body.items() if not k.startswith("@")}
    shown: dict[str, Json] = {"@odata.type": "#microsoft.graph.openTypeExtension", **own, "id": name}
    contact.extensions[name] = shown
    context = f"{call.context}/contacts('{contact.id(call.prefer.immutable)}')/extensions/$entity"
    return ApiResponse(201, {"@odata.context": context, **shown}, call.prefer.applied())


def read_extension(call: Call, contact: Contact, name: str) -> ApiResponse:
    allow(call.options)
    extension = contact.extensions.get(name)
    if extension is None:
        raise item_not_found()
    return ApiResponse(200, dict(extension), call.prefer.applied())


def delete_extension(call: Call, contact: Contact, name: str) -> ApiResponse:
    allow(call.options)
    if contact.extensions.pop(name, None) is None:
        raise item_not_found()
    return ApiResponse(204)


def read_photo(call: Call, contact: Contact) -> ApiResponse:
    allow(call.options)
    if contact.photo is None:
        raise GraphError(404, "ErrorItemNotFound", "The specified object was not found in the store.")
    return ApiResponse(200, contact.photo, {"Content-Type": "image/jpeg"})


def write_photo(call: Call, contact: Contact) -> ApiResponse:
    """Up to 4 MB; the contact's version does not move."""
    allow(call.options)
    if not call.request.headers.get("content-type", "").startswith("image/"):
        raise bad_body("The photo needs the content type of an image.")
    if not 0 < len(call.request.body) <= MAX_PHOTO:
        raise bad_argument("The photo must have between 1 byte and 4 MB.")
    contact.photo = call.request.body
    return ApiResponse(200)
