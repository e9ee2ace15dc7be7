"""Who may call what: the rule behind the table of docs/SECURITY.md, one cell per route and caller."""

from __future__ import annotations

from shared.api.app import ALL_ROUTES
from shared.api.doors import Door
from shared.api.route import Route

CALLERS = (
    "anonymous",
    "forged principal",
    "signed-in user",
    "without the company",
    "other user",
    "Admin",
    "key",
)
YES, OWN = "yes", "own"
_NAMELESS = frozenset({"anonymous", "forged principal", "key"})


def cell(route: Route, caller: str) -> str:
    """`yes`, `own` (only on the caller's own things, never on the other's) or the status of the refusal."""
    if route.door is Door.ANONYMOUS:
        return YES
    if route.door is Door.KEY:
        return YES if caller == "key" else "401"
    if caller in _NAMELESS:
        return "401"
    if route.admin:
        return YES if caller == "Admin" else "403"
    if caller == "signed-in user":
        return YES
    if "{runId}" in route.template:
        return "404"
    concerns_company = "{company}" in route.template or route.template == "me/sync"
    if caller != "other user" and concerns_company:
        return "403"
    return OWN


def lines() -> list[str]:
    """The table in Markdown."""
    head = ["| route | " + " | ".join(CALLERS) + " |", "|---" * (len(CALLERS) + 1) + "|"]
    return head + [
        f"| `{route.method} /api/{route.template}` | "
        + " | ".join(cell(route, caller) for caller in CALLERS)
        + " |"
        for route in ALL_ROUTES
    ]
