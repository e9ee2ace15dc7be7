"""draft"""

from tests.sync.world import ANNA, BEN, COMPANY, World
from shared.model import *
from shared.state.runs import RunState, Trigger


def start(world, n=1, **setup):
    ids = [world.bc_person(f"Person {chr(65 + i)}lpha", f"p{i}@x.example", jobTitle="Buyer") for i in range(n)]
    world.set_up(**setup)
    world.ok(full=True)
    world.pass_minutes(1)
    return ids


def test_outlook_delete_stays_away_then_full_brings_back(world):
    [a] = start(world)
    world.outlook_delete(str(world.outlook()[0]["id"]))
    world.ok()
    assert world.outlook() == []
    world.ok(full=True, trigger=Trigger.TIMER)
    assert world.outlook() == []
    world.ok(full=True)
    assert len(world.outlook()) == 1


def test_bc_delete(world):
    a, b = start(world, 2)
    world.bc_delete(a)
    r = world.ok()
    assert len(world.outlook()) == 1, r
    assert r.counts.to_outlook.deleted == 1


def test_bc_delete_edit_beats(world):
    a, b = start(world, 2)
    world.bc_delete(a)
    world.outlook_edit(world.links()[a].outlook_id, jobTitle="X")
    r = world.ok()
    assert len(world.outlook()) == 2
    world.ok(full=True)
    assert len(world.outlook()) == 2 and len(world.bc_all()) == 1


def test_left_scope(world):
    a, b = start(world, 2, filter={"jobTitle": "Buyer"})
    world.bc_edit(a, jobTitle="Boss")
    world.ok()
    assert len(world.outlook()) == 1
    world.bc_edit(a, jobTitle="Buyer")
    world.ok()
    assert len(world.outlook()) == 2


def test_blocked(world):
    a, b = start(world, 2)
    world.bc_edit(a, privacyBlocked=True)
    world.outlook_edit(world.links()[a].outlook_id, jobTitle="X")
    r = world.ok()
    assert len(world.outlook()) == 1 and r.counts.conflicts == 1, r
    world.bc_edit(a, privacyBlocked=False)
    world.ok()
    assert len(world.outlook()) == 2


def test_brake(world):
    ids = start(world, 30)
    for i in ids[:29]:
        world.bc_delete(i)
    r = world.sync()
    assert r.state is RunState.NEEDS_CONFIRMATION and len(world.outlook()) == 30, r
    assert r.counts.held == 29
    world.services.store.held.confirm(ANNA, COMPANY, r.id)
    r = world.ok()
    assert len(world.outlook()) == 1, r


def test_moved_out(world):
    a, b = start(world, 2)
    f = world.people("create_folder", ANNA, "Private")
    oid = world.links()[a].outlook_id
    world.people("move_contact", ANNA, oid, f)
    world.ok()
    assert len(world.outlook()) == 1
    world.ok(full=True)
    assert len(world.outlook()) == 1
    world.people("move_contact", ANNA, oid, "Business Central")
    world.bc_edit(a, jobTitle="New")
    world.ok()
    assert len(world.outlook()) == 2 and world.card("Person Alpha")["jobTitle"] == "New"


def test_folder_deleted(world):
    start(world, 2)
    world.people("delete_folder", ANNA, "Business Central")
    r = world.sync()
    print(r.message, r.state)
    r = world.sync(full=True)
    print(r.message)
    assert r.state is RunState.FAILED, r
    assert world.state().paused_reason == "folderGone"


def test_state_lost(world):
    a, b = start(world, 2)
    world.outlook_delete(world.links()[b].outlook_id)
    world.reset_storage()
    world.set_up()
    r = world.sync(full=True)
    assert r.counts.held == 1, r
    assert len(world.outlook()) == 1


def test_mailbox_restored(world):
    a, b = start(world, 2)
    world.people("restore_mailbox", ANNA)
    r = world.sync()
    print(r)
    r = world.sync(full=True)
    print(r)
    assert len(world.outlook()) == 2 and len(world.bc_all()) == 2


def test_twins_outlook(world):
    world.bc_person("Ann Smith", "ann@x.example")
    world.people("create_folder", ANNA, "Business Central")
    for i in range(3):
        world.outlook_add("Ann Smith", "ann@x.example")
    world.set_up()
    r = world.ok(full=True)
    assert (
        len(world.outlook()) == 3
        and len(world.bc_all()) == 1
        and list(world.outcomes().values()) == ["duplicate"] * 2
    )
    m = world.sandbox.log.mark()
    world.ok(full=True)
    assert world.writes_since(m) == []


def test_copy(world):
    (a,) = start(world)
    world.people("copy_contact", ANNA, world.links()[a].outlook_id)
    world.ok()
    assert len(world.outlook()) == 2 and len(world.bc_all()) == 1
    assert "duplicate" in world.outcomes().values()


def test_two_mailboxes(world):
    (a,) = start(world)
    world.set_up(BEN)
    world.ok(BEN, full=True)
    world.outlook_edit(world.links()[a].outlook_id, jobTitle="A")
    world.outlook_edit(world.links(BEN)[a].outlook_id, BEN, jobTitle="B")
    world.ok()
    world.ok(BEN)
    world.ok()
    assert world.bc(a)["jobTitle"] == "A" and world.outlook(BEN)[0]["jobTitle"] == "A"


def test_restored(world):
    a, b = start(world, 2)
    snap = world.sandbox.call(world.sandbox.bc.people.snapshot)
    world.pass_minutes(60)
    world.bc_edit(a, jobTitle="Z")
    world.ok()
    world.pass_minutes(5)
    world.sandbox.call(world.sandbox.bc.people.restore, snap)
    r = world.sync()
    assert world.state().paused_reason == "restored", r


def test_to_outlook(world):
    (a,) = start(world, direction=Direction.TO_OUTLOOK)
    world.outlook_edit(world.links()[a].outlook_id, jobTitle="Mine")
    world.ok()
    assert world.bc(a)["jobTitle"] == "Buyer" and world.outlook()[0]["jobTitle"] == "Mine"
    world.bc_edit(a, jobTitle="Theirs")
    r = world.ok()
    assert world.outlook()[0]["jobTitle"] == "Theirs" and r.counts.conflicts == 1, r


def test_postcode(world):
    (a,) = start(world)
    world.outlook_edit(
        world.links()[a].outlook_id,
        businessAddress={"street": "Rue 1", "city": "x", "postalCode": "1000", "countryOrRegion": "Belgium"},
    )
    world.ok()
    print(world.bc(a))
    print(world.outlook()[0]["businessAddress"])
    m = world.sandbox.log.mark()
    world.ok()
    world.ok(full=True)
    assert world.writes_since(m) == []
    assert world.bc(a)["city"] == world.outlook()[0]["businessAddress"]["city"]


def test_commit_then_504(world):
    world.set_up()
    ids = [world.bc_person(f"P {i}", f"p{i}@x.example") for i in range(25)]
    from sandbox.faults import Fault

    world.sandbox.faults.add(Fault("commit_then_504", "graph", method="POST", path="contacts$", times=3))
    world.sandbox.faults.add(
        Fault(
            "reject", "graph", method="POST", path="contacts$", times=2, skip=5, status=429, retry_after="2.128"
        )
    )
    world.ok(full=True)
    assert len(world.outlook()) == 25


def test_bc_create_504(world):
    (a,) = start(world)
    from sandbox.faults import Fault

    world.outlook_add("Grace Hopper", "g@x.example")
    world.sandbox.faults.add(
        Fault("commit_then_504", "businessCentral", method="POST", path="batch", times=1, skip=1)
    )
    r = world.sync()
    print(r)
    world.sync()
    assert len(world.bc_all()) == 2, [c["displayName"] for c in world.bc_all()]
