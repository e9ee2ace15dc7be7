"""Bringing back the copies that a run removed from Outlook (sync rules §9), without making twins."""

from __future__ import annotations

from dataclasses import replace

from shared.core.advance import Done
from shared.core.plan import Effect, Step
from shared.core.snapshot import Rules
from shared.graph import writes as to_graph
from shared.graph.records import restorable
from shared.model import BcContact, Link, LinkState, Outcome, OutlookContact, Reason
from shared.state.removed import RemovedCopy
from shared.state.runs import RunState
from shared.sync.apply import Result
from shared.sync.report import Report
from shared.sync.run import FOLDER_GONE, Ending, find_folder, pause
from shared.sync.session import Session
from shared.transport.batching import WriteStatus


def restore(session: Session, report: Report) -> Ending:
    """Create what the source run removed, or only the one contact that was asked for.

    A copy whose BC contact takes part is linked again; any other comes back detached, so that the next
    run does not remove it again. Copies of blocked contacts stay away.
    """
    place = find_folder(session)
    if place.gone:
        return pause(session, "folderGone", FOLDER_GONE)
    session.state = place.state
    store, user, company = session.services.store, session.setup.user, session.setup.company
    copies = {copy.bc_id: copy for copy in store.removed.of_run(user, company, session.run.source)}
    if only := session.run.checkpoint.get("contact"):
        copies = {bc_id: copy for bc_id, copy in copies.items() if only in (bc_id, copy.outlook_id)}
    report.enter("restoring", len(copies))
    rules = session.rules()
    links = {link.bc_id: link for link in store.links.load_some(user, company, copies)}
    present = session.bc.read_by_ids(sorted(copies))
    markers = [rules.marker(bc_id) for bc_id in sorted(copies)]
    there = {
        contact.marker.contact: contact
        for contact in session.graph.find_by_markers(session.state.folder_id, markers)
        if contact.marker is not None
    }
    writes: list[to_graph.Write] = []
    for bc_id, copy in copies.items():
        after = _after(links.get(bc_id), copy, present.get(bc_id), rules)
        if bc_id in there:
            _keep(session, replace(after, outlook_id=there[bc_id].id), copy)
        elif after.note is Reason.PRIVACY_BLOCKED:
            report.on_result(_result(after, Outcome.SKIPPED, Reason.PRIVACY_BLOCKED))
        else:
            writes.append(to_graph.Create(bc_id, restorable(dict(copy.contact)), rules.marker(bc_id)))

    def on_done(result: to_graph.WriteResult) -> None:
        copy = copies[result.key]
        after = _after(links.get(result.key), copy, present.get(result.key), rules)
        if result.status is WriteStatus.DONE and result.contact is not None:
            restored = _based_on(after, result.contact)
            _keep(session, restored, copy)
            report.on_result(_result(restored, Outcome.CREATED))
        else:
            busy = result.status is WriteStatus.BUSY
            why = Reason.THROTTLED if busy else Reason.REFUSED_BY_OUTLOOK
            report.on_result(replace(_result(after, Outcome.FAILED, why), code=result.code))

    ended = session.graph.write(session.state.folder_id, writes, on_done, session.should_stop)
    if not ended:
        return Ending(RunState.RUNNING, unfinished=True)
    failed = any(result.outcome is Outcome.FAILED for result in report.results)
    return Ending(RunState.PARTIAL if failed else RunState.SUCCEEDED)


def _after(link: Link | None, copy: RemovedCopy, contact: BcContact | None, rules: Rules) -> Link:
    """The link once the copy is back."""
    base = link or Link(copy.bc_id, "", LinkState.DETACHED)
    if contact is None:
        return replace(base, state=LinkState.DETACHED, note=Reason.DETACHED)
    scope = rules.scope(contact)
    if scope is None:
        return replace(base, state=LinkState.LINKED, note=None)
    return replace(base, state=LinkState.DETACHED, note=scope)


def _based_on(link: Link, contact: OutlookContact) -> Link:
    """No base: the next run compares both sides as at a first meeting."""
    return replace(
        link, outlook_id=contact.id, outlook_etag=contact.etag, bc_prints=b"", outlook_prints=b"", bc_etag=""
    )


def _keep(session: Session, link: Link, copy: RemovedCopy) -> None:
    store, user, company = session.services.store, session.setup.user, session.setup.company
    store.links.save(user, company, [replace(link, run=session.run.id, at=session.now())])
    store.removed.delete(user, company, [copy])
    if link.state is LinkState.LINKED:
        session.ask_for_everything()


def _result(link: Link, outcome: Outcome, *reasons: Reason) -> Result:
    effects = frozenset({Effect.CREATE_OUTLOOK}) if outcome is Outcome.CREATED else frozenset()
    step = Step(link.bc_id, link.bc_id, link.outlook_id, effects=effects, link=link, outcome=outcome)
    return Result(step, Done(), link, outcome, reasons)
