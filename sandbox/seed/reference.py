"""Business Central's own reference data: Country/Region and Post Code tables of its demo companies.

Where the two files come from, and their licence: README.md beside this module.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import NamedTuple

_FOLDER = Path(__file__).parent


class Country(NamedTuple):
    code: str
    name: str
    iso_numeric: str


class PostCode(NamedTuple):
    localization: str
    post_code: str
    city: str
    country_code: str


@cache
def countries() -> list[Country]:
    return [Country(*row) for row in _rows("countries.csv")]


@cache
def post_codes() -> list[PostCode]:
    return [PostCode(*row) for row in _rows("post_codes.csv")]


def _rows(name: str) -> list[list[str]]:
    with (_FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))[1:]
