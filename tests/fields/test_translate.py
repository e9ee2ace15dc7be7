"""Every field there and back, at and beyond its maximum."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.fields import bc_text, max_length, outlook_text, same, to_bc, to_outlook
from shared.model import FIELDS, BcContact, Field, OutlookContact, Reason
from tests.fields.make import CONTEXT, bc, outlook, stored_in_bc, stored_in_outlook, texts

PLAIN = {
    Field.JOB_TITLE: "job_title",
    Field.CITY: "city",
    Field.STATE: "state",
    Field.POSTAL_CODE: "postal_code",
    Field.WEBSITE: "website",
}


def _in_outlook(field: Field, text: str) -> OutlookContact:
    return outlook(**{PLAIN[field]: text})


def _in_bc(field: Field, text: str) -> BcContact:
    return bc(**{PLAIN[field]: text})


def test_raw_texts_are_what_the_servers_returned() -> None:
    contact = bc(address_line1=" 1 Quay ", address_line2="", company_name="Harbour ")
    assert bc_text(Field.ADDRESS, contact) == " 1 Quay \n"
    assert bc_text(Field.COMPANY, contact) == "Harbour "
    shown = outlook(emails=("A@x.example", "", "b@x.example"), business_phones=("1", "2"), street="a\r\nb")
    assert outlook_text(Field.EMAIL, shown) == "A@x.example;;b@x.example"
    assert outlook_text(Field.PHONE, shown) == "1"
    assert outlook_text(Field.PHONE, outlook()) == ""
    assert outlook_text(Field.ADDRESS, shown) == "a\r\nb"


def test_each_field_is_read_from_its_own_place() -> None:
    held = BcContact(
        "b1", "e1", "KT1", "Person", "n", "j", "KT100", "co", "None", "l1", "l2",
        "ci", "st", "cc", "pc", "ph", "mo", "em", "we",
    )  # fmt: skip
    expected = ["n", "j", "co", "em", "ph", "mo", "l1\nl2", "cc", "ci", "st", "pc", "we"]
    assert [bc_text(field, held) for field in FIELDS] == expected
    shown = outlook(
        display_name="n", job_title="j", company_name="co", emails=("em",), business_phones=("ph",),
        mobile="mo", street="l1\nl2", country="cc", city="ci", state="st", postal_code="pc", website="we",
    )  # fmt: skip
    assert [outlook_text(field, shown) for field in FIELDS] == expected


def test_name_a_contact_goes_by_is_its_parts_or_else_its_display_name() -> None:
    assert outlook_text(Field.NAME, outlook(given_name="Ada", surname="King", display_name="X")) == "Ada King"
    assert outlook_text(Field.NAME, outlook(display_name="Countess Ada")) == "Countess Ada"


@pytest.mark.parametrize("field", PLAIN)
@given(data=st.data())
def test_plain_text_written_to_business_central_reads_as_the_same(field: Field, data: st.DataObject) -> None:
    maximum = max_length(field, CONTEXT)
    contact = _in_outlook(field, data.draw(texts(maximum)))
    translation = to_bc(field, contact, None, CONTEXT)
    assert translation.value is not None
    assert len(translation.value.encode("utf-16-le")) <= 2 * maximum
    whole = getattr(contact, PLAIN[field]).strip()
    assert (translation.reasons == (Reason.TRUNCATED,)) == (len(whole.encode("utf-16-le")) > 2 * maximum)
    assert same(field, stored_in_bc({field: translation.value}, bc()), contact, CONTEXT)


@pytest.mark.parametrize("field", PLAIN)
@given(data=st.data())
def test_plain_text_written_to_outlook_reads_as_the_same(field: Field, data: st.DataObject) -> None:
    contact = _in_bc(field, data.draw(texts(20)))
    value = to_outlook(field, contact, None, CONTEXT).value
    assert value is not None
    before = _in_outlook(field, "before")
    assert same(field, contact, stored_in_outlook({field: value}, before), CONTEXT)


@pytest.mark.parametrize("field", PLAIN)
def test_cleared_text_clears_on_the_other_side(field: Field) -> None:
    assert to_bc(field, _in_outlook(field, " "), _in_bc(field, "old"), CONTEXT).value == ""
    assert to_outlook(field, _in_bc(field, ""), _in_outlook(field, "old"), CONTEXT).value == ""
    assert not same(field, _in_bc(field, "old"), _in_outlook(field, ""), CONTEXT)


def test_texts_differ_by_case_but_codes_do_not() -> None:
    assert not same(Field.CITY, bc(city="Hull"), outlook(city="HULL"), CONTEXT)
    assert same(Field.POSTAL_CODE, bc(postal_code="HU1 1AA"), outlook(postal_code="hu1 1aa "), CONTEXT)
    assert not same(Field.POSTAL_CODE, bc(postal_code="HU1 1AB"), outlook(postal_code="HU1 1AA"), CONTEXT)


def test_text_beyond_the_maximum_is_the_same_as_its_cut_form_only() -> None:
    long = outlook(job_title="Vice President of Worldwide Procurement")
    assert same(Field.JOB_TITLE, bc(job_title="Vice President of Worldwide Pr"), long, CONTEXT)
    assert not same(Field.JOB_TITLE, bc(job_title="Vice President of Worldwide P"), long, CONTEXT)


def test_website_is_cut_at_what_the_company_holds() -> None:
    contact = outlook(website="w" * 300)
    assert to_bc(Field.WEBSITE, contact, None, CONTEXT).value == "w" * 255
    older = replace(CONTEXT, website_max=80)
    assert to_bc(Field.WEBSITE, contact, None, older).value == "w" * 80
    assert same(Field.WEBSITE, bc(website="w" * 80), contact, older)
    assert not same(Field.WEBSITE, bc(website="w" * 80), contact, CONTEXT)


def test_maximum_lengths_are_the_contracts() -> None:
    expected = [100, 30, 20, 80, 30, 30, 151, 10, 30, 30, 20, 255]
    assert [max_length(field, CONTEXT) for field in FIELDS] == expected


def test_name_is_read_from_the_parts_where_one_changed_and_else_from_the_display_name() -> None:
    contact = outlook(display_name="Countess Ada", given_name="Ada", surname="King")
    assert to_bc(Field.NAME, contact, None, CONTEXT).value == "Ada King"
    assert to_bc(Field.NAME, contact, None, CONTEXT, parts_changed=False).value == "Countess Ada"


def test_name_falls_back_to_whichever_is_there() -> None:
    only_shown, only_parts = outlook(display_name=" Cher "), outlook(given_name="Ada", surname="King")
    assert to_bc(Field.NAME, only_shown, None, CONTEXT, parts_changed=True).value == "Cher"
    assert to_bc(Field.NAME, only_parts, None, CONTEXT, parts_changed=False).value == "Ada King"


def test_emptied_name_is_required_and_a_blank_one_is_never_written_to_outlook() -> None:
    emptied = to_bc(Field.NAME, outlook(display_name=" "), bc(), CONTEXT)
    assert (emptied.value, emptied.reasons) == (None, (Reason.REQUIRED_FIELD,))
    blank = to_outlook(Field.NAME, bc(name=" "), outlook(display_name="Ada"), CONTEXT)
    assert (blank.value, blank.reasons) == (None, (Reason.NO_NAME,))


def test_names_are_the_same_by_either_of_outlooks_names_with_blanks_folded() -> None:
    contact = outlook(display_name="King,  Ada", given_name="Ada", surname="King")
    assert same(Field.NAME, bc(name="Ada  King"), contact, CONTEXT)
    assert same(Field.NAME, bc(name="King, Ada"), contact, CONTEXT)
    assert not same(Field.NAME, bc(name="Ada Lovelace"), contact, CONTEXT)


def test_edited_part_is_not_settled_by_a_display_name_that_stayed_behind() -> None:
    edited = outlook(display_name="Ada Lovelace", given_name="Ada", surname="King")
    assert not same(Field.NAME, bc(name="Ada Lovelace"), edited, CONTEXT, parts_changed=True)
    renamed = outlook(display_name="Ada King", given_name="Ada", surname="Lovelace")
    assert not same(Field.NAME, bc(name="Ada Lovelace"), renamed, CONTEXT, parts_changed=False)


@given(texts(30), texts(30), texts(60))
def test_name_written_to_business_central_reads_as_the_same(given_name: str, middle: str, surname: str) -> None:
    contact = outlook(given_name=given_name, middle_name=middle, surname=surname, display_name="Cher")
    value = to_bc(Field.NAME, contact, None, CONTEXT).value
    assert value is not None
    assert same(Field.NAME, stored_in_bc({Field.NAME: value}, bc()), contact, CONTEXT)


@given(texts(100).filter(str.strip))
def test_name_written_to_outlook_reads_as_the_same_by_its_parts_alone(name: str) -> None:
    contact, before = bc(name=name), outlook(given_name="Ada", middle_name="M", surname="L", display_name="A")
    value = to_outlook(Field.NAME, contact, before, CONTEXT).value
    assert value is not None
    after = replace(stored_in_outlook({Field.NAME: value}, before), display_name="")
    assert same(Field.NAME, contact, after, CONTEXT)


def test_company_with_exactly_one_match_becomes_its_number() -> None:
    contact = outlook(company_name=" HARBOUR  Tools Ltd")
    translation = to_bc(Field.COMPANY, contact, bc(), CONTEXT)
    assert (translation.value, translation.reasons) == ("KT100", ())
    assert same(Field.COMPANY, stored_in_bc({Field.COMPANY: "KT100"}, bc()), contact, CONTEXT)


@pytest.mark.parametrize(
    ("name", "reasons"),
    [
        ("", ()),
        (" ", ()),
        ("Nobody Ltd", (Reason.COMPANY_NOT_FOUND,)),
        ("Twin GmbH", (Reason.COMPANY_AMBIGUOUS,)),
    ],
)
def test_company_blank_unknown_or_ambiguous_stays_as_it_is(name: str, reasons: tuple[Reason, ...]) -> None:
    current = bc(company_number="KT100", company_name="Harbour Tools Ltd")
    translation = to_bc(Field.COMPANY, outlook(company_name=name), current, CONTEXT)
    assert (translation.value, translation.reasons) == (None, reasons)


def test_company_of_an_ambiguous_name_stays_the_contacts_own() -> None:
    current = bc(company_number="KT201", company_name="Twin GmbH")
    assert to_bc(Field.COMPANY, outlook(company_name="twin gmbh"), current, CONTEXT).value == "KT201"


def test_company_goes_to_outlook_by_name() -> None:
    contact = bc(company_number="KT100", company_name="Harbour Tools Ltd")
    assert to_outlook(Field.COMPANY, contact, None, CONTEXT).value == "Harbour Tools Ltd"
    assert to_outlook(Field.COMPANY, bc(), outlook(company_name="Old"), CONTEXT).value == ""
    assert not same(Field.COMPANY, contact, outlook(company_name="Old"), CONTEXT)
