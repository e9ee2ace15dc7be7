"""The function app as the platform reads it: names, routes, levels, queues; and what may import what."""

from __future__ import annotations

import ast
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from function_app import app
from sandbox.commands.package import deployed_files
from sandbox.host.functions import ANYONE, KEY, read_functions

ROOT = Path(__file__).resolve().parents[2]
TRIGGERS = ("sync_http", "sync_timer", "sync_worker", "graph_webhook", "bc_webhook")


def test_http_functions_have_these_routes_and_levels() -> None:
    assert {f.name: (f.route, f.level, f.methods) for f in read_functions(app, {}).http} == {
        "sync": ("sync", KEY, frozenset()),
        "runs": ("runs/{runId}/{*rest}", KEY, frozenset()),
        "users": ("users/{user}/{*rest}", KEY, frozenset()),
        "health_details": ("health/details", KEY, frozenset()),
        "me": ("me/{*rest}", ANYONE, frozenset()),
        "manage": ("manage/{*rest}", ANYONE, frozenset()),
        "page": ("app/{*path}", ANYONE, frozenset()),
        "health": ("health", ANYONE, frozenset()),
        "openapi": ("openapi.json", ANYONE, frozenset()),
        "graph_notifications": ("graph/notifications", ANYONE, frozenset()),
        "graph_lifecycle": ("graph/lifecycle", ANYONE, frozenset()),
        "bc_notifications": ("bc/notifications", ANYONE, frozenset()),
    }


def test_queue_functions_serve_the_jobs_and_their_poison() -> None:
    assert {f.name: (f.queue, f.connection) for f in read_functions(app, {}).queues} == {
        "sync_worker": ("sync-jobs", "AzureWebJobsStorage"),
        "sync_worker_poison": ("sync-jobs-poison", "AzureWebJobsStorage"),
    }


@pytest.mark.parametrize(
    ("setting", "schedule"),
    [
        (None, "0 */15 * * * *"),
        ("", "0 */15 * * * *"),
        ("every hour", "0 */15 * * * *"),
        ("0 60 * * * *", "0 */15 * * * *"),
        (" 0  0 * * * * ", "0 0 * * * *"),
    ],
)
def test_timer_keeps_the_schedule_of_the_setting_or_every_quarter_of_an_hour(
    setting: str | None, schedule: str
) -> None:
    code = (
        "from function_app import app; from sandbox.host.functions import read_functions;"
        "print(read_functions(app, {}).timers[0].schedule)"
    )
    environment = {name: value for name, value in os.environ.items() if name != "SYNC_SCHEDULE"}
    if setting is not None:
        environment["SYNC_SCHEDULE"] = setting
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == schedule


@pytest.mark.parametrize("package", ["shared", *TRIGGERS])
def test_deployed_package_is_the_one_of_this_repository(package: str) -> None:
    """A wheel that ships a package of this name would win on the platform (contracts/azure-functions.md)."""
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin == str(ROOT / package / "__init__.py")
    elsewhere = [folder for folder in sys.path if folder and Path(folder).resolve() != ROOT]
    assert not [folder for folder in elsewhere if (Path(folder) / package).exists()]


def test_nothing_deployed_imports_the_sandbox_or_the_tests() -> None:
    offenders = [str(f) for f in _deployed() if {"sandbox", "tests", "dev"} & set(_imported(f))]
    assert offenders == []


def test_only_triggers_know_the_functions_library() -> None:
    owners = {f.parts[0] for f in _deployed() if "azure.functions" in set(_modules(f))}
    assert owners == {"function_app.py", *TRIGGERS}


def test_core_imports_no_trigger() -> None:
    core = [f for f in _deployed() if f.parts[0] == "shared"]
    assert core
    assert [str(f) for f in core if set(_imported(f)) & {"function_app", *TRIGGERS}] == []


def test_trigger_modules_stay_thin() -> None:
    assert [str(f) for f in _deployed() if f.parts[0] in TRIGGERS and _code_lines(f) > 40] == []


def test_package_holds_what_runs_and_nothing_else() -> None:
    top = {file.parts[0] for file in deployed_files(ROOT)}
    assert top == {"LICENSE", "function_app.py", "host.json", "requirements.txt", "shared", *TRIGGERS}


def _deployed() -> list[Path]:
    return [file for file in deployed_files(ROOT) if file.suffix == ".py"]


def _code_lines(file: Path) -> int:
    return len([line for line in (ROOT / file).read_text(encoding="utf-8").splitlines() if line.strip()])


def _imported(file: Path) -> Iterator[str]:
    """Top-level packages."""
    for name in _modules(file):
        yield name.partition(".")[0]


def _modules(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
