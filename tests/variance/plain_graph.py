"""Outlook contacts as contracts/graph.md describes them, with other choices than the sandbox's.

Short pages and empty ones, ids that differ in letter case alone, `@removed` before what was re-sent,
replays, batches answered backwards, header names in small letters, errors without a body, no headers
beside the body, extended properties under another spelling of their names.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from shared.model import Json
from tests.variance.plain_http import Ask, Record, Tell

BASE = "/outlook/v1.0"
PAGE = 7
SCALARS = (
    "birthday", "fileAs", "displayName", "givenName", "initials", "middleName", "nickName", "surname", "title",
    "generation", "jobTitle", "companyName", "department", "officeLocation", "profession", "businessHomePage",
    "assistantName", "manager", "mobilePhone", "spouseName",
)  # fmt: skip
LISTS = ("categories", "imAddresses", "homePhones", "businessPhones", "children", "emailAddresses")
ADDRESSES = ("homeAddress", "businessAddress", "otherAddress")
PARTS = ("street", "city", "state", "postalCode", "countryOrRegion")
WAYS = {
    "tells nothing empty": "members without a value are left out, in lists as in single contacts",
    "no versions": "neither ETag nor changeKey is told",
    "silent changes": "a PATCH is answered with 204 and nothing else",
    "forgotten answers": "every third batch lacks the answer of its last item, which was carried out",
    "lost batches": "every third batch is carried out and then answered with a gateway's page",
    "refused batches": "every third batch is not carried out: 429, or 503 without a word when",
}
"""What the contract allows this mailbox besides; all of it at once if need be."""
DELETED_ITEMS = "Deleted=Items"
HOME = "Contacts-IBDgAAAA=="


@dataclass
class Item:
    """A contact. `values`: its writable properties, `extended`: by canonical name."""

    id: str
    folder: str
    created: str
    values: Record
    extended: dict[str, str] = field(default_factory=dict)
    version: int = 0
    latest: tuple[str, ...] = ()

    @property
    def etag(self) -> str:
        return f'W/"EQAAABYAAA+/{self.id[-6:]}{self.version}=="'


class PlainGraph:
    """One mailbox. `complaints`: what a caller did that the contract does not allow.

    `partial_delta`: changes come with the changed properties alone. `needs_given_name`: a creation without one
    is refused. `instead`: the answer to every look at contacts, whatever was asked. `ways`: of `WAYS`.
    """

    def __init__(self, user: str, now: Callable[[], datetime], opens: Callable[[Ask], bool]) -> None:
        self.user = user
        self.origin = ""
        self.complaints: list[str] = []
        self.items: dict[str, Item] = {}
        self.folders: dict[str, tuple[str, str]] = {HOME: ("Kontakte", "Root=IBCAAAAA==")}
        self.folder_extended: dict[str, dict[str, str]] = {}
        self.partial_delta = False
        self.needs_given_name = False
        self.instead: Tell | None = None
        self.ways: set[str] = set()
        self._now = now
        self._opens = opens
        self._batches = 0
        self._log: dict[str, list[str]] = {HOME: []}
        self._links: dict[str, Record] = {}
        self._tokens: dict[str, tuple[str, int]] = {}
        self._throttled = False
        self._count = 0

    # --- people ---------------------------------------------------------------------------------

    def folder_named(self, name: str) -> str:
        return next(id for id, (named, parent) in self.folders.items() if named == name and parent == HOME)

    def add(self, folder: str, values: Record, extended: dict[str, str] | None = None) -> Item:
        self._count += 1
        stem = f"Ak_{self._count // 2:02}-" + "Zz" * (3 if self._count % 4 < 2 else 60)
        id = f"{stem if self._count % 2 else stem.swapcase()}="
        created = self._now().strftime("%Y-%m-%dT%H:%M:%S.") + f"{self._count:07}Z"
        item = Item(id, folder, created, {}, extended or {})
        self.items[id] = item
        self.change(item, values)
        return item

    def change(self, item: Item, values: Record) -> None:
        shown = item.values.get("displayName")
        for name, value in values.items():
            if name == "emailAddresses":
                entries = cast(list[dict[str, str]], value)
                value = [{"name": e["address"].upper(), "address": e["address"]} for e in entries]
            if name in ADDRESSES and isinstance(value, dict):
                lines = {member: text for member, text in value.items() if text}
                street = lines.get("street")
                if isinstance(street, str):
                    lines["street"] = re.sub(r"\r\n|\r|\n", "\r\n", street)
                value = lines
            item.values[name] = value
        if "displayName" not in values and (shown is None or values.keys() & {*SCALARS, *LISTS, *ADDRESSES}):
            parts = (item.values.get(part) for part in ("givenName", "middleName", "surname"))
            item.values["displayName"] = " ".join(str(part) for part in parts if part)
        item.latest = tuple(values)
        item.version += 1
        self._log[item.folder].append(item.id)

    def move(self, item: Item, folder: str) -> None:
        self._log[item.folder].append(item.id)
        item.folder = folder
        item.version += 1
        if folder in self._log:
            self._log[folder].append(item.id)

    # --- the API --------------------------------------------------------------------------------

    def answer(self, ask: Ask) -> Tell:
        if not self._opens(ask):
            return Tell(401)
        if "client-request-id" not in ask.headers:
            self.complaints.append(f"{ask.target} without client-request-id")
        return self._batch(ask) if ask.path == f"{BASE}/$batch" else self._one(ask)

    def _one(self, ask: Ask) -> Tell:
        if 'IdType="ImmutableId"' not in ask.headers.get("prefer", ""):
            self.complaints.append(f"{ask.method} {ask.path} without immutable ids")
        if ask.body is not None and "json" not in ask.headers.get("content-type", ""):
            self.complaints.append(f"{ask.method} {ask.path} without its content type")
        if ask.target in self._links:
            return Tell(200, self._links[ask.target])
        if ask.target in self._tokens:
            return self._delta(*self._tokens[ask.target])
        if re.search(r"skip|deltatoken", ask.target):
            self.complaints.append(f"a link came back changed: {ask.target}")
        parts = ask.path.removeprefix(BASE).strip("/").split("/")
        if self.instead and ask.method == "GET" and "contacts" in parts[2:] and parts[-1] != "delta":
            return self.instead
        if parts[0] != "users" or parts[1].lower() != self.user:
            return _refused(404, "ErrorInvalidUser")
        match (ask.method, *parts[2:]):
            case ("GET", "contactFolders"):
                return self._list_folders(HOME, ask)
            case ("GET", "contactFolders", id, "childFolders"):
                return self._list_folders(id, ask)
            case ("POST", "contactFolders"):
                return self._new_folder(cast(Record, ask.body))
            case (_, "contactFolders", id):
                return self._on_folder(ask, HOME if id == "contacts" else id)
            case ("GET", "contactFolders", id, "contacts"):
                return self._list_contacts(id, ask)
            case ("POST", "contactFolders", id, "contacts"):
                values, extended = _split(cast(Record, ask.body))
                if self.needs_given_name and not values.get("givenName"):
                    return _refused(400, "ErrorInvalidProperty")
                return Tell(201, self._contact(self.add(id, values, extended)))
            case ("GET", "contactFolders", id, "contacts", "delta") if id in self._log:
                if ask.query.keys() - {"$select"}:
                    return _refused(400, "ErrorInvalidUrlQuery")
                return self._delta(id, 0)
            case (_, "contacts", id) | (_, "contactFolders", _, "contacts", id):
                return self._on_contact(ask, id)
        return Tell(404)  # for GET /users/{user}, too

    def _batch(self, ask: Ask) -> Tell:
        requests = cast(list[dict[str, str]], cast(Record, ask.body)["requests"])
        if len(requests) > 20:
            return _refused(400, "MaximumValueExceeded")
        self._batches += 1
        if "refused batches" in self.ways and self._batches % 3 == 1:
            status, headers = (429, {"Retry-After": "1.5"}) if self._batches % 2 else (503, {})
            return Tell(status, "<html>Busy</html>", headers, kind="text/html")
        responses = [self._item(each) for each in requests][::-1]
        if "forgotten answers" in self.ways and not self._batches % 3:
            del responses[0]
        if "lost batches" in self.ways and not self._batches % 3:
            return Tell(502, "<html>Bad gateway</html>", kind="text/html")
        return Tell(200, {"responses": responses})

    def _item(self, each: dict[str, str]) -> Json:
        headers = {name.lower(): value for name, value in cast(dict[str, str], each.get("headers", {})).items()}
        if each["method"] == "POST" and not self._throttled:
            self._throttled = True
            return {"id": each["id"], "status": 429, "headers": {"retry-after": "0.5"}}
        told = self._one(Ask(each["method"], BASE + each["url"], headers, cast(Json, each.get("body"))))
        answer: Record = {"id": each["id"], "status": told.status}
        return answer if told.body is None else {**answer, "body": told.body}

    def _list_folders(self, parent: str, ask: Ask) -> Tell:
        found = [self._folder(id, ask) for id, (_, up) in self.folders.items() if up == parent]
        if named := re.fullmatch(r"displayName eq '(.*)'", ask.query.get("$filter", "")):
            found = [each for each in found if each["displayName"] == named[1].replace("''", "'")]
        return self._pages(found, f"{ask.target}&%24skip=", {})

    def _on_folder(self, ask: Ask, id: str) -> Tell:
        if id not in self.folders:
            return Tell(404)
        if ask.method == "PATCH":
            values, extended = _split(cast(Record, ask.body))
            self.folder_extended.setdefault(id, {}).update(extended)
            if "displayName" in values:
                self.folders[id] = (str(values["displayName"]), self.folders[id][1])
        return Tell(200, self._folder(id, ask))

    def _new_folder(self, body: Record) -> Tell:
        name = str(body["displayName"])
        if any(named.casefold() == name.casefold() and up == HOME for named, up in self.folders.values()):
            return _refused(409, "ErrorFolderExists")
        id = f"Folder_{len(self.folders)}-aA=="
        self.folders[id] = (name, HOME)  # extended properties are taken from a PATCH alone
        self._log[id] = []
        return Tell(201, self._folder(id, None))

    def _folder(self, id: str, ask: Ask | None) -> Record:
        name, parent = self.folders[id]
        extended = _expanded(self.folder_extended.get(id, {}), ask)
        return {"id": id, "displayName": name, "parentFolderId": parent, "totalItems": 3, **extended}

    def _on_contact(self, ask: Ask, id: str) -> Tell:
        item = self.items.get(id)
        if item is None:
            return Tell(404)
        if ask.method != "GET" and ask.headers.get("if-match", item.etag) != item.etag:
            return _refused(412, "ErrorIrresolvableConflict")
        if ask.method == "DELETE":
            if item.folder == DELETED_ITEMS:
                self.complaints.append(f"deleted for good: {id}")
            self.move(item, DELETED_ITEMS)
            return Tell(204)
        if ask.method == "PATCH":
            values, extended = _split(cast(Record, ask.body))
            item.extended.update(extended)
            self.change(item, values)
            return Tell(204) if "silent changes" in self.ways else Tell(200, self._contact(item))
        return Tell(200, self._contact(item, ask))

    def _list_contacts(self, folder: str, ask: Ask) -> Tell:
        found = [item for item in self.items.values() if item.folder == folder]
        wanted = ask.query.get("$filter", "")
        if address := re.fullmatch(r"emailAddresses/any\(a:a/address eq '(.*)'\)", wanted):
            text = address[1].replace("''", "'").lower()
            found = [each for each in found if text in _addresses(each)]
        elif marker := re.fullmatch(
            r"singleValueExtendedProperties/any\(ep: ?ep/id eq '(.*)' and ep/value eq '(.*)'\)", wanted, re.I
        ):
            name, text = _other_letters(marker[1]), marker[2].replace("''", "'").lower()
            found = [each for each in found if each.extended.get(name, "").lower() == text]
        elif wanted:
            return _refused(400, "ErrorInvalidUrlQuery")
        return self._pages([self._contact(each, ask) for each in found], f"{ask.target}&%24skip=", {})

    def _delta(self, folder: str, position: int) -> Tell:
        """Everything at first; later what changed, and with it the last change of the round before."""
        log = self._log[folder]
        told: list[Record] = []
        start = max(0, position - 1) if len(log) > position else position
        for id in dict.fromkeys(log[start:]):
            item = self.items[id]
            if position or item.folder != folder:
                told.append({"id": id, "@removed": {"reason": "changed"}})
            if item.folder == folder:
                shown = self._contact(item)
                if self.partial_delta and position:
                    shown = {name: shown[name] for name in ("id", "@odata.etag", *item.latest)}
                told.append({"@odata.type": "#microsoft.graph.contact", **shown})
        stem = f"{BASE}/users/{self.user}/contactFolders('{folder}')/contacts/delta()?"
        token = f"{stem}$deltatoken={'Dx-_' * 500}{folder}.{len(log)}"
        self._tokens[token] = (folder, len(log))
        return self._pages(told, f"{stem}$skiptoken=S", {"@odata.deltaLink": self.origin + token})

    def _pages(self, found: list[Record], stem: str, end: Record) -> Tell:
        """At most seven a page; what takes several begins with an empty one."""
        cuts = [found[start : start + PAGE] for start in range(0, len(found), PAGE)] or [[]]
        if len(cuts) > 1:
            cuts.insert(0, [])
        body: Record = end
        for number, cut in reversed(list(enumerate(cuts))):
            body = {"@odata.context": "…", "value": cast(Json, cut), "@ours.extra": {"a": [None]}, **end}
            target = f"{stem}{number * PAGE}&n={len(self._links)}"
            self._links[target] = body
            end = {"@odata.nextLink": self.origin + target}
        return Tell(200, body)

    def _contact(self, item: Item, ask: Ask | None = None) -> Record:
        odd = item.id[3:5].isdecimal() and int(item.id[3:5]) % 2
        shown: Record = {
            "@odata.etag": item.etag,
            "id": item.id,
            "changeKey": item.etag[3:-1],
            "createdDateTime": item.created,
            "lastModifiedDateTime": self._now().strftime("%Y-%m-%dT%H:%M:%S.%f+00:00"),
            "parentFolderId": item.folder,
            "personalNotes": "",
            "someFutureMember": {"x": 1},
            **dict.fromkeys(SCALARS),
            **{name: [] for name in LISTS},
            **item.values,
        }
        for name in ADDRESSES:
            lines = cast(Record, item.values.get(name) or {})
            every: Record = {} if odd or not lines else dict.fromkeys(PARTS)
            shown[name] = {**every, **lines}
        if ask and "$select" in ask.query:
            chosen = {"id", "@odata.etag", *ask.query["$select"].split(",")}
            shown = {name: value for name, value in shown.items() if name in chosen}
        if "tells nothing empty" in self.ways:
            shown = {name: value for name, value in shown.items() if value not in (None, "", [], {})}
        if "no versions" in self.ways:
            shown = {name: value for name, value in shown.items() if name not in ("@odata.etag", "changeKey")}
        return {**shown, **_expanded(item.extended, ask)}


def _refused(status: int, code: str) -> Tell:
    return Tell(status, {"error": {"code": code, "message": "…", "innererror": {"code": "Deeper"}}})


def _addresses(item: Item) -> list[str]:
    return [
        entry["address"].lower() for entry in cast(list[dict[str, str]], item.values.get("emailAddresses", []))
    ]


def _split(body: Record) -> tuple[Record, dict[str, str]]:
    """A body's properties, and its extended ones by the name under which they are given back."""
    listed = cast(list[dict[str, str]], body.get("singleValueExtendedProperties", []))
    values = {name: value for name, value in body.items() if name != "singleValueExtendedProperties"}
    return values, {_other_letters(each["id"]): each["value"] for each in listed}


def _other_letters(name: str) -> str:
    """The same property, spelt in another way: its GUID in capitals, its tag without zeros."""
    name = re.sub(r"\{.*\}", lambda guid: guid[0].upper(), name)
    return re.sub(r"0x0*([0-9A-Fa-f]+)$", lambda tag: f"0x{tag[1].upper()}", name)


def _expanded(extended: dict[str, str], ask: Ask | None) -> Record:
    wanted = re.findall(r"id eq '(.*?)'", ask.query.get("$expand", "")) if ask else []
    found: list[Json] = [
        {"id": name, "value": extended[name]} for name in map(_other_letters, wanted) if name in extended
    ]
    return {"singleValueExtendedProperties": found} if found else {}
