"""What is decided after an answer, case by case."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from shared.transport.retry import (
    GiveUp,
    Lookup,
    Resend,
    Stand,
    Step,
    is_lost,
    next_step,
    parse_retry_after,
)

NOW = datetime(2026, 11, 2, 9, 20, tzinfo=UTC)


def step(
    status: int | None,
    *,
    safe: bool = True,
    attempt: int = 1,
    retry_after: float | None = None,
    waited: float = 0.0,
    jitter: float = 0.0,
    renewed: bool = False,
) -> Step:
    return next_step(attempt, status, retry_after, safe=safe, waited=waited, jitter=jitter, renewed=renewed)


@pytest.mark.parametrize("status", [200, 201, 204, 302, 400, 403, 404, 409, 410, 412, 414, 501])
def test_an_answer_that_time_does_not_change_stands(status: int) -> None:
    assert step(status) == Stand()


def test_a_refused_token_is_renewed_once_and_then_it_is_enough() -> None:
    assert step(401, safe=False) == Resend(0.0, renew=True)
    assert step(401, safe=False, renewed=True) == GiveUp(None)


def test_a_throttled_call_was_not_carried_out_so_that_a_creation_may_be_sent_again() -> None:
    assert step(429, safe=False, retry_after=7.0) == Resend(7.0)


@pytest.mark.parametrize("status", [None, 408, 500, 502, 503, 504])
def test_an_unknown_outcome_is_repeated_only_where_that_does_no_harm(status: int | None) -> None:
    assert step(status, retry_after=3.0) == Resend(3.0)
    assert step(status, safe=False, retry_after=3.0) == Lookup(3.0)
    assert is_lost(status)


def test_without_the_services_word_the_waits_double_from_two_seconds() -> None:
    assert [step(503, attempt=n) for n in range(1, 6)] == [Resend(2.0 * 2**n) for n in range(5)]


def test_jitter_only_lengthens_a_wait_and_never_the_services_own() -> None:
    assert step(503, jitter=0.5) == Resend(2.25)
    assert step(503, jitter=0.999, retry_after=2.0) == Resend(2.0)


def test_the_sixth_failure_is_enough() -> None:
    assert step(503, attempt=6, retry_after=1.0) == GiveUp(1.0)
    assert step(None, attempt=6) == GiveUp(None)


def test_a_wait_beyond_the_budget_is_left_to_the_caller_with_its_length() -> None:
    assert step(429, retry_after=121.0) == GiveUp(121.0)
    assert step(429, retry_after=60.0, waited=61.0) == GiveUp(60.0)
    assert step(429, retry_after=60.0, waited=60.0) == Resend(60.0)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        ("2.128", 2.128),
        (" 3 ", 3.0),
        ("0", 0.0),
        ("-5", 0.0),
        ("Mon, 02 Nov 2026 09:20:30 GMT", 30.0),
        ("Mon, 02 Nov 2026 09:19:00 GMT", 0.0),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        (None, None),
    ],
)
def test_retry_after_is_read_in_every_form_the_services_use(text: str | None, seconds: float | None) -> None:
    assert parse_retry_after(text, NOW) == seconds
