"""Who and what a path means: mailboxes by object id or address, companies by id, and what is open to whom."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.api.doors import Door
from shared.api.route import Call, missing
from shared.errors import Busy, RequestError
from shared.model import Setup
from shared.state.keys import moment
from shared.state.runs import Run, RunKind, RunState
from shared.state.setups import StoredSetup
from shared.sync.services import Services

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s\x00-\x1f/\\?%@]+@[^\s\x00-\x1f/\\?#%@]+")
"""With `#` before the `@`: guests are named so (anna_firm.example#EXT#@tenant.example)."""
_COMPANIES_KEPT = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class _Companies:
    """What Business Central last said of its companies; `names`: by id."""

    names: dict[str, str]
    at: datetime


def is_guid(text: str) -> bool:
    """Whether the text is a GUID in its usual form."""
    return bool(_GUID.fullmatch(text))


def find_user(services: Services, name: str, *, ask: bool = False) -> str:
    """The object id behind an object id or an address.

    An address may change hands, so Graph is asked again once a day; with `ask` each time. Raises RequestError
    404 for an address without mailbox.
    """
    if is_guid(name):
        return name.lower()
    address = name.strip()
    if not _ADDRESS.fullmatch(address):
        raise no_mailbox(name)
    known = services.store.aliases.find(address)
    if known is not None and known.fresh and not ask:
        return known.user
    try:
        found = services.graph(address).user_id()
    except Busy:
        if known is None or ask:
            raise
        return known.user
    if found is None or not is_guid(found):
        raise no_mailbox(name)
    services.store.aliases.put(address, found)
    return found


def no_mailbox(name: str) -> RequestError:
    return missing(
        f"There is no mailbox {name!r}.",
        "Name a user of this directory who has a mailbox in Exchange Online, by object id or address.",
    )


def user_of(call: Call, *, ask: bool = False) -> str:
    """Whose setups the call is about: the signed-in user's, or those of the path's `{user}`."""
    if call.caller.door is Door.USER and "user" not in call.values:
        return call.caller.user
    return find_user(call.services, call.values["user"], ask=ask)


def company_of(call: Call) -> str:
    """The path's `{company}`. Raises RequestError 404 for what is no company id."""
    return checked_company(call.values["company"])


def checked_company(name: str) -> str:
    """A company's id in its usual form; AL writes it in upper case and in braces."""
    bare = name[1:-1] if name.startswith("{") and name.endswith("}") else name
    if not is_guid(bare):
        raise missing(
            f"There is no company {name!r}.", "Name it by its id, a GUID, as Business Central has it."
        )
    return bare.lower()


def companies(services: Services, *, fresh: bool = False) -> dict[str, str]:
    """Display names of Business Central's companies by id; asked once in five minutes."""
    known = services.cache.get("companies")
    now = services.clock.now()
    if not fresh and isinstance(known, _Companies) and now - known.at < _COMPANIES_KEPT:
        return known.names
    names = {found.id: found.display_name or found.name for found in services.bc("").companies()}
    services.cache["companies"] = _Companies(names, now)
    return names


def company_name(services: Services, company: str) -> str:
    """A company's display name. Raises RequestError 404 where Business Central has no such company."""
    names = companies(services)
    if company not in names:
        names = companies(services, fresh=True)
    if company not in names:
        environment = services.settings.bc_environment
        raise missing(
            f"There is no company {company} in the environment {environment}, or the app may not see it.",
            "Check the id, the setting BC_ENVIRONMENT and the app's permissions in Business Central.",
        )
    return names[company]


def require_open(services: Services, user: str, company: str) -> None:
    """Raises RequestError 403 unless the company was opened to the user (spec/sync-rules.md §1)."""
    if not services.store.access.is_open(user, company):
        raise RequestError(
            403,
            "Company not opened",
            f"The company {company} is not open to this user. An administrator, or Business Central itself, "
            "can open it.",
        )


def setup_of(call: Call) -> StoredSetup:
    """The setup that the path names, of a company that is open to its user. Raises RequestError 403, 404."""
    return open_setup(call, user_of(call), company_of(call))


def open_setup(call: Call, user: str, company: str) -> StoredSetup:
    """Raises RequestError 403 where the company is not open to the user, 404 where there is no setup.

    A trusted service learns that there is no setup, whatever is open; a user nothing of a closed company.
    """
    services = call.services
    if call.caller.door is Door.USER:
        require_open(services, user, company)
        return stored_setup(services, user, company)
    stored = stored_setup(services, user, company)
    require_open(services, user, company)
    return stored


def stored_setup(services: Services, user: str, company: str) -> StoredSetup:
    """Raises RequestError 404 where there is no setup."""
    stored = services.store.setups.get(user, company)
    if stored is None:
        raise missing(
            f"There is no setup of the company {company} for this user.",
            "Create it first: PUT /api/users/{user}/setups/{company}.",
        )
    return stored


def run_of(call: Call) -> Run:
    """The run that the path names, as far as it is the caller's to see. Raises RequestError 403, 404."""
    run = call.services.store.runs.get(call.values["runId"])
    theirs = call.caller.door is Door.USER and run is not None and run.user.lower() != call.caller.user
    if run is None or theirs or moment(run.expires) <= call.services.clock.now():
        raise missing("There is no such run.", "Runs are kept for some weeks, previews for a day.")
    if call.caller.door is Door.USER:
        require_open(call.services, run.user, run.company)
    return run


def preview_for(services: Services, setup: Setup, run_id: str) -> Run:
    """A preview of this setup that can be gone by. Raises RequestError 404, 400 or 409."""
    run = services.store.runs.get(run_id)
    if run is None or (run.user.lower(), run.company.lower()) != (setup.user.lower(), setup.company.lower()):
        raise missing(
            "There is no such preview of this setup.", "Previews are kept for a day: ask for a new one."
        )
    if run.kind is not RunKind.PREVIEW:
        raise RequestError(400, "Not a preview", "This run is not a preview. Ask for a preview first.")
    if moment(run.expires) <= services.clock.now():
        raise RequestError(409, "Preview expired", "This preview is more than a day old. Ask for a new one.")
    if run.state is not RunState.SUCCEEDED:
        raise RequestError(
            409, "Preview not finished", f"This preview is {run.state}. Only one that succeeded can be applied."
        )
    return run
