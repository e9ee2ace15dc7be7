"""`dev.py start` as a process: its lines, its settings, its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from sandbox.commands.start import prepare_settings
from sandbox.install import Missing

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def _started(settings: Mapping[str, str], *options: str) -> Iterator[subprocess.Popen[str]]:
    inherited = {n: v for n, v in os.environ.items() if not n.startswith(("ENTRA_", "GRAPH_", "BC_", "Azure"))}
    process = subprocess.Popen(
        [sys.executable, "dev.py", "start", "--port", "0", *options],
        cwd=ROOT,
        env={**inherited, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_app_is_served_until_sigterm(storage: str) -> None:
    with _started({"AzureWebJobsStorage": storage, "FUNCTION_KEY": "k"}) as process:
        assert process.stdout is not None
        word, url = process.stdout.readline().split()
        assert word == "ready"
        assert requests.get(f"{url}/api/health", timeout=10).status_code == 200
        process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate(timeout=20)
        assert (process.returncode, rest) == (0, "")


def test_without_a_function_key_one_is_made_and_told(storage: str) -> None:
    with _started({"AzureWebJobsStorage": storage, "FUNCTION_KEY": ""}) as process:
        assert process.stdout is not None
        key = process.stdout.readline().removeprefix("function key ").strip()
        url = process.stdout.readline().removeprefix("ready ").strip()
        closed = requests.get(f"{url}/api/runs/none", timeout=10)
        opened = requests.get(f"{url}/api/runs/none", params={"code": key}, timeout=10)
        assert closed.status_code == 401
        assert opened.status_code != 401


def test_app_without_any_setting_starts_and_says_what_is_missing() -> None:
    with _started({"FUNCTION_KEY": "k"}) as process:
        assert process.stdout is not None
        url = process.stdout.readline().removeprefix("ready ").strip()
        answer = requests.post(f"{url}/api/sync?code=k", json={"user": "a@example.com"}, timeout=10)
        assert answer.status_code == 503
        assert "AzureWebJobsStorage" in answer.json()["detail"]


def test_taken_port_is_one_clear_line(storage: str) -> None:
    with _started({"AzureWebJobsStorage": storage, "FUNCTION_KEY": "k"}) as first:
        assert first.stdout is not None
        port = first.stdout.readline().rpartition(":")[2].strip()
        with _started({"AzureWebJobsStorage": storage, "FUNCTION_KEY": "k"}, "--port", port) as second:
            _, said = second.communicate(timeout=20)
            assert second.returncode == 1
            assert f"dev.py: Port {port} can't be used" in said


def test_environment_wins_over_the_settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BC_ENVIRONMENT", "Sandbox")
    monkeypatch.setenv("BC_COMPANY_ID", "undone at the end")
    monkeypatch.delenv("BC_COMPANY_ID")
    file = tmp_path / "local.settings.json"
    text = '{"IsEncrypted": false, "Values": {"BC_ENVIRONMENT": "Production", "BC_COMPANY_ID": "c1"}}'
    file.write_text(text, encoding="utf-8-sig")  # as Visual Studio writes it
    prepare_settings(file)
    assert (os.environ["BC_ENVIRONMENT"], os.environ["BC_COMPANY_ID"]) == ("Sandbox", "c1")


@pytest.mark.parametrize("content", ["{", "[]", '{"Values": []}'])
def test_bad_settings_file_is_one_clear_line(tmp_path: Path, content: str) -> None:
    file = tmp_path / "local.settings.json"
    file.write_text(content)
    with pytest.raises(Missing, match=r"local\.settings\.json is not of the form"):
        prepare_settings(file)
