"""The HTTP API: one function per door and family of routes, one dispatcher behind them all.

No function names its methods: the dispatcher answers a wrong one with problem details (spec/interfaces.md §4).
A route that ends in {*rest} serves the path without a rest, too.
"""

from collections.abc import Callable

import azure.functions as func

from shared.api.app import handle
from sync_http.adapter import to_http_response, to_request

bp = func.Blueprint()  # type: ignore[no-untyped-call]

_ROUTES = (
    # name, route, door, level
    ("sync", "sync", "key", func.AuthLevel.FUNCTION),
    ("runs", "runs/{runId}/{*rest}", "key", func.AuthLevel.FUNCTION),
    ("users", "users/{user}/{*rest}", "key", func.AuthLevel.FUNCTION),
    ("health_details", "health/details", "key", func.AuthLevel.FUNCTION),
    ("me", "me/{*rest}", "user", func.AuthLevel.ANONYMOUS),
    ("manage", "manage/{*rest}", "user", func.AuthLevel.ANONYMOUS),
    ("page", "app/{*path}", "user", func.AuthLevel.ANONYMOUS),
    ("health", "health", "anonymous", func.AuthLevel.ANONYMOUS),
    ("openapi", "openapi.json", "anonymous", func.AuthLevel.ANONYMOUS),
)


def _serving(door: str) -> Callable[[func.HttpRequest], func.HttpResponse]:
    def serve(req: func.HttpRequest) -> func.HttpResponse:
        return to_http_response(handle(to_request(req, door)))

    return serve


for _name, _route, _door, _level in _ROUTES:
    bp.function_name(_name)(bp.route(_route, auth_level=_level)(_serving(_door)))
