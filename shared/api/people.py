"""A person as a whole: who is signed in, what is kept of them, and how all of that is erased (§10)."""

from __future__ import annotations

from shared.api.directory import companies, user_of
from shared.api.doors import Door
from shared.api.http import Response, json_response
from shared.api.route import Call, answer, empty
from shared.api.views import CompanyView, MeView
from shared.errors import SyncError
from shared.model import Json
from shared.sync import push
from shared.sync.services import Services


def show_me(call: Call) -> Response:
    """Who is signed in, and which companies are open to them."""
    caller, services = call.caller, call.services
    opened = sorted(company.lower() for company in services.store.access.companies(caller.user))
    names = _names(services) if opened else {}
    return answer(
        MeView(
            id=caller.user,
            name=caller.name or None,
            address=caller.address or None,
            admin=caller.admin,
            companies=[CompanyView(id=company, name=names.get(company)) for company in opened],
        )
    )


def export_user(call: Call) -> Response:
    """Everything kept about the user; through the user door only of companies that are open to them."""
    services, user = call.services, user_of(call)
    kept = services.store.personal.export(user)
    if call.caller.door is Door.USER:
        opened = {company.lower() for company in services.store.access.companies(user)}
        kept = {name: _of_open(value, opened) for name, value in kept.items()}
    name = {"Content-Disposition": 'attachment; filename="contact-sync-export.json"'}
    return json_response(kept, 200, name)


def erase_user(call: Call) -> Response:
    """Ends the user's subscriptions and forgets everything; copies in Outlook stay."""
    services, user = call.services, user_of(call)
    for stored in services.store.setups.list(user):
        push.close(services, stored)
    services.store.personal.erase(user)
    return empty()


def _names(services: Services) -> dict[str, str]:
    """Companies by id; none where Business Central can't be asked now, for the ids alone will do."""
    try:
        return companies(services)
    except SyncError:
        return {}


def _of_open(value: Json, opened: set[str]) -> Json:
    """A list without the entries of companies that are not open."""
    if not isinstance(value, list):
        return value
    return [entry for entry in value if _company(entry) is None or _company(entry) in opened]


def _company(entry: Json) -> str | None:
    """The company that an entry belongs to, by itself or by its setup."""
    if not isinstance(entry, dict):
        return None
    setup = entry.get("setup")
    owner = setup if isinstance(setup, dict) else entry
    named = owner.get("company")
    return str(named).lower() if named else None
