"""What the platform's worker asks of a function app, and does with it, beyond what the local host shows.

Read in the worker's source and tried with it (docs/ARCHITECTURE.md, last section).
"""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
import traceback
import typing
from collections.abc import Callable
from pathlib import Path

import azure.functions as func
import pytest
from azure.functions import timer

import function_app
import sync_timer
import sync_worker
from shared.errors import Busy, SyncError

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = "anna@example.com"


def _functions() -> dict[str, func.decorators.function_app.Function]:
    # The library remembers the names it gave out and takes a second reading for duplicates.
    function_app.app.functions_bindings = {}
    return {str(one.get_function_name()): one for one in function_app.app.get_functions()}


def _triggers() -> dict[str, dict[str, object]]:
    return {name: json.loads(one.get_raw_bindings()[0]) for name, one in _functions().items()}


def test_worker_finds_one_app() -> None:
    """It takes whatever top-level name holds an app or a blueprint, and refuses two apps."""
    held = [value for value in vars(function_app).values() if isinstance(value, func.FunctionApp)]
    assert held == [function_app.app]


def test_host_is_told_these_triggers() -> None:
    triggers = _triggers()
    assert triggers["sync_timer"] == {
        "direction": "IN",
        "type": "timerTrigger",
        "name": "timer",
        "schedule": "0 */15 * * * *",
        "runOnStartup": False,
        "useMonitor": True,
    }
    for name, queue in (("sync_worker", "sync-jobs"), ("sync_worker_poison", "sync-jobs-poison")):
        assert triggers[name] == {
            "direction": "IN",
            "type": "queueTrigger",
            "name": "message",
            "queueName": queue,
            "connection": "AzureWebJobsStorage",
        }
    http = {name: trigger for name, trigger in triggers.items() if trigger["type"] == "httpTrigger"}
    assert {str(trigger["name"]) for trigger in http.values()} == {"req"}
    # Without methods the host lets every method in: a wrong one gets problem details, not a bare 404.
    assert [name for name, trigger in http.items() if "methods" in trigger] == []


@pytest.mark.parametrize("name", _functions())
def test_signature_fits_the_bindings(name: str) -> None:
    """One misfit and the worker serves no function at all."""
    function = _functions()[name]
    call = function.get_user_function()
    bindings = {binding.name: binding.type for binding in function.get_bindings()}
    hints = typing.get_type_hints(call)
    wanted: dict[str, tuple[type, type]] = {
        "httpTrigger": (func.HttpRequest, func.HttpResponse),
        "queueTrigger": (func.QueueMessage, type(None)),
        "timerTrigger": (func.TimerRequest, type(None)),
    }
    (parameter,) = inspect.signature(call).parameters
    given, answered = wanted[bindings[parameter]]
    assert hints == {parameter: given, "return": answered}
    assert ("$return" in bindings) == (answered is func.HttpResponse)
    assert not inspect.iscoroutinefunction(call)


def test_import_is_cheap_and_does_nothing() -> None:
    """The worker indexes within the app's 30 seconds to start, with whatever settings there are."""
    code = (
        "import logging, sys, threading, socket\n"
        "def closed(*_): raise SystemExit('a connection at import')\n"
        "socket.socket.connect = closed\n"
        "import function_app\n"
        "assert threading.active_count() == 1, 'a thread at import'\n"
        "assert not logging.getLogger().handlers, 'a log handler at import'\n"
        "print(*(name for name in ('azure.identity', 'babel', 'pycountry') if name in sys.modules))\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (answer.returncode, answer.stdout.strip(), answer.stderr) == (0, "", "")


def _storage_fails() -> None:
    try:
        raise KeyError(ADDRESS)
    except KeyError as error:
        raise Busy("Storage", 503, "", "is busy", "It is tried again by itself.", None) from error


def _bug() -> None:
    raise ValueError(ADDRESS)


@pytest.mark.parametrize(
    ("fault", "told"), [(_storage_fails, "Storage is busy"), (_bug, "unexpected ValueError at _bug:")]
)
@pytest.mark.parametrize(
    ("module", "inner", "name", "value"),
    [
        (sync_timer, "tick", "sync_timer", timer.TimerRequest()),
        (sync_worker, "work", "sync_worker", func.QueueMessage(body="{}")),
        (sync_worker, "poisoned", "sync_worker_poison", func.QueueMessage(body="{}")),
    ],
)
def test_exception_tells_the_platform_what_failed_and_nobodys_data(
    monkeypatch: pytest.MonkeyPatch,
    module: object,
    inner: str,
    name: str,
    value: object,
    fault: Callable[[], None],
    told: str,
) -> None:
    """The worker hands the host the text of an exception and of all that led to it."""
    monkeypatch.setattr(module, inner, lambda *_: fault())
    with pytest.raises(SyncError) as raised:
        _functions()[name].get_user_function()(value)
    logged = "".join(traceback.format_exception(raised.value))
    assert told in logged
    assert fault.__name__ in logged
    assert ADDRESS not in logged
