"""The directory's view of a user, and the translation of ids (contracts/graph.md §2, §2.6)."""

from __future__ import annotations

from typing import Final

from sandbox.exchange import ApiRequest, ApiResponse
from sandbox.graph.bodies import read_object
from sandbox.graph.errors import GraphError, bad_argument, bad_body, id_malformed
from sandbox.graph.ids import is_well_formed
from sandbox.graph.options import allow, read_select
from sandbox.graph.tenant import Call, Tenant
from shared.model import Json

_PROFILE: Final = (
    "businessPhones",
    "displayName",
    "givenName",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
    "id",
)
_ID_TYPES: Final = ("restId", "restImmutableEntryId")
MAX_TRANSLATED: Final = 1000


def get_user(tenant: Tenant, request: ApiRequest, key: str, options: dict[str, str]) -> ApiResponse:
    """A user's profile; `mail` is null without a mailbox. Raises GraphError 400, 404."""
    user = tenant.find_user(key)
    if user is None:
        raise GraphError(
            404,
            "Request_ResourceNotFound",
            f"Resource '{key[:100]}' does not exist or one of its queried reference-property objects "
            "are not present.",
        )
    allow(options, "$select")
    select = read_select(options, frozenset(_PROFILE), "user")
    profile: dict[str, Json] = dict.fromkeys(_PROFILE)
    profile |= {
        "businessPhones": [],
        "displayName": user.display_name,
        "userPrincipalName": user.upn,
        "id": user.id,
    }
    profile["mail"] = user.upn if user.mailbox is not None else None
    chosen = f"({','.join(select)})" if select else ""
    answer: dict[str, Json] = {"@odata.context": f"{request.origin}/$metadata#users{chosen}/$entity"}
    return ApiResponse(200, answer | {name: profile[name] for name in select or _PROFILE})


def translate_ids(call: Call) -> ApiResponse:
    """Regular ids to immutable ones or back, at most 1,000; one that resolves to nothing gets its own error."""
    allow(call.options)
    body = read_object(call.request)
    if body.keys() != {"inputIds", "sourceIdType", "targetIdType"}:
        raise bad_body("The body must have the members 'inputIds', 'sourceIdType' and 'targetIdType'.")
    source, target, given = body["sourceIdType"], body["targetIdType"], body["inputIds"]
    if source not in _ID_TYPES or target not in _ID_TYPES:
        raise bad_argument(f"Ids can be translated between {' and '.join(_ID_TYPES)} here.")
    if not isinstance(given, list) or len(given) > MAX_TRANSLATED:
        raise bad_argument(f"'inputIds' must be a collection of at most {MAX_TRANSLATED} ids.")
    answers: list[Json] = []
    for id in given:
        if not isinstance(id, str) or not is_well_formed(id):
            raise id_malformed()
        contact = call.mailbox.contacts.get(id)
        if contact is None or id != contact.id(source == "restImmutableEntryId"):
            problem: Json = {
                "code": "ErrorItemNotFound",
                "message": "The specified object was not found in the store.",
            }
            answers.append({"sourceId": id, "targetId": None, "errorDetails": problem})
        else:
            answers.append({"sourceId": id, "targetId": contact.id(target == "restImmutableEntryId")})
    context = call.context.partition("#")[0] + "#Collection(microsoft.graph.convertIdResult)"
    return ApiResponse(200, {"@odata.context": context, "value": answers})
