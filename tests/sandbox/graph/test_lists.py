"""Lists of contacts: paging, selection, filters, order (contracts/graph.md §2.5)."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.sandbox.graph.api import ANN, IMMUTABLE, MARKER, Api


def fill(api: Api, count: int) -> list[str]:
    return [api.people.create_contact(ANN, api.folder, givenName="P", surname=f"{n:03}") for n in range(count)]


def test_the_default_page_has_ten(api: Api) -> None:
    ids = fill(api, 12)
    first = api.get(api.contacts)
    assert first.ids == ids[:10]
    assert api.get(first.link or "").ids == ids[10:]


def test_top_is_at_most_a_thousand_and_next_links_carry_the_options(api: Api) -> None:
    fill(api, 1003)
    page = api.get(f"{api.contacts}?$top=1000&$select=surname")
    assert len(page.ids) == 1000
    rest = api.get(page.link or "")
    assert [row["surname"] for row in rest["value"]] == ["1000", "1001", "1002"]
    assert set(rest["value"][0]) == {"@odata.etag", "id", "surname"}


def test_id_and_etag_come_whatever_is_selected(api: Api) -> None:
    fill(api, 1)
    assert set(api.get(f"{api.contacts}?$select=jobTitle")["value"][0]) == {"@odata.etag", "id", "jobTitle"}


def test_distribution_lists_are_counted_and_paged_but_not_returned(api: Api) -> None:
    ids = fill(api, 3)
    api.people.create_contact(ANN, api.folder, displayName="Team", distribution_list=True)
    ids += fill(api, 2)
    page = api.get(f"{api.contacts}?$top=4&$count=true")
    assert page["@odata.count"] == 6
    assert page.ids == ids[:3]
    assert api.get(page.link or "").ids == ids[3:]


def test_the_users_contacts_are_those_of_the_default_folder(api: Api) -> None:
    fill(api, 2)
    id = api.people.create_contact(ANN, "contacts", givenName="A")
    assert api.get(f"/users/{ANN}/contacts").ids == [id]
    assert api.get(f"/users/{ANN}/contactFolders/contacts/contacts").ids == [id]


def test_a_next_link_that_was_rewritten_is_refused_and_recorded(api: Api) -> None:
    fill(api, 12)
    link = api.get(f"{api.contacts}?$top=5&$count=true").link or ""
    for rewritten in (f"{api.contacts}?$skip=5&$top=5&$count=true", link.replace("=true", "=t%72ue")):
        assert api.get(rewritten).status == 400
    assert api.log.counts() == {"rebuilt_link": 2}
    assert api.get(link).status == 200


def test_a_short_page_still_leads_to_the_rest(api: Api) -> None:
    ids = fill(api, 10)
    api.fault("short_page")
    first = api.get(f"{api.contacts}?$top=8")
    assert len(first.ids) < 8 and not first.last
    rows, _ = api.all_pages(first.link or "")
    assert first.ids + [row["id"] for row in rows] == ids


FILTERS = [
    ("displayName eq 'Ann O''Hara'", {"ann"}),
    ("displayName eq 'ANN O''HARA'", {"ann"}),
    ("emailAddresses/any(a:a/address eq 'BEN@h.example')", {"ben"}),
    ("emailAddresses/any(a: a/address eq 'second@h.example')", {"ben"}),
    ("categories/any(c:c eq 'Customer')", {"ann", "ben"}),
    ("categories/any(c:c eq 'customer')", set()),
    ("lastModifiedDateTime ge 2026-11-02T10:00:00Z", {"ben"}),
    ("lastModifiedDateTime lt 2026-11-02T11:00:00+01:00", {"ann"}),
    ("categories/any(c:c eq 'Customer') and lastModifiedDateTime lt 2026-11-02T10:00:00Z", {"ann"}),
]


@pytest.fixture
def two(api: Api) -> dict[str, str]:
    """Ann at nine, Ben at half past ten."""
    ann = api.create(displayName="Ann O'Hara", categories=["Customer"])["id"]
    api.clock.advance(5400)
    emails = [{"address": "ben@h.example"}, {"address": "second@h.example"}]
    ben = api.create(displayName="Ben", categories=["Customer", "VIP"], emailAddresses=emails)["id"]
    return {ann: "ann", ben: "ben"}


@pytest.mark.parametrize(("expression", "expected"), FILTERS)
def test_filters_that_are_known_to_work(
    api: Api, two: dict[str, str], expression: str, expected: set[str]
) -> None:
    found = api.get(f"{api.contacts}?$filter={quote(expression)}")
    assert {two[id] for id in found.ids} == expected


@pytest.mark.parametrize(
    "expression",
    [
        "jobTitle eq 'Buyer'",
        "displayName ne 'Ann'",
        "startswith(displayName,'A')",
        "displayName eq 'Ann' or displayName eq 'Ben'",
        "emailAddresses/any(a:startswith(a/address,'a'))",
        "emailAddresses/any(a:a/name eq 'x')",
        "emailAddresses/any(a:b/address eq 'x')",
        "categories/any(c:c ne 'x')",
        "lastModifiedDateTime ge 2026-11-02",
        "lastModifiedDateTime ge '2026-11-02T10:00:00Z'",
        "displayName eq 'open",
        "displayName",
        "not (displayName eq 'x')",
    ],
)
def test_filters_that_are_not_known_to_work_are_refused(api: Api, expression: str) -> None:
    answer = api.get(f"{api.contacts}?$filter={quote(expression)}")
    assert (answer.status, answer.code) == (400, "ErrorInvalidUrlQuery")


def test_order_by_name_and_by_time(api: Api, two: dict[str, str]) -> None:
    ann, ben = two
    for query, expected in (
        ("$orderby=displayName", [ann, ben]),
        ("$orderby=displayName desc", [ben, ann]),
        ("$orderby=lastModifiedDateTime asc", [ann, ben]),
        ("$orderby=lastModifiedDateTime desc", [ben, ann]),
    ):
        assert api.get(f"{api.contacts}?{query}").ids == expected
    api.clock.advance(60)
    api.patch(ann, {"jobTitle": "x", "displayName": "Zoe"})
    assert api.get(f"{api.contacts}?$orderby=displayName").ids == [ben, ann]


def test_an_ordered_property_must_lead_the_filter(api: Api, two: dict[str, str]) -> None:
    by_category = quote("categories/any(c:c eq 'Customer')")
    answer = api.get(f"{api.contacts}?$filter={by_category}&$orderby=displayName")
    assert (answer.status, answer.code) == (400, "InefficientFilter")
    by_time = quote("lastModifiedDateTime ge 2026-01-01T00:00:00Z and categories/any(c:c eq 'Customer')")
    assert len(api.get(f"{api.contacts}?$filter={by_time}&$orderby=lastModifiedDateTime").ids) == 2


def test_the_lookup_by_marker_lags_behind_a_create_under_the_fault_index_delay(api: Api) -> None:
    api.create(singleValueExtendedProperties=[{"id": MARKER, "value": "C-1"}])
    lookup = quote(f"singleValueExtendedProperties/Any(ep: ep/id eq '{MARKER}' and ep/value eq 'C-1')")
    api.fault("index_delay", seconds=5.0, times=2)
    assert api.get(f"{api.contacts}?$filter={lookup}").ids == []
    api.clock.advance(6)
    assert len(api.get(f"{api.contacts}?$filter={lookup}").ids) == 1


def test_the_preference_that_took_effect_is_named(api: Api) -> None:
    fill(api, 1)
    assert api.get(api.contacts).headers["Preference-Applied"] == "IdType=ImmutableId"
    assert "Preference-Applied" not in api.get(api.contacts, prefer="").headers
    assert api.get(api.contacts, prefer=f"odata.track-changes, {IMMUTABLE}").ids == api.get(api.contacts).ids
