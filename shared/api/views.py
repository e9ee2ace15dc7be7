"""What the API answers, as models: the documents and the OpenAPI schemas come from the same place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, TypeVar, cast

from pydantic import BaseModel, ConfigDict, JsonValue
from pydantic.alias_generators import to_camel

from shared.model import (
    ConflictPolicy,
    Direction,
    Json,
    Limit,
    OnBusinessCentralDelete,
    OnLeaveScope,
    OnOutlookDelete,
    Setup,
)
from shared.state.runs import Counts, Mode, Run, RunKind, RunState, Trigger
from shared.state.setups import StoredSetup

T = TypeVar("T")


class View(BaseModel):
    """Names in camel case, absent values as null."""

    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, serialize_by_alias=True, frozen=True
    )


class ListView(View, Generic[T]):
    """A page of a list; `nextLink` leads on and is absent at the end."""

    value: list[T]
    next_link: str | None = None


class ProblemEntry(View):
    """One member at fault; `position`: where in it, counted from 0."""

    field: str
    detail: str
    position: int | None = None


class ProblemView(View):
    """RFC 9457 problem details."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[ProblemEntry] | None = None


class OutlookCounts(View):
    created: int
    updated: int
    deleted: int


class BusinessCentralCounts(View):
    created: int
    updated: int


class CountsView(View):
    """What became of the contacts that a run looked at."""

    to_outlook: OutlookCounts
    to_business_central: BusinessCentralCounts
    unchanged: int
    conflicts: int
    held: int
    skipped: int
    failed: int

    @classmethod
    def of(cls, counts: Counts) -> CountsView:
        there, back = counts.to_outlook, counts.to_business_central
        return cls(
            to_outlook=OutlookCounts(created=there.created, updated=there.updated, deleted=there.deleted),
            to_business_central=BusinessCentralCounts(created=back.created, updated=back.updated),
            unchanged=counts.unchanged,
            conflicts=counts.conflicts,
            held=counts.held,
            skipped=counts.skipped,
            failed=counts.failed,
        )


class RunView(View):
    """One run; times are RFC 3339 UTC, null while they have not come."""

    run_id: str
    kind: RunKind
    user: str
    company: str
    mode: Mode
    trigger: Trigger
    state: RunState
    phase: str | None
    done: int
    total: int
    queued_at: str | None
    started_at: str | None
    finished_at: str | None
    counts: CountsView
    message: str

    @classmethod
    def of(cls, run: Run) -> RunView:
        return cls(
            run_id=run.id,
            kind=run.kind,
            user=run.user,
            company=run.company,
            mode=run.mode,
            trigger=run.trigger,
            state=run.state,
            phase=run.phase or None,
            done=run.done,
            total=run.total,
            queued_at=run.queued_at or None,
            started_at=run.started_at or None,
            finished_at=run.finished_at or None,
            counts=CountsView.of(run.counts),
            message=run.message,
        )


class AcceptedView(View):
    """A run that is queued. `statusUrl` tells how it goes; `message` is for people."""

    run_id: str
    state: RunState
    status_url: str
    message: str
    confirmed: int | None = None


class LimitView(View):
    count: int
    percent: int

    @classmethod
    def of(cls, limit: Limit) -> LimitView:
        return cls(count=limit.count, percent=limit.percent)


class SetupView(View):
    """A setup: what the user chose, and from `lastSyncAt` on what only the service writes."""

    user: str
    company: str
    folder_name: str
    filter: Mapping[str, str]
    direction: Direction
    background_sync: bool
    conflict_policy: ConflictPolicy
    on_business_central_delete: OnBusinessCentralDelete
    on_outlook_delete: OnOutlookDelete
    on_leave_scope: OnLeaveScope
    max_deletes: LimitView
    max_changes: LimitView
    paused: bool
    last_sync_at: str | None
    last_run: str | None
    next_sync_at: str | None
    push: Mapping[str, JsonValue]
    folder_id: str | None
    paused_reason: str | None

    @classmethod
    def of(cls, stored: StoredSetup, push: Mapping[str, Json], next_sync_at: str | None) -> SetupView:
        setup, state = stored.setup, stored.state
        return cls(
            user=setup.user,
            company=setup.company,
            folder_name=folder_name(stored),
            filter=dict(setup.filter),
            direction=setup.direction,
            background_sync=setup.background_sync,
            conflict_policy=setup.conflict_policy,
            on_business_central_delete=setup.on_business_central_delete,
            on_outlook_delete=setup.on_outlook_delete,
            on_leave_scope=setup.on_leave_scope,
            max_deletes=LimitView.of(setup.max_deletes),
            max_changes=LimitView.of(setup.max_changes),
            paused=setup.paused or bool(state.paused_reason),
            last_sync_at=state.last_sync_at or None,
            last_run=state.last_run or None,
            next_sync_at=next_sync_at,
            push=_json(push),
            folder_id=state.folder_id or None,
            paused_reason=paused_reason(setup, state.paused_reason),
        )


def _json(values: Mapping[str, Json]) -> dict[str, JsonValue]:
    """The same values in the words of pydantic, whose type for JSON is another."""
    return cast("dict[str, JsonValue]", dict(values))


def folder_name(stored: StoredSetup) -> str:
    """Renamed in Outlook it stays the folder, and the setup shows the new name (spec/sync-rules.md §1)."""
    return stored.state.folder_name or stored.setup.folder_name


def paused_reason(setup: Setup, by_service: str) -> str | None:
    """`folderGone`, `mailboxGone` or `restored` by the service, `byHand` by a person, None while it runs."""
    return by_service or ("byHand" if setup.paused else None)


class CheckView(View):
    """`result`: ok, failed or unknown; `fix`: what to do unless it is ok."""

    name: str
    result: str
    detail: str
    fix: str


class ChecksView(View):
    """`ok`: nothing failed."""

    ok: bool
    checks: list[CheckView]


class CompanyView(View):
    """A company that is open to the user; `name` is null while Business Central can't be asked."""

    id: str
    name: str | None


class MeView(View):
    """Who is signed in, and what is open to them."""

    id: str
    name: str | None
    address: str | None
    admin: bool
    companies: list[CompanyView]


class ExportView(View):
    """Everything kept about a user, without keys and tokens."""

    user: str
    addresses: list[JsonValue]
    companies: list[JsonValue]
    subscriptions: list[JsonValue]
    setups: list[JsonValue]


class OverviewView(View):
    """One setup as an administrator sees it: how it runs, no contact data."""

    user: str
    address: str | None
    company: str
    paused: bool
    paused_reason: str | None
    last_sync_at: str | None
    next_sync_at: str | None
    last_run: RunView | None
    failures: int
    held: int
    links: int
    push: Mapping[str, JsonValue]


class HealthView(View):
    status: str
    version: str


class DependencyView(View):
    """`result`: ok, failed or unknown."""

    name: str
    result: str
    milliseconds: int
    detail: str


class HealthDetailsView(View):
    """`status`: ok or degraded. Lengths are about how many messages wait, null where nobody could tell."""

    status: str
    version: str
    queue_length: int | None
    poison_length: int | None
    dependencies: list[DependencyView]


class DocumentView(View):
    """The OpenAPI document."""

    openapi: str
    info: dict[str, JsonValue]
    paths: dict[str, JsonValue]
    components: dict[str, JsonValue]
