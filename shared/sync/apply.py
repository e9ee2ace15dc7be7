"""Doing what was decided: intent, effect, outcome; Business Central first, for Outlook learns its answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from shared.business_central.client import BcClient
from shared.core.advance import Done, advance, follow_up
from shared.core.plan import Effect, Plan, Step, values_of
from shared.core.questions import assumed
from shared.core.reasons import TOO_LARGE
from shared.core.snapshot import Rules, SeenOutlook
from shared.fields import outlook_body
from shared.fields.fingerprint import Prints
from shared.graph import writes as to_graph
from shared.graph.batch import BATCH_SIZE
from shared.graph.client import GraphClient
from shared.graph.records import OUR_CATEGORY, parse_contact
from shared.model import BcContact, Field, Link, LinkState, Outcome, OutlookContact, Reason
from shared.state.claims import Claims
from shared.sync.answers import Answers, Failure
from shared.sync.apply_bc import BC_WRITES, BcApplier
from shared.sync.book import Book
from shared.sync.intents import Intents
from shared.sync.singly import Sent, write_singly
from shared.transport.batching import WriteStatus
from shared.transport.http import JsonObject

_OUTLOOK_WRITES = frozenset({Effect.CREATE_OUTLOOK, Effect.UPDATE_OUTLOOK, Effect.DELETE_OUTLOOK})


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one step. `link`: as it stands now; `reason`, `code`: why it failed, if it did.

    `again`: it changed under the run's hands and must be decided anew. `retry_after`: seconds a busy
    service asked for.
    """

    step: Step
    done: Done
    link: Link | None
    outcome: Outcome
    reasons: tuple[Reason, ...]
    code: str = ""
    again: bool = False
    retry_after: float | None = None


@dataclass
class Applier:
    """One run's hands.

    `book`: where links, conflicts and removed copies are kept. `on_result`: told once per step.
    `should_stop`: asked before every batch (lease, time slice). `owner`: the setup, in claims.
    """

    graph: GraphClient
    bc: BcClient
    folder: str
    rules: Rules
    prints: Prints
    claims: Claims
    owner: str
    book: Book
    on_result: Callable[[Result], None]
    should_stop: Callable[[], bool]

    _answers: Answers = field(default_factory=Answers)
    _told: dict[str, frozenset[Field]] = field(default_factory=dict)
    _sent: dict[str, Sent] = field(default_factory=dict)

    def apply(self, plan: Plan) -> bool:
        """Carry out every effect that is not held. False: `should_stop` came first, the rest waits."""
        self.book.conflicts([step for step in plan if step.conflicts and not step.held])
        for step in plan:
            if not step.writes:
                self._finish(step, Done())
        steps = [step for step in plan if step.writes]
        first = BcApplier(
            self.bc, self.rules, self.prints, self.claims, self.owner, self._answers, self.should_stop
        )
        return first.apply(steps) and self._write_outlook(steps)

    # --- Outlook ----------------------------------------------------------------------------------

    def _write_outlook(self, steps: Sequence[Step]) -> bool:
        by_key: dict[str, Step] = {}
        writes: list[to_graph.Write] = []
        doomed: list[Step] = []
        intents: list[Link | None] = []
        for step in steps:
            if step.key in self._answers.stale or self._failed_before(step):
                self._finish(step, self._done(step))
            elif Effect.DELETE_OUTLOOK in step.effects:
                doomed.append(step)
            else:
                write = self._outlook_write(step)
                if write is None:
                    self._finish(step, self._done(step))
                    continue
                by_key[step.key] = step
                writes.append(write)
                creates = isinstance(write, to_graph.Create)
                intents.append(_intent(step, LinkState.CREATING) if creates else None)
                if Effect.CREATE_BC in step.effects:
                    created = self._answers.bc[step.key].contact
                    pending = Link(created.id, step.outlook_id, LinkState.LINKED)
                    # Should the marker fail to arrive, the link still holds the new pair together.
                    self.book.links([self._judged(step, pending, created)])
        deletes = self._deletes(doomed)
        for step, delete in deletes:
            by_key[step.key] = step
            writes.append(delete)
            intents.append(_intent(step, LinkState.REMOVING))
        self.book.flush()
        ahead = Intents(self.book, intents, BATCH_SIZE)
        single: list[str] = []

        def on_done(result: to_graph.WriteResult) -> None:
            ahead.under_way()
            sent = self._sent.pop(result.key, None)
            if sent and result.status is WriteStatus.REFUSED and len(sent.values) > 1:
                self._sent[result.key] = sent
                single.append(result.key)
            else:
                self._outlook_answer(by_key[result.key], result)

        def should_stop() -> bool:
            stop = self.should_stop()
            if not stop:
                ahead.before_batch()
            return stop

        ended = self.graph.write(self.folder, writes, on_done, should_stop)
        return ended and all(self._write_singly(by_key[key]) for key in single)

    def _write_singly(self, step: Step) -> bool:
        written = write_singly(self.graph, self.folder, self._sent.pop(step.key), self.should_stop)
        if written is None:
            return False
        answer, refused = written
        if refused:
            # It is tried again like anything that failed, but only these fields: the others arrived.
            self._answers.untaken[step.key] = refused
            failure = Failure(frozenset({Effect.UPDATE_OUTLOOK}), Reason.REFUSED_BY_OUTLOOK)
            self._answers.fail(step.key, failure)
        self._outlook_answer(step, answer)
        return True

    def _failed_before(self, step: Step) -> bool:
        """Its Business Central half did not arrive, and the other half must not happen without it."""
        failed = step.key in self._answers.failed
        return failed and bool({Effect.CREATE_BC, Effect.DELETE_OUTLOOK} & step.effects)

    def _outlook_write(self, step: Step) -> to_graph.Write | None:
        answer = self._answers.bc.get(step.key)
        refused = self._answers.refused.get(step.key, ())
        sent = replace(step, to_bc=tuple(change for change in step.to_bc if change.field not in refused))
        more = follow_up(sent, answer, self.rules) if answer else ()
        values = values_of((*step.to_outlook, *more))
        self._told[step.key] = frozenset(change.field for change in more)
        if Effect.CREATE_OUTLOOK in step.effects:
            body = outlook_body(values, None)
            body["categories"] = [OUR_CATEGORY]
            create = to_graph.Create(step.key, body, self.rules.marker(step.bc_id))
            self._sent[step.key] = Sent(create, values, None)
            return create
        if not values and not step.mark:
            return None
        current = self._current(step)
        body = outlook_body(values, current)
        if step.category and OUR_CATEGORY not in current.categories:
            body["categories"] = [*current.categories, OUR_CATEGORY]
        bc_id = step.bc_id or (answer.contact.id if answer else "")
        marker = self.rules.marker(bc_id) if step.mark else None
        patch = to_graph.Patch(step.key, step.outlook_id, body, current.etag, marker)
        self._sent[step.key] = Sent(patch, values, current)
        return patch

    def _current(self, step: Step) -> OutlookContact:
        if step.outlook is not None:
            return step.outlook.contact
        assert step.link is not None
        assert step.bc is not None
        fields = frozenset(change.field for change in step.to_outlook)
        rebuilt = assumed(step.before or step.link, step.bc, fields, self.rules, self.prints)
        assert rebuilt is not None, "questions() reads what cannot be rebuilt"
        return rebuilt

    def _deletes(self, steps: Sequence[Step]) -> list[tuple[Step, to_graph.Delete]]:
        """Look before a copy goes: it must still be there, in our folder, and as it was decided on."""
        found = self.graph.read_whole([step.outlook_id for step in steps]) if steps else {}
        going: list[tuple[Step, to_graph.Delete]] = []
        copies: dict[str, JsonObject] = {}
        for step in steps:
            item = found.get(step.outlook_id)
            contact = parse_contact(item, inspected=False) if item else None
            decided_on = step.outlook
            moved = contact is None or contact.folder != self.folder
            if contact is None or item is None or moved or not self._as_decided(contact, decided_on):
                self._answers.stale[step.key] = Failure(step.effects, Reason.REFUSED_BY_OUTLOOK)
                self._finish(step, self._done(step))
            else:
                copies[step.bc_id] = item
                going.append((step, to_graph.Delete(step.key, step.outlook_id, contact.etag)))
        homeless = self.book.copies(copies)
        for step, _ in going:
            if step.bc_id in homeless:
                failure = Failure(step.effects & _OUTLOOK_WRITES, Reason.REFUSED_BY_OUTLOOK, TOO_LARGE)
                self._answers.fail(step.key, failure)
                self._finish(step, self._done(step))
        return [(step, delete) for step, delete in going if step.bc_id not in homeless]

    def _as_decided(self, contact: OutlookContact, decided_on: SeenOutlook | None) -> bool:
        return decided_on is None or self.prints.outlook(contact) == decided_on.prints

    def _outlook_answer(self, step: Step, result: to_graph.WriteResult) -> None:
        effects = step.effects & _OUTLOOK_WRITES
        seen: SeenOutlook | None = None
        match result.status:
            case WriteStatus.DONE:
                if result.contact is not None:
                    seen = SeenOutlook(result.contact, self.prints.outlook(result.contact))
            case WriteStatus.GONE if Effect.DELETE_OUTLOOK in effects:
                pass
            case WriteStatus.REFUSED:
                self._answers.fail(step.key, Failure(effects, Reason.REFUSED_BY_OUTLOOK, result.code))
            case WriteStatus.BUSY:
                failure = Failure(effects, Reason.THROTTLED, result.code, result.retry_after)
                self._answers.fail(step.key, failure)
            case _:
                failure = Failure(step.effects, Reason.REFUSED_BY_OUTLOOK, result.code)
                self._answers.stale[step.key] = failure
        self._finish(step, self._done(step, seen))

    # --- outcomes -----------------------------------------------------------------------------------

    def _done(self, step: Step, outlook: SeenOutlook | None = None) -> Done:
        failed = self._answers.failed.get(step.key)
        effects = failed.effects if failed else frozenset()
        if step.key in self._answers.stale:
            effects = step.effects
        refused = frozenset(self._answers.refused.get(step.key, ())) if not effects & BC_WRITES else frozenset()
        told = self._told.get(step.key, frozenset())
        untaken = self._answers.untaken.get(step.key, frozenset())
        return Done(self._answers.bc.get(step.key), outlook, effects, told, refused, untaken)

    def _judged(self, step: Step, link: Link, written: BcContact) -> Link:
        """What our own write did to the contact's place in the scope: the next run acts on it.

        A contact born in Outlook that does not match the filter has not *left* it (sync rules §4).
        """
        why = self.rules.scope(written)
        if Effect.CREATE_BC in step.effects:
            link = replace(link, matched=why is None)
        return link if why is None else replace(link, note=why)

    def _finish(self, step: Step, done: Done) -> None:
        """Move the base by what happened, keep it, and tell."""
        link = advance(step, done, self.book.run, self.book.now())
        if link is not None and done.bc is not None:
            link = self._judged(step, link, done.bc.contact)
        failed, stale = self._answers.failed.get(step.key), self._answers.stale.get(step.key)
        outcome, reasons, code = step.outcome, step.reasons, ""
        if refused := self._answers.refused.get(step.key):
            reasons, code = (*reasons, Reason.REFUSED_BY_BUSINESS_CENTRAL), next(iter(refused.values()))
        trouble = failed or stale
        if trouble is not None:
            outcome, reasons, code = Outcome.FAILED, (trouble.reason, *reasons), trouble.code
        if link is not None and not step.held and (link != step.before or step.writes):
            self.book.links([link])
            if step.forget and failed is None and step.forget != link.bc_id:
                self.book.forget(step.forget)
        self.on_result(
            Result(
                step,
                done,
                link,
                outcome,
                tuple(dict.fromkeys(reasons)),
                code,
                stale is not None,
                failed.retry_after if failed else None,
            )
        )


def _intent(step: Step, state: LinkState) -> Link:
    """What the link says before the effect, so that a crash is understood by the next run."""
    if state is LinkState.REMOVING and step.before is not None:
        return replace(step.before, state=state)
    return Link(step.bc_id, step.outlook_id, state, matched=step.link.matched if step.link else True)
