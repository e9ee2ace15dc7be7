"""Countries: Business Central's codes against everything people write."""

from __future__ import annotations

import pytest

from shared.fields import CountryBook, same, to_bc, to_outlook
from shared.model import Field, Reason
from tests.fields.make import CONTEXT, COUNTRIES, bc, outlook


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("DE", "DE"),
        ("de", "DE"),
        (" Germany ", "DE"),
        ("DEU", "DE"),
        ("Deutschland", "DE"),
        ("ALLEMAGNE", "DE"),
        ("Alemania", "DE"),
        ("Niemcy", "DE"),
        ("Tyskland", "DE"),
        ("Federal Republic of Germany", "DE"),
        ("Great Britain", "GB"),
        ("United\u00a0Kingdom", "GB"),
        ("UK", "GB"),
        ("U.K.", "GB"),
        ("USA", "US"),
        ("U.S.A.", "US"),
        ("United States of America", "US"),
        ("Türkiye", "TR"),
        ("TURKIYE", "TR"),
        ("Turkey", "TR"),
        ("XY", "XY"),
    ],
)
def test_country_is_known_by_code_name_iso_and_language(text: str, code: str) -> None:
    assert COUNTRIES.code(text) == code


@pytest.mark.parametrize("text", ["EL", "GR", "GRC", "Greece", "Griechenland", "Grèce", "Grecia"])
def test_business_centrals_own_code_stands_for_the_iso_country_its_name_means(text: str) -> None:
    assert COUNTRIES.code(text) == "EL"


@pytest.mark.parametrize("text", ["", " ", "-", "Atlantis", "France", "FR"])
def test_unknown_text_or_a_country_the_company_does_not_have_is_none(text: str) -> None:
    assert COUNTRIES.code(text) is None


def test_business_centrals_own_codes_win_over_iso() -> None:
    book = CountryBook([("CH", "China"), ("SUI", "Switzerland")])
    assert book.code("CH") == "CH"
    assert book.code("CHE") == "SUI"
    assert book.code("Schweiz") == "SUI"
    assert book.code("CN") == "CH"


def test_own_code_wins_over_another_rows_name_of_the_same_letters() -> None:
    assert CountryBook([("US", "USA"), ("USA", "Old States")]).code("usa") == "USA"


def test_business_centrals_own_names_win_over_other_languages() -> None:
    book = CountryBook([("AT", "Autriche"), ("X1", "Oostenrijk")])
    assert book.code("Oostenrijk") == "X1"
    assert book.code("Österreich") == "AT"


def test_names_in_the_companys_own_language_are_understood() -> None:
    book = CountryBook([("EL", "Griechenland"), ("DK", "Dänemark")])
    assert book.code("Greece") == "EL"
    assert book.name("DK") == "Dänemark"


def test_a_name_that_two_languages_give_to_two_countries_is_unknown() -> None:
    book = CountryBook([("CD", "Congo (DRC)"), ("CG", "Congo")])
    assert book.code("Kongo") is None  # Kinshasa in Norwegian, Brazzaville in Polish
    assert book.code("Congo") == "CG"
    assert book.code("Kongo-Kinshasa") == "CD"


def test_of_two_rows_for_one_country_the_one_with_its_iso_code_stands_for_it() -> None:
    for rows in ([("UK", "United Kingdom"), ("GB", "Great Britain")], [("GB", "Great Britain"), ("UK", "")]):
        assert CountryBook(rows).code("GBR") == "GB"


def test_name_out_is_business_centrals_own_or_else_the_code() -> None:
    assert COUNTRIES.name("EL") == "Greece"
    assert COUNTRIES.name("gb") == "Great Britain"
    assert COUNTRIES.name("XY") == "XY"
    assert COUNTRIES.name("ZZ") == "ZZ"
    assert COUNTRIES.name("") == ""
    assert to_outlook(Field.COUNTRY, bc(country="EL"), None, CONTEXT).value == "Greece"
    assert to_outlook(Field.COUNTRY, bc(country=""), None, CONTEXT).value == ""


def test_blank_country_in_outlook_leaves_business_central_as_it_is() -> None:
    translation = to_bc(Field.COUNTRY, outlook(country=" "), bc(country="DE"), CONTEXT)
    assert (translation.value, translation.reasons) == (None, ())


def test_unknown_country_in_outlook_leaves_business_central_as_it_is_and_says_so() -> None:
    translation = to_bc(Field.COUNTRY, outlook(country="Atlantis"), bc(country="DE"), CONTEXT)
    assert (translation.value, translation.reasons) == (None, (Reason.COUNTRY_UNKNOWN,))


def test_code_without_a_row_is_still_the_contacts_own_country() -> None:
    translation = to_bc(Field.COUNTRY, outlook(country="zz"), bc(country="ZZ"), CONTEXT)
    assert (translation.value, translation.reasons) == ("ZZ", ())


@pytest.mark.parametrize(
    ("code", "shown"),
    [("EL", "Greece"), ("EL", "GR"), ("el", "Griechenland"), ("GB", "UK"), ("ZZ", "zz"), ("", " ")],
)
def test_code_and_any_name_of_it_are_the_same_country(code: str, shown: str) -> None:
    assert same(Field.COUNTRY, bc(country=code), outlook(country=shown), CONTEXT)


@pytest.mark.parametrize(("code", "shown"), [("EL", "Germany"), ("", "Greece"), ("EL", ""), ("EL", "Atlantis")])
def test_other_or_missing_countries_differ(code: str, shown: str) -> None:
    assert not same(Field.COUNTRY, bc(country=code), outlook(country=shown), CONTEXT)
