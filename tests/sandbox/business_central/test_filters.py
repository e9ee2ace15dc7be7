"""The filter language and its limits (contracts/business-central.md §5)."""

from __future__ import annotations

import pytest

from tests.sandbox.business_central.api import COMPANY, Api

V21 = "&$schemaversion=2.1"


@pytest.fixture
def api() -> Api:
    api = Api()
    api.person(displayName="Ada", email="ada@x.example", city="London", country="GB")
    api.clock.advance(60)
    api.person(displayName="bob", email="Bob@x.example", city="Bonn", country="DE")
    api.clock.advance(60)
    api.create(displayName="O'Hara* Ltd.", city="london")
    return api


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("type eq 'Person'", ["Ada", "bob"]),
        ("type ne 'Person'", ["O'Hara* Ltd."]),
        ("displayName eq 'O''Hara* Ltd.'", ["O'Hara* Ltd."]),
        ("city eq 'London'", ["Ada"]),
        ("tolower(city) eq 'london'", ["Ada", "O'Hara* Ltd."]),
        ("toupper(email) eq 'BOB@X.EXAMPLE'", ["bob"]),
        ("country eq 'gb'", ["Ada"]),
        ("country eq null", ["O'Hara* Ltd."]),
        ("email ne null", ["Ada", "bob"]),
        ("startswith(email,'ada')", ["Ada"]),
        ("endswith(email, 'x.example')", ["Ada", "bob"]),
        ("contains(displayName,'Hara')", ["O'Hara* Ltd."]),
        ("contains(displayName,'hara')", []),
        ("substring(number,2,6) eq '000002'", ["bob"]),
        ("substring(displayName,1) eq 'ob'", ["bob"]),
        ("displayName ge 'B'", ["O'Hara* Ltd.", "bob"]),
        ("number gt 'KT000001' and number lt 'KT000003'", ["bob"]),
        ("lastModifiedDateTime ge 2026-05-11T08:01:00Z", ["O'Hara* Ltd.", "bob"]),
        ("lastModifiedDateTime gt 2026-05-11T08:01:00.000Z", ["O'Hara* Ltd."]),
        ("lastModifiedDateTime eq 2026-05-11T08:01:00Z", ["bob"]),
        ("lastModifiedDateTime lt 2026-05-11T10:01:00-00:00 and type eq 'Company'", ["O'Hara* Ltd."]),
        ("lastModifiedDateTime le 2026-05-11T08:00:00Z or lastModifiedDateTime ge 2026-05-11T08:02:00Z",
         ["Ada", "O'Hara* Ltd."]),
        ("lastInteractionDate eq 0001-01-01", ["Ada", "O'Hara* Ltd.", "bob"]),
        ("city eq 'Bonn' or city eq 'London'", ["Ada", "bob"]),
        ("(city eq 'Bonn' or city eq 'London') and country eq 'DE'", ["bob"]),
        ("startswith(city,'B') or city eq 'London' or tolower(city) eq 'x'", ["Ada", "bob"]),
    ],
)  # fmt: skip
def test_supported_filter_finds(api: Api, expression: str, names: list[str]) -> None:
    assert api.found(expression) == names


def test_id_is_filtered_by_a_bare_guid(api: Api) -> None:
    ids = {each["displayName"]: each["id"] for each in api.get().body["value"]}
    assert api.found(f"id eq {ids['bob'].upper()}") == ["bob"]
    assert api.found(f"id ne {ids['bob']}") == ["Ada", "O'Hara* Ltd."]


@pytest.mark.parametrize(
    "expression",
    [
        "not contains(city,'x')",
        "privacyBlocked eq false",
        "privacyBlocked",
        "startswith(city,'B') eq true",
        "length(city) gt 3",
        "indexof(city,'x') eq 1",
        "city in ('Bonn','London')",
        "contains(tolower(city),'lon')",
        "tolower(substring(city,1)) eq 'onn'",
        "city eq state",
        "'Bonn' eq city",
        "city eq 'Bonn' or country eq 'DE'",
        "(city eq 'Bonn' and country eq 'DE') or city eq 'London'",
        "type gt 'Company'",
        "contains(type,'Per')",
        "id gt 3f6c1d0a-7a52-ef11-9c36-002248a1b2c3",
        "city has 'x'",
    ],
)
def test_filter_beyond_the_dialect_is_not_implemented(api: Api, expression: str) -> None:
    answer = api.get("contacts", f"$filter={expression.replace(' ', '%20')}")
    assert answer.refusal == (501, "BadRequest_MethodNotImplemented")


def test_or_on_distinct_fields_says_so_at_any_schema_version(api: Api) -> None:
    for extra in ("", V21):
        answer = api.get("contacts", f"$filter=city%20eq%20'a'%20or%20state%20eq%20'b'{extra}")
        assert answer.message == "The 'OR' operator is not supported on distinct fields on an OData filter."


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("city in ('Bonn','London')", ["Ada", "bob"]),
        ("contains(tolower(city),'lon')", ["Ada", "O'Hara* Ltd."]),
        ("startswith(toupper(email),'BOB')", ["bob"]),
    ],
)
def test_in_and_nested_calls_need_schema_version_21(api: Api, expression: str, names: list[str]) -> None:
    assert api.found(expression, V21) == names
    answer = api.get("contacts", f"$filter={expression.replace(' ', '%20')}&$schemaversion=2.0")
    assert answer.status == 501


def test_id_in_a_list_of_guids(api: Api) -> None:
    ids = [each["id"] for each in api.get().body["value"]]
    assert api.found(f"id in ({ids[0]},{ids[1]})", V21) == ["Ada", "bob"]


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("", "BadRequest_NotFound"),
        ("city", "BadRequest_MethodNotImplemented"),
        ("city eq", "BadRequest_NotFound"),
        ("city eq 'x", "BadRequest_NotFound"),
        ("city eq 'x' and", "BadRequest_NotFound"),
        ("(city eq 'x'", "BadRequest_NotFound"),
        ("city eq 'x')", "BadRequest_NotFound"),
        ("city eq 'x''", "BadRequest_NotFound"),
        ("city eq'x'", "BadRequest_NotFound"),
        ("contains(city 'x')", "BadRequest_NotFound"),
        ("town eq 'x'", "BadRequest_NotFound"),
        ("City eq 'x'", "BadRequest_NotFound"),
        ("contacts/any(c:c/city eq 'x')", "BadRequest_NotFound"),
        ("city eq 5", "Application_FilterErrorException"),
        ("type eq 'Persn'", "Application_FilterErrorException"),
        ("lastModifiedDateTime ge '2026-05-11T08:01:00Z'", "Application_FilterErrorException"),
        ("lastModifiedDateTime ge 2026-05-11", "Application_FilterErrorException"),
        ("lastModifiedDateTime ge 2026-13-11T00:00:00Z", "Application_FilterErrorException"),
        ("id eq 'x'", "Application_InvalidGUID"),
        ("(" * 4000 + "city eq 'x'" + ")" * 4000, "BadRequest_MethodNotImplemented"),
    ],
)
def test_broken_filter_is_refused(api: Api, expression: str, code: str) -> None:
    answer = api.get("contacts", f"$filter={expression.replace(' ', '%20')}")
    assert answer.code == code


def test_plus_in_a_query_is_a_blank(api: Api) -> None:
    api.person(displayName="Plus", email="a+b@x.example")
    assert api.get("contacts", "$filter=email+eq+'a+b@x.example'").body["value"] == []
    found = api.get("contacts", "$filter=email+eq+'a%2Bb@x.example'").body["value"]
    assert [each["displayName"] for each in found] == ["Plus"]


def test_text_compares_without_case_by_switch(api: Api) -> None:
    api.switches["bc_text_case"] = "insensitive"
    assert api.found("city eq 'LONDON'") == ["Ada", "O'Hara* Ltd."]
    assert api.found("startswith(email,'BOB')") == ["bob"]
    assert api.found("city in ('LONDON')", V21) == ["Ada", "O'Hara* Ltd."]


def test_filter_characters_leak_by_switch(api: Api) -> None:
    assert api.found("displayName eq 'A*'") == []
    api.switches["bc_wildcards"] = "true"
    assert api.found("displayName eq 'A*'") == ["Ada"]
    assert api.found("displayName eq '@B?B'") == ["bob"]
    assert api.found("displayName ne '*'") == []


def test_query_of_8099_characters_is_read_and_one_more_is_414(api: Api) -> None:
    start = "$filter=city%20eq%20'"
    longest = start + "x" * (8_099 - len(start) - 1) + "'"
    assert api.get("contacts", longest).status == 200
    answer = api.get("contacts", longest[:-1] + "x'")
    assert answer.status == 414
    assert answer.headers["Content-Type"].startswith("text/html")


def test_filter_on_a_changed_contact_follows_its_new_stamp(api: Api) -> None:
    ada = api.get("contacts", "$filter=displayName%20eq%20'Ada'").body["value"][0]
    api.clock.advance(60)
    api.people.edit_contact(COMPANY, ada["id"], city="Leeds")
    assert api.found("lastModifiedDateTime gt 2026-05-11T08:02:00Z") == ["Ada"]
