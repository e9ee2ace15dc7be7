"""Asking for runs, and what they did (spec/interfaces.md §4)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

from shared.api.directory import (
    checked_company,
    find_user,
    open_setup,
    preview_for,
    run_of,
    setup_of,
    stored_setup,
)
from shared.api.doors import Door
from shared.api.http import Response
from shared.api.models import OwnSyncBody, PreviewBody, SyncBody
from shared.api.paging import listing, listing_of
from shared.api.problems import Refusal, bad_member
from shared.api.record_views import ActionView, ConflictView, FieldConflictView, HeldView
from shared.api.route import Call, answer
from shared.api.setups import merged
from shared.api.views import AcceptedView, RunView
from shared.core.reasons import explain
from shared.errors import RequestError, StateConflict
from shared.filters import parse_filter
from shared.model import Field, Json, Reason
from shared.state.conflicts import Conflict
from shared.state.held import HeldItem
from shared.state.runs import Mode, Run, RunKind, RunState, Trigger
from shared.state.setups import StoredSetup
from shared.sync.services import Services
from shared.sync.work import paused

_LOOK_AGAIN = "2"
"""Seconds after which a look at a queued run is worth while."""
_INNER = frozenset({"digest", "code", "refused"})
"""What an action holds that nobody outside needs: code and refused fields stand in the explanation."""
_LONGEST_KEY = 200


def start_sync(call: Call) -> Response:
    """Queues a run: a plain one joins the one that waits, one with filter or preview stands alone."""
    services = call.services
    if call.caller.door is Door.USER:
        user, own = call.caller.user, call.body_as(OwnSyncBody)
        body = SyncBody(user=user, **{name: getattr(own, name) for name in OwnSyncBody.model_fields})
    else:
        body = call.body_as(SyncBody)
        user = find_user(services, body.user)
    if body.filter and body.preview:
        raise bad_member("preview", "A preview has its own filter: send one of the two.")
    if body.filter:
        parse_filter(body.filter)
    company = _company(services, user, body.company)
    stored = open_setup(call, user, company)
    run = _run(services, stored, body, call.trace)
    key = _idempotency_key(call)
    if not key:
        return _accepted(call, _queue(services, stored, run))
    scope = f"{user} {call.caller.door}"
    request = hashlib.sha256(f"{company} {body.model_dump_json(exclude={'user', 'company'})}".encode())
    known = services.store.idempotency.remember(scope, key, run.id, request.hexdigest())
    if known.request != request.hexdigest():
        raise Refusal(422, "This Idempotency-Key came with another request before. Use a new key.")
    earlier = services.store.runs.get(known.run)
    if earlier is not None:
        _send_again(services, earlier)
        return _accepted(call, earlier)
    try:
        queued = _queue(services, stored, replace(run, id=known.run))
    except StateConflict:
        # The same request came twice at once, and the other one has just made the run.
        made = services.store.runs.get(known.run)
        if made is None:
            raise
        queued = made
    if queued.id != known.run:
        services.store.idempotency.point(scope, key, queued.id)
    return _accepted(call, queued)


def start_preview(call: Call) -> Response:
    """Queues a run that only shows what it would do."""
    services, body, stored = call.services, call.body_as(PreviewBody), setup_of(call)
    if body.filter:
        parse_filter(body.filter)
    user, company = stored.setup.user, stored.setup.company
    run = Run(
        services.store.runs.new_id(user, company),
        user,
        company,
        kind=RunKind.PREVIEW,
        mode=body.mode,
        filter=dict(body.filter) if body.filter else None,
        setup=merged(body.setup, stored) if body.setup is not None else None,
        trace=call.trace,
    )
    return _accepted(call, start(services, run))


def get_run(call: Call) -> Response:
    return answer(RunView.of(run_of(call)))


def list_actions(call: Call) -> Response:
    """What the run did, or a preview would do, contact by contact."""
    run = run_of(call)
    store = call.services.store
    return listing(call, lambda size, place: store.runs.actions(run.id, size, place), _action)


def confirm_run(call: Call) -> Response:
    """Lets go what the run held and what is still due; a new run does it."""
    services, run = call.services, run_of(call)
    stored = stored_setup(services, run.user, run.company)
    refuse_paused(stored)
    confirmed = services.store.held.confirm(run.user, run.company, run.id)
    if not confirmed:
        raise RequestError(
            409,
            "Nothing to confirm",
            "Nothing that this run held is still due. Look at what is held now and confirm its run.",
        )
    queued = _queue(services, stored, _plain(services, run.user, run.company))
    return _accepted(call, queued, len(confirmed))


def restore_run(call: Call) -> Response:
    """Brings back the copies that the run removed from Outlook."""
    services, run = call.services, run_of(call)
    refuse_paused(stored_setup(services, run.user, run.company))
    if not services.store.removed.of_run(run.user, run.company, run.id):
        raise RequestError(
            409, "Nothing to restore", "This run removed no copy that is not back already or expired."
        )
    again = Run(
        services.store.runs.new_id(run.user, run.company),
        run.user,
        run.company,
        kind=RunKind.RESTORE,
        source=run.id,
    )
    return _accepted(call, start(services, again))


def list_runs(call: Call) -> Response:
    """The setup's runs, newest first."""
    setup, store = setup_of(call).setup, call.services.store
    return listing(
        call,
        lambda size, place: store.runs.recent(setup.user, setup.company, size, place),
        RunView.of,
    )


def list_conflicts(call: Call) -> Response:
    """The setup's settled conflicts with the losing values, newest first."""
    setup, store = setup_of(call).setup, call.services.store
    return listing(
        call,
        lambda size, place: store.conflicts.page(setup.user, setup.company, size, place),
        _conflict,
    )


def list_held(call: Call) -> Response:
    """What the brakes keep back, newest first."""
    setup, store = setup_of(call).setup, call.services.store
    items = sorted(store.held.all(setup.user, setup.company), key=lambda item: item.at, reverse=True)
    return listing_of(call, items, _held)


def start(services: Services, run: Run) -> Run:
    """Stores a run of its own and sends its message."""
    stored = services.store.runs.create(run)
    services.store.jobs.send(run.id, run.user, run.company, traceparent=run.trace)
    return stored


def start_plain(call: Call, stored: StoredSetup) -> Response:
    """Queues an incremental run that a person asked for."""
    setup = stored.setup
    return _accepted(call, _queue(call.services, stored, _plain(call.services, setup.user, setup.company)))


def started(call: Call, run: Run) -> Response:
    """Stores a run of its own, sends its message, and says so."""
    return _accepted(call, start(call.services, run))


def refuse_paused(stored: StoredSetup) -> None:
    """Raises RequestError 409 while the setup is paused."""
    if why := paused(stored):
        raise RequestError(409, "Paused", why)


def _plain(services: Services, user: str, company: str) -> Run:
    return Run(services.store.runs.new_id(user, company), user, company, trigger=Trigger.MANUAL)


def _run(services: Services, stored: StoredSetup, body: SyncBody, trace: str) -> Run:
    """The run that a body asks for. Raises RequestError for a preview that can't be applied."""
    user, company = stored.setup.user, stored.setup.company
    mode, filters, source = body.mode, dict(body.filter) if body.filter else None, ""
    if body.preview is not None:
        shown = preview_for(services, stored.setup, body.preview)
        if shown.setup is not None and shown.setup != stored.setup:
            raise RequestError(
                409,
                "Setup not saved",
                "The preview went by another setup than the stored one. Save that one, then apply the preview.",
            )
        filters = dict(shown.filter) if shown.filter is not None else None
        mode, source = shown.mode, shown.id
    run_id = services.store.runs.new_id(user, company)
    return Run(
        run_id, user, company, mode=mode, filter=filters, source=source, trigger=Trigger.MANUAL, trace=trace
    )


def _queue(services: Services, stored: StoredSetup, run: Run) -> Run:
    """Queues the run, or joins it to the plain one that waits; the run that will do it."""
    refuse_paused(stored)
    if run.filter is not None or run.source:
        return start(services, run)
    claimed = services.store.run_queue.claim(run)
    # Always: a run that waited for more changes to come must not keep a person waiting.
    services.store.jobs.send(claimed.run, run.user, run.company, traceparent=run.trace)
    return replace(run, id=claimed.run, state=RunState.QUEUED)


def _send_again(services: Services, run: Run) -> None:
    """A run that waits may have lost its message, or never had one; a second one does no harm."""
    if run.state is RunState.QUEUED:
        services.store.jobs.send(run.id, run.user, run.company, traceparent=run.trace)


def _company(services: Services, user: str, named: str | None) -> str:
    """The company of a call: named, from the setting, or the only one that the user has set up."""
    if named is not None:
        return checked_company(named)
    if services.settings.bc_company_id:
        return services.settings.bc_company_id
    found = services.store.setups.list(user)
    if len(found) == 1:
        return found[0].setup.company
    if not found:
        raise RequestError(404, "Not found", "This user has no setup yet. Create one first.")
    raise bad_member("company", "This user has several setups: name the company.")


def _idempotency_key(call: Call) -> str:
    key = call.request.header("idempotency-key").strip()
    if key and (len(key) > _LONGEST_KEY or not key.isprintable()):
        raise Refusal(400, f"The Idempotency-Key has to be at most {_LONGEST_KEY} printable characters.")
    return key


def _accepted(call: Call, run: Run, confirmed: int | None = None) -> Response:
    mine = call.caller.door is Door.USER
    url = call.address(f"{'me/' if mine else ''}runs/{run.id}")
    view = AcceptedView(
        run_id=run.id,
        state=run.state,
        status_url=url,
        message=_sentence(run),
        confirmed=confirmed,
    )
    return answer(view, 202, {"Location": url, "Retry-After": _LOOK_AGAIN})


def _sentence(run: Run) -> str:
    what = {RunKind.PREVIEW: "preview", RunKind.RESTORE: "restoring"}.get(
        run.kind, "full sync" if run.mode is Mode.FULL else "sync"
    )
    if run.state is RunState.QUEUED:
        return f"The {what} of your contacts is queued and begins in a moment."
    if run.state is RunState.RUNNING:
        return f"The {what} of your contacts is running."
    return f"The {what} of your contacts has ended: {run.state}. {run.message}".strip()


def _action(item: dict[str, Json]) -> ActionView:
    actions = item.get("actions")
    names = [str(name) for name in actions] if isinstance(actions, list) else []
    reason = Reason(str(item["reason"])) if item.get("reason") else None
    shown = {name: value for name, value in item.items() if name not in _INNER}
    return ActionView.model_validate_json(
        json.dumps(
            {
                **shown,
                "action": "+".join(names) or str(item.get("outcome", "")),
                "explanation": explain(reason, str(item.get("code", "")), _refused(item)) if reason else None,
            }
        )
    )


def _refused(item: dict[str, Json]) -> list[Field]:
    names = item.get("refused")
    return [Field(str(name)) for name in names] if isinstance(names, list) else []


def _conflict(record: Conflict) -> ConflictView:
    return ConflictView(
        id=record.id,
        business_central_id=record.bc_id or None,
        outlook_id=record.outlook_id or None,
        name=record.name,
        run_id=record.run,
        at=record.at,
        resolved=record.resolved,
        fields=[
            FieldConflictView(field=entry.field, kept=entry.kept, lost=entry.lost, loser=entry.loser)
            for entry in record.fields
        ],
    )


def _held(item: HeldItem) -> HeldView:
    return HeldView(
        side=item.side,
        id=item.id,
        kind=item.kind,
        action={name: value for name, value in item.action.items() if name not in _INNER},
        shown_in=list(item.shown_in),
        confirmed=bool(item.confirmed_by),
        at=item.at,
    )
