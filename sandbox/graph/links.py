"""Links to further pages and to the next delta round: opaque, to be sent as they were given
(contracts/graph.md §2.5, §3)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Generic, TypeVar
from urllib.parse import quote

from sandbox.graph import ids
from sandbox.graph.errors import GraphError, bad_query
from sandbox.request_log import RequestLog

State = TypeVar("State")

_REMEMBERED_PAGES = 20_000
_REMEMBERED_TOKENS = 20_000


def _path_text(path: str) -> str:
    return quote(path, safe="/@'()=-_.~$")


def _plain(query: str) -> str:
    """Microsoft's SDK for Python (kiota) writes "%24" in a link as "$" whatever its caller does."""
    return query.replace("%24", "$")


def sync_state_not_found(code: str = "syncStateNotFound") -> GraphError:
    """The answer to a delta token that is not, or no longer, known (contracts/graph.md §3.5)."""
    return GraphError(
        400, code, "The sync state generation is not found; a new full synchronization is needed."
    )


class PageLinks:
    """The `@odata.nextLink`s of lists, which show their `$skip` and are to be sent verbatim nevertheless."""

    def __init__(self, log: RequestLog) -> None:
        self._log = log
        self._issued: OrderedDict[tuple[str, frozenset[tuple[str, str]]], str] = OrderedDict()

    def issue(self, origin: str, path: str, options: Mapping[str, str], skip: int) -> str:
        """The link to the rows from `skip` on, every other option kept."""
        following = {**options, "$skip": str(skip)}
        query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in following.items())
        self._issued[path, frozenset(following.items())] = query
        while len(self._issued) > _REMEMBERED_PAGES:
            self._issued.popitem(last=False)
        return f"{origin}{_path_text(path)}?{query}"

    def check(self, path: str, query: str, options: Mapping[str, str]) -> None:
        """Refuse a link that means one that was issued but is written differently. Raises GraphError 400."""
        if "$skip" not in options:
            return
        issued = self._issued.get((path, frozenset(options.items())), query)
        if _plain(issued) != _plain(query):
            self._log.violate("rebuilt_link", "graph", f"nextLink of {path} was not sent as given")
            raise bad_query("The link to the next page was changed.")


@dataclass(frozen=True, slots=True)
class _Issued(Generic[State]):
    path: str
    query: str
    state: State


class TokenLinks(Generic[State]):
    """Delta's nextLinks and deltaLinks: a long random token that stands for a state kept here."""

    def __init__(self, rng: Random, log: RequestLog) -> None:
        self._rng = rng
        self._log = log
        self._issued: OrderedDict[str, _Issued[State]] = OrderedDict()

    def issue(self, origin: str, path: str, option: str, state: State) -> str:
        """`option`: "$skiptoken" or "$deltatoken"."""
        text = ids.token(self._rng)
        query = f"{option}={text}"
        self._issued[text] = _Issued(path, query, state)
        while len(self._issued) > _REMEMBERED_TOKENS:
            self._issued.popitem(last=False)
        return f"{origin}{_path_text(path)}?{query}"

    def redeem(self, path: str, query: str, token: str) -> State:
        """The state of a link sent verbatim. Raises GraphError 400: for an unknown token as a lost one,
        for a known one in another link as a bad query."""
        issued = self._issued.get(token)
        if issued is None:
            raise sync_state_not_found()
        if issued.path != path or issued.query != query:
            self._log.violate("rebuilt_link", "graph", f"delta link of {issued.path} was not sent as given")
            raise bad_query("The delta link was changed; send it as it was given.")
        return issued.state

    def forget(self, which: Callable[[State], bool]) -> None:
        """Let every link of these states be unknown from now on."""
        for text in [text for text, issued in self._issued.items() if which(issued.state)]:
            del self._issued[text]
