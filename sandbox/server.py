"""One background thread with one event loop, on which every server of the sandbox lives."""

from __future__ import annotations

import asyncio
import inspect
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable
from typing import Any, ParamSpec, TypeVar, cast, overload

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from sandbox.http_app import CLOSE_CONNECTION, AsgiApp

P = ParamSpec("P")
T = TypeVar("T")


class _Protocol(HttpToolsProtocol):
    """HTTP as uvicorn speaks it, plus a way for the application to hang up."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        scope = cast("dict[str, Any]", self.scope)
        scope["extensions"] = {CLOSE_CONNECTION: self.transport.abort}


class ServerThread:
    """Runs servers, and functions that must run where they run."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="sandbox", daemon=True)
        self._servers: list[asyncio.Server] = []
        self._states: list[ServerState] = []

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Close every connection and end the thread."""
        self.run(self._close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def listen(self, app: AsgiApp, port: int = 0, tls: ssl.SSLContext | None = None) -> int:
        """Serve `app` on 127.0.0.1 and return the port: a free one unless one is given."""
        return self.run(self._listen, app, port, tls)

    @overload
    def run(self, function: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T: ...
    @overload
    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T: ...

    def run(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call `function` on the servers' loop, wait for it (and for what it awaits), return its result."""

        async def on_the_loop() -> Any:
            result = function(*args, **kwargs)
            return await result if inspect.isawaitable(result) else result

        if threading.current_thread() is self._thread:
            raise RuntimeError("already on the servers' loop: call the function itself")
        return asyncio.run_coroutine_threadsafe(on_the_loop(), self._loop).result()

    async def _listen(self, app: AsgiApp, port: int, tls: ssl.SSLContext | None) -> int:
        # Only a socket that says TCP is spared Nagle's delay by asyncio: 40 ms a call otherwise.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        options: dict[str, Any] = {"lifespan": "off", "log_config": None, "access_log": False}
        config = Config(cast("Any", app), proxy_headers=False, timeout_keep_alive=60, **options)
        state = ServerState()
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: _Protocol(config, state, {}, loop), sock=listener, ssl=tls, backlog=512
        )
        self._servers.append(server)
        self._states.append(state)
        return int(listener.getsockname()[1])

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        for state in self._states:
            for connection in list(state.connections):
                connection.transport.abort()
        running = asyncio.all_tasks() - {asyncio.current_task()}
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
