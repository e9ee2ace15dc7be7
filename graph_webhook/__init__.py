"""What Graph tells: changes in a mailbox, and what becomes of a subscription (contracts/graph.md)."""

import azure.functions as func

from shared.api.app import handle
from sync_http.adapter import to_http_response, to_request

bp = func.Blueprint()  # type: ignore[no-untyped-call]


@bp.function_name("graph_notifications")
@bp.route("graph/notifications", auth_level=func.AuthLevel.ANONYMOUS)
def notifications(req: func.HttpRequest) -> func.HttpResponse:
    return to_http_response(handle(to_request(req, "anonymous")))


@bp.function_name("graph_lifecycle")
@bp.route("graph/lifecycle", auth_level=func.AuthLevel.ANONYMOUS)
def lifecycle(req: func.HttpRequest) -> func.HttpResponse:
    return to_http_response(handle(to_request(req, "anonymous")))
