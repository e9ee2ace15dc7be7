"""Countries: Business Central's codes and names, and what people call a country."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache, cached_property

from shared.fields.texts import clean, fold_accents

PAGE_LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "da", "sv", "nb", "fi", "pl", "cs", "pt")

# Everyday names and codes that neither ISO 3166 nor Unicode's English list has.
_EVERYDAY = {
    "UK": "GB",
    "Great Britain": "GB",
    "EL": "GR",
    "Turkey": "TR",
    "Holland": "NL",
    "The Netherlands": "NL",
    "Ivory Coast": "CI",
    "Swaziland": "SZ",
    "Burma": "MM",
    "Macedonia": "MK",
    "Hong Kong": "HK",
    "Macau": "MO",
    "Palestine": "PS",
    "Vatican": "VA",
    "Fiji Islands": "FJ",
}


def _fold(text: str) -> str:
    """The key of a country's name or code: letters and digits only, case, accents and blanks aside."""
    return "".join(char for char in fold_accents(text).replace("&", " and ") if char.isalnum())


class CountryBook:
    """One company's Country/Region table (`rows`: code, name), and what else its countries are called.

    Business Central's codes are not always ISO's (`EL` is Greece): its name for the code tells which ISO
    country is meant, its code only where the name doesn't. Business Central's own codes and names win over
    ISO codes, those over names in `languages` (sync rules §5). Names are loaded when first needed.
    """

    def __init__(self, rows: Iterable[tuple[str, str]], languages: tuple[str, ...] = PAGE_LANGUAGES) -> None:
        self._rows = tuple((clean(code), clean(name)) for code, name in rows if clean(code))
        self._languages = languages
        self._names = {code.upper(): name for code, name in self._rows}

    def name(self, code: str) -> str:
        """Business Central's name for its code; the code itself where it has none."""
        return self._names.get(clean(code).upper()) or clean(code)

    def code(self, text: str) -> str | None:
        """Business Central's code for a code or name of any kind; None where it is unknown or has no code."""
        key = _fold(text)
        if not key:
            return None
        return self._own.get(key) or self._others.get(key)

    @cached_property
    def _own(self) -> dict[str, str]:
        by_code = {_fold(code): code for code, _ in reversed(self._rows)}
        by_name = {_fold(name): code for code, name in reversed(self._rows) if _fold(name)}
        return by_name | by_code

    @cached_property
    def _others(self) -> dict[str, str]:
        meant = _meant(self._languages)
        found: dict[str, str] = {}
        for code, name in self._rows:
            iso = meant.get(_fold(name)) or meant.get(_fold(code))
            # Where two rows mean one country, the row with its ISO code stands for it.
            if iso is not None and (iso not in found or code.upper() == iso):
                found[iso] = code
        return {key: found[iso] for key, iso in meant.items() if iso in found}


@cache
def _meant(languages: tuple[str, ...]) -> dict[str, str]:
    """Folded code or name -> ISO alpha-2; the first to claim a key keeps it.

    A name that two languages give to two countries ("Kongo") tells nothing.
    """
    meant: dict[str, str] = {}
    for text, iso in (*_iso_texts(), *_EVERYDAY.items(), *_language_texts(("en",))):
        if key := _fold(text):
            meant.setdefault(key, iso)
    spoken: dict[str, set[str]] = {}
    for text, iso in _language_texts(languages):
        spoken.setdefault(_fold(text), set()).add(iso)
    return {key: min(found) for key, found in spoken.items() if len(found) == 1} | meant


def _iso_texts() -> Iterator[tuple[str, str]]:
    # Imported where used: loading it takes 60 ms that a cold start need not pay.
    import pycountry

    countries = tuple(pycountry.countries)
    for attribute in ("alpha_2", "alpha_3", "name", "common_name", "official_name"):
        for country in countries:
            if text := getattr(country, attribute, None):
                yield text, country.alpha_2


def _language_texts(languages: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    # Imported where used, as above.
    import babel

    for language in languages:
        for iso, name in babel.Locale.parse(language).territories.items():
            if len(iso) == 2 and iso.isalpha() and iso not in ("ZZ", "EU", "EZ", "UN", "QO", "XA", "XB"):
                yield name, iso
