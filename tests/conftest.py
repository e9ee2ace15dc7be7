"""What every test may use: a Storage of its own; and the rule that nothing is skipped where it counts."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator

import pytest
from hypothesis import settings

from sandbox.azurite import azurite

settings.register_profile("unhurried", settings.default, deadline=None)
settings.load_profile("unhurried")

_NOTHING_IS_SKIPPED = os.environ.get("CI", "").lower() in {"1", "true"}


@pytest.fixture(scope="session")
def storage() -> Iterator[str]:
    """The connection string of an empty Azurite, one for each worker of the test run.

    Tests of one worker share it, so each takes table and queue names of its own.
    """
    with azurite() as connection_string:
        yield connection_string


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport]:
    """With CI=true a skipped test has failed."""
    outcome = yield
    _refuse_skip(outcome.get_result())


@pytest.hookimpl(hookwrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport]:
    """With CI=true a skipped module has failed, too."""
    outcome = yield
    _refuse_skip(outcome.get_result())


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if _NOTHING_IS_SKIPPED and report.outcome == "skipped":
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI=true does not allow: {report.longrepr}"
