"""The field map of sync rules §5: each field as the other side should hold it, and when both say the same."""

from __future__ import annotations

from shared.fields import emails, names, phones, streets, texts
from shared.fields.context import FieldContext, Translation, cut_to_fit, max_length
from shared.fields.raw import bc_text, outlook_text
from shared.model import BcContact, Field, OutlookContact, Reason


def to_outlook(field: Field, bc: BcContact, current: OutlookContact | None, ctx: FieldContext) -> Translation:
    """Business Central's value as Outlook should hold it; `current` is the copy it goes to.

    COUNTRY is the country's name, EMAIL the slots joined by `;`, ADDRESS the street with "\\n". What only
    Outlook can hold (an address or a line beyond Business Central's maximum) stays where there is room.
    A blank name or e-mail is never written: `noName`, `noEmail`.
    """
    text = texts.clean(bc_text(field, bc))
    match field:
        case Field.NAME if not text:
            return Translation(None, (Reason.NO_NAME,))
        case Field.EMAIL:
            return _slots(bc, current)
        case Field.ADDRESS:
            street = current.street if current else ""
            return Translation(streets.merged_street(bc.address_line1, bc.address_line2, street))
        case Field.COUNTRY:
            return Translation(ctx.countries.name(text))
        case _:
            return Translation(text)


def _slots(bc: BcContact, current: OutlookContact | None) -> Translation:
    shown = emails.listed(bc.email)[: emails.SLOTS]
    if not shown:
        return Translation(None, (Reason.NO_EMAIL,))
    known = set(emails.folded(shown))
    own = [a for a in emails.unfitting(current.emails if current else ()) if a.casefold() not in known]
    room = emails.SLOTS - len(shown)
    reasons = (Reason.TRUNCATED,) if len(own) > room else ()
    return Translation(";".join((*shown, *own[:room])), reasons)


def to_bc(
    field: Field,
    outlook: OutlookContact,
    current: BcContact | None,
    ctx: FieldContext,
    *,
    parts_changed: bool = True,
) -> Translation:
    """Outlook's value as Business Central should hold it; `current` is the contact it goes to.

    COMPANY is the company's number, COUNTRY Business Central's code, ADDRESS two lines with "\\n" between.
    `parts_changed`: a part of the name changed; otherwise the display name counts.
    Reasons: `requiredField`, `invalidEmail`, `companyNotFound`, `companyAmbiguous`, `countryUnknown`,
    `phoneHasLetters` (the value stays in Outlook alone), `truncated` (Business Central gets its beginning).
    """
    match field:
        case Field.NAME:
            name = names.written_name(outlook, parts_changed=parts_changed)
            return cut_to_fit(field, name, ctx) if name else Translation(None, (Reason.REQUIRED_FIELD,))
        case Field.COMPANY:
            return _company_number(outlook, current, ctx)
        case Field.EMAIL:
            return _email_list(outlook, current)
        case Field.PHONE | Field.MOBILE:
            return _number(field, outlook_text(field, outlook), ctx)
        case Field.ADDRESS:
            held = streets.cut_lines(outlook.street)
            reasons = () if held == streets.two_lines(outlook.street) else (Reason.TRUNCATED,)
            return Translation(streets.one_street(*held), reasons)
        case Field.COUNTRY:
            return _country_code(outlook, current, ctx)
        case _:
            return cut_to_fit(field, outlook_text(field, outlook), ctx)


def _company_number(outlook: OutlookContact, current: BcContact | None, ctx: FieldContext) -> Translation:
    name = texts.fold_company_name(outlook.company_name)
    if not name:
        return Translation(None)
    if current and current.company_number and name == texts.fold_company_name(current.company_name):
        return Translation(current.company_number)
    match ctx.companies.get(name, ()):
        case ():
            return Translation(None, (Reason.COMPANY_NOT_FOUND,))
        case (number,):
            return Translation(number)
        case _:
            return Translation(None, (Reason.COMPANY_AMBIGUOUS,))


def _email_list(outlook: OutlookContact, current: BcContact | None) -> Translation:
    written = emails.listed(outlook.emails)
    if not written:
        return Translation(None, (Reason.REQUIRED_FIELD,))
    if current is None and any(map(emails.well_formed, written)):
        good = tuple(filter(emails.well_formed, written))  # a new contact takes what can be taken
        held = emails.fitting(good)
        lost = (Reason.INVALID_EMAIL,) if good != written else ()
        cut = (Reason.TRUNCATED,) if held != good else ()
        return Translation(";".join(held) if held else None, (*lost, *cut))
    if not any(map(emails.well_formed, written)):
        return Translation(None, (Reason.INVALID_EMAIL,))
    there = emails.listed(current.email) if current else ()
    good = emails.over_bad_slots(outlook.emails, there)
    invalid = () if good == written and all(map(texts.clean, outlook.emails)) else (Reason.INVALID_EMAIL,)
    known = set(emails.folded(good))
    kept = tuple(address for address in there[emails.SLOTS :] if address.casefold() not in known)
    whole = (*good, *kept)
    held = emails.fitting(whole)
    if invalid and emails.folded(held) == emails.folded(there):
        return Translation(None, invalid)
    if held == whole:
        return Translation(";".join(held), invalid)
    # Where Business Central alone holds an address, making room would lose it: both sides rest.
    alone = kept or (invalid and there)
    return Translation(None if alone or not held else ";".join(held), (*invalid, Reason.TRUNCATED))


def _number(field: Field, text: str, ctx: FieldContext) -> Translation:
    bare = phones.without_letters(text)
    if bare is None:
        return Translation(None, (Reason.PHONE_HAS_LETTERS,))
    held = cut_to_fit(field, bare, ctx)
    if held.reasons and phones.has_letters(text):
        # Cutting would take the extension away.
        return Translation(None, (Reason.PHONE_HAS_LETTERS,))
    return held


def _country_code(outlook: OutlookContact, current: BcContact | None, ctx: FieldContext) -> Translation:
    text = texts.clean(outlook.country)
    if not text:
        return Translation(None)
    if current and _same_country(current.country, text, ctx):
        return Translation(current.country)
    code = ctx.countries.code(text)
    return Translation(code) if code else Translation(None, (Reason.COUNTRY_UNKNOWN,))


def _same_country(code: str, text: str, ctx: FieldContext) -> bool:
    held, shown = texts.fold_code(code), texts.clean(text)
    if not held or not shown:
        return not held and not shown
    return (
        texts.fold_blanks(ctx.countries.name(code)).casefold() == texts.fold_blanks(shown).casefold()
        or texts.fold_code(ctx.countries.code(shown) or shown) == held
    )


def same(
    field: Field,
    bc: BcContact,
    outlook: OutlookContact,
    ctx: FieldContext,
    *,
    parts_changed: bool | None = None,
) -> bool:
    """Whether both sides say the same in this field; a value and its cut form do.

    NAME: `parts_changed` says which of Outlook's two names its user wrote last; None: either will do.
    Numbers by what they dial, addresses in order and case aside, codes case aside, companies by folded name,
    countries by code, streets line by line (sync rules §5).
    """
    match field:
        case Field.NAME:
            choices = (True, False) if parts_changed is None else (parts_changed,)
            return any(
                _same_name(bc.display_name, names.written_name(outlook, parts_changed=choice), ctx)
                for choice in choices
            )
        case Field.COMPANY:
            return texts.fold_company_name(bc.company_name) == texts.fold_company_name(outlook.company_name)
        case Field.EMAIL:
            return emails.same_addresses(bc.email, outlook.emails)
        case Field.PHONE | Field.MOBILE:
            held, shown = bc_text(field, bc), outlook_text(field, outlook)
            if phones.same_number(held, shown):
                return True
            taken = _number(field, shown, ctx).value
            return taken is not None and phones.same_number(held, taken)
        case Field.ADDRESS:
            return streets.same_street(bc.address_line1, bc.address_line2, outlook.street)
        case Field.COUNTRY:
            return _same_country(bc.country, outlook.country, ctx)
        case Field.POSTAL_CODE:
            held, whole = bc.postal_code, outlook.postal_code
            cut = texts.cut(texts.clean(whole), max_length(field, ctx))
            return texts.fold_code(held) in (texts.fold_code(whole), texts.fold_code(cut))
        case _:
            held, whole = texts.clean(bc_text(field, bc)), texts.clean(outlook_text(field, outlook))
            return held in (whole, texts.cut(whole, max_length(field, ctx)))


def _same_name(held: str, whole: str, ctx: FieldContext) -> bool:
    cut = texts.cut(whole, max_length(Field.NAME, ctx))
    return texts.fold_blanks(held) in (texts.fold_blanks(whole), texts.fold_blanks(cut))
