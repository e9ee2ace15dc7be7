"""What Business Central tells: changes of a company's contacts (contracts/business-central.md)."""

import azure.functions as func

from shared.api.app import handle
from sync_http.adapter import to_http_response, to_request

bp = func.Blueprint()  # type: ignore[no-untyped-call]


@bp.function_name("bc_notifications")
@bp.route("bc/notifications", auth_level=func.AuthLevel.ANONYMOUS)
def notifications(req: func.HttpRequest) -> func.HttpResponse:
    return to_http_response(handle(to_request(req, "anonymous")))
