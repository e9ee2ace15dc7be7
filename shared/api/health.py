"""Whether the app is up, and how everything it depends on is doing."""

from __future__ import annotations

from collections.abc import Callable

from shared.api.asking import PATIENCE, TOO_LATE, ask_all
from shared.api.http import Response
from shared.api.route import Call, answer
from shared.api.version import VERSION
from shared.api.views import DependencyView, HealthDetailsView, HealthView
from shared.errors import NotFound, SyncError
from shared.sync.services import Services


def health(call: Call) -> Response:  # noqa: ARG001 - every handler takes the call
    """The app answers. Asks nobody else, so that it stays quick and tells strangers nothing."""
    return answer(HealthView(status="ok", version=VERSION))


def health_details(call: Call) -> Response:
    """Every dependency, asked now, with its latency."""
    services = call.services
    lengths: dict[str, int] = {}

    def queues() -> str:
        lengths["waiting"] = services.store.jobs.length()
        lengths["poison"] = services.store.jobs.poison_length()
        return "" if not lengths["poison"] else f"{lengths['poison']} messages were given up."

    questions: dict[str, Callable[[], str | None]] = {
        "storageTables": lambda: _read_a_setup(services),
        "storageQueue": queues,
        "graphToken": lambda: _token(services, services.settings.graph_scope),
        "graph": lambda: _open_a_mailbox(services),
        "businessCentralToken": lambda: _token(services, services.settings.bc_scope),
        "businessCentral": lambda: _list_companies(services),
    }
    asked = ask_all(list(questions), lambda name: _ask(services, name, questions[name]), _too_late)
    good = all(dependency.result != "failed" for dependency in asked)
    return answer(
        HealthDetailsView(
            status="ok" if good else "degraded",
            version=VERSION,
            queue_length=lengths.get("waiting"),
            poison_length=lengths.get("poison"),
            dependencies=asked,
        )
    )


def _ask(services: Services, name: str, question: Callable[[], str | None]) -> DependencyView:
    """One question with its time. The answer: what to tell, None where there was nobody to ask."""
    began = services.clock.monotonic()
    try:
        said = question()
        result, detail = ("unknown", "No setup yet: nothing to ask for.") if said is None else ("ok", said)
    except SyncError as error:
        result, detail = "failed", str(error)
    spent = round((services.clock.monotonic() - began) * 1000)
    return DependencyView(name=name, result=result, milliseconds=spent, detail=detail)


def _too_late(name: str) -> DependencyView:
    return DependencyView(name=name, result="failed", milliseconds=round(PATIENCE * 1000), detail=TOO_LATE)


def _read_a_setup(services: Services) -> str:
    services.store.setups.names(1)
    return ""


def _token(services: Services, scope: str) -> str:
    services.tokens.token(scope)
    return ""


def _open_a_mailbox(services: Services) -> str | None:
    found = services.store.setups.names(1).items
    if not found:
        return None
    try:
        services.graph(found[0][0]).default_folder()
    except NotFound:
        return "The mailbox that was asked for is gone, but Graph answers."
    return ""


def _list_companies(services: Services) -> str:
    return f"{len(services.bc('').companies())} companies."
