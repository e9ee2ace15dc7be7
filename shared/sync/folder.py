"""The Outlook folder of a setup: found by id, created on demand, stamped, and known when it is gone."""

from __future__ import annotations

from dataclasses import dataclass, replace

from shared.errors import NotFound, Refused, RequestError, VersionConflict
from shared.graph.client import GraphClient
from shared.graph.folders import Folder
from shared.graph.markers import Stamp
from shared.model import Setup
from shared.state.setups import SetupState

_DEEPEST = 20


@dataclass(frozen=True, slots=True)
class Place:
    """`state`: what the setup now knows of its folder. `new`: just created, so surely empty.

    `gone`: it was there and is no more, or lies under Deleted Items. `missing`: none yet (a preview
    creates none). `unstamped`: it bears no stamp yet; it gets one once the state says whose it is, for
    after a crash a stamp without state would look like our own folder.
    """

    state: SetupState
    new: bool = False
    gone: bool = False
    missing: bool = False
    unstamped: bool = False


def locate(graph: GraphClient, state: SetupState) -> Folder | None:
    """The known folder if it is alive: under Contacts, however deep (sync rules §6). None: gone."""
    folder = graph.get_folder(state.folder_id)
    return folder if folder is not None and is_alive(graph, folder) else None


def is_alive(graph: GraphClient, folder: Folder) -> bool:
    """Whether the way up from the folder ends in Contacts and not in Deleted Items."""
    home = graph.default_folder()
    at: Folder | None = folder
    for _ in range(_DEEPEST):
        if at is None or at.parent == at.id:
            return False
        if home.id in (at.id, at.parent):
            return True
        at = _above(graph, at)
    return False


def _above(graph: GraphClient, folder: Folder) -> Folder | None:
    """The folder it lies in; None where that is none of contacts: Graph calls such an id malformed."""
    try:
        return graph.get_folder(folder.parent)
    except Refused:
        return None


def stamp_of(tenant: str, environment: str, setup: Setup) -> Stamp:
    return Stamp(tenant.lower(), environment, setup.company.lower())


def ensure(graph: GraphClient, setup: Setup, state: SetupState, stamp: Stamp, *, create: bool) -> Place:
    """The folder to sync with, made if need be and allowed.

    Raises RequestError 409 where a folder of that name belongs to another company's sync.
    """
    if state.folder_id:
        folder = locate(graph, state)
        if folder is None:
            return Place(state, gone=True)
        return Place(replace(state, folder_name=folder.name), unstamped=folder.stamp is None)
    found = graph.find_folder(setup.folder_name)
    if found is None:
        if not create:
            return Place(state, missing=True)
        made = graph.create_folder(setup.folder_name, stamp)
        if made.stamp is not None and _same(made.stamp, stamp):
            known = replace(state, folder_id=made.id, folder_name=made.name, folder_created_by_us=True)
            return Place(known, new=True)
        found = made
    if found.stamp is not None and not _same(found.stamp, stamp):
        raise folder_taken(setup.folder_name)
    known = replace(state, folder_id=found.id, folder_name=found.name)
    if found.stamp is not None:
        return Place(replace(known, must_confirm_creates=True))
    return Place(replace(known, adopted_unstamped=True), unstamped=True)


def check_free(graph: GraphClient, setup: Setup, stamp: Stamp) -> None:
    """Raises RequestError 409 where the folder of that name belongs to another company's sync."""
    found = graph.find_folder(setup.folder_name)
    if found is not None and found.stamp is not None and not _same(found.stamp, stamp):
        raise folder_taken(setup.folder_name)


def rename(graph: GraphClient, setup: Setup, state: SetupState) -> SetupState:
    """Give the folder the name that the setup now asks for. Raises RequestError 409 where it is taken."""
    try:
        graph.rename_folder(state.folder_id, setup.folder_name)
    except VersionConflict as error:
        raise RequestError(
            409,
            "Folder name taken",
            f"There is another Outlook folder {setup.folder_name!r} already. Choose another folderName.",
        ) from error
    except NotFound:
        return state  # the next run finds out and pauses the setup
    return replace(state, folder_name=setup.folder_name)


def folder_taken(name: str) -> RequestError:
    return RequestError(
        409,
        "Folder name taken",
        f"The Outlook folder {name!r} already belongs to the sync of another company. "
        "Choose another folderName for this setup.",
    )


def _same(one: Stamp, other: Stamp) -> bool:
    return (
        one.tenant.casefold() == other.tenant.casefold()
        and one.environment.casefold() == other.environment.casefold()
        and one.company.casefold() == other.company.casefold()
    )
