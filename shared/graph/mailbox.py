"""One mailbox as an address and a quota: how every Graph request of it is put and judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from urllib.parse import quote

from shared.errors import AccessDenied, Busy, NotFound, Refused, ServiceError, StateLost, VersionConflict
from shared.model import Json
from shared.transport.http import Answer, Call, Endpoint, JsonObject, Transport
from shared.transport.lanes import Lane
from shared.transport.wire import origin_of

SERVICE = "Graph"
SLOTS = 4
"""What Graph lets one app do at once in one mailbox (contracts/graph.md §5.1); a batch fills them all."""
IMMUTABLE = 'IdType="ImmutableId"'
LOST_STATE = frozenset({"syncstatenotfound", "resyncrequired", "syncstateinvalid"})
NO_MAILBOX = frozenset({"mailboxnotenabledforrestapi", "errorinvaliduser", "request_resourcenotfound"})
"""Codes of a 404 that speak of the mailbox: none of its contacts or folders is deleted by that."""
NO_ID = "errorinvalididmalformed"
"""The code of a 400 for what is no id, or none any more, as after a move of the mailbox to another server."""
NOT_FOUND = 404
GONE = 410
LOOK_AT_SETUP = "Check the mailbox and the folder of this setup."


def graph_endpoint(base_url: str, scope: str = "") -> Endpoint:
    """Graph at `base_url`, version included; the scope is its origin's unless given (contracts/graph.md §7)."""
    return Endpoint(SERVICE, base_url.rstrip("/"), scope or f"{origin_of(base_url)}/.default")


class Mailbox:
    """`user`: object id (preferred) or address of the mailbox."""

    def __init__(self, transport: Transport, user: str) -> None:
        self.transport = transport
        self.root = f"/users/{quote(user, safe='@')}"
        self.lane = Lane(f"graph/{user.lower()}", SLOTS)

    def get(self, url: str, prefer: str = IMMUTABLE) -> Answer:
        """GET a path under the mailbox's root, or a link exactly as Graph gave it."""
        if not url.startswith("https://") and not url.startswith("http://"):
            url = self.root + url
        return self.transport.send(Call("GET", url, self.lane, safe=True, headers={"Prefer": prefer}))

    def send(self, method: str, url: str, body: Mapping[str, Json] | None, *, safe: bool) -> Answer:
        """A single write under the mailbox's root."""
        headers = {"Prefer": IMMUTABLE}
        return self.transport.send(Call(method, self.root + url, self.lane, safe, headers, body))

    def pages(self, url: str, what: str) -> Iterator[JsonObject]:
        """Every page of a list under the mailbox's root; raises as `pages`."""
        return pages(self.get, url, what)


def pages(get: Callable[[str], Answer], url: str, what: str) -> Iterator[JsonObject]:
    """Every page of a list, one at a time; only a missing link is the end (contracts/graph.md §2.5).

    Raises as `refusal`, and Refused when a page points to itself.
    """
    seen: set[str] = set()
    link = url
    while link:
        answer = get(link)
        if not answer.ok:
            raise refusal(answer, what)
        if not isinstance(answer.body.get("value"), list):
            raise cut_off(what)
        yield answer.body
        following = answer.body.get("@odata.nextLink")
        link = following if isinstance(following, str) else ""
        if link in seen:
            raise Refused(SERVICE, 200, "repeatedLink", what, "The list never ends; it is read anew later.")
        seen.add(link)


def refusal(answer: Answer, what: str, *, on_delta_link: bool = False) -> ServiceError:
    """The error of our tree for an answer that stands; decided on status and code alone.

    `on_delta_link`: any 400 then means that the state is lost (contracts/graph.md §3.5).
    """
    status, code = answer.status or 0, answer.code
    if status == GONE or answer.codes & LOST_STATE or (on_delta_link and status == 400):
        return StateLost(SERVICE, status, code, what, "Everything is read again.")
    if status == 403:
        return AccessDenied(SERVICE, status, code, what, LOOK_AT_SETUP)
    if status == NOT_FOUND:
        return NotFound(SERVICE, status, code, what, LOOK_AT_SETUP)
    if status in (409, 412):
        return VersionConflict(SERVICE, status, code, what, "It is read again and decided anew.")
    if answer.lost:
        return Busy(SERVICE, status, code or "noAnswer", what, "It is looked up later.", answer.retry_after)
    return Refused(SERVICE, status, code, what, LOOK_AT_SETUP)


def is_missing(answer: Answer) -> bool:
    """Whether the thing itself does not exist; a 404 may as well say that there is no such mailbox."""
    if answer.status == 400:
        return NO_ID in answer.codes
    return answer.status == NOT_FOUND and not answer.codes & NO_MAILBOX


def cut_off(what: str) -> Refused:
    """The error for a success that does not hold what was asked for: it says nothing about what exists."""
    return Refused(SERVICE, 200, "cutPage", what, "It is read anew later.")


def odata_text(value: str) -> str:
    """A text literal of a filter, ready for an address: quotes doubled, everything escaped."""
    return quote("'" + value.replace("'", "''") + "'", safe="")


def segment(value: str) -> str:
    """An id as one segment of a path."""
    return quote(value, safe="=")


def objects(body: JsonObject, name: str = "value") -> list[JsonObject]:
    """The objects of a list member; anything else in it is left out."""
    listed = body.get(name)
    return [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
