"""How the services' notifications leave the sandbox: real HTTP, out of the servers' loop."""

from __future__ import annotations

import ssl
from collections.abc import Mapping

import httpx


class Postman:
    """POSTs notifications and handshakes; `trust` None: reaches nobody. Lives on one event loop."""

    def __init__(self, trust: ssl.SSLContext | None) -> None:
        self._trust = trust
        self._client: httpx.AsyncClient | None = None

    async def deliver(
        self, url: str, headers: Mapping[str, str], body: bytes, timeout: float
    ) -> tuple[int, bytes] | None:
        """Status and body of the answer; None where none came within `timeout` real seconds.

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
        return answer.status_code, answer.content

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()
