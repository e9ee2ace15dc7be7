"""Reading a company: what is asked, how links are followed, what is made of the answers."""

from __future__ import annotations

import uuid
from urllib.parse import unquote

import pytest

from shared.business_central import BcClient, BcCompany
from shared.errors import AccessDenied, NotFound, Refused, TokenRefused
from shared.model import BcContact, Json
from shared.sync.watermarks import overlap_before
from tests.business_central.batches import batch, operations
from tests.business_central.conftest import BASE, COMPANY, CONTACTS
from tests.transport.scripted import Reply, ScriptedServer, Seen, error

ADA: dict[str, Json] = {
    "@odata.etag": 'W/"JzE5"',
    "id": "3F6C1D0A-7A52-EF11-9C36-002248A1B2C3",
    "number": "KT000123",
    "type": "Person",
    "displayName": "Ada Marie Lovelace",
    "contactBusinessRelation": "Bank_x0020_Account",
    "addressLine1": "12 St James's Square",
    "email": "ada@analytical.example",
    "privacyBlocked": True,
    "lastModifiedDateTime": "2026-05-11T08:02:13.657Z",
    "unheardOf": [1],
}


def page(server: ScriptedServer, *contacts: Json, link: str = "") -> Reply:
    more: dict[str, Json] = {"@odata.nextLink": server.origin + link} if link else {}
    return Reply(200, {"value": list(contacts), **more})


def query(target: str) -> str:
    return unquote(target.partition("?")[2])


def test_a_contact_is_read_leniently(server: ScriptedServer, client: BcClient) -> None:
    braced: Json = {**ADA, "id": f"{{{ADA['id']}}}"}
    server.script += [Reply(200, ADA), Reply(200, braced)]
    found = client.get("3f6c")
    assert found == client.get("3f6c")
    assert found == BcContact(
        id="3f6c1d0a-7a52-ef11-9c36-002248a1b2c3",
        etag='W/"JzE5"',
        number="KT000123",
        type="Person",
        display_name="Ada Marie Lovelace",
        business_relation="Bank Account",
        address_line1="12 St James's Square",
        email="ada@analytical.example",
        privacy_blocked=True,
        modified="2026-05-11T08:02:13.657Z",
    )
    assert server.targets == [f"GET {CONTACTS}(3f6c)"] * 2
    assert server.seen[0].headers["accept-language"] == "en-US"


def test_a_contact_that_does_not_exist_is_none(server: ScriptedServer, client: BcClient) -> None:
    server.script.append(error(404, "BadRequest_ResourceNotFound"))
    assert client.get("3f6c") is None


def test_a_company_that_is_gone_does_not_make_its_contacts_deleted(
    server: ScriptedServer, client: BcClient
) -> None:
    server.script.append(error(404, "Internal_CompanyNotFound"))
    with pytest.raises(NotFound):
        client.get("3f6c")


def test_a_sweep_follows_links_byte_for_byte_with_the_same_headers(
    server: ScriptedServer, client: BcClient
) -> None:
    second = (
        f"{CONTACTS}?$filter=type%20eq%20%27Person%27&aid=FIN&$skiptoken=3f6c1d0a-7a52-ef11-9c36-002248a1b2c3"
    )
    server.script += [
        page(server, {"id": "A"}, link=second),
        page(server, {"id": "B"}, {"id": "A", "number": "2"}),
    ]
    found = client.read_all("type eq 'Person'")
    assert [(each.id, each.number) for each in found.contacts] == [("a", "2"), ("b", "")]
    assert found.complete
    assert query(server.seen[0].target).startswith("$filter=type eq 'Person'&$select=id,number,type,")
    assert server.seen[1].target == second
    assert {seen.headers["prefer"] for seen in server.seen} == {"odata.maxpagesize=10000"}
    assert all("data-access-intent" not in seen.headers and "$top" not in seen.target for seen in server.seen)


@pytest.mark.parametrize("cut", [Reply(200, {}), Reply(200, {"value": [{"number": "KT1"}]})])
def test_a_sweep_with_a_cut_page_is_incomplete(server: ScriptedServer, client: BcClient, cut: Reply) -> None:
    server.script.append(cut)
    assert not client.read_all().complete


def test_a_sweep_starts_again_when_its_place_in_the_list_was_deleted(
    server: ScriptedServer, client: BcClient
) -> None:
    link = f"{CONTACTS}?aid=FIN&$skiptoken=x"
    gone = error(400, "Application_SkipTokenIsNoLongerValid")
    server.script += [
        page(server, {"id": "deleted"}, link=link),
        gone,
        page(server, {"id": "A"}, link=link),
        page(server),
    ]
    assert [each.id for each in client.read_all().contacts] == ["a"]


def test_a_sweep_tells_how_long_it_took(server: ScriptedServer, client: BcClient) -> None:
    """What changes meanwhile on a page that was read must not fall behind the watermark."""
    pages = iter([page(server, {"id": "A"}, link=f"{CONTACTS}?aid=FIN&$skiptoken=x"), page(server)])

    def slowly(_: Seen) -> Reply:
        server.clock.sleep(450)
        return next(pages)

    server.answering = slowly
    assert client.read_all().took == 900
    assert overlap_before("2026-05-11T09:00:00Z", 900) == "2026-05-11T08:36:00.000Z"
    assert overlap_before("2026-05-11T09:00:00Z", 30) == "2026-05-11T08:50:00.000Z"


def test_a_sweep_that_never_gets_through_is_refused(server: ScriptedServer, client: BcClient) -> None:
    server.answering = lambda _: error(400, "SkipTokenIsNoLongerValid")
    with pytest.raises(Refused):
        client.ids()
    assert len(server.seen) == 3


def test_changes_and_the_count_of_all_come_in_one_request(server: ScriptedServer, client: BcClient) -> None:
    server.answering = batch(
        lambda operation: (
            Reply(200, {"@odata.count": 4711, "value": []})
            if "$count=true" in str(operation["url"])
            else Reply(200, {"value": [ADA]})
        )
    )
    changes = client.read_changed("2026-05-11T08:00:00Z")
    assert ([each.number for each in changes.contacts], changes.count) == (["KT000123"], 4711)
    assert len(server.seen) == 1
    changed, counted = operations(server.seen[0])
    assert str(changed["url"]).startswith(
        f"companies({COMPANY})/contacts?$filter=lastModifiedDateTime%20ge%202026-05-11T08:00:00Z&$select=id,"
    )
    assert counted["headers"] == {
        "Accept": "application/json",
        "Accept-Language": "en-US",
        "Prefer": "odata.maxpagesize=1",
    }


def test_further_pages_of_changes_come_by_link_and_a_missing_count_is_none(
    server: ScriptedServer, client: BcClient
) -> None:
    link = f"{CONTACTS}?aid=FIN&$skiptoken=x"
    first: Json = {"value": [{"id": "A"}], "@odata.nextLink": server.origin + link}
    play = batch(
        lambda operation: error(501, "X") if "$count=true" in str(operation["url"]) else Reply(200, first)
    )
    server.answering = lambda seen: play(seen) if seen.method == "POST" else page(server, {"id": "B"})
    changes = client.read_changed("2026-05-11T08:00:00Z")
    assert ([each.id for each in changes.contacts], changes.count) == (["a", "b"], None)
    assert server.targets[1] == f"GET {link}"


def test_a_throttled_operation_of_a_read_comes_again_after_its_wait(
    server: ScriptedServer, client: BcClient
) -> None:
    throttled = iter([error(429, "Application_TooManyRequests", Retry_After="10")])
    server.answering = batch(
        lambda _: next(throttled, Reply(200, {"@odata.count": 1, "value": []})), continues=False
    )
    assert client.read_changed("2026-05-11T08:00:00Z").count == 1
    assert [(len(operations(seen)), seen.at) for seen in server.seen] == [(2, 0.0), (2, 10.0)]


def test_ids_are_read_by_the_largest_page(server: ScriptedServer, client: BcClient) -> None:
    server.script.append(page(server, {"id": "A"}, {"id": "b"}, {"id": "{C}"}))
    assert client.ids() == {"a", "b", "c"}
    assert server.targets == [f"GET {CONTACTS}?$select=id"]
    assert server.seen[0].headers["prefer"] == "odata.maxpagesize=20000"


def test_a_cut_sweep_of_ids_is_an_error_not_a_mass_deletion(server: ScriptedServer, client: BcClient) -> None:
    server.script.append(Reply(200, {"value": None}))
    with pytest.raises(Refused):
        client.ids()


def test_many_ids_are_asked_for_in_requests_below_the_ceiling(server: ScriptedServer, client: BcClient) -> None:
    ids = [str(uuid.UUID(int=number)) for number in range(250)]
    server.answering = lambda _: page(server, {"id": ids[0]})
    assert client.read_by_ids(ids).keys() == {ids[0]}
    asked = [query(seen.target) for seen in server.seen]
    assert len(asked) == 3
    assert sum(each.count("id eq ") for each in asked) == 250
    assert all(len(seen.target.partition("?")[2]) < 8000 for seen in server.seen)
    assert client.read_by_ids([]) == {}


def test_addresses_are_searched_inside_lists_whatever_their_letter_case(
    server: ScriptedServer, client: BcClient
) -> None:
    server.script.append(page(server, ADA))
    found = client.find_by_addresses(["Ada@Analytical.example", " o'neil@x.example "])
    assert [each.number for each in found] == ["KT000123"]
    assert query(server.seen[0].target).startswith(
        "$schemaversion=2.1&$filter=contains(tolower(email),'ada@analytical.example')"
        " or contains(tolower(email),'o''neil@x.example')&$select="
    )


def test_characters_of_als_own_filter_language_are_not_sent(server: ScriptedServer, client: BcClient) -> None:
    server.answering = lambda _: page(server)
    client.find_by_addresses(["r&d*(x)|sales@big.example"])
    client.find_companies(["Müller & Söhne (Bau)"])
    assert "contains(tolower(email),'sales@big.example')" in query(server.seen[0].target)
    assert "contains(tolower(displayName),'müller')" in query(server.seen[1].target)


@pytest.mark.parametrize(
    "refused", [error(501, "BadRequest_MethodNotImplemented"), error(400, "BadRequest_NotFound")]
)
def test_where_nested_calls_are_unknown_simpler_ones_do(
    server: ScriptedServer, client: BcClient, refused: Reply
) -> None:
    server.script += [refused, page(server, {"id": "A"}), page(server, {"id": "B"})]
    assert [each.id for each in client.find_by_addresses(["Ada@x.example", "r&d@x.example"])] == ["a", "b"]
    assert query(server.seen[1].target).startswith("$filter=tolower(email) eq 'ada@x.example'&")
    assert query(server.seen[2].target).startswith(
        "$filter=contains(email,';') or contains(email,'d@x.example')&"
    )


def test_a_search_whose_place_in_the_list_was_deleted_begins_anew(
    server: ScriptedServer, client: BcClient
) -> None:
    link = f"{CONTACTS}?aid=FIN&$skiptoken=x"
    gone = error(400, "SkipTokenIsNoLongerValid")
    server.script += [page(server, {"id": "A"}, link=link), gone, page(server, {"id": "B"})]
    assert [each.id for each in client.find_by_addresses(["ada@x.example"])] == ["b"]
    assert query(server.seen[2].target) == query(server.seen[0].target)


def test_changes_whose_place_in_the_list_was_deleted_are_read_whole_or_not_at_all(
    server: ScriptedServer, client: BcClient
) -> None:
    link = f"{CONTACTS}?aid=FIN&$skiptoken=x"
    first: Json = {"value": [{"id": "A"}], "@odata.nextLink": server.origin + link}
    play = batch(lambda _: Reply(200, first))
    after = iter([error(400, "SkipTokenIsNoLongerValid"), Reply(200, {})])
    server.answering = lambda seen: play(seen) if seen.method == "POST" else next(after)
    with pytest.raises(Refused):
        client.read_changed("2026-05-11T08:00:00Z")


def test_what_is_longer_than_any_field_is_not_searched(server: ScriptedServer, client: BcClient) -> None:
    """Such a search could be longer than an address may be, and nothing would be found."""
    assert client.find_by_addresses([f"{'ö' * 3000}@x.example"]) == []
    assert client.find_companies(["Ü" * 3000]) == []
    assert server.seen == []


def test_companies_are_found_by_name_with_or_on_one_field_only(
    server: ScriptedServer, client: BcClient
) -> None:
    server.script.append(page(server, {"id": "A", "type": "Company"}))
    assert [each.id for each in client.find_companies(["Harbour Tools ", "Acme", ""])] == ["a"]
    assert query(server.seen[0].target).startswith(
        "$filter=type eq 'Company' and (tolower(displayName) eq 'acme'"
        " or tolower(displayName) eq 'harbour tools')&"
    )
    assert len(server.seen) == 1


def test_companies_and_countries_are_listed(server: ScriptedServer, client: BcClient) -> None:
    server.script += [
        page(
            server, {"id": COMPANY.upper(), "name": "Fabrikam DE", "displayName": "Fabrikam Deutschland GmbH"}
        ),
        page(server, {"code": "GB", "displayName": "Great Britain"}),
    ]
    assert client.companies() == [BcCompany(COMPANY, "Fabrikam DE", "Fabrikam Deutschland GmbH")]
    assert client.countries() == [("GB", "Great Britain")]
    assert server.targets[0] == f"GET {BASE}/companies"


@pytest.mark.parametrize(
    ("members", "longest"),
    [
        ('<Property Name="website" Type="Edm.String" MaxLength="80" />', 80),
        ('<Property Name="website" />', 255),
        ("", 255),
    ],
)
def test_the_length_of_a_website_is_what_the_metadata_say(
    server: ScriptedServer, client: BcClient, members: str, longest: int
) -> None:
    metadata = f"""<?xml version="1.0"?>
    <edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>
    <Schema Namespace="Microsoft.NAV" xmlns="http://docs.oasis-open.org/odata/ns/edm">
    <EntityType Name="customer"><Property Name="website" MaxLength="7" /></EntityType>
    <EntityType Name="contact">{members}</EntityType></Schema></edmx:DataServices></edmx:Edmx>"""
    server.script.append(Reply(200, metadata.encode(), {"Content-Type": "application/xml"}))
    assert client.website_max() == longest
    assert server.seen[0].headers["accept"] == "application/xml"


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (error(400, "Internal_CompanyNotFound"), NotFound),
        (error(404, "BadRequest_NotFound"), Refused),
        (error(400, "Authorization_RequestDenied"), AccessDenied),
        (error(400, "Authentication_InvalidCredentials"), TokenRefused),
        (error(404, ""), NotFound),
        (Reply(414, b"<html>too long</html>", {"Content-Type": "text/html"}), Refused),
    ],
)
def test_refusals_are_told_apart_by_code_first(
    server: ScriptedServer, client: BcClient, reply: Reply, kind: type[Exception]
) -> None:
    server.script.append(reply)
    with pytest.raises(kind) as refused:
        client.read_all()
    assert type(refused.value) is kind
    assert "Ada" not in str(refused.value)
