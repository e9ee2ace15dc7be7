"""Every reason can be told to a user (spec/sync-rules.md §9)."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.core.reasons import EXPLANATIONS, explain
from shared.model import Field, Reason


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


def test_a_refusal_is_told_with_its_cause() -> None:
    told = explain(Reason.REFUSED_BY_OUTLOOK, "ErrorInvalidArgument")
    assert told.startswith(EXPLANATIONS[Reason.REFUSED_BY_OUTLOOK])
    assert told.endswith(
        "The cause given: a value is too long, one too many or not in its proper form (ErrorInvalidArgument)."
    )


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("Authorization_PermissionDenied", "the app may not write there"),
        ("403", "the app may not write there"),
        ("Application_CallbackNotAllowed", "one of its rules does not allow the value"),
        ("BadRequest", "it did not understand the request"),
        ("Internal_EntityWithSameKeyExists", "its number series gave out a number that is taken"),
        ("ErrorIrresolvableConflict", "it kept changing while it was written"),
    ],
)
def test_a_cause_is_told_by_its_family_where_its_code_is_not_known(code: str, words: str) -> None:
    assert f"The cause given: {words}" in explain(Reason.REFUSED_BY_BUSINESS_CENTRAL, code)
    assert code in explain(Reason.REFUSED_BY_BUSINESS_CENTRAL, code)


@pytest.mark.parametrize("field", Field)
def test_fields_that_were_not_taken_are_named(field: Field) -> None:
    told = explain(Reason.REFUSED_BY_BUSINESS_CENTRAL, refused=(field, Field.CITY))
    assert told.startswith(EXPLANATIONS[Reason.REFUSED_BY_BUSINESS_CENTRAL] + " Not taken: ")
    assert told.endswith(", city.")


def test_a_cause_that_nobody_has_words_for_is_told_by_its_code() -> None:
    assert explain(Reason.REFUSED_BY_OUTLOOK, "ErrorNew").endswith("The cause given: ErrorNew.")


def test_other_reasons_need_no_code() -> None:
    assert explain(Reason.THROTTLED, "noAnswer") == EXPLANATIONS[Reason.THROTTLED]
    assert explain(Reason.REFUSED_BY_OUTLOOK) == EXPLANATIONS[Reason.REFUSED_BY_OUTLOOK]
