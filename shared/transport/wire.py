"""HTTP connections that put a request target on the wire byte for byte, kept alive between calls.

Links that the services hand out (nextLink, deltaLink) must come back verbatim (contracts/graph.md §3.3,
contracts/business-central.md §5.1), but requests re-quotes addresses and urllib3 rewrites percent escapes.
Here the target is what the caller gave.
"""

from __future__ import annotations

from collections import deque
from contextvars import ContextVar
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NewConnectionError

_target: ContextVar[str] = ContextVar("_target")


class _Connection(HTTPConnection):
    def putrequest(self, method: str, url: str, *args: bool, **kwargs: bool) -> None:
        super().putrequest(method, _target.get(url), *args, **kwargs)


class _TlsConnection(HTTPSConnection):
    def putrequest(self, method: str, url: str, *args: bool, **kwargs: bool) -> None:
        super().putrequest(method, _target.get(url), *args, **kwargs)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


_POOLS = {"http": _Pool, "https": _TlsPool}


class _VerbatimAdapter(HTTPAdapter):
    """requests' own adapter over the connections above, through a proxy as well."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager

    def request_url(self, request: requests.PreparedRequest, proxies: Any) -> str:
        url = str(request.url)
        absolute = super().request_url(request, proxies).startswith("http")
        target = url if absolute else url[len(origin_of(url)) :]
        _target.set(target)
        return target


def origin_of(url: str) -> str:
    """Scheme, host and port as they stand in the address, without anything after them."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def normal_origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port to be compared, the scheme's own port spelt out; blanks for what is no address."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    except ValueError:
        return "", "", None
    if parts.username is not None or parts.password is not None:
        return "", "", None
    return parts.scheme, parts.hostname or "", port


def never_connected(error: requests.RequestException) -> bool:
    """Whether the request surely never left: no connection could be made."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    cause = error.args[0] if error.args else None
    return isinstance(getattr(cause, "reason", None), NewConnectionError)


class Wire:
    """Connections to be used by any number of threads: each call has one for itself, then leaves it open."""

    def __init__(self) -> None:
        self._idle: deque[requests.Session] = deque()

    def exchange(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        body: bytes | None,
        timeouts: tuple[float, float],
    ) -> requests.Response:
        """One request, one answer, no redirect followed, the body read whole.

        `timeouts`: seconds to connect, seconds between two bytes of the answer.
        Raises requests.RequestException when there is no answer. After that, and after 503, the next call
        takes a new connection (contracts/graph.md §5.2).
        """
        prepared = requests.Request(method, url, headers=headers, data=body).prepare()
        prepared.url = url
        session = self._take()
        settings = session.merge_environment_settings(url, {}, False, None, None)
        try:
            answer = session.send(prepared, timeout=timeouts, allow_redirects=False, **settings)
        except BaseException:
            session.close()
            raise
        if answer.status_code == requests.codes.service_unavailable:
            session.close()
        else:
            self._idle.append(session)
        return answer

    def close(self) -> None:
        """Close every idle connection."""
        while self._idle:
            self._idle.pop().close()

    def _take(self) -> requests.Session:
        try:
            return self._idle.pop()
        except IndexError:
            session = requests.Session()
            session.mount("http://", _VerbatimAdapter())
            session.mount("https://", _VerbatimAdapter())
            return session
