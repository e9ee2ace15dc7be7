"""What dev.py stands on: installing once, processes that end together, no skipped tests, the zip."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
import zipfile
from pathlib import Path

import pytest

from sandbox.commands.arguments import parse
from sandbox.commands.package import write_archive
from sandbox.install import Missing, exclusively, is_stamped, run_quietly, stamp_of, write_stamp
from sandbox.processes import child

ROOT = Path(__file__).resolve().parents[2]
SLEEPER = [
    sys.executable,
    "-c",
    "from sandbox.processes import *; end_with_parent(); import time; time.sleep(60)",
]


def test_changed_lock_file_is_installed_again(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    lock.write_text("one==1")
    write_stamp(tmp_path, stamp_of(lock, "3.11"))
    assert is_stamped(tmp_path, stamp_of(lock, "3.11"))
    assert not is_stamped(tmp_path, stamp_of(lock, "3.12"))
    lock.write_text("one==2")
    assert not is_stamped(tmp_path, stamp_of(lock, "3.11"))


def test_installation_waits_for_another_one(tmp_path: Path) -> None:
    code = (
        "import sys; from sandbox.install import *; exclusively(Path(sys.argv[1])).__enter__(); print('mine')"
    )
    lock = tmp_path / "lock"
    with exclusively(lock):
        command = [sys.executable, "-c", code, str(lock)]
        other = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        with pytest.raises(subprocess.TimeoutExpired):
            other.wait(1.0)
    assert other.communicate(timeout=20)[0].strip() == "mine"


def test_failed_installation_says_what_to_do_and_what_was_said(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; print('no such host'); sys.exit(3)"]
    with pytest.raises(Missing, match=r"Is the index reachable\?\n  no such host"):
        run_quietly(command, "Is the index reachable?", tmp_path)


def test_child_ends_with_its_block() -> None:
    with child(SLEEPER, ROOT) as process:
        assert process.poll() is None
    assert process.returncode == -signal.SIGTERM


def test_child_that_has_done_its_work_ends_well() -> None:
    quick = [*SLEEPER[:2], SLEEPER[2].replace("sleep(60)", "sleep(0)")]
    with child(quick, ROOT) as process:
        assert process.wait(20) == 0


def test_child_ends_when_its_parent_is_killed() -> None:
    code = textwrap.dedent(
        f"""
        import os
        from pathlib import Path
        from sandbox.processes import child
        with child({SLEEPER!r}, Path({str(ROOT)!r})) as process:
            print(process.pid, flush=True)
            os.kill(os.getpid(), 9)
        """
    )
    parent = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    grandchild = int(parent.stdout)
    deadline = time.monotonic() + 20
    while _alive(grandchild):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _alive(process: int) -> bool:
    """A zombie that nobody has collected yet is dead, too."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True, check=False
    )
    return bool(state.stdout.strip()) and not state.stdout.startswith("Z")


@pytest.mark.parametrize(("ci", "status"), [("true", 1), ("", 0)])
@pytest.mark.parametrize(
    "content",
    [
        "import pytest\n@pytest.mark.skip(reason='later')\ndef test_it(): pass\ndef test_other(): pass",
        "import pytest\ndef test_it(): pytest.skip('later')\ndef test_other(): pass",
        "import pytest\npytest.skip('later', allow_module_level=True)",
    ],
)
def test_skipped_test_is_a_failure_where_it_counts(tmp_path: Path, content: str, ci: str, status: int) -> None:
    (tmp_path / "test_one.py").write_text(content)
    (tmp_path / "test_two.py").write_text("def test_two(): pass")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "tests.conftest",
        "--rootdir",
        str(tmp_path),
        str(tmp_path),
    ]
    environment = {**os.environ, "CI": ci, "PYTHONPATH": str(ROOT)}
    answer = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (answer.returncode != 0) == (status != 0), answer.stdout


@pytest.mark.parametrize(
    "line", [[], ["nothing"], ["lint", "--fast"], ["sync"], ["start", "--port", "http"], ["demo", "x"]]
)
def test_mistaken_command_line_is_refused(line: list[str]) -> None:
    with pytest.raises(SystemExit) as end:
        parse(line)
    assert end.value.code == 2


def test_arguments_for_pytest_are_passed_on() -> None:
    assert parse(["test", "tests/host", "-k", "queue"]).rest == ["tests/host", "-k", "queue"]


@pytest.mark.parametrize("command", ["demo", "test", "start", "sync", "lint", "package"])
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        parse([command, "--help"])
    assert end.value.code == 0
    assert f"dev.py {command}" in capsys.readouterr().out


def test_same_files_make_the_same_archive(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    source = tmp_path / "folder" / "module.py"
    source.write_text("x = 1\n")
    files = [Path("folder/module.py")]
    write_archive(tmp_path, files, tmp_path / "one.zip")
    os.utime(source, (1, 1_000_000_000))
    write_archive(tmp_path, files, tmp_path / "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        assert archive.read("folder/module.py") == b"x = 1\n"
