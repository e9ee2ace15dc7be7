"""The end of a setup whose copies are to go: they move to Deleted Items, then everything kept is forgotten."""

from __future__ import annotations

from collections.abc import Callable

from shared.graph import writes as to_graph
from shared.graph.client import GraphClient
from shared.model import Link, LinkState, Marker
from shared.state.setups import StoredSetup
from shared.sync import push
from shared.sync.services import Services
from shared.transport.batching import WriteStatus

FAREWELL = "farewell"
"""In the checkpoint of a run that removes the copies and the setup instead of syncing."""
AT_ONCE = 200
"""Copies that can be removed within one HTTP answer: ten batches of twenty."""
_COPIES = frozenset({LinkState.LINKED, LinkState.REMOVING, LinkState.CREATING})


def copies(services: Services, stored: StoredSetup) -> list[Link]:
    """The links whose Outlook contact is a copy. Detached ones are the user's own and stay (sync rules §1)."""
    found = services.store.links.load(stored.setup.user, stored.setup.company)
    return [link for link in found if link.state in _COPIES]


def farewell(services: Services, stored: StoredSetup, should_stop: Callable[[], bool]) -> bool:
    """Remove the copies, then the setup; False where `should_stop` or a busy Graph came first: call it again.

    A copy whose removal Graph refuses stays. Raises the errors of Graph; what was removed by then is gone
    from the links.
    """
    setup, links = stored.setup, copies(services, stored)
    graph = services.graph(setup.user)
    if links and stored.state.folder_id and not _remove(services, graph, stored, links, should_stop):
        return False
    forget(services, stored)
    return True


def forget(services: Services, stored: StoredSetup) -> None:
    """Delete a setup, its subscriptions and all that is kept of it. Whatever is in Outlook stays."""
    push.close(services, stored)
    services.store.personal.erase_setup(stored.setup.user, stored.setup.company)


def _remove(
    services: Services,
    graph: GraphClient,
    stored: StoredSetup,
    links: list[Link],
    should_stop: Callable[[], bool],
) -> bool:
    user, company, folder = stored.setup.user, stored.setup.company, stored.state.folder_id
    by_outlook = {link.outlook_id: link.bc_id for link in links if link.outlook_id}
    by_outlook |= _unanswered(services, graph, stored, links)
    there = graph.read(sorted(by_outlook))
    # A copy that was moved to another folder is none of the sync's business any more.
    doomed = [id for id, contact in there.items() if contact is not None and contact.folder == folder]
    busy: list[str] = []

    def on_done(result: to_graph.WriteResult) -> None:
        if result.status is WriteStatus.BUSY:
            busy.append(result.key)
        elif result.status is not WriteStatus.REFUSED:
            services.store.links.delete(user, company, [by_outlook[result.key]])

    ended = graph.write(folder, [to_graph.Delete(id, id) for id in doomed], on_done, should_stop)
    return ended and not busy


def _unanswered(
    services: Services, graph: GraphClient, stored: StoredSetup, links: list[Link]
) -> dict[str, str]:
    """Copies that a run was creating when it broke off: only their markers tell."""
    settings = services.settings
    markers = [
        Marker(settings.tenant_id, settings.bc_environment, stored.setup.company, link.bc_id)
        for link in links
        if not link.outlook_id
    ]
    if not markers:
        return {}
    found = graph.find_by_markers(stored.state.folder_id, markers)
    return {contact.id: contact.marker.contact for contact in found if contact.marker is not None}
