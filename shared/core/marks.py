"""What marks a pair: marker and category of the copy, the mark Private, and what its link remembers."""

from __future__ import annotations

from shared.core.merge import MAY_REST, RESTING, STANDING, Merge, resting
from shared.core.snapshot import Rules, SeenOutlook
from shared.core.steps import Pair
from shared.fields.fingerprint import changed
from shared.model import Direction, Link, OutlookContact, Reason


def note_after(pair: Pair, merged: Merge, rules: Rules) -> Reason | None:
    """What the link remembers: what waits, what rests, the latest reason, or what still holds."""
    note, bc, outlook = pair.link.note, pair.bc, pair.outlook
    lasting = sorted(STANDING & {*merged.reasons}) or sorted(RESTING & {*merged.reasons})
    if lasting:
        return lasting[0]
    if note in MAY_REST:
        known = bc is not None and outlook is not None
        still = resting(pair.link, bc, outlook, rules) if known and outlook else note
        if still is not None:
            return still
    if merged.reasons:
        return merged.reasons[0]
    over = merged != Merge() or note in (Reason.MOVED_OUT, Reason.DELETED_BY_USER)
    return None if over else note


def private(link: Link, outlook: SeenOutlook | None) -> bool:
    """Delta does not tell: what was known holds until the contact is inspected again."""
    return outlook.contact.private if outlook and outlook.contact.inspected else link.private


def unlooked(link: Link, outlook: SeenOutlook | None) -> bool:
    """Whether the mark Private may have come with an edit that was read by delta alone."""
    if outlook is None or outlook.contact.inspected:
        return link.unlooked and outlook is None
    return link.unlooked or bool(link.outlook_prints and changed(link.outlook_prints, outlook.prints))


def needs_marker(bc_id: str, contact: OutlookContact, rules: Rules) -> bool:
    """Whether a contact that was looked at bears no marker, or another one."""
    if not contact.inspected:
        return False
    marker = contact.marker
    return marker is None or marker.contact != bc_id or not rules.own(marker)


def is_fresh(outlook: SeenOutlook | None, rules: Rules) -> bool:
    """New to the sync, so it gets our category."""
    marker = outlook.contact.marker if outlook else None
    own = marker is not None and rules.own(marker)
    return not own and rules.setup.direction is not Direction.TO_BUSINESS_CENTRAL
