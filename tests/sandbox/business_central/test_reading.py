"""Options, order, pages and links of a read (contracts/business-central.md §5, §5.1)."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.sandbox.business_central.api import COMPANY, Answer, Api

BY_TIME = "$orderby=lastModifiedDateTime"


def fill(api: Api, count: int) -> list[str]:
    """So many persons a second apart; returns their ids."""
    ids = []
    for number in range(count):
        ids.append(api.people.create_contact(COMPANY, raw=True, type="Person", displayName=f"P{number:02d}"))
        api.clock.advance(1)
    return ids


def names(answer: Answer) -> list[str]:
    return [each["displayName"] for each in answer.body["value"]]


def sweep(api: Api, query: str, size: int) -> list[Answer]:
    prefer = f"odata.maxpagesize={size}"
    answers = [api.get("contacts", query, Prefer=prefer)]
    while link := answers[-1].body.get("@odata.nextLink"):
        answers.append(api.follow(link, Prefer=prefer))
        assert answers[-1].status == 200, answers[-1]
    return answers


def test_default_order_is_the_number_and_switchable(api: Api) -> None:
    fill(api, 3)
    api.people.create_contact(COMPANY, raw=True, number="AA1", displayName="First")
    assert names(api.get()) == ["First", "P00", "P01", "P02"]
    api.switches["bc_default_order"] = "lastModifiedDateTime"
    assert names(api.get()) == ["P00", "P01", "P02", "First"]
    api.switches["bc_default_order"] = "id"
    seen = [each["id"] for each in api.get().body["value"]]
    assert seen == sorted(seen)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("lastModifiedDateTime", ["P00", "P01", "P02"]),
        ("lastModifiedDateTime%20desc", ["P02", "P01", "P00"]),
        ("number%20desc", ["P02", "P01", "P00"]),
        ("displayName%20desc", ["P02", "P01", "P00"]),
        ("type,displayName%20asc", ["P00", "P01", "P02"]),
        ("type,number%20desc", ["P02", "P01", "P00"]),
    ],
)
def test_orderby_orders_also_across_pages(api: Api, order: str, expected: list[str]) -> None:
    fill(api, 3)
    assert names(api.get("contacts", f"$orderby={order}")) == expected
    pages = sweep(api, f"$orderby={order}", 2)
    assert [name for page in pages for name in names(page)] == expected


def test_select_ignores_case_and_answers_in_canonical_case(api: Api) -> None:
    fill(api, 1)
    row = api.get("contacts", "$select=EMAIL,ID,displayname").body["value"][0]
    assert list(row) == ["@odata.etag", "id", "displayName", "email"]
    single = api.get(f"contacts({row['id']})", "$select=email").body
    assert list(single) == ["@odata.context", "@odata.etag", "email"]


@pytest.mark.parametrize("option", ["$select=foo", "$select=*", "$select=", "$orderby=foo", "$expand=foo"])
def test_unknown_property_in_an_option_is_refused(api: Api, option: str) -> None:
    answer = api.get("contacts", option)
    assert answer.code == "BadRequest_NotFound"
    assert answer.status == 400


@pytest.mark.parametrize(
    "option",
    [
        "$foo=1",
        "foo=1",
        "filter=city%20eq%20'x'",
        "$top=-1",
        "$top=x",
        "$skip=1.5",
        "$count=yes",
        "$schemaversion=3.0",
        "$orderby=city%20down",
        "$top=1&$top=2",
        "$deltatoken=x",
        f"company={COMPANY}",
    ],
)
def test_unknown_or_malformed_option_is_refused(api: Api, option: str) -> None:
    assert api.get("contacts", option).refusal == (400, "BadRequest_NotFound")


@pytest.mark.parametrize("option", ["$search=x", "$apply=x", "$compute=x", "$orderby=tolower(city)"])
def test_option_that_bc_lacks_is_not_implemented(api: Api, option: str) -> None:
    assert api.get("contacts", option).refusal == (501, "BadRequest_MethodNotImplemented")


def test_set_options_do_not_fit_a_single_contact(api: Api) -> None:
    contact = fill(api, 1)[0]
    assert api.get(f"contacts({contact})", "$top=1").status == 400
    assert api.get("contacts/$count", "$top=1").status == 400


def test_count_is_plain_text_and_takes_a_filter(api: Api) -> None:
    fill(api, 3)
    assert api.get("contacts/$count").body == b"3"
    assert api.get("contacts/$count", "$filter=displayName%20eq%20'P01'").body == b"1"


def test_count_option_counts_what_the_filter_matches(api: Api) -> None:
    fill(api, 5)
    answer = api.get("contacts", "$count=true&$filter=displayName%20ge%20'P02'&$top=1")
    assert (answer.body["@odata.count"], names(answer)) == (3, ["P02"])
    assert "@odata.count" not in api.get().body


def test_small_top_has_no_next_link_and_is_no_paging(api: Api) -> None:
    fill(api, 3)
    answer = api.get("contacts", "$top=2")
    assert names(answer) == ["P00", "P01"]
    assert "@odata.nextLink" not in answer.body
    assert api.get("contacts", "$top=0").body["value"] == []
    assert api.log.counts()["top_paging"] == 0


def test_top_with_skip_or_of_a_page_is_recorded_as_paging(api: Api) -> None:
    fill(api, 3)
    assert names(api.get("contacts", "$top=1&$skip=1")) == ["P01"]
    assert api.log.counts()["top_paging"] == 1
    api.get("contacts", "$top=20000")
    assert api.log.counts()["top_paging"] == 2


def test_preferred_page_size_gives_exactly_so_many_and_a_link(api: Api) -> None:
    fill(api, 5)
    pages = sweep(api, BY_TIME, 2)
    assert [names(page) for page in pages] == [["P00", "P01"], ["P02", "P03"], ["P04"]]
    assert pages[0].headers["Preference-Applied"] == "odata.maxpagesize=2"


def test_page_that_ends_with_the_last_row_has_no_link(api: Api) -> None:
    fill(api, 4)
    assert len(sweep(api, "", 2)) == 2


def test_link_is_the_query_reencoded_with_aid_and_the_last_id(api: Api) -> None:
    ids = fill(api, 3)
    query = "$filter=type%20eq%20'Person'&$select=id"
    link = api.get("contacts", query, Prefer="odata.maxpagesize=2").body["@odata.nextLink"]
    parts = urlsplit(link)
    assert parts.netloc == "bc.example"
    assert parts.query == (f"$filter=type%20eq%20%27Person%27&$select=id&aid=FIN&$skiptoken={ids[1]}")


def test_page_never_exceeds_the_servers_maximum(api: Api) -> None:
    api.switches["bc_max_page"] = "2"
    fill(api, 5)
    first = api.get("contacts")
    assert len(first.body["value"]) == 2
    assert "$top" not in parse_qs(urlsplit(first.body["@odata.nextLink"]).query)
    clamped = api.get("contacts", Prefer="odata.maxpagesize=3")
    assert len(clamped.body["value"]) == 2


def test_top_beyond_the_page_goes_on_with_the_rest_of_it(api: Api) -> None:
    api.switches["bc_max_page"] = "2"
    fill(api, 5)
    first = api.get("contacts", "$top=3")
    link = first.body["@odata.nextLink"]
    assert parse_qs(urlsplit(link).query)["$top"] == ["1"]
    second = api.follow(link)
    assert names(second) == ["P02"]
    assert "@odata.nextLink" not in second.body


def test_link_can_be_followed_twice(api: Api) -> None:
    fill(api, 3)
    link = api.get("contacts", Prefer="odata.maxpagesize=1").body["@odata.nextLink"]
    assert names(api.follow(link)) == names(api.follow(link)) == ["P01", "P02"]


@pytest.mark.parametrize(
    "change",
    [
        lambda link: link.replace("%27", "'"),
        lambda link: link.replace("aid=FIN", "aid=FIRST"),
        lambda link: link.replace("&aid=FIN", ""),
        lambda link: link.replace("$skiptoken", "%24skiptoken"),
        lambda link: link + "&$count=true",
        lambda link: link.rpartition("=")[0] + "=3f6c1d0a-7a52-ef11-9c36-002248a1b2c3",
    ],
)
def test_rebuilt_link_is_refused_and_recorded(api: Api, change: Any) -> None:
    fill(api, 3)
    query = "$filter=type%20eq%20'Person'"
    link = api.get("contacts", query, Prefer="odata.maxpagesize=1").body["@odata.nextLink"]
    assert api.follow(change(link)).refusal == (400, "BadRequest_NotFound")
    assert api.log.counts()["rebuilt_link"] == 1


def test_skip_token_of_a_deleted_contact_is_refused(api: Api) -> None:
    ids = fill(api, 3)
    link = api.get("contacts", Prefer="odata.maxpagesize=1").body["@odata.nextLink"]
    api.people.delete_contact(COMPANY, ids[0])
    assert api.follow(link).refusal == (400, "SkipTokenIsNoLongerValid")
    assert api.log.counts()["rebuilt_link"] == 0
    api.switches["bc_deleted_skiptoken"] = "continue"
    assert names(api.follow(link)) == ["P01", "P02"]


def test_contact_changed_during_a_sweep_by_time_comes_again_at_the_end(api: Api) -> None:
    ids = fill(api, 3)
    first = api.get("contacts", BY_TIME, Prefer="odata.maxpagesize=1")
    api.people.edit_contact(COMPANY, ids[0], city="Bonn")
    rest = api.follow(first.body["@odata.nextLink"])
    assert names(first) + names(rest) == ["P00", "P01", "P02", "P00"]


@pytest.mark.parametrize("prefer", ["odata.maxpagesize=0", "odata.maxpagesize=x", "odata.maxpagesize=-1"])
def test_malformed_page_size_is_refused(api: Api, prefer: str) -> None:
    assert api.get("contacts", Prefer=prefer).status == 400


def test_picture_is_an_entity_of_its_own(api: Api) -> None:
    contact = fill(api, 1)[0]
    alone = api.get(f"contacts({contact})/picture").body
    assert (alone["id"], alone["width"], alone["contentType"]) == (contact, 0, "")
    expanded = api.get(f"contacts({contact})", "$expand=picture").body
    assert expanded["picture"]["id"] == contact
    listed = api.get("contacts", "$expand=picture").body["value"][0]
    assert listed["picture"]["id"] == contact
    assert api.get(f"contacts({contact})/picture/pictureContent").status == 204
    assert api.call("DELETE", f"contacts({contact})/picture").status == 405
