"""Notifications say when to look; whatever becomes of them, what is synced stays the same (invariant I8)."""

from __future__ import annotations

from shared.state.runs import Trigger
from tests.push.conftest import Pushed
from tests.sync.world import ANNA, COMPANY


def test_edit_in_outlook_arrives_by_notification(pushed: Pushed) -> None:
    ada = pushed.world.bc_person("Ada Lovelace", "ada@x.example", jobTitle="Buyer")
    pushed.start()
    before = len(pushed.receiver.answers)
    pushed.world.outlook_edit(str(pushed.world.card("Ada Lovelace")["id"]), jobTitle="Head Buyer")
    pushed.receiver.wait_for(before + 1)
    pushed.work_off()
    assert pushed.world.bc(ada)["jobTitle"] == "Head Buyer"
    assert pushed.services.store.runs.recent(ANNA, COMPANY, 100).items[0].trigger in (
        Trigger.GRAPH,
        Trigger.BUSINESS_CENTRAL,
    )


def test_edit_in_business_central_arrives_by_notification(pushed: Pushed) -> None:
    ada = pushed.world.bc_person("Ada Lovelace", "ada@x.example", jobTitle="Buyer")
    pushed.start()
    before = len(pushed.receiver.answers)
    pushed.world.bc_edit(ada, jobTitle="Head Buyer")
    pushed.receiver.wait_for(before + 1)
    pushed.work_off()
    assert pushed.world.card("Ada Lovelace")["jobTitle"] == "Head Buyer"


def test_deletion_in_business_central_arrives_by_notification(pushed: Pushed) -> None:
    ada = pushed.world.bc_person("Ada Lovelace", "ada@x.example")
    pushed.world.bc_person("Grace Hopper", "grace@x.example")
    pushed.start()
    before = len(pushed.receiver.answers)
    pushed.world.bc_delete(ada)
    pushed.receiver.wait_for(before + 1)
    pushed.work_off()
    assert pushed.world.names() == ["Grace Hopper"]
