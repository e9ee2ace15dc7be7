"""What becomes of a setup's state when a person decides about a pause of the service's own (sync rules §6)."""

from __future__ import annotations

from dataclasses import replace

from shared.model import LinkState, Setup
from shared.state.setups import SetupState
from shared.state.store import Store

ACCEPT_RESTORED = "acceptRestored"
"""In `SetupState.extra`: the next run takes Business Central as it is, although its time ran backwards."""


def resumed(state: SetupState) -> SetupState:
    """The state after a person resumed: a new week for the mailbox, a restored environment accepted once."""
    extra = state.extra
    if state.paused_reason == "restored":
        extra = {**extra, ACCEPT_RESTORED: True}
    return replace(state, paused_reason="", gone_since="", extra=extra)


def without_folder(state: SetupState) -> SetupState:
    """The state of a setup that is to begin again in a new folder, as if it had never synced."""
    return SetupState(
        print_key=state.print_key,
        last_sync_at=state.last_sync_at,
        last_run=state.last_run,
        next_sync_at=state.next_sync_at,
        mailbox_address=state.mailbox_address,
        ledger=state.ledger,
        lease_owner=state.lease_owner,
        lease_until=state.lease_until,
    )


def forget_folder(store: Store, setup: Setup) -> None:
    """Begin again in a new folder: copies that went with the old one are made anew.

    What the user had deleted before stays away. The state goes first: a run that is under way stops by it.
    """
    user, company = setup.user, setup.company
    store.setups.amend(user, company, without_folder)
    lost = [
        link.bc_id for link in store.links.load(user, company) if link.state is not LinkState.DELETED_BY_USER
    ]
    store.links.delete(user, company, lost)
    store.outcomes.clear(user, company)
    store.held.clear(user, company)
