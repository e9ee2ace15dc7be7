"""The life of a setup after it was made: paused, resumed, begun again in a new folder, deleted."""

from __future__ import annotations

from dataclasses import replace

from shared.api.directory import company_of, require_open, setup_of, stored_setup, user_of
from shared.api.doors import Door
from shared.api.http import Response
from shared.api.models import Copies, DeleteQuery
from shared.api.route import Call, empty
from shared.api.runs import start_plain, started
from shared.api.setups import setup_answer, wanted_version
from shared.errors import RequestError
from shared.state.keys import stamp
from shared.state.runs import Run
from shared.state.setups import StoredSetup
from shared.sync import folder as folders
from shared.sync.farewell import AT_ONCE, FAREWELL, copies, farewell, forget
from shared.sync.pausing import forget_folder, resumed
from shared.sync.services import Services


def pause_setup(call: Call) -> Response:
    """Stops syncing until a person resumes; a run that is under way stops before its next batch."""
    stored = setup_of(call)
    answer = setup_answer(call.services, _put_paused(call.services, stored, paused=True))
    call.services.store.setups.interrupt(stored.setup.user, stored.setup.company)
    return answer


def resume_setup(call: Call) -> Response:
    """Goes on after any pause; after a restored environment, with what Business Central has now."""
    stored = setup_of(call)
    user, company = stored.setup.user, stored.setup.company
    _put_paused(call.services, stored, paused=False)
    if stored.state.paused_reason or stored.state.gone_since:
        call.services.store.setups.amend(user, company, resumed)
    return setup_answer(call.services, stored_setup(call.services, user, company))


def recreate_folder(call: Call) -> Response:
    """Begins again in a new folder, where the old one is gone; a run is queued that makes it."""
    services, stored = call.services, setup_of(call)
    if stored.setup.paused:
        raise RequestError(409, "Paused", "This setup is paused by hand. Resume it first.")
    graph = services.graph(stored.setup.user)
    if not stored.state.folder_id or folders.locate(graph, stored.state) is not None:
        raise RequestError(
            409,
            "Nothing to do",
            "The folder of this setup is not gone. A first sync makes it, and a later one goes on with it.",
        )
    forget_folder(services.store, stored.setup)
    again = stored_setup(services, stored.setup.user, stored.setup.company)
    return start_plain(call, again)


def delete_setup(call: Call) -> Response:
    """Deletes a setup and all that is kept of it; the copies stay, or go to Deleted Items.

    Many copies, or those of a setup that is being synced just now, are removed by a run; with its end, both
    it and the setup are gone.
    """
    services = call.services
    user, company = user_of(call), company_of(call)
    if call.caller.door is Door.USER:
        require_open(services, user, company)
    stored = stored_setup(services, user, company)
    wanted_version(call, stored)
    if call.query_as(DeleteQuery).copies is Copies.KEEP or not stored.state.folder_id:
        forget(services, stored)
        return empty()
    # No other run may bring back what goes.
    stored = _put_paused(services, stored, paused=True)
    working = stored.state.lease_until > stamp(services.clock.now())
    if not working and len(copies(services, stored)) <= AT_ONCE and farewell(services, stored, lambda: False):
        return empty()
    run = Run(services.store.runs.new_id(user, company), user, company, checkpoint={FAREWELL: True})
    return started(call, run)


def _put_paused(services: Services, stored: StoredSetup, *, paused: bool) -> StoredSetup:
    if stored.setup.paused == paused:
        return stored
    return services.store.setups.put(replace(stored.setup, paused=paused), stored.etag)
