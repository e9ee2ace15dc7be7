"""Setups: what a user chose, checked before anything is kept (spec/sync-rules.md §1)."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from shared.api.directory import (
    company_name,
    company_of,
    no_mailbox,
    preview_for,
    require_open,
    setup_of,
    user_of,
)
from shared.api.doors import Door
from shared.api.http import Response
from shared.api.models import PutQuery, SetupBody, SetupChoices
from shared.api.paging import listed
from shared.api.problems import Refusal, bad_member
from shared.api.route import Call, answer
from shared.api.views import SetupView, folder_name
from shared.errors import NotFound, RequestError
from shared.filters import parse_filter
from shared.model import Setup
from shared.schedule import Schedule
from shared.state.keys import stamp
from shared.state.setups import StoredSetup
from shared.sync import folder as folders
from shared.sync import push
from shared.sync.feed import takes_part
from shared.sync.services import Services

DEFAULT_FOLDER = "Business Central"
_LONGEST_NAME = 250


def list_setups(call: Call) -> Response:
    """The user's setups in companies that are open to them."""
    store, user = call.services.store, user_of(call)
    opened = {company.lower() for company in store.access.companies(user)}
    shown = [found for found in store.setups.list(user) if found.setup.company.lower() in opened]
    return listed(call, [setup_view(call.services, found) for found in shown])


def get_setup(call: Call) -> Response:
    """One setup, with its version as ETag."""
    return setup_answer(call.services, setup_of(call))


def put_setup(call: Call) -> Response:
    """Creates or replaces a setup; through the key door it also opens the company to the user."""
    services, body = call.services, call.body_as(SetupBody)
    company = company_of(call)
    user = user_of(call, ask=True)
    if call.caller.door is Door.USER:
        require_open(services, user, company)
    parse_filter(body.filter)
    _same_as_path(body, user, company)
    title = company_name(services, company)
    before = services.store.setups.get(user, company)
    version = wanted_version(call, before)
    if before is None and services.graph(user).user_id() is None:
        raise no_mailbox(user)
    chosen = _chosen(services, body, before, user, company, title)
    if before is not None:
        _ask_for_preview(call, before, chosen)
    renamed_to = _claim_folder(services, before, chosen)
    if call.caller.door is Door.KEY:
        services.store.access.open(user, company, "businessCentral")
    stored = services.store.setups.put(chosen, version)
    if chosen.paused:
        services.store.setups.interrupt(user, company)
    address = call.caller.address or (call.values.get("user", "") if "@" in call.values.get("user", "") else "")
    learned = services.store.setups.amend(
        user,
        company,
        lambda state: replace(
            state,
            folder_name=renamed_to or state.folder_name,
            mailbox_address=address or state.mailbox_address,
        ),
    )
    return setup_answer(services, learned or stored, 200 if before else 201)


def setup_answer(services: Services, stored: StoredSetup, status: int = 200) -> Response:
    return answer(setup_view(services, stored), status, {"ETag": version_of(stored)})


def setup_view(services: Services, stored: StoredSetup) -> SetupView:
    """A setup as it is answered, with how its push is and when the schedule comes round to it."""
    return SetupView.of(stored, push.shown(services, stored), next_sync_at(services, stored))


def next_sync_at(services: Services, stored: StoredSetup) -> str | None:
    """When the schedule comes next; None for a setup that is paused or not synced in the background."""
    if not takes_part(stored):
        return None
    found = Schedule.parse(services.settings.sync_schedule).after(services.clock.now())
    return stamp(found) if found else None


def version_of(stored: StoredSetup) -> str:
    """The ETag of what the user chose: Storage's own is weak, and none of the caller's business."""
    return f'"{hashlib.sha256(stored.etag.encode()).hexdigest()[:20]}"'


def merged(choices: SetupChoices, stored: StoredSetup) -> Setup:
    """The stored setup with the members that were sent instead; for a preview."""
    parse_filter(choices.filter)
    sent = {name: getattr(choices, name) for name in choices.model_fields_set}
    for name in ("max_deletes", "max_changes"):
        if name in sent:
            sent[name] = sent[name].limit()
    if sent.get("folder_name", "") is None:
        del sent["folder_name"]
    return replace(stored.setup, **sent)


def _chosen(
    services: Services,
    body: SetupBody,
    before: StoredSetup | None,
    user: str,
    company: str,
    title: str,
) -> Setup:
    others = [s for s in services.store.setups.list(user) if s.setup.company.lower() != company]
    name = body.folder_name or (folder_name(before) if before else _default_folder(others, title))
    if any(folder_name(other).casefold() == name.casefold() for other in others):
        raise folders.folder_taken(name)
    # A pause of the service's own is shown as `paused`, but it is no choice of the user's.
    echoed = before is not None and bool(before.state.paused_reason) and not before.setup.paused
    return Setup(
        user=user,
        company=company,
        folder_name=name,
        filter=dict(body.filter),
        direction=body.direction,
        background_sync=body.background_sync,
        conflict_policy=body.conflict_policy,
        on_business_central_delete=body.on_business_central_delete,
        on_outlook_delete=body.on_outlook_delete,
        on_leave_scope=body.on_leave_scope,
        max_deletes=body.max_deletes.limit(),
        max_changes=body.max_changes.limit(),
        paused=body.paused and not echoed,
    )


def _default_folder(others: list[StoredSetup], title: str) -> str:
    if not others:
        return DEFAULT_FOLDER
    return f"{DEFAULT_FOLDER} – {title}"[:_LONGEST_NAME].strip()


def _claim_folder(services: Services, before: StoredSetup | None, chosen: Setup) -> str:
    """Renames the folder where there is one; the new name, "" where nothing was renamed.

    Raises RequestError 409 where the name belongs to another company's sync.
    """
    graph = services.graph(chosen.user)
    if before is not None and before.state.folder_id:
        if folder_name(before) == chosen.folder_name:
            return ""
        return folders.rename(graph, chosen, before.state).folder_name
    if before is None or before.setup.folder_name != chosen.folder_name:
        settings = services.settings
        stamp = folders.stamp_of(settings.tenant_id, settings.bc_environment, chosen)
        try:
            folders.check_free(graph, chosen, stamp)
        except NotFound:
            raise no_mailbox(chosen.user) from None
    return ""


def _ask_for_preview(call: Call, before: StoredSetup, chosen: Setup) -> None:
    """A changed direction is shown before it is chosen, once there is something to lose."""
    if chosen.direction is before.setup.direction or not before.state.last_sync_at:
        return
    run_id = call.query_as(PutQuery).preview
    if run_id is None:
        raise RequestError(
            409,
            "Preview first",
            'Another direction may change many contacts. POST …/preview with {"setup": {"direction": …}}, look '
            "at what it shows, then repeat this PUT with ?preview=<runId>.",
        )
    run = preview_for(call.services, before.setup, run_id)
    if run.setup is None or run.setup.direction is not chosen.direction:
        raise RequestError(409, "Preview first", "This preview did not show the direction that is now chosen.")


def wanted_version(call: Call, before: StoredSetup | None) -> str | None:
    """The stored version that may be replaced, None for any. Raises Refusal 412 for another one."""
    changed = "The setup is not the version that the call names. Read it again."
    if call.request.header("if-none-match").strip() == "*" and before is not None:
        raise Refusal(412, changed)
    wanted = call.request.header("if-match").strip()
    if not wanted:
        return None
    if before is None:
        raise Refusal(412, changed)
    if wanted != "*" and version_of(before) not in [part.strip() for part in wanted.split(",")]:
        raise Refusal(412, changed)
    return before.etag


def _same_as_path(body: SetupBody, user: str, company: str) -> None:
    if body.company is not None and body.company.lower().strip("{}") != company:
        raise bad_member("company", "Another company than in the path.")
    if body.user is not None and body.user.lower() != user and "@" not in body.user:
        raise bad_member("user", "Another user than in the path.")
