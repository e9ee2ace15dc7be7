"""A company's country table and field lengths: read once a day for all of its setups, kept beside them."""

from __future__ import annotations

from shared.state.runs import Trigger
from tests.sync.world import ANNA, BEN, World


def reads(world: World, mark: int) -> int:
    """How often the country table was read since."""
    return sum("countriesRegions" in entry.path for entry in world.sandbox.log.entries(since=mark))


def test_second_setup_and_the_audits_of_a_day_go_by_what_the_first_setup_read(world: World) -> None:
    world.bc_person("Ada Lovelace", "ada@x.example", country="GB")
    for user in (ANNA, BEN):
        world.set_up(user)
    mark = world.sandbox.log.mark()
    world.ok(ANNA)
    world.ok(BEN)
    world.ok(ANNA, full=True, trigger=Trigger.TIMER)
    assert reads(world, mark) == 1
    address = world.card("Ada Lovelace", BEN)["businessAddress"]
    assert isinstance(address, dict)
    assert address["countryOrRegion"] == "Great Britain"


def test_tables_are_read_again_a_day_later_and_whenever_a_person_asks_for_everything(world: World) -> None:
    world.bc_person("Ada Lovelace", "ada@x.example")
    world.set_up()
    world.ok()
    mark = world.sandbox.log.mark()
    world.ok(full=True)
    assert reads(world, mark) == 1
    world.pass_minutes(24 * 60 + 1)
    world.ok(full=True, trigger=Trigger.TIMER)
    assert reads(world, mark) == 2


def test_setup_itself_carries_no_tables_for_the_tick_to_read(world: World) -> None:
    world.bc_person("Ada Lovelace", "ada@x.example")
    world.set_up()
    world.ok(full=True)
    [stored] = [one for one in world.services.store.setups.all() if one.setup.user == ANNA]
    assert len(str(stored.state)) < 1500
