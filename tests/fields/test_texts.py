"""Cutting and comparing text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.fields import fold_company_name, joined_name, share_a_word, split_name
from shared.fields.texts import cut, fold_accents, fold_code, length
from tests.fields.make import outlook, texts


def test_text_is_cut_at_its_maximum_without_a_blank_at_the_end() -> None:
    assert cut("Head of Purchasing", 18) == "Head of Purchasing"
    assert cut("Head of Purchasing", 10) == "Head of Pu"
    assert cut("Head of Purchasing", 8) == "Head of"


def test_length_counts_utf_16_units_as_business_central_does() -> None:
    assert length("日本") == 2
    assert length("👍") == 2
    assert cut("👍👍👍", 5) == "👍👍"


def test_a_letter_keeps_its_combining_mark_or_goes_with_it() -> None:
    assert cut("ane\u0301", 3) == "an"
    assert cut("ane\u0301", 4) == "ane\u0301"


def test_a_joined_emoji_is_kept_whole_or_left_out() -> None:
    assert cut("ab👩‍🔬", 6) == "ab"
    assert cut("ab👍🏽", 5) == "ab"


def test_a_text_of_marks_alone_is_cut_hard_rather_than_emptied() -> None:
    assert cut("\u0301" * 50, 30) == "\u0301" * 30
    assert cut("e" + "\u0301" * 50, 30) == "e" + "\u0301" * 29


@given(texts(30))
def test_a_cut_text_fits_and_is_a_beginning_and_is_not_cut_again(text: str) -> None:
    held = cut(text, 30)
    assert length(held) <= 30
    assert text.startswith(held)
    assert cut(held, 30) == held
    assert held or not text.strip() or text[0].isspace()


@given(st.text(alphabet=st.characters(codec=None), max_size=60))
def test_any_text_json_can_carry_is_cut_even_with_lone_surrogates(text: str) -> None:
    assert length(cut(text, 20)) <= 20


def test_codes_compare_as_business_central_stores_them() -> None:
    assert fold_code(" hu1 1aa ") == fold_code("HU1 1AA")
    assert fold_code("ı") == fold_code("I")
    assert fold_code("1000") != fold_code("1001")


def test_company_names_compare_trimmed_and_case_folded() -> None:
    assert fold_company_name("  Harbour  Tools LTD ") == "harbour tools ltd"
    assert fold_company_name("STRASSE") == fold_company_name("Straße")


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("Ada Lovelace", "LOVELACE, Ada"),
        ("Łukasz Świątek", "Lukasz S."),
        ("Zoë Weiß", "ZOE WEISS"),
        ("Søren Åberg", "Soren Aberg"),
        ("山田太郎", "山田 太郎"),
        ("山田 太郎", "山田 花子"),
        ("Ελένη Παπά", "ΕΛΕΝΗ"),
        ("Anne-Marie Duff", "Marie"),
        ("J. R.", "J R"),
    ],
)
def test_names_of_one_person_share_a_word(a: str, b: str) -> None:
    assert share_a_word(a, b)
    assert share_a_word(b, a)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("Ada Lovelace", "Grace Hopper"),
        ("A. Lovelace", "A. Turing"),
        ("Ann Lee", "Anne Leeds"),
        ("", ""),
        ("-", "-"),
        ("", "Ada"),
    ],
)
def test_names_of_two_people_share_none_and_an_initial_is_no_word(a: str, b: str) -> None:
    assert not share_a_word(a, b)
    assert not share_a_word(b, a)


def test_accents_fold_in_every_script_but_letters_stay() -> None:
    assert fold_accents("Élan Ñandú Øre Ünal Œuvre") == "elan nandu ore unal oeuvre"
    assert fold_accents("Кириллица") == "кириллица"


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("", ("", "", "")),
        ("Cher", ("", "", "Cher")),
        ("Ada Lovelace", ("Ada", "", "Lovelace")),
        ("Ada Marie Lovelace", ("Ada", "Marie", "Lovelace")),
        ("Maria del Carmen Ruiz", ("Maria del", "Carmen", "Ruiz")),
    ],
)
def test_a_name_is_split_as_business_central_splits_it(name: str, parts: tuple[str, str, str]) -> None:
    assert split_name(name) == parts


@given(texts(100))
def test_split_parts_join_to_the_name_again(name: str) -> None:
    given_name, middle_name, surname = split_name(name)
    contact = outlook(given_name=given_name, middle_name=middle_name, surname=surname)
    assert joined_name(contact) == " ".join(name.split())


def test_parts_are_joined_by_one_blank_and_blank_parts_left_out() -> None:
    assert (
        joined_name(outlook(given_name=" Ada ", surname="Lovelace", display_name="Countess")) == "Ada Lovelace"
    )
    assert joined_name(outlook(display_name="Countess")) == ""
