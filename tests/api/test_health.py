"""Whether the app is up, what a setup needs, and when the schedule comes round."""

from __future__ import annotations

import threading
import tomllib
from pathlib import Path

import pytest

from sandbox.faults import Fault
from shared.api import asking
from shared.api.version import VERSION
from tests.api.caller import Api
from tests.api.conftest import Office
from tests.sync.world import ANNA, COMPANY, OTHER_COMPANY

HERS = f"users/{ANNA}/setups/{COMPANY}"


def results(office: Office, path: str = HERS) -> dict[str, str]:
    answer = office.key.post(f"{path}/validate")
    assert answer.status == 200
    checks = answer["checks"]
    assert isinstance(checks, list)
    found = {str(c["name"]): str(c["result"]) for c in checks if isinstance(c, dict)}
    assert answer["ok"] is ("failed" not in found.values())
    for check in checks:
        assert isinstance(check, dict)
        assert check["detail"]
        assert check["result"] == "ok" or check["fix"]
    return found


def test_version_is_that_of_the_project() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["version"] == VERSION


def test_anybody_may_ask_whether_the_app_is_up(office: Office) -> None:
    answer = Api(office.world.services, "anonymous").get("health")
    assert answer.body == {"status": "ok", "version": VERSION}


def test_details_name_every_dependency(office: Office) -> None:
    office.set_up()
    answer = office.key.get("health/details")
    dependencies = answer["dependencies"]
    assert isinstance(dependencies, list)
    found = {str(d["name"]): d["result"] for d in dependencies if isinstance(d, dict)}
    assert set(found) == {
        "storageTables",
        "storageQueue",
        "graphToken",
        "graph",
        "businessCentralToken",
        "businessCentral",
    }
    assert set(found.values()) == {"ok"}
    assert answer["status"] == "ok"
    assert (isinstance(answer["queueLength"], int), answer["poisonLength"]) == (True, 0)


def test_refused_dependency_degrades_and_says_why(office: Office) -> None:
    sandbox = office.world.sandbox
    sandbox.faults.add(Fault("reject", "businessCentral", status=403, times=50))
    answer = office.key.get("health/details")
    sandbox.faults.clear()
    assert answer["status"] == "degraded"
    dependencies = answer["dependencies"]
    assert isinstance(dependencies, list)
    failed = [d for d in dependencies if isinstance(d, dict) and d["result"] == "failed"]
    assert [d["name"] for d in failed] == ["businessCentral"]
    assert failed[0]["detail"]


def test_mailbox_that_is_gone_is_no_fault_of_graph(office: Office) -> None:
    office.set_up()
    sandbox = office.world.sandbox
    sandbox.faults.add(
        Fault("reject", "graph", path="contactFolders", status=404, code="ErrorInvalidUser", times=50)
    )
    answer = office.key.get("health/details")
    sandbox.faults.clear()
    assert answer["status"] == "ok"


def test_question_that_is_not_answered_does_not_hold_up_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "PATIENCE", 2.0)
    never = threading.Event()

    def question(name: str) -> str:
        if name == "silent":
            never.wait()
        return f"{name} answers"

    said = asking.ask_all(["one", "silent", "other"], question, lambda name: f"{name} is late")
    never.set()
    assert said == ["one answers", "silent is late", "other answers"]


def test_good_setup_passes_every_check(office: Office) -> None:
    office.world.bc_person("Ada Lovelace", "ada@x.example")
    office.set_up()
    before = results(office)
    assert before["contactsWritable"] == "unknown"
    assert [name for name, result in before.items() if result == "failed"] == []
    office.sync(mode="full")
    office.world.outlook_edit(str(office.world.card("Ada Lovelace")["id"]), jobTitle="Countess")
    office.sync()
    assert results(office)["contactsWritable"] == "ok"


def test_setup_that_is_not_made_yet_can_be_checked(office: Office) -> None:
    found = results(office)
    assert found["access"] == "failed"
    assert found["mailbox"] == found["company"] == "ok"


def test_each_check_fails_alone(office: Office) -> None:
    office.set_up()
    office.sync(mode="full")
    office.world.people("delete_folder", ANNA, "Business Central")
    assert [n for n, r in results(office).items() if r == "failed"] == ["folder"]
    elsewhere = results(office, f"users/{ANNA}/setups/{OTHER_COMPANY}")
    assert [n for n, r in elsewhere.items() if r == "failed"] == ["company", "contactsReadable", "access"]
    nobody = results(office, f"users/7f0e1d2c-0000-4000-8000-0000000000ff/setups/{COMPANY}")
    assert [n for n, r in nobody.items() if r == "failed"] == ["mailbox", "folder", "access"]
