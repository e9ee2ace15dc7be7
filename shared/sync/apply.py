"""Doing what was decided: intent, effect, outcome; Business Central first, for Outlook learns its answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from shared.business_central import writes as to_bc
from shared.business_central.client import BcClient
from shared.core.advance import Done, advance, follow_up
from shared.core.pairing import same_person
from shared.core.plan import Effect, FieldChange, Plan, Step
from shared.core.questions import assumed
from shared.core.snapshot import Rules, SeenBc, SeenOutlook
from shared.fields import addresses, bc_body, bc_create_body, outlook_body
from shared.fields.fingerprint import Prints
from shared.graph import writes as to_graph
from shared.graph.batch import BATCH_SIZE
from shared.graph.client import GraphClient
from shared.graph.records import OUR_CATEGORY, parse_contact
from shared.model import REQUIRED_FIELDS, BcContact, Field, Link, LinkState, Outcome, OutlookContact, Reason
from shared.state.claims import Claim, Claims
from shared.sync.book import Book
from shared.sync.intents import Intents
from shared.transport.http import JsonObject


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

    _claims: dict[str, Claim] = field(default_factory=dict)
    _bc: dict[str, SeenBc] = field(default_factory=dict)
    _failed: dict[str, tuple[frozenset[Effect], Reason, str, float | None]] = field(default_factory=dict)
    _stale: set[str] = field(default_factory=set)
    _rested: dict[str, list[Reason]] = field(default_factory=dict)
    _refused: dict[str, set[Field]] = field(default_factory=dict)
    _told: dict[str, frozenset[Field]] = field(default_factory=dict)

    def apply(self, plan: Plan) -> bool:
        """Carry out every effect that is not held. False: `should_stop` came first, the rest waits."""
        self.book.conflicts([step for step in plan if step.conflicts and not step.held])
        for step in plan:
            if not step.writes:
                self._finish(step, Done())
        steps = [step for step in plan if step.writes]
        if not self._write_bc([s for s in steps if s.effects & {Effect.CREATE_BC, Effect.UPDATE_BC}]):
            return False
        return self._write_outlook(steps)

    # --- Business Central -------------------------------------------------------------------------

    def _write_bc(self, steps: Sequence[Step]) -> bool:
        by_key = {step.key: step for step in steps}
        creates = [step for step in steps if Effect.CREATE_BC in step.effects and self._claim(step)]
        writes: list[to_bc.Write] = [
            to_bc.Create(step.key, bc_create_body(_values(step.to_bc))) for step in creates
        ]
        for step in steps:
            if Effect.UPDATE_BC in step.effects:
                writes.append(to_bc.Patch(step.key, step.bc_id, bc_body(_values(step.to_bc)), _bc_etag(step)))
        single: list[Step] = []

        def on_done(result: to_bc.WriteResult) -> None:
            step = by_key[result.key]
            if result.status is to_bc.WriteStatus.REFUSED and len(_one_at_a_time(step)) > 1:
                single.append(step)
            else:
                self._bc_answer(step, result)

        ended = self.bc.write(writes, on_done, self.should_stop, lambda key: self._created(by_key[key]))
        return ended and all(self._one_by_one(step) for step in single)

    def _one_by_one(self, step: Step) -> bool:
        """One bad field does not stop its contact: the fields go one at a time, the refused ones rest."""
        bc_id, etag = step.bc_id, _bc_etag(step)
        answers: list[to_bc.WriteResult] = []
        for changes in _one_at_a_time(step):
            write: to_bc.Write = to_bc.Create(step.key, bc_create_body(_values(changes)))
            if bc_id:
                write = to_bc.Patch(step.key, bc_id, bc_body(_values(changes)), etag)
            if not self.bc.write([write], answers.append, self.should_stop, lambda _: self._created(step)):
                return False
            last = answers[-1]
            if last.contact is not None:
                bc_id, etag = last.contact.id, last.contact.etag
            elif last.status is to_bc.WriteStatus.REFUSED and bc_id:
                self._rested.setdefault(step.key, []).append(Reason.REFUSED_BY_BUSINESS_CENTRAL)
                self._refused.setdefault(step.key, set()).update(change.field for change in changes)
            else:
                break
        accepted = [answer for answer in answers if answer.contact is not None]
        verdict = answers[-1]
        if verdict.status is to_bc.WriteStatus.REFUSED and accepted:
            verdict = accepted[-1]
        self._bc_answer(step, verdict)
        return True

    def _bc_answer(self, step: Step, result: to_bc.WriteResult) -> None:
        effects = step.effects & {Effect.CREATE_BC, Effect.UPDATE_BC}
        match result.status:
            case to_bc.WriteStatus.DONE if result.contact is not None:
                self._bc[step.key] = SeenBc(result.contact, self.prints.bc(result.contact))
                if claim := self._claims.get(step.key):
                    self.claims.fulfil(claim, result.contact.id)
            case to_bc.WriteStatus.REFUSED:
                failed = (effects, Reason.REFUSED_BY_BUSINESS_CENTRAL, result.code, None)
                self._failed[step.key] = failed
                if claim := self._claims.get(step.key):
                    self.claims.release(claim)
            case to_bc.WriteStatus.BUSY:
                self._failed[step.key] = (effects, Reason.THROTTLED, result.code, result.retry_after)
            case _:
                self._stale.add(step.key)

    def _claim(self, step: Step) -> bool:
        """Two mailboxes that add one person must not make two contacts: the first claim creates."""
        environment, company = self.rules.environment, self.rules.setup.company
        owner = f"{self.owner} {step.outlook_id}"
        for _ in range(2):
            claim = self.claims.claim(environment, company, _addresses(step), owner)
            if claim.won:
                self._claims[step.key] = claim
                return True
            made = self.bc.get(claim.bc_id) if claim.bc_id else None
            if not claim.bc_id or (made and not set(addresses(made.email)).isdisjoint(_addresses(step))):
                break
            self.claims.release(claim)  # made once; deleted since, or given other addresses
        self._failed[step.key] = (frozenset({Effect.CREATE_BC}), Reason.DUPLICATE, "claimed", None)
        return False

    def _created(self, step: Step) -> BcContact | None:
        """The contact that a creation made whose answer was lost: same address, same name."""
        assert step.outlook is not None
        outlook = step.outlook.contact
        for found in self.bc.find_by_addresses(addresses(outlook.emails)):
            if same_person(found, outlook):
                return found
        return None

    # --- Outlook ----------------------------------------------------------------------------------

    def _write_outlook(self, steps: Sequence[Step]) -> bool:
        by_key: dict[str, Step] = {}
        writes: list[to_graph.Write] = []
        doomed: list[Step] = []
        intents: list[Link | None] = []
        for step in steps:
            if step.key in self._stale or self._failed_before(step):
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
                    created = self._bc[step.key].contact
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

        def on_done(result: to_graph.WriteResult) -> None:
            ahead.under_way()
            self._outlook_answer(by_key[result.key], result)

        def should_stop() -> bool:
            stop = self.should_stop()
            if not stop:
                ahead.before_batch()
            return stop

        return self.graph.write(self.folder, writes, on_done, should_stop)

    def _failed_before(self, step: Step) -> bool:
        """Its Business Central half did not arrive, and the other half must not happen without it."""
        failed = self._failed.get(step.key)
        return failed is not None and bool({Effect.CREATE_BC, Effect.DELETE_OUTLOOK} & step.effects)

    def _outlook_write(self, step: Step) -> to_graph.Write | None:
        answer = self._bc.get(step.key)
        refused = self._refused.get(step.key, ())
        sent = replace(step, to_bc=tuple(change for change in step.to_bc if change.field not in refused))
        more = follow_up(sent, answer, self.rules) if answer else ()
        values = _values((*step.to_outlook, *more))
        self._told[step.key] = frozenset(change.field for change in more)
        if Effect.CREATE_OUTLOOK in step.effects:
            body = outlook_body(values, None)
            body["categories"] = [OUR_CATEGORY]
            return to_graph.Create(step.key, body, self.rules.marker(step.bc_id))
        if not values and not step.mark:
            return None
        current = self._current(step)
        body = outlook_body(values, current)
        if step.category and OUR_CATEGORY not in current.categories:
            body["categories"] = [*current.categories, OUR_CATEGORY]
        bc_id = step.bc_id or (answer.contact.id if answer else "")
        marker = self.rules.marker(bc_id) if step.mark else None
        return to_graph.Patch(step.key, step.outlook_id, body, current.etag, marker)

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
                self._stale.add(step.key)
                self._finish(step, self._done(step))
            else:
                copies[step.bc_id] = item
                going.append((step, to_graph.Delete(step.key, step.outlook_id, contact.etag)))
        self.book.copies(copies)
        return going

    def _as_decided(self, contact: OutlookContact, decided_on: SeenOutlook | None) -> bool:
        return decided_on is None or self.prints.outlook(contact) == decided_on.prints

    def _outlook_answer(self, step: Step, result: to_graph.WriteResult) -> None:
        effects = step.effects & {Effect.CREATE_OUTLOOK, Effect.UPDATE_OUTLOOK, Effect.DELETE_OUTLOOK}
        seen: SeenOutlook | None = None
        match result.status:
            case to_graph.WriteStatus.DONE:
                if result.contact is not None:
                    seen = SeenOutlook(result.contact, self.prints.outlook(result.contact))
            case to_graph.WriteStatus.GONE if Effect.DELETE_OUTLOOK in effects:
                pass
            case to_graph.WriteStatus.REFUSED:
                self._fail(step, effects, Reason.REFUSED_BY_OUTLOOK, result.code, None)
            case to_graph.WriteStatus.BUSY:
                self._fail(step, effects, Reason.THROTTLED, result.code, result.retry_after)
            case _:
                self._stale.add(step.key)
        self._finish(step, self._done(step, seen))

    # --- outcomes -----------------------------------------------------------------------------------

    def _fail(
        self, step: Step, effects: frozenset[Effect], reason: Reason, code: str, after: float | None
    ) -> None:
        before = self._failed.get(step.key)
        self._failed[step.key] = ((before[0] if before else frozenset()) | effects, reason, code, after)

    def _done(self, step: Step, outlook: SeenOutlook | None = None) -> Done:
        failed = self._failed.get(step.key)
        effects = failed[0] if failed else frozenset()
        if step.key in self._stale:
            effects = step.effects
        return Done(self._bc.get(step.key), outlook, effects, self._told.get(step.key, frozenset()))

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
        failed = self._failed.get(step.key)
        again = step.key in self._stale
        reasons = dict.fromkeys((*step.reasons, *self._rested.get(step.key, ())))
        outcome = step.outcome
        if failed is not None:
            outcome, reasons = Outcome.FAILED, dict.fromkeys((failed[1], *reasons))
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
                tuple(reasons),
                failed[2] if failed else "",
                again,
                failed[3] if failed else None,
            )
        )


def _one_at_a_time(step: Step) -> list[tuple[FieldChange, ...]]:
    """The changes for Business Central singly; of a contact to be created, first what it cannot be without."""
    if step.bc_id:
        return [(change,) for change in step.to_bc]
    needed = tuple(change for change in step.to_bc if change.field in REQUIRED_FIELDS)
    return [needed, *((change,) for change in step.to_bc if change.field not in REQUIRED_FIELDS)]


def _values(changes: Iterable[FieldChange]) -> dict[Field, str]:
    return {change.field: change.new for change in changes}


def _bc_etag(step: Step) -> str:
    if step.bc is not None:
        return step.bc.contact.etag
    return step.before.bc_etag if step.before else ""


def _addresses(step: Step) -> tuple[str, ...]:
    assert step.outlook is not None
    return addresses(step.outlook.contact.emails)


def _intent(step: Step, state: LinkState) -> Link:
    """What the link says before the effect, so that a crash is understood by the next run."""
    if state is LinkState.REMOVING and step.before is not None:
        return replace(step.before, state=state)
    return Link(step.bc_id, step.outlook_id, state, matched=step.link.matched if step.link else True)
