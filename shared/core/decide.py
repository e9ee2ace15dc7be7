"""The decision table (sync rules §4): every pair, every lone contact, one step each. Pure and total."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from shared.core.marks import is_fresh, needs_marker, note_after, private, unlooked
from shared.core.merge import Merge, lost_with_copy, merge, resting
from shared.core.pairing import LoneOutlook, Pairing, pair_up
from shared.core.plan import Plan, Step
from shared.core.snapshot import (
    BcView,
    OutlookView,
    Rules,
    SeenBc,
    SeenOutlook,
    Whereabouts,
    WishKind,
    as_it_was,
)
from shared.core.steps import (
    Pair,
    created_in_bc,
    created_in_outlook,
    detached,
    goes_on,
    left_alone,
    removed,
    unreadable,
)
from shared.core.taking import taken
from shared.fields.fingerprint import changed, parts_changed
from shared.model import (
    ContactType,
    Direction,
    Link,
    LinkState,
    OnBusinessCentralDelete,
    OnLeaveScope,
    OnOutlookDelete,
    Outcome,
    Reason,
)


def decide(links: Sequence[Link], bc: BcView, outlook: OutlookView, rules: Rules) -> Plan:
    """What is to be done about every contact that was observed.

    Deterministic: the same observation gives the same plan in the same order. Nothing is dropped:
    conflicts and skips are steps too. Contacts that need nothing at all are only counted.
    """
    decider = _Decider(bc, outlook, rules)
    pairing = pair_up(links, bc, outlook, rules)
    before = {link.bc_id: link for link in links}
    steps: list[Step] = []
    unchanged = 0
    for step in decider.all(pairing, before):
        if step is None:
            unchanged += 1
        else:
            steps.append(step)
    return Plan(tuple(steps), unchanged)


class _Decider:
    def __init__(self, bc: BcView, outlook: OutlookView, rules: Rules) -> None:
        self.bc = bc
        self.outlook = outlook
        self.rules = rules
        self.setup = rules.setup
        self.to_outlook_only = rules.setup.direction is Direction.TO_OUTLOOK
        self.holders: dict[str, str] = {}
        self.to_bc_only = rules.setup.direction is Direction.TO_BUSINESS_CENTRAL

    def all(self, pairing: Pairing, before: dict[str, Link]) -> Iterator[Step | None]:
        links = {link.bc_id: link for link in pairing.links}
        self.holders = {link.outlook_id: link.bc_id for link in pairing.links if link.outlook_id}
        heirs = {heir: gone for gone, heir in pairing.inherit.items()}
        replaced = {lone.bc_id for lone in pairing.lone_outlook if lone.reason is None}
        replaced |= {*pairing.met, *pairing.inherit}
        replaced |= {self.holder(outlook_id, bc_id) for bc_id, outlook_id in pairing.met.items()}
        for link in pairing.links:
            if link.bc_id in replaced:
                continue
            yield self.linked(link, before.get(link.bc_id))
        for bc_id, outlook_id in pairing.met.items():
            yield self.met(bc_id, outlook_id, links.get(bc_id), heirs.get(bc_id, ""))
        for bc_id, owner in pairing.lone_bc.items():
            yield self.lone_bc(self.bc.contacts[bc_id], owner, before.get(bc_id))
        for lone in pairing.lone_outlook:
            yield self.lone_outlook(lone)
        for outlook_id in sorted(self.outlook.unread - self.holders.keys()):
            yield unreadable(outlook_id)

    # --- one link -------------------------------------------------------------------------------

    def linked(self, link: Link, before: Link | None) -> Step | None:
        bc = self.bc.contacts.get(link.bc_id)
        outlook = self.outlook.contacts.get(link.outlook_id)
        if link.outlook_id not in self.outlook.unread and self._at_rest(link, before, bc, outlook):
            return None
        pair = Pair(link, before, bc, outlook)
        if link.outlook_id in self.outlook.unread:
            return unreadable(link.outlook_id, link.bc_id, pair)
        match link.state:
            case LinkState.LINKED | LinkState.REMOVING:
                return self.live(pair)
            case LinkState.CREATING:
                return self.creating(pair)
            case LinkState.DELETED_BY_USER:
                return self.away(pair)
            case LinkState.REMOVED_BY_US:
                return None  # back in scope, it is a lone contact like any other
            case LinkState.DETACHED:
                return self.detached(pair)

    def live(self, pair: Pair) -> Step | None:
        link, bc, outlook = pair.link, pair.bc, pair.outlook
        where = self.outlook.away.get(link.outlook_id)
        if where is None and outlook is None and link.note is Reason.MOVED_OUT:
            where = Whereabouts.MOVED_OUT
        if where is Whereabouts.GONE:
            return self.gone_in_outlook(pair)
        if where is Whereabouts.MOVED_OUT:
            if link.note is Reason.MOVED_OUT and bc is None:
                return None
            moved = replace(link, note=Reason.MOVED_OUT, state=LinkState.LINKED)
            return left_alone(pair.having(moved), Reason.MOVED_OUT)
        if self.rules.wanted is not None and not (bc and self.rules.wanted(bc.contact)):
            return None  # a filter for this run only limits what it touches
        if link.bc_id in self.bc.gone:
            return self.gone_in_bc(pair)
        scope = self._scope(link, bc)
        if scope is None:
            if bc is not None and outlook is None and link.note is Reason.OUTSIDE_FILTER:
                pair = pair.having(replace(link, note=None))
            return self.both_alive(pair)
        assert bc is not None
        if scope is Reason.PRIVACY_BLOCKED:
            return self.blocked(pair, bc)
        if self.rules.wanted is not None or (not link.matched and scope is not Reason.NOT_A_PERSON):
            step = self.both_alive(pair)
            if step is None or step.link is None:
                return step
            warned = replace(step.link, note=scope)  # so that the next run judges it again
            return replace(step, link=warned, reasons=tuple(dict.fromkeys((*step.reasons, scope))))
        return self.left_scope(pair, bc, scope)

    def _scope(self, link: Link, bc: SeenBc | None) -> Reason | None:
        """Why the BC contact no longer takes part. Unchanged since last time: as it was then."""
        if bc is None or (not self.rules.reevaluate and as_it_was(link, bc)):
            return None
        return self.rules.scope(bc.contact)

    def both_alive(self, pair: Pair) -> Step | None:
        link, bc, outlook = pair.link, pair.bc, pair.outlook
        closed = self._closed(link, outlook)
        merged = merge(link, bc, outlook, self.rules, closed=closed)
        wish = self.rules.wishes.get(link.bc_id)
        if wish and bc and outlook:
            parts = parts_changed(link.outlook_prints, outlook.prints)
            for name, value in wish.values:
                both = (bc.contact, outlook.contact)
                merged = taken(merged, name, value, *both, self.rules, closed=closed, parts_changed=parts)
        after = replace(
            link,
            state=LinkState.LINKED,
            matched=link.matched or (bc is not None and self.rules.scope(bc.contact) is None),
            private=private(link, outlook),
            unlooked=unlooked(link, outlook),
            note=note_after(pair, merged, self.rules),
        )
        mark = outlook is not None and needs_marker(link.bc_id, outlook.contact, self.rules)
        step = goes_on(pair.having(after), merged, mark=mark)
        if step is None or not mark or link.outlook_prints:
            return step
        # Linked by a run that died before the copy was marked.
        return replace(step, category=is_fresh(outlook, self.rules))

    def _at_rest(self, link: Link, before: Link | None, bc: SeenBc | None, outlook: SeenOutlook | None) -> bool:
        """Nearly every pair of nearly every run: as it was, in every respect. Worth asking first."""
        return (
            link is before
            and link.state is LinkState.LINKED
            and link.matched
            and link.note is None
            and (bc is not None and bc.prints == link.bc_prints and bc.contact.etag == link.bc_etag)
            and (outlook is not None and outlook.prints == link.outlook_prints)
            and outlook.contact.etag == link.outlook_etag
            and (not outlook.contact.inspected or outlook.contact.private == link.private)
            and not needs_marker(link.bc_id, outlook.contact, self.rules)
            and link.bc_id not in self.rules.wishes
            and (not self.rules.reevaluate or self.rules.scope(bc.contact) is None)
        )

    # --- one side is gone -----------------------------------------------------------------------

    def gone_in_outlook(self, pair: Pair) -> Step | None:
        link = pair.link
        if link.state is LinkState.REMOVING:
            return self.nothing_left(pair, Outcome.DELETED)
        deleted = replace(link, state=LinkState.DELETED_BY_USER, note=Reason.DELETED_BY_USER)
        return self.away(pair.having(deleted))

    def away(self, pair: Pair) -> Step | None:
        """The user deleted the copy. It returns only when a person says so (sync rules §1)."""
        if pair.link.bc_id in self.bc.gone:
            return self.nothing_left(pair, Outcome.UNCHANGED)
        bc = pair.bc
        wish = self.rules.wishes.get(pair.link.bc_id)
        asked = wish is not None and wish.kind is WishKind.BRING_BACK
        until_full = self.setup.on_outlook_delete is OnOutlookDelete.UNTIL_FULL_SYNC
        returns = asked or (self.rules.bring_back and until_full)
        wanted = self.rules.wanted
        scope = self.rules.scope(bc.contact) if bc is not None else None
        meant = bc is not None and scope is None and (not wanted or wanted(bc.contact))
        if returns and bc is not None and meant and not self.to_bc_only:
            return self.lone_bc(bc, "", pair.before or pair.link)
        if bc is None and pair.before == pair.link:
            return None
        in_its_way = scope or (Reason.DIRECTION_OFF if self.to_bc_only else None)
        why = (asked and in_its_way) or Reason.DELETED_BY_USER
        return left_alone(replace(pair, outlook=None), why)

    def nothing_left(self, pair: Pair, outcome: Outcome) -> Step:
        """Neither side has the contact any more, or the copy is gone as it was to be."""
        link = replace(pair.link, state=LinkState.REMOVED_BY_US, note=None)
        return Step(link.bc_id, link.bc_id, link.outlook_id, link=link, before=pair.before, outcome=outcome)

    def gone_in_bc(self, pair: Pair) -> Step | None:
        link, outlook = pair.link, pair.outlook
        edited = outlook is not None and (
            bool(changed(link.outlook_prints, outlook.prints))
            or link.outlook_id in self.outlook.own_content
            or resting(link, None, outlook, self.rules) is not None
        )
        if edited:
            return detached(pair, Reason.KEPT_EDITED)
        keep = self.setup.on_business_central_delete is OnBusinessCentralDelete.KEEP
        if keep or self.to_bc_only:
            return detached(pair, Reason.DETACHED)
        return removed(replace(pair, bc=None), Merge(), None)

    def left_scope(self, pair: Pair, bc: SeenBc, scope: Reason) -> Step | None:
        link, outlook = pair.link, pair.outlook
        person = bc.contact.type == ContactType.PERSON
        closed = self._closed(link, outlook)
        merged = merge(link, bc, outlook, self.rules, closed=closed) if person else Merge()
        if self.setup.on_leave_scope is OnLeaveScope.KEEP or self.to_bc_only:
            if not person:
                return detached(pair, scope)
            kept = replace(link, state=LinkState.DETACHED, note=scope)
            step = goes_on(pair.having(kept), merged, mark=False)
            return step and replace(step, reasons=(*step.reasons, scope))
        return removed(pair, self._with_losses(pair, bc, merged), scope)

    def blocked(self, pair: Pair, bc: SeenBc) -> Step:
        """Nothing flows to Business Central any more; the copy goes, what the user wrote is kept.

        A blocked contact shows nothing more of itself: the record tells only what the copy had said before.
        """
        merged = self._with_losses(pair, bc, Merge())
        unseen = changed(pair.link.bc_prints, bc.prints)
        lost = tuple(replace(c, kept="") if c.field in unseen else c for c in merged.conflicts)
        return removed(pair, replace(merged, conflicts=lost), Reason.PRIVACY_BLOCKED)

    def _with_losses(self, pair: Pair, bc: SeenBc, merged: Merge) -> Merge:
        """The merge of a copy that goes: what would vanish with it stands in the conflict record."""
        if pair.outlook is None:
            return merged
        known = {conflict.field for conflict in merged.conflicts}
        lost = lost_with_copy(pair.link, bc, pair.outlook, self.rules, merged.to_bc)
        more = tuple(conflict for conflict in lost if conflict.field not in known)
        return replace(merged, conflicts=(*merged.conflicts, *more))

    # --- states that are not live ----------------------------------------------------------------

    def creating(self, pair: Pair) -> Step | None:
        """An earlier run meant to create the copy and did not see the answer."""
        link, bc = pair.link, pair.bc
        if pair.outlook is not None:
            return self.live(pair.having(replace(link, state=LinkState.LINKED)))
        wanted = self.rules.wanted
        deleted = link.bc_id in self.bc.gone
        if not deleted and (bc is None or (wanted is not None and not wanted(bc.contact))):
            return None
        scope = self.rules.scope(bc.contact) if bc else None
        if bc is not None and scope is None:
            return self.lone_bc(bc, "", pair.before or link)
        gone = replace(link, state=LinkState.REMOVED_BY_US, note=scope)
        return Step(link.bc_id, link.bc_id, link=gone, before=pair.before)

    def detached(self, pair: Pair) -> Step | None:
        link, bc, outlook = pair.link, pair.bc, pair.outlook
        back = bc is not None and self.rules.scope(bc.contact) is None
        if back and outlook is not None:
            return self.both_alive(pair.having(replace(link, state=LinkState.LINKED, note=None, bc_prints=b"")))
        where = self.outlook.away.get(link.outlook_id)
        if back and where is Whereabouts.GONE:  # the user deleted it: nothing deleted comes back by itself
            return self.away(pair.having(replace(link, state=LinkState.DELETED_BY_USER)))
        if outlook is None and pair.before == link:
            return None
        return left_alone(pair, link.note or Reason.DETACHED)

    # --- first meetings and lone contacts ---------------------------------------------------------

    def met(self, bc_id: str, outlook_id: str, old: Link | None, inherited: str) -> Step | None:
        """Two existing contacts become a pair; a link that pointed at this Outlook contact is replaced."""
        bc, outlook = self.bc.contacts[bc_id], self.outlook.contacts[outlook_id]
        if self.rules.wanted is not None and not self.rules.wanted(bc.contact):
            return None
        matched = self.rules.scope(bc.contact) is None
        link = Link(bc_id, outlook_id, LinkState.LINKED, matched=matched, private=outlook.contact.private)
        merged = merge(link, bc, outlook, self.rules, closed=self._closed(link, outlook))
        pair = Pair(link, old, bc, outlook)
        pair = pair.having(replace(link, note=note_after(pair, merged, self.rules)))
        former = inherited or self.holder(outlook_id, bc_id)
        step = goes_on(pair, merged, mark=needs_marker(bc_id, outlook.contact, self.rules))
        return step and replace(step, forget=former, category=is_fresh(outlook, self.rules))

    def lone_bc(self, bc: SeenBc, owner: str, before: Link | None) -> Step | None:
        bc_id = bc.contact.id
        if owner or self.to_bc_only:
            why = Reason.DUPLICATE if owner else Reason.DIRECTION_OFF
            return Step(bc_id, bc_id, outcome=Outcome.SKIPPED, reasons=(why,), bc=bc, related=owner)
        return created_in_outlook(bc, before, self.rules)

    def lone_outlook(self, lone: LoneOutlook) -> Step | None:
        outlook = self.outlook.contacts[lone.id]
        key = f"outlook:{lone.id}"
        skipped = Step(key, "", lone.id, related=lone.bc_id, outcome=Outcome.SKIPPED, outlook=outlook)
        if lone.reason is not None:
            return replace(skipped, reasons=(lone.reason,))
        if self.rules.wanted is not None:
            return None
        if self.to_outlook_only:
            return replace(skipped, reasons=(Reason.DIRECTION_OFF,))
        return created_in_bc(skipped, outlook, self.rules)

    def holder(self, outlook_id: str, bc_id: str) -> str:
        """Another BC contact whose link still names this Outlook contact."""
        other = self.holders.get(outlook_id, "")
        return other if other != bc_id else ""

    # --- helpers ------------------------------------------------------------------------------------

    def _closed(self, link: Link, outlook: SeenOutlook | None) -> bool:
        """Nothing may flow to Business Central."""
        return self.to_outlook_only or private(link, outlook)
