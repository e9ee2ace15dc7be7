"""How the services' notifications leave the sandbox: real HTTP, out of the servers' loop."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import NamedTuple

import httpx


class Answered(NamedTuple):
    """What an address answered; `kind`: its Content-Type without parameters, in lower case."""

    status: int
    body: bytes
    kind: str


class Postman:
    """POSTs notifications and handshakes; `trust` None: reaches nobody. Lives on one event loop."""

    def __init__(self, trust: ssl.SSLContext | None) -> None:
        self._trust = trust
        self._client: httpx.AsyncClient | None = None

    async def deliver(
        self, url: str, headers: Mapping[str, str], body: bytes, timeout: float
    ) -> Answered | None:
        """The answer; None where none came within `timeout` real seconds.

        Redirects are not followed, proxies not used.
        """
        if self._trust is None:
            return None
        if self._client is None:
            self._client = httpx.AsyncClient(verify=self._trust, trust_env=False)
        try:
            answer = await self._client.post(url, headers=dict(headers), content=body, timeout=timeout)
        except httpx.HTTPError:
            return None
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        return Answered(answer.status_code, answer.content, kind)

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()
