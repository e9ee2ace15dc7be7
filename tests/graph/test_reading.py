"""Reading a mailbox: what is asked, how links are followed, what is made of the answers."""

from __future__ import annotations

from urllib.parse import unquote

import pytest

from shared.errors import AccessDenied, NotFound, Refused, StateLost
from shared.graph import GraphClient, Stamp
from shared.graph.markers import MARKER_ID, marker_text, stamp_text
from shared.model import Json
from tests.graph.batches import batch, items
from tests.graph.conftest import USER
from tests.graph.test_records import COMPANY, CONTACT, MARKER, TENANT
from tests.transport.scripted import Reply, ScriptedServer, error

STAMP = Stamp(TENANT, "Production", COMPANY)
EMPTY = Reply(200, {"value": []})


def page(server: ScriptedServer, *contacts: Json, next_link: str = "", delta_link: str = "") -> Reply:
    body: dict[str, Json] = {"value": list(contacts)}
    if next_link:
        body["@odata.nextLink"] = server.origin + next_link
    if delta_link:
        body["@odata.deltaLink"] = server.origin + delta_link
    return Reply(200, body)


def test_a_delta_round_goes_to_its_end_over_empty_pages_with_links_verbatim(
    server: ScriptedServer, client: GraphClient
) -> None:
    second = "/v1.0/users/7f0e/contactFolders('F%3d')/contacts/delta?$skiptoken=S1a-_%2f"
    third = "/v1.0/users/7f0e/contactFolders('F%3d')/contacts/delta?$skiptoken=S2"
    end = "/v1.0/users/7f0e/contactFolders('F%3d')/contacts/delta?$deltatoken=D9x"
    server.script += [
        page(server, {"id": "1", "displayName": "old"}, {"id": "2"}, next_link=second),
        page(server, next_link=third),
        page(
            server,
            {"id": "1", "displayName": "new"},
            {"id": "2", "@removed": {"reason": "deleted"}},
            {"id": "3", "@removed": {"reason": "changed"}},
            {"id": "3"},
            delta_link=end,
        ),
    ]
    result = client.delta("F=", None)
    assert [(each.id, each.display_name) for each in result.contacts] == [("1", "new"), ("3", "")]
    assert (result.removed, result.link, result.complete) == ({"2"}, server.origin + end, True)
    first = server.seen[0].target
    assert first.startswith(f"/v1.0/users/{USER}/contactFolders/F=/contacts/delta?$select=id,")
    assert [seen.target for seen in server.seen[1:]] == [second, third]
    prefer = 'IdType="ImmutableId", odata.maxpagesize=500'
    assert {seen.headers["prefer"] for seen in server.seen} == {prefer}


def test_the_next_round_starts_with_the_stored_link_as_it_is(
    server: ScriptedServer, client: GraphClient
) -> None:
    link = "/v1.0/users('7f0e')/x/delta?$deltatoken=aB%2b%3a|"
    server.script.append(page(server, delta_link="/v1.0/next"))
    client.delta("F", server.origin + link)
    assert server.targets == [f"GET {link}"]


@pytest.mark.parametrize(
    "reply",
    [
        Reply(410, None, {"Location": "http://elsewhere.example/delta?$deltatoken="}),
        error(404, "syncStateNotFound"),
        error(400, "SyncStateNotFound"),
        error(400, "resyncRequired"),
        error(400, "ErrorInvalidIdMalformed"),
    ],
)
def test_a_link_that_is_no_longer_good_means_that_the_state_is_lost(
    server: ScriptedServer, client: GraphClient, reply: Reply
) -> None:
    server.script.append(reply)
    with pytest.raises(StateLost):
        client.delta("F", f"{server.origin}/v1.0/delta?$deltatoken=D")
    assert len(server.seen) == 1


def test_a_folder_that_is_gone_is_not_a_lost_state(server: ScriptedServer, client: GraphClient) -> None:
    server.script.append(error(404, "ErrorItemNotFound"))
    with pytest.raises(NotFound):
        client.delta("F", f"{server.origin}/v1.0/delta?$deltatoken=D")


def test_a_bad_request_without_a_link_is_a_refusal(server: ScriptedServer, client: GraphClient) -> None:
    server.script.append(error(400, "ErrorInvalidIdMalformed"))
    with pytest.raises(Refused):
        client.delta("F", None)


@pytest.mark.parametrize(
    "cut",
    [
        Reply(200, {"value": [{"id": "1"}]}),
        Reply(200, {"@odata.deltaLink": "x"}),
        Reply(200, {"value": [{}], "@odata.deltaLink": "x"}),
    ],
)
def test_a_round_with_a_cut_page_is_incomplete_and_has_no_link(
    server: ScriptedServer, client: GraphClient, cut: Reply
) -> None:
    server.script.append(cut)
    result = client.delta("F", None)
    assert (result.complete, result.link) == (False, "")


@pytest.mark.parametrize("odd", [{"@removed": {"reason": "deleted"}}, {"id": None}])
def test_what_cannot_be_told_apart_makes_a_round_incomplete(
    server: ScriptedServer, client: GraphClient, odd: Json
) -> None:
    server.script.append(page(server, odd, delta_link="/v1.0/next"))
    result = client.delta("F", None)
    assert (result.removed, result.complete, result.link) == (set(), False, "")


def test_a_member_without_a_value_says_nothing(server: ScriptedServer, client: GraphClient) -> None:
    server.script.append(page(server, {"id": "1", "@removed": None}, delta_link="/v1.0/next"))
    result = client.delta("F", None)
    assert ([each.id for each in result.contacts], result.removed) == (["1"], set())


def test_a_link_kept_from_another_host_is_never_followed_everything_is_read_anew(
    server: ScriptedServer, client: GraphClient
) -> None:
    with pytest.raises(StateLost):
        client.delta("F", "https://graph.elsewhere.example/v1.0/delta?$deltatoken=D")
    assert server.seen == []


def test_a_round_that_ends_on_another_host_is_refused(server: ScriptedServer, client: GraphClient) -> None:
    end: dict[str, Json] = {"value": [], "@odata.deltaLink": "https://graph.elsewhere.example/v1.0/d"}
    server.script.append(Reply(200, end))
    with pytest.raises(Refused, match="somewhere else"):
        client.delta("F", None)


def test_a_round_without_end_is_refused(server: ScriptedServer, client: GraphClient) -> None:
    server.answering = lambda _: page(server, next_link="/v1.0/again")
    with pytest.raises(Refused):
        client.delta("F", None)
    assert len(server.seen) <= 3


def test_a_listing_follows_short_pages_and_knows_markers(server: ScriptedServer, client: GraphClient) -> None:
    properties: Json = [{"id": MARKER_ID, "value": marker_text(MARKER)}]
    following = "/v1.0/users/7f0e/contacts?%24top=999&%24skip=999"
    server.script += [
        page(server, {"id": "1", "singleValueExtendedProperties": properties}, next_link=following),
        page(server, next_link=following + "8"),
        page(server, {"id": "1"}, {"id": "2"}),
    ]
    found = client.list_contacts("F")
    assert [(each.id, each.inspected) for each in found] == [("1", True), ("2", True)]
    assert "$top=999" in server.seen[0].target
    asked = unquote(server.seen[0].target)
    wanted = f"$expand=singleValueExtendedProperties($filter=id eq '{MARKER_ID}' or id eq 'Integer 0x0036')"
    assert wanted in asked
    assert server.targets[1:] == [f"GET {following}", f"GET {following}8"]


def test_contacts_are_read_twenty_at_a_time_and_missing_ones_are_none(
    server: ScriptedServer, client: GraphClient
) -> None:
    server.answering = batch(
        lambda item: (
            error(404, "ErrorItemNotFound")
            if "/contacts/7?" in str(item["url"])
            else Reply(200, {"id": str(item["url"]).split("/")[4].partition("?")[0], "parentFolderId": "Bin"})
        )
    )
    found = client.read([str(number) for number in range(25)])
    assert [len(items(seen)) for seen in server.seen] == [20, 5]
    assert found["7"] is None
    assert {each.folder for each in found.values() if each} == {"Bin"}
    assert {each.id for each in found.values() if each} == set(map(str, range(25))) - {"7"}
    assert all(item["headers"] == {"Prefer": 'IdType="ImmutableId"'} for item in items(server.seen[0]))


@pytest.mark.parametrize("code", ["ErrorInvalidUser", "MailboxNotEnabledForRESTAPI"])
def test_a_mailbox_that_is_gone_does_not_make_its_contacts_deleted(
    server: ScriptedServer, client: GraphClient, code: str
) -> None:
    server.answering = batch(lambda _: error(404, code))
    with pytest.raises(NotFound):
        client.read(["1"])


@pytest.mark.parametrize("refused", [error(400, "ErrorX"), error(403, "ErrorAccessDenied"), error(500, "X")])
def test_a_contact_that_is_not_shown_is_left_out_the_others_are_read(
    server: ScriptedServer, client: GraphClient, refused: Reply
) -> None:
    server.answering = batch(
        lambda item: refused if "/contacts/bad?" in str(item["url"]) else Reply(200, {"id": "good"})
    )
    assert client.read(["bad", "good"]).keys() == {"good"}
    assert client.read_whole(["bad", "good"]).keys() == {"good"}


def test_where_no_contact_is_shown_the_mailbox_itself_is_asked(
    server: ScriptedServer, client: GraphClient
) -> None:
    play = batch(lambda _: error(403, "ErrorAccessDenied"))
    mailbox = iter([Reply(200, {"id": "Home"}), error(403, "ErrorAccessDenied")])
    server.answering = lambda seen: play(seen) if seen.method == "POST" else next(mailbox)
    assert client.read(["1"]) == {}
    with pytest.raises(AccessDenied):
        client.read(["1"])


def test_an_id_that_graph_no_longer_knows_as_one_is_a_missing_contact(
    server: ScriptedServer, client: GraphClient
) -> None:
    server.answering = batch(lambda _: error(400, "ErrorInvalidIdMalformed"))
    assert client.read(["1"]) == {"1": None}
    server.answering = lambda _: error(400, "ErrorInvalidIdMalformed")
    assert client.get_folder("F") is None


def test_a_throttled_item_of_a_read_comes_again_alone_after_its_wait(
    server: ScriptedServer, client: GraphClient
) -> None:
    throttled = iter([error(429, "ApplicationThrottled", Retry_After="3")])
    server.answering = batch(
        lambda item: (
            next(throttled, Reply(200, {"id": "2"}))
            if "/contacts/2?" in str(item["url"])
            else Reply(200, {"id": "1"})
        )
    )
    found = client.read(["1", "2"])
    assert (found["1"], found["2"]) != (None, None)
    assert [(len(items(seen)), seen.at) for seen in server.seen] == [(2, 0.0), (1, 3.0)]


def test_items_that_a_worn_out_token_did_not_open_are_asked_again_once_with_a_new_one(
    server: ScriptedServer, client: GraphClient
) -> None:
    refused = iter([error(401, "InvalidAuthenticationToken")])
    server.answering = batch(
        lambda item: (
            next(refused, Reply(200, {"id": "2"}))
            if "/contacts/2?" in str(item["url"])
            else Reply(200, {"id": "1"})
        )
    )
    found = client.read(["1", "2"])
    assert {each.id for each in found.values() if each} == {"1", "2"}
    assert [(len(items(seen)), seen.headers["authorization"]) for seen in server.seen] == [
        (2, "Bearer token-1"),
        (1, "Bearer token-2"),
    ]


def test_items_that_no_token_opens_are_refused_not_asked_for_ever(
    server: ScriptedServer, client: GraphClient
) -> None:
    server.answering = batch(lambda _: error(401, "InvalidAuthenticationToken"))
    with pytest.raises(Refused):
        client.read(["1"])
    assert len(server.seen) == 2


def test_filters_double_quotes_and_escape(server: ScriptedServer, client: GraphClient) -> None:
    server.answering = batch(lambda _: EMPTY)
    client.find_by_addresses("F", ["o'neil+x&y@x.example"])
    client.find_by_markers("F", [MARKER])
    by_address, by_marker = (unquote(str(items(seen)[0]["url"])) for seen in server.seen)
    assert by_address.endswith("$filter=emailAddresses/any(a:a/address eq 'o''neil+x&y@x.example')")
    assert by_marker.endswith(
        f"$filter=singleValueExtendedProperties/Any(ep: ep/id eq '{MARKER_ID}'"
        f" and ep/value eq '{TENANT}|Production|{COMPANY}|{CONTACT}')"
    )
    assert "%26y%40x.example" in str(items(server.seen[0])[0]["url"])


def test_a_folder_is_found_by_name_in_any_letter_case(server: ScriptedServer, client: GraphClient) -> None:
    stamped: Json = [{"id": MARKER_ID, "value": stamp_text(STAMP)}]
    server.script.append(
        page(
            server,
            {
                "id": "F",
                "displayName": "business CENTRAL",
                "parentFolderId": "P",
                "singleValueExtendedProperties": stamped,
            },
        )
    )
    folder = client.find_folder("Business Central")
    assert folder is not None
    assert (folder.id, folder.parent, folder.stamp) == ("F", "P", STAMP)


def test_a_folder_that_exists_already_is_given_back_as_it_is(
    server: ScriptedServer, client: GraphClient
) -> None:
    server.script += [error(409, "ErrorFolderExists"), page(server, {"id": "F", "displayName": "CRM"})]
    folder = client.create_folder("CRM", STAMP)
    assert (folder.id, folder.stamp) == ("F", None)


def test_a_folder_whose_creation_got_lost_is_looked_for_not_created_again(
    server: ScriptedServer, client: GraphClient
) -> None:
    server.script += [error(504, "GatewayTimeout"), page(server, {"id": "F", "displayName": "CRM"})]
    assert client.create_folder("CRM", STAMP).id == "F"
    assert [seen.method for seen in server.seen] == ["POST", "GET"]


def test_a_folder_is_stamped_when_it_is_created(server: ScriptedServer, client: GraphClient) -> None:
    server.script.append(Reply(201, {"id": "F", "displayName": "CRM", "parentFolderId": "P"}))
    assert client.create_folder("CRM", STAMP).stamp == STAMP
    assert server.seen[0].json == {
        "displayName": "CRM",
        "singleValueExtendedProperties": [{"id": MARKER_ID, "value": f"{TENANT}|Production|{COMPANY}"}],
    }


def test_a_missing_folder_is_none_a_missing_mailbox_an_error(
    server: ScriptedServer, client: GraphClient
) -> None:
    server.script += [error(404, "ErrorItemNotFound"), error(404, "MailboxNotEnabledForRESTAPI")]
    assert client.get_folder("F") is None
    with pytest.raises(NotFound):
        client.get_folder("F")


def test_without_the_right_to_look_users_up_the_mailbox_says_who_it_is(
    server: ScriptedServer, client: GraphClient
) -> None:
    context = f"https://graph.microsoft.com/v1.0/$metadata#users('{USER.upper()}')/contactFolders"
    server.script += [
        error(403, "Authorization_RequestDenied"),
        Reply(200, {"@odata.context": context, "value": []}),
    ]
    assert client.user_id() == USER


def test_an_unknown_user_has_no_id(server: ScriptedServer, client: GraphClient) -> None:
    server.script.append(error(404, "Request_ResourceNotFound"))
    assert client.user_id() is None
