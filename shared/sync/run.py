"""One run: observe, decide, guard, apply, advance. The whole sync on one screen is `synchronize`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from shared.core.decide import decide
from shared.core.guard import Verdict, bind, guard
from shared.core.plan import Effect, Plan, Step
from shared.core.snapshot import Rules, WishKind
from shared.errors import NotFound, SyncError
from shared.model import LinkState, Outcome, Reason, Side
from shared.state.outcomes import ContactOutcome
from shared.state.runs import RunKind, RunState, Trigger
from shared.sync import folder as folders
from shared.sync.apply import Applier
from shared.sync.book import Book
from shared.sync.observe import Observation, Observer
from shared.sync.report import Report, version
from shared.sync.session import Session, ledger_counts, safe_without_whole_reading
from shared.sync.watermarks import restored

_REDO_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Ending:
    """How a slice ended. `unfinished`: the next slice goes on, after `retry_after` seconds."""

    state: RunState
    message: str = ""
    unfinished: bool = False
    retry_after: float = 0.0


class FolderGone(SyncError):
    """The folder vanished between two runs."""


def synchronize(session: Session, report: Report) -> Ending:
    """One slice of a run, from reading to moving the watermarks.

    Raises the service errors of `shared.errors`; whatever was done by then is in the links.
    """
    place = find_folder(session)
    if place.gone:
        return pause(session, "folderGone", FOLDER_GONE)
    session.remember(place.state)

    observer = Observer(
        session.graph, session.bc, session.state.folder_id, session.prints, session.state, session.companies
    )
    seen = read(session, observer, place, report)
    if seen.quiet:
        return finish(session, report, seen, Plan(), ())
    rules = session.rules()
    links = session.services.store.links.load(session.setup.user, session.setup.company)
    # What a preview read to show it, its application reads too, or it would decide otherwise.
    values = session.run.kind is RunKind.PREVIEW or applies_preview(session)
    seen = observer.complete(seen, links, rules, report.left_alone(), values=values)
    session.judge_stamp(seen, rules)
    if not session.restore_accepted and looks_restored(observer, seen):
        return pause(session, "restored", RESTORED)

    plan = decide(seen.links, seen.bc, seen.outlook, rules)
    verdict = limit(session, seen, plan, report)
    if session.run.kind is RunKind.PREVIEW:
        return shown(report, verdict)

    if depends_on_folder(seen, verdict.plan) and folders.locate(session.graph, session.state) is None:
        return pause(session, "folderGone", FOLDER_GONE)
    report.enter("writing", verdict.plan.writes)
    if not apply(session, report, observer, seen, verdict.plan, rules):
        return Ending(RunState.RUNNING, unfinished=True, retry_after=report.retry_after)
    return finish(session, report, seen, verdict.plan, (*verdict.why, *left_alone(session, report)))


FOLDER_GONE = (
    "The Outlook folder is gone or lies in Deleted Items. Nothing was changed. "
    "Create it again or stop the sync."
)
RESTORED = (
    "Business Central went back in time (a restored environment). Nothing was written. "
    "Check the data, then resume this setup."
)


def find_folder(session: Session) -> folders.Place:
    """The folder, looked at only by runs that read everything: delta tells the others when it is gone."""
    if session.state.folder_id and not session.reads_everything:
        return folders.Place(session.state)
    settings = session.services.settings
    stamp = folders.stamp_of(settings.tenant_id, settings.bc_environment, session.setup)
    create = session.run.kind is not RunKind.PREVIEW
    place = folders.ensure(session.graph, session.setup, session.state, stamp, create=create)
    if place.unstamped and create:
        session.remember(place.state)
        session.keep()
        session.graph.stamp_folder(session.state.folder_id, stamp)
        return folders.Place(session.state)
    return place


def read(session: Session, observer: Observer, place: folders.Place, report: Report) -> Observation:
    """The opening reads, and with them the contacts whose retry is due or that a person asked for."""
    try:
        if session.reads_everything:
            odata = session.filter.odata() if session.once is None else session.once.odata()
            return observer.everything(odata, folder_is_new=place.new)
        seen = observer.changes()
    except NotFound:
        if session.state.folder_id and folders.locate(session.graph, session.state) is None:
            raise FolderGone(FOLDER_GONE) from None
        raise
    due = [row for row in report.known.values() if row.next_at and row.next_at <= session.now()]
    wishes = session.wishes()
    if due or wishes or session.unsettled:
        seen.quiet = False
    there = {row.id for row in report.known.values() if row.side is Side.OUTLOOK}
    outlook = {w.id for w in wishes.values() if w.kind is WishKind.CREATE_IN_BC or w.id in there}
    bc = wishes.keys() - outlook
    bc |= {row.id for row in due if row.side is Side.BUSINESS_CENTRAL}
    outlook |= {row.id if row.side is Side.OUTLOOK else row.related for row in due}
    for item in session.held_items():
        bc.add(str(item.action.get("businessCentralId")))
        outlook.add(str(item.action.get("outlookId")))
    observer.also(bc - {""}, outlook - {""})
    return seen


def depends_on_folder(seen: Observation, plan: Plan) -> bool:
    """Whether the plan would be wrong if the folder lay in Deleted Items, and nobody looked yet."""
    if seen.all_read:
        return False
    if seen.doubtful:
        return True
    fatal = {Effect.CREATE_OUTLOOK, Effect.DELETE_OUTLOOK}
    return any(
        step.effects & fatal or (step.link is not None and step.link.state is LinkState.DELETED_BY_USER)
        for step in plan
        if step.link != step.before
    )


def looks_restored(observer: Observer, seen: Observation) -> bool:
    """A linked contact is older than recorded; where only the newest is, every linked one is looked at."""
    linked = [link for link in seen.links if link.state is LinkState.LINKED]
    if restored(linked, seen.bc.contacts):
        return True
    if seen.all_read or not observer.went_back(seen):
        return False
    return restored(linked, observer.fresh(link.bc_id for link in linked))


def limit(session: Session, seen: Observation, plan: Plan, report: Report) -> Verdict:
    """What may go now: a preview binds, an incomplete read removes nothing, the brakes hold, failures rest."""
    why: tuple[str, ...] = ()
    if not seen.complete:
        plan = safe_without_whole_reading(plan)
        why = ("A list came incomplete: nothing was created or removed; it is read again next time.",)
    plan = Plan(tuple(_rested(step, session, report) for step in plan), plan.unchanged)
    if applies_preview(session):
        return Verdict(bind(plan, _digests(session, session.run.source)), 0, why)
    confirmed = {
        str(item.action.get("key")): str(item.action.get("digest"))
        for item in session.held_items()
        if item.confirmed_by
    }
    verdict = guard(plan, session.brakes(seen, confirmed))
    return replace(verdict, why=(*verdict.why, *why))


def applies_preview(session: Session) -> bool:
    """This run does what a preview showed, and nothing else."""
    return session.run.kind is RunKind.SYNC and bool(session.run.source)


def left_alone(session: Session, report: Report) -> tuple[str, ...]:
    """How much of an applied preview was not done, in no slice: it had changed since it was shown."""
    if not applies_preview(session):
        return ()
    report.list_actions()
    shown_then = _digests(session, session.run.source)
    moved = shown_then.keys() - _digests(session, session.run.id).keys()
    if not moved:
        return ()
    return (f"{len(moved)} of {len(shown_then)} previewed contacts changed meanwhile: left alone.",)


def _digests(session: Session, run: str) -> dict[str, str]:
    """What a preview showed, or a run did, by key."""
    found: dict[str, str] = {}
    continuation = ""
    while True:
        page = session.services.store.runs.actions(run, 500, continuation)
        found.update(
            (str(item.get("key")), str(item.get("digest"))) for item in page.items if item.get("actions")
        )
        continuation = page.next
        if not continuation:
            return found


def _rested(step: Step, session: Session, report: Report) -> Step:
    """A contact that failed rests until its time, a parked one until it is edited or a person asks."""
    before = report.known.get((step.side, step.bc_id or step.outlook_id))
    if before is None or before.outcome is not Outcome.FAILED or not step.writes:
        return step
    if before.version != version(step) or step.bc_id in session.wishes() or step.outlook_id in session.wishes():
        return step
    manual = session.run.trigger is Trigger.MANUAL
    waits = before.parked or (not manual and before.next_at > session.now())
    if not waits:
        return step
    reason = Reason.PARKED if before.parked else (before.reason or Reason.THROTTLED)
    return replace(
        step,
        effects=frozenset(),
        link=None,
        conflicts=(),
        outcome=Outcome.FAILED,
        reasons=(Reason.PARKED, reason),
    )


def shown(report: Report, verdict: Verdict) -> Ending:
    """A preview ends here: its plan is stored, nothing was written."""
    report.preview(verdict.plan)
    held = f" {verdict.held} of them would be held." if verdict.held else ""
    return Ending(RunState.SUCCEEDED, f"{verdict.plan.writes + verdict.held} contacts would be changed.{held}")


def apply(
    session: Session, report: Report, observer: Observer, seen: Observation, plan: Plan, rules: Rules
) -> bool:
    """Carry out the plan; what changed under our hands is read and decided anew, a few times at most.

    What goes on changing counts as failed, so that it comes back: nothing else would speak of it again.
    False: the slice is over before the plan is.
    """
    linked = {link.bc_id: link for link in seen.links}
    book = Book(session.services.store, session.setup, session.run.id, session.now, linked)
    for rounds_left in reversed(range(_REDO_ROUNDS)):
        applier = Applier(
            session.graph,
            session.bc,
            session.state.folder_id,
            rules,
            session.prints,
            session.services.store.claims,
            f"{session.setup.user} {session.setup.company}",
            book,
            report.on_result,
            session.should_stop,
        )
        first = len(report.results)
        if plan.writes and not session.state.extra.get("dirty"):
            session.mark_dirty()
        try:
            ended = applier.apply(plan)
        finally:
            book.flush()
            results = report.results[first:]
            session.enter(*ledger_counts([r.step for r in results if not r.again and not r.done.failed]))
        again = [r.step for r in results if r.again]
        if not ended or not again or applies_preview(session):
            break  # what was decided anew would not be what the preview showed
        if not rounds_left:
            for result in [each for each in results if each.again]:
                report.on_result(replace(result, again=False))
            break
        mine = {s.bc_id for s in again}
        links = [link for link in book.linked.values() if link.bc_id in mine]
        bc, outlook = observer.look_again(mine - {""}, {s.outlook_id for s in again if s.outlook_id}, links)
        plan = decide(links, bc, outlook, rules)
        if not seen.complete:
            plan = safe_without_whole_reading(plan)
        plan = guard(plan, session.brakes(seen, {})).plan
    session.linked = book.linked
    return ended


def finish(session: Session, report: Report, seen: Observation, plan: Plan, why: Sequence[str]) -> Ending:
    """Everything was done: the watermarks move, last of all."""
    session.unchanged = plan.unchanged or (session.state.links if seen.quiet else 0)
    counts = report.counts(session.unchanged)
    due = session.state.due_at
    if not seen.quiet:
        limited = session.limited(seen)
        due = report.close(seen.vanished, everything=seen.all_read and not limited, limited=limited)
    session.advance(seen, report, due)
    if counts.held:
        state = RunState.NEEDS_CONFIRMATION
    elif counts.failed or not seen.complete:
        state = RunState.PARTIAL
    else:
        state = RunState.SUCCEEDED
    return Ending(state, " ".join(why))


def pause(session: Session, reason: str, message: str) -> Ending:
    """The service stops this setup until a person decides; the run after that looks at every contact."""
    session.state = replace(session.state, paused_reason=reason, evaluated="")
    return Ending(RunState.FAILED, message)


def known_outcomes(session: Session) -> dict[tuple[Side, str], ContactOutcome]:
    """Latest outcomes of contacts that are not simply linked; none are read where none were kept."""
    if not session.state.extra.get("outcomes"):
        return {}
    rows = session.services.store.outcomes.all(session.setup.user, session.setup.company)
    return {(row.side, row.id): row for row in rows}
