"""One run of one setup: its rules, its brakes, its time, and what it leaves behind for the next."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import lru_cache

from shared.business_central.client import BcClient
from shared.core.guard import CHANGES, DELETES, Brakes
from shared.core.plan import Effect, Plan, Step
from shared.core.scope import bc_scope, outlook_scope
from shared.core.snapshot import Rules, Wish, WishKind
from shared.fields import FieldContext
from shared.fields.fingerprint import Prints
from shared.filters import Filter, parse_filter
from shared.graph.client import GraphClient
from shared.model import BcContact, Field, Link, LinkState, Reason, Setup
from shared.state.held import HeldItem
from shared.state.keys import moment, stamp
from shared.state.runs import Mode, Run, Trigger
from shared.state.setups import SetupState, StoredSetup
from shared.sync.bloom import bloom
from shared.sync.observe import Observation
from shared.sync.pausing import ACCEPT_RESTORED
from shared.sync.reference import field_context, reference_of
from shared.sync.report import Report
from shared.sync.services import Services

log = logging.getLogger(__name__)

SLICE_SECONDS = 270.0
"""A slice ends before five minutes are over, its last batch included (sync rules §7)."""
LEASE_SECONDS = 600.0
"""Longer than any request may take (Business Central: 490 s)."""
RENEW_SECONDS = 5.0
DAY = timedelta(hours=24)
GONE_FOR = timedelta(days=7)


def evaluated(setup: Setup, folder_id: str) -> str:
    """A digest of everything that, when changed, asks for every contact to be looked at again."""
    parts = [
        sorted(setup.filter.items()),
        setup.direction,
        setup.conflict_policy,
        setup.on_business_central_delete,
    ]
    parts += [setup.on_outlook_delete, setup.on_leave_scope, folder_id]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


@dataclass
class Session:
    """`stored` is the setup under this run's lease; `state` what it knows, changed as the run learns."""

    services: Services
    run: Run
    stored: StoredSetup
    state: SetupState
    setup: Setup
    graph: GraphClient
    bc: BcClient
    slice_seconds: float = SLICE_SECONDS
    companies: dict[str, tuple[str, ...]] = field(default_factory=dict)
    linked: Mapping[str, Link] | None = None
    unchanged: int = 0
    _held: list[HeldItem] | None = None
    _began: float = 0.0
    _renewed: float = 0.0
    _working: bool = False

    @classmethod
    def open(cls, services: Services, run: Run, stored: StoredSetup) -> Session:
        setup = run.setup or stored.setup
        session = cls(
            services,
            run,
            stored,
            stored.state,
            setup,
            services.graph(setup.user),
            services.bc(setup.company),
        )
        session._began = session._renewed = services.clock.monotonic()
        return session

    # --- what the run goes by -----------------------------------------------------------------------

    @property
    def prints(self) -> Prints:
        return Prints(self.state.print_key)

    @property
    def filter(self) -> Filter:
        return parse_filter(dict(self.setup.filter))

    @property
    def once(self) -> Filter | None:
        return None if self.run.filter is None else parse_filter(dict(self.run.filter))

    @property
    def evaluated(self) -> str:
        return evaluated(self.setup, self.state.folder_id)

    @property
    def reevaluate(self) -> bool:
        return self.state.evaluated != self.evaluated

    @property
    def reads_everything(self) -> bool:
        """A full sync, or an incremental one that cannot know what it missed."""
        return (
            self.run.mode is Mode.FULL
            or not self.state.bc_watermark
            or not self.state.delta_link
            or self.reevaluate
            or self.filter.volatile
            or self.run.filter is not None
        )

    @property
    def asked_for_everything(self) -> bool:
        """A full sync that a person asked for, not the scheduled audit."""
        return self.run.trigger is Trigger.MANUAL and self.run.mode is Mode.FULL

    def rules(self) -> Rules:
        settings = self.services.settings
        chosen, once = self.filter, self.once

        @lru_cache(maxsize=100_000)
        def scope(contact: BcContact) -> Reason | None:
            return bc_scope(contact, chosen)

        wanted: Callable[[BcContact], bool] | None = None
        if once is not None:
            limit = once

            def wanted(contact: BcContact) -> bool:
                return bc_scope(contact, limit) is None

        return Rules(
            setup=self.setup,
            tenant=settings.tenant_id,
            environment=settings.bc_environment,
            fields=self._fields(),
            scope=scope,
            outlook_scope=lru_cache(maxsize=100_000)(outlook_scope),
            wanted=wanted,
            bring_back=self.asked_for_everything,
            reevaluate=self.reevaluate,
            wishes=self.wishes(),
        )

    def _fields(self) -> FieldContext:
        """A full sync that a person asked for goes by nothing that was read before."""
        known = reference_of(self.services, self.setup.company, anew=self.asked_for_everything)
        return field_context(known.values, self.companies)

    def wishes(self) -> Mapping[str, Wish]:
        found: dict[str, Wish] = {}
        asked = self.run.checkpoint.get("wishes")
        for entry in asked if isinstance(asked, list) else []:
            if isinstance(entry, dict):
                wish = Wish(WishKind(str(entry["kind"])), str(entry["id"]))
                before = found.get(wish.id, wish)
                if name := entry.get("field"):
                    values = (*before.values, (Field(str(name)), str(entry.get("value", ""))))
                    wish = replace(wish, values=values)
                found[wish.id] = wish
        return found

    @property
    def restore_accepted(self) -> bool:
        """A person looked at the restored environment and resumed: this run takes it as it is."""
        return bool(self.state.extra.get(ACCEPT_RESTORED))

    @property
    def unsettled(self) -> bool:
        """Something is left from earlier runs that a run without changes must still look at."""
        waiting = ("dirty", "held")
        return bool(self.run.source) or any(self.state.extra.get(name) for name in waiting)

    def held_items(self) -> list[HeldItem]:
        """What earlier runs held; nothing is read where nothing was."""
        if not self.state.extra.get("held"):
            return []
        if self._held is None:
            self._held = self.services.store.held.all(self.setup.user, self.setup.company)
        return self._held

    # --- what the run leaves behind -------------------------------------------------------------------

    def remember(self, state: SetupState) -> None:
        """What was learned of the folder; contacts older than its adoption wait for a person."""
        if state.adopted_unstamped and "adoptedAt" not in state.extra:
            state = replace(state, extra={**state.extra, "adoptedAt": self.now()})
        self.state = state

    def judge_stamp(self, seen: Observation, rules: Rules) -> None:
        """A stamped folder without any copy of ours is no lost state: an earlier run just made it."""
        copies = any(
            found.contact.marker is not None and rules.own(found.contact.marker)
            for found in seen.outlook.contacts.values()
        )
        if self.state.must_confirm_creates and not copies and not seen.links:
            self.state = replace(self.state, must_confirm_creates=False)

    def mark_dirty(self) -> None:
        """Say, before the first effect, that links may hold intents which the next run must look into."""
        self.state = replace(self.state, extra={**self.state.extra, "dirty": True})
        self.keep()

    def keep(self) -> None:
        """Store what is known by now, under the lease. Raises LeaseLost."""
        self.stored = self.services.store.setups.save_state(self.stored, self.state)

    def limited(self, seen: Observation) -> bool:
        """The run left out what others do: it has its own filter or preview, or its reading was cut."""
        return self.run.filter is not None or bool(self.run.source) or not seen.complete

    def advance(self, seen: Observation, report: Report, due: str) -> None:
        """Move the watermarks: the very last thing a run does. A limited or applied run moves none."""
        limited = self.limited(seen)
        settled = () if limited else ("dirty", ACCEPT_RESTORED)
        extra = {name: value for name, value in self.state.extra.items() if name not in settled}
        extra["held"] = report.keeps_held
        extra["outcomes"] = report.keeps_outcomes
        state = replace(self.state, last_sync_at=self.now(), last_run=self.run.id, due_at=due, extra=extra)
        if not report.keeps_held and not limited and not seen.quiet:
            state = replace(state, must_confirm_creates=False, adopted_unstamped=False)
        if self.linked is not None:
            live = sum(1 for link in self.linked.values() if link.state is LinkState.LINKED)
            state = replace(state, links=live, linked_filter=bloom(self.linked.keys()))
        if not limited:
            marks = seen.marks
            made = report.effects[Effect.CREATE_BC]
            state = replace(
                state,
                delta_link=marks.delta_link,
                bc_watermark=marks.bc_watermark,
                bc_digest=marks.bc_digest,
                bc_count=marks.bc_count + made if marks.bc_count >= 0 else marks.bc_count,
                bc_newest=marks.bc_newest or state.bc_newest,
                evaluated=self.evaluated,
                last_full_at=self.now() if seen.all_read else state.last_full_at,
            )
        self.state = state

    def ask_for_everything(self) -> None:
        """The next run looks at every contact, whatever the watermarks say."""
        self.state = replace(self.state, evaluated="")

    def reachable(self) -> None:
        """The mailbox answered: whatever was wrong with it is over."""
        if self.state.gone_since:
            self.state = replace(self.state, gone_since="")

    def unreachable(self) -> None:
        """Mailbox or right to it is missing; after a week the setup pauses (sync rules §1)."""
        since = self.state.gone_since or self.now()
        away = self.services.clock.now() - moment(since)
        reason = "mailboxGone" if away >= GONE_FOR else self.state.paused_reason
        self.state = replace(self.state, gone_since=since, paused_reason=reason)

    # --- brakes ---------------------------------------------------------------------------------------

    def brakes(self, seen: Observation, confirmed: Mapping[str, str]) -> Brakes:
        since = stamp(self.services.clock.now() - DAY)
        recent = [entry for entry in self.state.ledger if entry[0] >= since]
        linked = sum(1 for link in seen.links if link.state in (LinkState.LINKED, LinkState.REMOVING))
        adopted_at = self.state.extra.get("adoptedAt")

        def waits(step: Step) -> bool:
            if self.state.must_confirm_creates and Effect.CREATE_OUTLOOK in step.effects:
                return step.before is None
            if self.state.adopted_unstamped and Effect.CREATE_BC in step.effects and step.outlook:
                created = step.outlook.contact.created
                return not adopted_at or not created or moment(created) <= moment(str(adopted_at))
            return False

        return Brakes(
            self.setup.max_deletes,
            self.setup.max_changes,
            linked,
            deleted=sum(entry[1] for entry in recent),
            changed=sum(entry[2] for entry in recent),
            confirmed=confirmed,
            waits=waits,
            empty_read=seen.empty,
        )

    def enter(self, deletes: int, changes: int) -> None:
        """Remember what was done, for the brakes of the next 24 hours."""
        now = self.services.clock.now()
        kept = tuple(entry for entry in self.state.ledger if entry[0] >= stamp(now - DAY))
        if deletes or changes:
            kept = (*kept, (stamp(now), deletes, changes))[-200:]
        self.state = replace(self.state, ledger=kept)

    # --- time -------------------------------------------------------------------------------------------

    def now(self) -> str:
        return stamp(self.services.clock.now())

    def should_stop(self) -> bool:
        """Asked before each batch: keeps the lease, raises LeaseLost where it is gone, ends the slice.

        The first batch always goes: a slice whose reading took all of its time would never get on.
        """
        now = self.services.clock.monotonic()
        if now - self._renewed >= RENEW_SECONDS:
            self.stored = self.services.store.setups.renew(self.stored, LEASE_SECONDS)
            self._renewed = now
        over = self._working and now - self._began >= self.slice_seconds
        self._working = True
        return over


def safe_without_whole_reading(plan: Plan) -> Plan:
    """After an incomplete read: what was seen may flow, nothing is created, removed or taken as deleted."""
    steps = []
    for step in plan:
        state = step.link.state if step.link else None
        creates = step.effects & {Effect.CREATE_BC, Effect.CREATE_OUTLOOK}
        vanishes = step.effects & DELETES or (state is not LinkState.LINKED and step.before is not None)
        if not creates and not vanishes:
            steps.append(step)
    return Plan(tuple(steps), plan.unchanged)


def ledger_counts(steps: list[Step]) -> tuple[int, int]:
    """How many deletions in Outlook and changes in Business Central these steps made."""
    return (
        sum(1 for step in steps if step.effects & DELETES),
        sum(1 for step in steps if step.effects & CHANGES),
    )
