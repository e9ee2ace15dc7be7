"""The control plane over HTTP."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import requests

from sandbox.faults import Fault
from sandbox.seed.cast import COMPANIES, USERS
from sandbox.world import Sandbox

ANNA = USERS[0]


class Control:
    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    def call(self, method: str, path: str, body: object = None) -> requests.Response:
        return requests.request(method, f"{self.sandbox.control_url}/{path}", json=body, timeout=20)

    def ok(self, method: str, path: str, body: object = None) -> dict[str, object]:
        answer = self.call(method, path, body)
        assert answer.status_code == 200, answer.text
        result: dict[str, object] = answer.json()
        return result

    def folders(self) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.sandbox.token()}"}
        url = f"{self.sandbox.graph_url}/users/{ANNA.id}/contactFolders"
        return requests.get(url, headers=headers, timeout=20)


@pytest.fixture
def control() -> Iterator[Control]:
    with Sandbox("cast") as sandbox:
        yield Control(sandbox)


def test_state_says_where_everything_is(control: Control) -> None:
    state = control.ok("GET", "state")
    assert state["settings"] == control.sandbox.settings()
    assert state["seed"] == "cast"


def test_the_clock_is_put_forward(control: Control) -> None:
    before = control.sandbox.clock.now()
    after = control.ok("POST", "clock", {"advance": 3600})["now"]
    assert datetime.fromisoformat(str(after)) >= before + timedelta(hours=1)
    assert control.call("POST", "clock", {"advance": "soon"}).status_code == 400


def test_latency_is_set(control: Control) -> None:
    control.ok("POST", "latency", {"seconds": 0.25})
    assert control.sandbox.latency_seconds == 0.25
    assert control.call("POST", "latency", {"seconds": -1}).status_code == 400


def test_switches_are_set_and_set_back(control: Control) -> None:
    assert control.ok("POST", "switches", {"if_match": "enforce412"}) == {"if_match": "enforce412"}
    assert control.ok("POST", "switches", {"if_match": None}) == {}
    refused = control.call("POST", "switches", {"if_mach": "enforce412"})
    assert refused.status_code == 400
    assert "if_mach" in refused.json()["error"]


def test_a_fault_is_added_and_cleared(control: Control) -> None:
    control.ok("POST", "fault", {"kind": "reject", "service": "graph", "status": 503, "times": 0})
    assert control.folders().status_code == 503
    control.ok("DELETE", "fault")
    assert control.folders().status_code == 200


@pytest.mark.parametrize("fault", [{"kind": "reject", "colour": "red"}, {"kind": "reject", "path": "("}, {}])
def test_a_fault_that_makes_no_sense_is_refused(control: Control, fault: dict[str, str]) -> None:
    assert control.call("POST", "fault", fault).status_code == 400


def test_requests_can_be_read_since_a_mark(control: Control) -> None:
    control.folders()
    mark = control.ok("GET", "requests")["mark"]
    control.folders()
    found = control.ok("GET", f"requests?service=graph&since={mark}")["value"]
    assert isinstance(found, list)
    assert [(entry["method"], entry["status"]) for entry in found] == [("GET", 200)]
    control.ok("DELETE", "requests")
    assert control.ok("GET", "requests")["value"] == []
    assert control.call("GET", "requests?since=yesterday").status_code == 400


def test_violations_are_counted_by_kind(control: Control) -> None:
    control.sandbox.faults.add(Fault("reject", status=429, retry_after="60"))
    control.folders()
    control.folders()
    violations = control.ok("GET", "violations")
    assert violations["counts"] == {"early_retry": 1}


def test_people_act_in_both_services(control: Control) -> None:
    made = control.ok(
        "POST",
        "people/graph",
        {"do": "create_contact", "user": ANNA.id, "folder": "contacts", "givenName": "A", "displayName": "A"},
    )
    shown = control.ok("POST", "people/graph", {"do": "contact", "args": [ANNA.id, made["result"]]})
    assert isinstance(shown["result"], dict)
    assert shown["result"]["displayName"] == "A"
    company = COMPANIES[0].id
    made = control.ok(
        "POST",
        "people/businessCentral",
        {"do": "create_contact", "company": company, "type": "Person", "displayName": "B"},
    )
    control.ok(
        "POST",
        "people/businessCentral",
        {"do": "touch_interaction", "args": [company, made["result"]], "when": "2026-01-31"},
    )
    shown = control.ok("POST", "people/businessCentral", {"do": "contact", "args": [company, made["result"]]})
    assert isinstance(shown["result"], dict)
    assert (shown["result"]["displayName"], shown["result"]["lastInteractionDate"]) == ("B", "2026-01-31")


@pytest.mark.parametrize(
    "body",
    [
        {"do": "fly"},
        {"do": "_mailbox", "args": [ANNA.id]},
        {"do": "contacts"},
        {"do": "contacts", "args": [ANNA.id, "no such folder"]},
        {},
    ],
)
def test_what_people_cannot_do_is_refused(control: Control, body: dict[str, object]) -> None:
    assert control.call("POST", "people/graph", body).status_code == 400


def test_people_act_in_known_services_only(control: Control) -> None:
    assert control.call("POST", "people/elsewhere", {"do": "contacts"}).status_code == 400


def test_reset_brings_back_the_start(control: Control) -> None:
    body = {"do": "create_folder", "user": ANNA.id, "name": "Extra"}
    control.ok("POST", "people/graph", body)
    control.ok("POST", "switches", {"if_match": "enforce412"})
    control.ok("POST", "latency", {"seconds": 0.1})
    control.ok("POST", "fault", {"kind": "drop"})
    assert control.ok("POST", "reset")["switches"] == {}
    assert control.folders().json()["value"] == []
    assert control.sandbox.latency_seconds == 0
    assert control.sandbox.faults.coming() == []


def test_reset_can_load_another_seed(control: Control) -> None:
    control.ok("POST", "reset", {"seed": "scale:5"})
    assert len(control.sandbox.bc.people.contacts(COMPANIES[0].id)) == 5


@pytest.mark.parametrize("seed", ["nothing", "scale", "scale:many", "demo:5"])
def test_a_seed_that_does_not_exist_changes_nothing(control: Control, seed: str) -> None:
    control.folders()
    refused = control.call("POST", "reset", {"seed": seed})
    assert refused.status_code == 400
    assert seed in refused.json()["error"]
    assert control.sandbox.seed == "cast"
    assert control.sandbox.log.entries()


def test_on_the_command_line_it_says_where_it_is_and_ends_when_told() -> None:
    command = [sys.executable, "-m", "sandbox", "--seed", "cast", "--switch", "if_match=enforce412"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line.strip())
            if line == "ready\n":
                break
        settings = dict(line.split("=", 1) for line in lines if line.startswith(("GRAPH", "BC_")))
        assert requests.get(settings["GRAPH_BASE_URL"] + "/users", timeout=20).status_code == 401
        process.send_signal(signal.SIGINT if os.name == "nt" else signal.SIGTERM)
        assert process.wait(20) == 0


def test_on_the_command_line_a_misspelt_switch_is_one_line() -> None:
    command = [sys.executable, "-m", "sandbox", "--switch", "if_mach=on"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert result.returncode == 1
    assert "if_mach" in result.stderr
    assert "Traceback" not in result.stderr
