"""What a function app offers, read the way the real host reads it: through `app.get_functions()`."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import azure.functions as func

KEY, ANYONE = "function", "anonymous"


class HostError(Exception):
    """The app asks for what the host refuses; the text names the function and what to change."""


@dataclass(frozen=True, slots=True)
class HttpFunction:
    """`route`: without prefix. `methods`: upper case, empty for all. `level`: `KEY` or `ANYONE`."""

    name: str
    call: Callable[..., object]
    argument: str
    route: str
    methods: frozenset[str]
    level: str


@dataclass(frozen=True, slots=True)
class QueueFunction:
    """`connection`: the name of the app setting that leads to the Storage account."""

    name: str
    call: Callable[..., object]
    argument: str
    queue: str
    connection: str


@dataclass(frozen=True, slots=True)
class TimerFunction:
    """`schedule`: six NCRONTAB fields."""

    name: str
    call: Callable[..., object]
    argument: str
    schedule: str


Function = HttpFunction | QueueFunction | TimerFunction


@dataclass(frozen=True, slots=True)
class Functions:
    """Everything an app offers, by kind of trigger."""

    http: tuple[HttpFunction, ...]
    queues: tuple[QueueFunction, ...]
    timers: tuple[TimerFunction, ...]


def read_functions(app: func.FunctionApp, settings: Mapping[str, str]) -> Functions:
    """Indexes an app. All or nothing, as on the platform: raises `HostError` for the first thing it refuses.

    `settings`: what `%NAME%` in a route, queue name or schedule stands for.
    """
    # The library remembers the names it gave out and takes a second reading for duplicates.
    app.functions_bindings = {}
    functions = [_read(function, settings) for function in app.get_functions()]
    names = [function.name.lower() for function in functions]
    for name in names:
        if names.count(name) > 1:
            raise HostError(f"Two functions are named {name}. Rename one.")
    return Functions(
        tuple(f for f in functions if isinstance(f, HttpFunction)),
        tuple(f for f in functions if isinstance(f, QueueFunction)),
        tuple(f for f in functions if isinstance(f, TimerFunction)),
    )


def _read(function: func.decorators.function_app.Function, settings: Mapping[str, str]) -> Function:
    name = str(function.get_function_name())
    call = function.get_user_function()
    trigger, *others = function.get_bindings_dict()["bindings"]
    if inspect.iscoroutinefunction(call):
        raise HostError(
            f"Function {name} is async, and blocking calls in it would stall the worker. Use plain def."
        )
    if any(other["type"] != "http" for other in others):
        raise HostError(
            f"Function {name} has bindings besides its trigger, which the local host does not serve."
        )

    def text(key: str, default: str = "") -> str:
        return _resolved(str(trigger.get(key) or default), name, settings)

    argument = str(trigger["name"])
    match trigger["type"]:
        case "httpTrigger":
            methods = _methods(trigger.get("methods") or ())
            level = str(getattr(trigger["authLevel"], "value", trigger["authLevel"])).lower()
            return HttpFunction(
                name, call, argument, _allowed_route(name, text("route", name)), methods, _level(name, level)
            )
        case "queueTrigger":
            return QueueFunction(name, call, argument, text("queueName"), str(trigger["connection"]))
        case "timerTrigger":
            if trigger.get("runOnStartup"):
                raise HostError(f"Timer {name} runs on startup, which production must never do. Remove it.")
            return TimerFunction(name, call, argument, text("schedule"))
        case kind:
            raise HostError(f"Function {name} has the trigger {kind}, which the local host does not serve.")


def _methods(methods: Iterable[object]) -> frozenset[str]:
    return frozenset(str(getattr(method, "value", method)).upper() for method in methods)


def _level(name: str, level: str) -> str:
    if level not in (KEY, ANYONE):
        raise HostError(f"Function {name} wants the level {level}; the local host knows {KEY} and {ANYONE}.")
    return level


def _allowed_route(name: str, route: str) -> str:
    """The host keeps these routes for itself (spec/interfaces.md §4)."""
    if route.lower().lstrip("/").startswith("admin"):
        raise HostError(
            f"Function {name} has the route {route}; the host refuses routes that begin with admin."
        )
    return route


def _resolved(text: str, name: str, settings: Mapping[str, str]) -> str:
    def setting(found: re.Match[str]) -> str:
        value = settings.get(found[1])
        if value is None:
            raise HostError(f"Function {name} refers to the setting {found[1]}, which is missing.")
        return value

    return re.sub(r"%([^%]+)%", setting, text)
