"""Each service's own codes and texts for what gate and door decide (the contracts' error tables)."""

from __future__ import annotations

from sandbox.gate import Wording
from sandbox.tokens import BUSINESS_CENTRAL, GRAPH, Door

GRAPH_WORDING = Wording(
    throttled=("ApplicationThrottled", "Application is over its RequestRate limit."),
    crowded=("ApplicationThrottled", "Application is over its MailboxConcurrency limit."),
    waited=("ServiceUnavailable", "The service is temporarily unavailable."),
    codes={
        400: "BadRequest",
        401: "InvalidAuthenticationToken",
        403: "ErrorAccessDenied",
        404: "ErrorItemNotFound",
        409: "ErrorIrresolvableConflict",
        412: "ErrorIrresolvableConflict",
        429: "ApplicationThrottled",
        500: "InternalServerError",
        502: "InternalServerError",
        503: "ServiceUnavailable",
        504: "GatewayTimeout",
    },
    unknown_address=(400, "BadRequest", "Invalid version: only v1.0 is served."),
    crowded_retry_after="2",
)

BUSINESS_CENTRAL_WORDING = Wording(
    throttled=("Application_TooManyRequests", "Too many requests reached. Actual (6001). Maximum (6000)."),
    crowded=("Application_TooManyRequests", "Too many requests reached. Actual (101). Maximum (100)."),
    waited=("Internal_TenantUnavailable", "The request waited in the queue for more than 8 minutes."),
    codes={
        400: "BadRequest",
        401: "Authentication_InvalidCredentials",
        403: "Authorization_RequestDenied",
        404: "BadRequest_ResourceNotFound",
        409: "Request_EntityChanged",
        412: "Request_EntityChanged",
        429: "Application_TooManyRequests",
        500: "Internal_ServerError",
        502: "Internal_ServerError",
        503: "Internal_TenantUnavailable",
        504: "Internal_ServerError",
    },
    unknown_address=(404, "BadRequest_ResourceNotFound", "Resource not found for the segment."),
    crowded_retry_after="10",
)


def graph_door(origin: str) -> Door:
    """Graph takes tokens for itself under its real name or under `origin`."""
    return Door(
        "graph",
        frozenset({GRAPH, origin}),
        "InvalidAuthenticationToken",
        "ErrorAccessDenied",
        {
            "empty": "Access token is empty.",
            "invalid": "Access token validation failure. Invalid signature.",
            "audience": "Access token validation failure. Invalid audience.",
            "expired": "Lifetime validation failed, the token is expired.",
            "roles": "Access is denied. Check credentials and try again.",
        },
    )


def business_central_door(origin: str) -> Door:
    """Business Central takes tokens for itself under its real name or under `origin`."""
    rejected = "The server has rejected the client credentials."
    return Door(
        "businessCentral",
        frozenset({BUSINESS_CENTRAL, origin}),
        "Authentication_InvalidCredentials",
        "Authorization_RequestDenied",
        dict.fromkeys(("empty", "invalid", "audience", "expired", "roles"), rejected),
    )
