"""What a run tells: counts, progress, actions, the latest outcome of each contact, what is held."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from shared.core.plan import Effect, Plan, Step
from shared.model import FIELDS, Json, LinkState, Outcome, Reason, Setup, Side
from shared.state.held import HeldItem
from shared.state.keys import stamp
from shared.state.outcomes import ContactOutcome
from shared.state.runs import Counts, Run, SideCounts
from shared.state.store import Store
from shared.sync.apply import Result

PARKED_AFTER = 8
_FIRST_DELAY = timedelta(minutes=1)
_LONGEST_DELAY = timedelta(hours=12)
_PROGRESS_SECONDS = 2.0
_ACTIONS_GATHERED = 100


def retry_delay(attempts: int) -> timedelta:
    """How long a contact rests that failed so often: a minute, then three times as long each time."""
    return min(_FIRST_DELAY * int(3 ** (attempts - 1)), _LONGEST_DELAY)


@dataclass
class Report:
    """Gathers results of one slice and writes them down, seldom enough not to slow the run.

    `monotonic`: seconds; `now`: aware UTC. `known`: latest outcomes as stored before the run.
    """

    store: Store
    setup: Setup
    run: Run
    monotonic: Callable[[], float]
    now: Callable[[], datetime]
    known: dict[tuple[Side, str], ContactOutcome]
    done: int = 0
    total: int = 0
    phase: str = ""
    results: list[Result] = field(default_factory=list)
    effects: Counter[str] = field(default_factory=Counter)
    reasons: Counter[Reason] = field(default_factory=Counter)
    retry_after: float = 0.0
    keeps_outcomes: bool = False
    keeps_held: bool = False
    _actions: list[Mapping[str, Json]] = field(default_factory=list)
    _next_action: int = 1
    _told: float = 0.0

    def __post_init__(self) -> None:
        self.keeps_outcomes = bool(self.known)
        number = self.run.checkpoint.get("actions")
        self._next_action = number if isinstance(number, int) else 1

    def left_alone(self) -> dict[str, list[tuple[Side, str]]]:
        """Contacts that earlier runs left alone, by the BC contact in whose favour; "" where not known yet."""
        found: defaultdict[str, list[tuple[Side, str]]] = defaultdict(list)
        for (side, contact), row in self.known.items():
            if row.outcome is Outcome.SKIPPED and (row.related or row.reason is Reason.DUPLICATE):
                found[row.related].append((side, contact))
        return found

    # --- progress -------------------------------------------------------------------------------------

    def enter(self, phase: str, total: int = 0) -> None:
        """A new phase of the run begins; shown at once where it may take long."""
        self.phase, self.total, self.done = phase, total, 0
        self._tell()

    def _tell(self) -> None:
        self._told = self.monotonic()
        row = replace(self.run, phase=self.phase, done=self.done, total=self.total, counts=self.counts(0))
        self.run = self.store.runs.update(row)

    def on_result(self, result: Result) -> None:
        """One step is through: count it, list it, and now and then show how far the run is."""
        self.results.append(result)
        self._count(result)
        step = result.step
        if not result.again and (step.writes or step.held or step.conflicts or result.reasons):
            told = action(step, result.outcome, result.reasons, result.code)
            refused: list[Json] = [name.value for name in FIELDS if name in result.done.refused]
            self._actions.append({**told, "refused": refused})
        self.done += 1 if step.writes else 0
        if len(self._actions) >= _ACTIONS_GATHERED:
            self.list_actions()
        if self.monotonic() - self._told >= _PROGRESS_SECONDS:
            self._tell()

    def _count(self, result: Result) -> None:
        if result.again:
            return
        step, failed = result.step, result.done.failed
        for effect in step.effects - failed:
            adopted = effect is Effect.UPDATE_OUTLOOK and not step.to_outlook
            if not adopted:
                self.effects[effect] += 1
        if result.outcome in (Outcome.HELD, Outcome.SKIPPED, Outcome.FAILED):
            self.effects[result.outcome] += 1
        elif step.conflicts:
            self.effects[Outcome.CONFLICT] += 1
        elif not step.effects:
            self.effects[Outcome.UNCHANGED] += 1
        for reason in result.reasons:
            self.reasons[reason] += 1
        self.retry_after = max(self.retry_after, result.retry_after or 0.0)

    def counts(self, unchanged: int) -> Counts:
        """The run's counts so far, earlier slices included."""
        e = self.effects
        total = self._past() + e
        return Counts(
            SideCounts(
                total[Effect.CREATE_OUTLOOK], total[Effect.UPDATE_OUTLOOK], total[Effect.DELETE_OUTLOOK]
            ),
            SideCounts(total[Effect.CREATE_BC], total[Effect.UPDATE_BC]),
            unchanged=unchanged + e[Outcome.UNCHANGED],
            conflicts=total[Outcome.CONFLICT],
            held=e[Outcome.HELD],
            skipped=e[Outcome.SKIPPED],
            failed=e[Outcome.FAILED],
        )

    def _past(self) -> Counter[str]:
        """What earlier slices of this run did."""
        past = self.run.checkpoint.get("counts")
        if not isinstance(past, dict):
            return Counter()
        return Counter({name: number for name, number in past.items() if isinstance(number, int)})

    def count(self, name: str) -> int:
        """Count something across the slices of this run; how often it happened so far."""
        past = self.run.checkpoint.get(name)
        number = (past if isinstance(past, int) else 0) + 1
        self.run = replace(self.run, checkpoint={**self.run.checkpoint, name: number})
        return number

    def checkpoint(self) -> dict[str, Json]:
        """What the next slice must know to go on counting and listing."""
        lasting = {Outcome.HELD, Outcome.SKIPPED, Outcome.FAILED, Outcome.UNCHANGED}
        total = self._past() + Counter({str(k): v for k, v in self.effects.items() if k not in lasting})
        counts: dict[str, Json] = dict(total)
        return {**self.run.checkpoint, "counts": counts, "actions": self._next_action}

    # --- at the end --------------------------------------------------------------------------------------

    def close(self, vanished: Callable[[Side, str], bool], *, everything: bool, limited: bool) -> str:
        """Write actions, outcomes and held items; returns when the next retry is due, "" for none.

        `vanished`: whether a contact is gone, and with it what was told of it. `everything`: every contact was
        looked at. `limited`: the run left out what it might have done.
        """
        self.list_actions()
        self._save_held(limited)
        return self._save_outcomes(vanished, everything)

    def preview(self, plan: Plan) -> None:
        """Store a plan that is only shown: every step that would do or reports something."""
        for step in plan:
            self.effects.update(effect.value for effect in step.effects)
            if step.outcome in (Outcome.HELD, Outcome.SKIPPED):
                self.effects[step.outcome] += 1
            if step.conflicts:
                self.effects[Outcome.CONFLICT] += 1
            if step.writes or step.held or step.reasons:
                self._actions.append(action(step, step.outcome, step.reasons))
        self.list_actions()

    def list_actions(self) -> None:
        """Store what was done so far, wherever the slice ends."""
        if self._actions:
            self._next_action = self.store.runs.add_actions(self.run.id, self._next_action, self._actions)
            self._actions = []

    def _save_held(self, limited: bool) -> None:
        """What this run held. A limited run says nothing of what it left out: that goes on waiting."""
        user, company = self.setup.user, self.setup.company
        held = [r.step for r in self.results if r.step.held]
        had = self.run.checkpoint.get("held") or any(o.outcome is Outcome.HELD for o in self.known.values())
        kept: list[HeldItem] = []
        if limited and had:
            decided = {_contact(r.step) for r in self.results if not r.again}
            waiting = self.store.held.all(user, company)
            kept = [item for item in waiting if (item.side, item.id) not in decided]
        if held or had:
            items = [
                HeldItem(
                    step.side,
                    step.bc_id or step.outlook_id,
                    _kind(step),
                    action(step, Outcome.HELD, step.reasons),
                )
                for step in held
            ]
            self.store.held.replace(user, company, self.run.id, items, kept)
        self.keeps_held = bool(held or kept)

    def _save_outcomes(self, vanished: Callable[[Side, str], bool], everything: bool) -> str:
        latest: dict[tuple[Side, str], ContactOutcome] = {}
        well: set[tuple[Side, str]] = set()
        for result in self.results:
            row = self._outcome(result)
            if row is None:
                well.add(_contact(result.step))
                well.add((Side.OUTLOOK, result.step.outlook_id))
            else:
                latest[(row.side, row.id)] = row
        changed = [row for key, row in latest.items() if not _same(self.known.get(key), row)]
        gone = {key for key in self.known if key not in latest and (key in well or vanished(*key))}
        if everything:
            gone |= (
                self.known.keys()
                - latest.keys()
                - {key for key, row in self.known.items() if row.outcome is Outcome.FAILED and key not in well}
            )
        user, company = self.setup.user, self.setup.company
        if changed:
            self.store.outcomes.save(user, company, changed)
        if gone:
            self.store.outcomes.delete(user, company, gone)
        self.keeps_outcomes = bool(latest or self.known.keys() - gone)
        left = {**{k: v for k, v in self.known.items() if k not in gone}, **latest}
        return min((row.next_at for row in left.values() if row.next_at), default="")

    def _outcome(self, result: Result) -> ContactOutcome | None:
        """The row to keep for a contact: only where its link cannot tell (skipped, held, failed)."""
        if result.again:
            return None
        step = result.step
        linked = step.link is not None and step.link.state is not LinkState.CREATING
        if result.outcome is Outcome.SKIPPED and linked:
            return None
        if result.outcome not in (Outcome.SKIPPED, Outcome.HELD, Outcome.FAILED):
            return None
        side, contact = _contact(step)
        now = self.now()
        row = ContactOutcome(
            side,
            contact,
            result.outcome,
            result.reasons[0] if result.reasons else None,
            stamp(now),
            self.run.id,
            version=version(step),
            related=step.related or (step.bc_id if side is Side.OUTLOOK else step.outlook_id),
            code=result.code,
        )
        if result.outcome is not Outcome.FAILED:
            return row
        before = self.known.get((side, contact))
        attempts = before.attempts if before and before.version == row.version else 0
        if result.reasons[0] is Reason.PARKED and before is not None:
            return before
        attempts += 1
        if attempts >= PARKED_AFTER:
            return replace(row, attempts=attempts, parked=True)
        return replace(row, attempts=attempts, next_at=stamp(now + retry_delay(attempts)))


def version(step: Step) -> str:
    """Both sides' versions at the time: when it moves, a parked contact is tried again."""
    bc = step.bc.contact.etag if step.bc else (step.before.bc_etag if step.before else "")
    outlook = step.outlook.contact.etag if step.outlook else (step.before.outlook_etag if step.before else "")
    return f"{bc} {outlook}"


def action(step: Step, outcome: Outcome, reasons: tuple[Reason, ...], code: str = "") -> dict[str, Json]:
    """One contact of `GET /api/runs/{runId}/actions`, with what binds a preview or a confirmation to it.

    `code`: what the service called its refusal.
    """
    fields: list[Json] = [
        {"side": side.value, "field": change.field.value, "old": change.old, "new": change.new}
        for side, changes in ((Side.BUSINESS_CENTRAL, step.to_bc), (Side.OUTLOOK, step.to_outlook))
        for change in changes
    ]
    conflicts: list[Json] = [
        {"field": c.field.value, "kept": c.kept, "lost": c.lost, "lostSide": c.lost_side.value}
        for c in step.conflicts
    ]
    return {
        "key": step.key,
        "side": step.side.value,
        "contactId": step.bc_id or step.outlook_id,
        "businessCentralId": step.bc_id,
        "outlookId": step.outlook_id,
        "name": step.name,
        "action": next((e.value for e in Effect if e in step.effects | step.held), outcome.value),
        "actions": [effect.value for effect in Effect if effect in step.effects | step.held],
        "outcome": outcome.value,
        "fields": fields,
        "conflicts": conflicts,
        "reason": reasons[0].value if reasons else None,
        "reasons": [reason.value for reason in reasons],
        "code": code,
        "digest": replace(step, effects=step.effects | step.held).digest(),
    }


def _kind(step: Step) -> str:
    return "+".join(effect.value for effect in Effect if effect in step.held)


def _contact(step: Step) -> tuple[Side, str]:
    return step.side, step.bc_id or step.outlook_id


def _same(known: ContactOutcome | None, row: ContactOutcome) -> bool:
    return known is not None and replace(known, at=row.at, run=row.run) == row
