"""Every reason can be told to a user (spec/sync-rules.md §9)."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.core.reasons import EXPLANATIONS
from shared.model import Reason


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_one_sentence_that_says_what_can_be_done(reason: Reason) -> None:
    sentence = EXPLANATIONS[reason]
    assert sentence.endswith(".")
    assert "." not in sentence[:-1]
    assert ";" in sentence or "," in sentence  # what it is, then what to do
    assert reason.value not in sentence


def test_no_two_reasons_read_alike() -> None:
    assert len(set(EXPLANATIONS.values())) == len(Reason)


def test_the_rules_page_tells_the_same() -> None:
    page = (Path(__file__).parents[2] / "docs" / "RULES.md").read_text(encoding="utf-8")
    for reason, sentence in EXPLANATIONS.items():
        assert f"| `{reason}` | {sentence} |" in page
