"""What the translation of a field needs and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.fields import emails, phones, streets, texts
from shared.fields.countries import CountryBook
from shared.model import Field, Reason

_MAX_LENGTHS: Mapping[Field, int] = {
    Field.NAME: 100,
    Field.JOB_TITLE: 30,
    Field.COMPANY: 20,
    Field.EMAIL: emails.MAX_LENGTH,
    Field.PHONE: phones.MAX_LENGTH,
    Field.MOBILE: phones.MAX_LENGTH,
    Field.ADDRESS: streets.LINE1_MAX + 1 + streets.LINE2_MAX,
    Field.COUNTRY: 10,
    Field.CITY: 30,
    Field.STATE: 30,
    Field.POSTAL_CODE: 20,
}


@dataclass(frozen=True, slots=True)
class FieldContext:
    """What translation needs to know beside the two contacts.

    `companies`: `fold_company_name(name)` -> numbers of the Company contacts of that name.
    `website_max`: 255, or what Business Central's `$metadata` says (80 before v27).
    """

    countries: CountryBook
    companies: Mapping[str, tuple[str, ...]]
    website_max: int = 255


@dataclass(frozen=True, slots=True)
class Translation:
    """`value`: the text to write on the target side; None leaves the target as it is."""

    value: str | None
    reasons: tuple[Reason, ...] = ()


def max_length(field: Field, ctx: FieldContext) -> int:
    """The most that Business Central's field holds, in UTF-16 units (contracts/business-central.md §2).

    COMPANY is the company's number; ADDRESS is both lines with the line end between them.
    """
    return ctx.website_max if field is Field.WEBSITE else _MAX_LENGTHS[field]


def cut_to_fit(field: Field, text: str, ctx: FieldContext) -> Translation:
    """The trimmed text, cut to the field's maximum (`truncated`)."""
    whole = texts.clean(text)
    held = texts.cut(whole, max_length(field, ctx))
    return Translation(held) if held == whole else Translation(held, (Reason.TRUNCATED,))
