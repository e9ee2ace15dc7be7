from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.state.keys import after, escape, inverted, join, moment, setup_key, stamp

TIMES = st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=st.just(UTC))


@given(st.text())
def test_no_text_makes_a_key_that_storage_refuses(text: str) -> None:
    key = escape(text)
    assert len(key) <= 240
    assert key.isascii() and key.isprintable()
    assert not set(key) & set("/\\#?%'~ ")


@given(st.text(), st.text())
def test_different_texts_have_different_keys(one: str, other: str) -> None:
    assert (escape(one) == escape(other)) == (one == other)


def test_long_texts_with_one_beginning_have_different_keys() -> None:
    assert escape("x" * 500 + "a") != escape("x" * 500 + "b")


def test_graph_ids_keep_their_case_and_their_text() -> None:
    assert escape("AAMkAGI2-_=") == "AAMkAGI2-_="
    assert escape("AAMkagi2-_=") != escape("AAMkAGI2-_=")


def test_parts_do_not_run_into_each_other() -> None:
    assert join("a~b", "c") != join("a", "b~c")


def test_guids_mean_the_same_in_any_case() -> None:
    lower = "0a1b2c3d-0000-4000-8000-00000000abcd"
    assert setup_key(lower.upper(), lower) == setup_key(lower, lower.upper())
    assert setup_key("Ann", lower) != setup_key("ann", lower)


@given(st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1), st.text(max_size=5))
def test_a_range_holds_every_key_with_its_prefix_and_no_other(prefix: str, rest: str) -> None:
    assert prefix <= prefix + escape(rest) < after(prefix)
    assert not after(prefix).startswith(prefix)


@given(TIMES, TIMES)
def test_texts_of_times_sort_as_times_and_inverted_ones_the_other_way(one: datetime, other: datetime) -> None:
    if abs(one - other) >= timedelta(milliseconds=1):
        assert (one < other) == (stamp(one) < stamp(other))
        assert (one < other) == (inverted(one) > inverted(other))


@given(TIMES)
def test_a_time_is_read_back_to_the_millisecond(at: datetime) -> None:
    assert timedelta(0) <= at - moment(stamp(at)) < timedelta(milliseconds=1)
