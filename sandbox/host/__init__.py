"""The local Functions host: runs the very functions that are deployed, where Core Tools can't be had."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import cast

import azure.functions as func
import uvicorn

from sandbox.host.configuration import HostJson
from sandbox.host.functions import HostError, QueueFunction, TimerFunction, read_functions
from sandbox.host.queue import HIDDEN, QueueListener
from sandbox.host.sign_in import SignIn, read_users
from sandbox.host.timer import Timer
from sandbox.host.web import WebApp
from shared.errors import SettingError
from shared.settings import STORAGE, StorageSettings
from shared.state.connection import queue_service

__all__ = ["FunctionsHost", "HostError"]

log = logging.getLogger("host")

_GRACE_SECONDS = 10.0


def _utc_now() -> datetime:
    return datetime.now(UTC)


class FunctionsHost:
    """One running app; a context manager.

    `settings`: the app settings, where `AzureWebJobsStorage` and `LOCAL_USERS` are read. `port`: 0 for free.
    `now`: the timers' clock. `hidden`: for how long a queue message is taken at a time.
    Raises `HostError` for an app or a setting that the host refuses, `OSError` when the port is taken.
    """

    def __init__(
        self,
        app: func.FunctionApp,
        host_json: HostJson,
        settings: Mapping[str, str],
        function_key: str,
        port: int = 0,
        now: Callable[[], datetime] = _utc_now,
        hidden: timedelta = HIDDEN,
    ) -> None:
        functions = read_functions(app, settings)
        self._threads = ThreadPoolExecutor(_pool_size(settings), thread_name_prefix="function")
        sign_in = _sign_in(settings)
        prefix = host_json.extensions.http.route_prefix
        web = WebApp(functions.http, prefix, function_key, sign_in, self._threads)
        self._timers = _timers(functions.timers, now)
        self._queues = _listeners(functions.queues, host_json, settings, hidden)
        self._socket = socket.create_server(("127.0.0.1", port))
        self._server = uvicorn.Server(
            uvicorn.Config(
                cast("uvicorn._types.ASGIApplication", web),
                log_config=None,
                # Its access log would hold addresses: function keys and mailboxes.
                log_level="warning",
                access_log=False,
                server_header=False,
                lifespan="off",
                ws="none",
                timeout_graceful_shutdown=int(_GRACE_SECONDS),
            )
        )
        self._thread = threading.Thread(
            target=self._server.run, args=([self._socket],), name="http", daemon=True
        )

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self) -> FunctionsHost:
        # The socket listens already: a call that comes before the server runs waits in its backlog.
        self._thread.start()
        for queue in self._queues:
            queue.start()
        for timer in self._timers:
            timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        for timer in self._timers:
            timer.stop(_GRACE_SECONDS)
        for queue in self._queues:
            queue.stop(_GRACE_SECONDS)
        self._thread.join()
        self._threads.shutdown(wait=False, cancel_futures=True)


def _pool_size(settings: Mapping[str, str]) -> int:
    """As many threads as the worker has (contracts/azure-functions.md, "Programming model")."""
    given = settings.get("PYTHON_THREADPOOL_THREAD_COUNT", "")
    return int(given) if given.isdigit() and int(given) > 0 else min(32, (os.cpu_count() or 1) + 4)


def _sign_in(settings: Mapping[str, str]) -> SignIn | None:
    text = settings.get("LOCAL_USERS", "").strip()
    if not text:
        return None
    try:
        return SignIn(read_users(text), secrets.token_bytes(32))
    except ValueError as error:
        raise HostError(str(error)) from None


def _timers(functions: tuple[TimerFunction, ...], now: Callable[[], datetime]) -> list[Timer]:
    """As on the platform, a timer with a bad schedule is left out, and the rest of the app is served."""
    timers = []
    for function in functions:
        try:
            timers.append(Timer(function, now))
        except HostError as error:
            log.error("%s", error)
    return timers


def _listeners(
    functions: tuple[QueueFunction, ...], host_json: HostJson, settings: Mapping[str, str], hidden: timedelta
) -> list[QueueListener]:
    """Without a Storage setting the app still serves HTTP, where it says what is missing."""
    for function in functions:
        if function.connection != STORAGE:
            raise HostError(
                f"Function {function.name} uses the connection {function.connection}; only {STORAGE} is known."
            )
    if not functions:
        return []
    try:
        service = queue_service(StorageSettings.read(settings))
    except SettingError as error:
        log.error("No queue is served. %s", error)
        return []
    return [QueueListener(function, service, host_json.extensions.queues, hidden) for function in functions]
