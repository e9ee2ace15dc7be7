"""Contacts, a company's tables and texts to translate, for the tests of the field map."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from shared.fields import CountryBook, FieldContext, bc_body, outlook_body
from shared.model import BcContact, Field, Json, OutlookContact

COUNTRIES = CountryBook(
    [("DE", "Germany"), ("EL", "Greece"), ("GB", "Great Britain"), ("TR", "Türkiye"), ("US", "USA"), ("XY", "")]
)
CONTEXT = FieldContext(
    countries=COUNTRIES,
    companies={"harbour tools ltd": ("KT100",), "twin gmbh": ("KT200", "KT201")},
)
COMPANY_NAMES = {"KT100": "Harbour Tools Ltd", "KT200": "Twin GmbH", "KT201": "Twin GmbH"}


def bc(name: str = "Nneka Okafor", email: str = "nneka@harbour.example", **fields: str) -> BcContact:
    made = BcContact(
        id="b1", etag="e1", number="KT1", type="Person", display_name=name, email=email, company_number=""
    )
    return replace(made, **fields)  # type: ignore[arg-type]


def outlook(**fields: str | tuple[str, ...]) -> OutlookContact:
    return replace(OutlookContact(id="o1", etag="e1"), **fields)  # type: ignore[arg-type]


def stored_in_bc(values: dict[Field, str], before: BcContact) -> BcContact:
    """The contact after Business Central took these values: codes upper-cased, the company's name looked up."""
    members = {
        "displayName": "display_name",
        "jobTitle": "job_title",
        "companyNumber": "company_number",
        "addressLine1": "address_line1",
        "addressLine2": "address_line2",
        "phoneNumber": "phone",
        "mobilePhoneNumber": "mobile",
        "postalCode": "postal_code",
    }
    texts = {members.get(member, member): str(value).strip() for member, value in bc_body(values).items()}
    for code in {"postal_code", "country"} & texts.keys():
        texts[code] = texts[code].upper()
    if "company_number" in texts:
        texts["company_name"] = COMPANY_NAMES[texts["company_number"]]
    return replace(before, **texts)  # type: ignore[arg-type]


def stored_in_outlook(values: dict[Field, str], before: OutlookContact) -> OutlookContact:
    """The contact after Graph took these values."""
    body = outlook_body(values, before)
    members = {
        "displayName": "display_name",
        "givenName": "given_name",
        "middleName": "middle_name",
        "surname": "surname",
        "jobTitle": "job_title",
        "companyName": "company_name",
        "mobilePhone": "mobile",
        "businessHomePage": "website",
    }
    texts: dict[str, object] = {members[m]: body[m] or "" for m in members if m in body}
    if "emailAddresses" in body:
        texts["emails"] = tuple(entry["address"] for entry in objects(body["emailAddresses"]))
    if "businessPhones" in body:
        texts["business_phones"] = tuple(body["businessPhones"])  # type: ignore[arg-type]
    if "businessAddress" in body:
        (address,) = objects([body["businessAddress"]])
        parts = {"street": "street", "city": "city", "state": "state"}
        parts |= {"postalCode": "postal_code", "countryOrRegion": "country"}
        texts |= {parts[member]: value or "" for member, value in address.items()}
    return replace(before, **texts)  # type: ignore[arg-type]


def objects(value: Json) -> list[dict[str, Json]]:
    assert isinstance(value, list)
    return [entry for entry in value if isinstance(entry, dict)]


SCRIPTS = (
    "abcXYZ 0123-.,'()&/",
    "éüßñçøŁİı ÅŒ",
    "Ελληνικά Άέ",
    "Кириллица йё",
    "日本語の名前 山田",
    "عربى اسم محمد",
    "हिन्दी नमस्ते",
    "👩‍🔬👍🏽🇩🇪 ❤️",
    "e\u0301a\u0308n\u0303 ",
)


def texts(around: int) -> st.SearchStrategy[str]:
    """Texts in one script or several, many of them about `around` characters long or longer."""
    alphabet = st.sampled_from(SCRIPTS).flatmap(st.sampled_from) | st.sampled_from("".join(SCRIPTS))
    short = st.lists(alphabet, max_size=8)
    long = st.integers(max(around - 3, 0), around + 40).flatmap(
        lambda size: st.lists(alphabet, min_size=size, max_size=size)
    )
    return (short | long).map("".join)
