"""The Business Central half of applying a plan: claims, batches, and fields one at a time where one is bad."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from shared.business_central.client import BcClient
from shared.business_central.writes import Create, Patch, Write, WriteResult
from shared.core.pairing import same_person
from shared.core.plan import Effect, FieldChange, Step, values_of
from shared.core.snapshot import Rules, SeenBc
from shared.fields import addresses, bc_body, bc_create_body
from shared.fields.fingerprint import Prints
from shared.model import REQUIRED_FIELDS, BcContact, Reason
from shared.state.claims import Claim, Claims
from shared.sync.answers import Answers, Failure
from shared.transport.batching import WriteStatus

BC_WRITES = frozenset({Effect.CREATE_BC, Effect.UPDATE_BC})


@dataclass
class BcApplier:
    """Writes steps to Business Central and notes what it answered.

    `owner`: the setup, in claims. `should_stop`: asked before every batch (lease, time slice).
    """

    bc: BcClient
    rules: Rules
    prints: Prints
    claims: Claims
    owner: str
    answers: Answers
    should_stop: Callable[[], bool]

    _claims: dict[str, Claim] = field(default_factory=dict)

    def apply(self, steps: Sequence[Step]) -> bool:
        """False: `should_stop` came first, the rest waits."""
        by_key = {step.key: step for step in steps if step.effects & BC_WRITES}
        writes: list[Write] = [
            Create(step.key, bc_create_body(values_of(step.to_bc)))
            for step in by_key.values()
            if Effect.CREATE_BC in step.effects and self._claim(step)
        ]
        writes += [
            Patch(step.key, step.bc_id, bc_body(values_of(step.to_bc)), _etag(step))
            for step in by_key.values()
            if Effect.UPDATE_BC in step.effects
        ]
        single: list[Step] = []

        def on_done(result: WriteResult) -> None:
            step = by_key[result.key]
            if result.status is WriteStatus.REFUSED and len(_one_at_a_time(step)) > 1:
                single.append(step)
            else:
                self._answer(step, result)

        ended = self.bc.write(writes, on_done, self.should_stop, lambda key: self._created(by_key[key]))
        return ended and all(self._one_by_one(step) for step in single)

    def _one_by_one(self, step: Step) -> bool:
        """One bad field does not stop its contact: the fields go one at a time, the refused ones rest."""
        bc_id, etag = step.bc_id, _etag(step)
        answers: list[WriteResult] = []
        for changes in _one_at_a_time(step):
            write: Write = Create(step.key, bc_create_body(values_of(changes)))
            if bc_id:
                write = Patch(step.key, bc_id, bc_body(values_of(changes)), etag)
            if not self.bc.write([write], answers.append, self.should_stop, lambda _: self._created(step)):
                return False
            last = answers[-1]
            if last.contact is not None:
                bc_id, etag = last.contact.id, last.contact.etag
            elif last.status is WriteStatus.REFUSED and bc_id:
                refused = self.answers.refused.setdefault(step.key, {})
                refused.update((change.field, last.code) for change in changes)
            else:
                break
        accepted = [answer for answer in answers if answer.contact is not None]
        verdict = answers[-1]
        if verdict.status is WriteStatus.REFUSED and accepted:
            verdict = accepted[-1]
        elif verdict.contact is None and accepted and not step.bc_id:
            # What was made is never made again: the next run pairs it with its card.
            verdict = replace(verdict, status=WriteStatus.BUSY)
        self._answer(step, verdict)
        return True

    def _answer(self, step: Step, result: WriteResult) -> None:
        effects = step.effects & BC_WRITES
        claim = self._claims.get(step.key)
        match result.status:
            case WriteStatus.DONE if result.contact is not None:
                self.answers.bc[step.key] = SeenBc(result.contact, self.prints.bc(result.contact))
                if claim:
                    self.claims.fulfil(claim, result.contact.id)
            case WriteStatus.REFUSED:
                failure = Failure(effects, Reason.REFUSED_BY_BUSINESS_CENTRAL, result.code)
                self.answers.fail(step.key, failure)
                if claim:
                    self.claims.release(claim)
            case WriteStatus.BUSY:
                failure = Failure(effects, Reason.THROTTLED, result.code, result.retry_after)
                self.answers.fail(step.key, failure)
            case _:
                failure = Failure(step.effects, Reason.REFUSED_BY_BUSINESS_CENTRAL, result.code)
                self.answers.stale[step.key] = failure

    def _claim(self, step: Step) -> bool:
        """Two mailboxes that add one person must not make two contacts: the first claim creates."""
        environment, company = self.rules.environment, self.rules.setup.company
        owner = f"{self.owner} {step.outlook_id}"
        wanted = _addresses(step)
        for _ in range(2):
            claim = self.claims.claim(environment, company, wanted, owner)
            if claim.won:
                self._claims[step.key] = claim
                return True
            made = self.bc.get(claim.bc_id) if claim.bc_id else None
            if not claim.bc_id or (made and not set(addresses(made.email)).isdisjoint(wanted)):
                break
            self.claims.release(claim)  # made once; deleted since, or given other addresses
        self.answers.fail(step.key, Failure(frozenset({Effect.CREATE_BC}), Reason.THROTTLED, "claimed"))
        return False

    def _created(self, step: Step) -> BcContact | None:
        """The contact that a creation made whose answer was lost: same address, same name."""
        assert step.outlook is not None
        outlook = step.outlook.contact
        for found in self.bc.find_by_addresses(_addresses(step)):
            if same_person(found, outlook):
                return found
        return None


def _one_at_a_time(step: Step) -> list[tuple[FieldChange, ...]]:
    """The changes singly; of a contact to be created, first what it cannot be without."""
    if step.bc_id:
        return [(change,) for change in step.to_bc]
    needed = tuple(change for change in step.to_bc if change.field in REQUIRED_FIELDS)
    return [needed, *((change,) for change in step.to_bc if change.field not in REQUIRED_FIELDS)]


def _etag(step: Step) -> str:
    if step.bc is not None:
        return step.bc.contact.etag
    return step.before.bc_etag if step.before else ""


def _addresses(step: Step) -> tuple[str, ...]:
    assert step.outlook is not None
    return addresses(step.outlook.contact.emails)
