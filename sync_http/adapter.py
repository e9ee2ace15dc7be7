"""Between the platform's HTTP types and the product's own."""

import re
from urllib.parse import parse_qsl, unquote, urlsplit

import azure.functions as func

from shared.api.http import Request, Response

_PREFIX = "/api/"


def to_request(req: func.HttpRequest, door: str) -> Request:
    """The call as the product sees it. The path is percent-decoded but for %2F, which splits no segment."""
    url = urlsplit(req.url)
    path = "%2F".join(unquote(part) for part in re.split("%2f", url.path, flags=re.IGNORECASE))
    return Request(
        method=req.method.upper(),
        path=path[len(_PREFIX) :],
        query=parse_qsl(url.query, keep_blank_values=True),
        headers={name.lower(): value for name, value in req.headers.items()},
        body=req.get_body(),
        door=door,
        origin=f"{url.scheme}://{url.netloc}",
    )


def to_http_response(response: Response) -> func.HttpResponse:
    """The product's answer as the platform sends it."""
    return func.HttpResponse(response.body, status_code=response.status, headers=dict(response.headers))
