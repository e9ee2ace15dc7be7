"""Countries and post codes: the tables a contact's address is checked against and rewritten from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Country:
    """`code`: Business Central's own (Greece is EL)."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class PostCode:
    localization: str
    code: str
    city: str
    country: str


class Countries:
    """The Country/Region table, by code."""

    def __init__(self, rows: Iterable[tuple[str, str, str]]) -> None:
        self.by_code = {code: Country(code, name) for code, name, _ in rows}

    def __contains__(self, code: str) -> bool:
        return code in self.by_code


class PostCodes:
    """The Post Code tables of the localisations. They know no county: a hit blanks the state."""

    def __init__(self, rows: Iterable[tuple[str, str, str, str]]) -> None:
        self._rows: dict[str, list[PostCode]] = {}
        for localization, code, city, country in rows:
            row = PostCode(localization, code.strip().upper(), city, country)
            self._rows.setdefault(row.code, []).append(row)

    def find(self, code: str, country: str, city: str, localization: str) -> PostCode | None:
        """The row that rewrites an address: of the same country, then of the same city, else the first.

        `localization`: "" for all tables together (contracts/business-central.md §3.5).
        """
        rows = [row for row in self._rows.get(code, ()) if localization in ("", row.localization)]
        rows = [row for row in rows if row.country == country] or rows
        rows = [row for row in rows if row.city.casefold() == city.casefold()] or rows
        return rows[0] if rows else None
