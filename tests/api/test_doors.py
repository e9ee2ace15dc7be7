"""Who is believed to be who, and whose page may act (contracts/azure-functions.md, "HTTP, identity")."""

from __future__ import annotations

import base64
import json

import pytest

from sandbox.world import TENANT_ID
from shared.sync.services import build
from tests.api.caller import OBJECT_ID, ORIGIN, Api, principal
from tests.api.conftest import Office
from tests.sync.world import ANNA, BEN, COMPANY


def encoded(value: object) -> dict[str, str]:
    return {"x-ms-client-principal": base64.b64encode(json.dumps(value).encode()).decode()}


def claims(*pairs: tuple[str, str], **more: str) -> dict[str, str]:
    return encoded({"claims": [{"typ": kind, "val": value} for kind, value in pairs], **more})


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-ms-client-principal": ""},
        {"x-ms-client-principal": "%%%"},
        {"x-ms-client-principal": "bm8ganNvbg=="},
        encoded([]),
        encoded({"claims": "all"}),
        encoded({"claims": []}),
        claims((OBJECT_ID, ANNA)),
        claims(("tid", TENANT_ID)),
        claims(("oid", "anna@cronus.example"), ("tid", TENANT_ID)),
        claims(("oid", ANNA), ("oid", BEN), ("tid", TENANT_ID)),
        {"x-ms-client-principal-id": ANNA},
    ],
)
def test_no_or_no_clear_principal_is_401(office: Office, headers: dict[str, str]) -> None:
    office.set_up()
    assert Api(office.world.services, "user", headers).get("me").status == 401
    assert Api(office.world.services, "user", headers).get("manage/overview").status == 401


def test_short_claim_names_are_understood(office: Office) -> None:
    api = Api(office.world.services, "user", claims(("oid", ANNA.upper()), ("tid", TENANT_ID)))
    assert api.get("me")["id"] == ANNA


def test_principal_is_not_believed_while_authentication_is_off(office: Office, storage: str) -> None:
    env = {**office.world.sandbox.settings(), "AzureWebJobsStorage": storage}
    off = Api(build(env), "user", principal(ANNA, TENANT_ID, "Admin"))
    assert off.get("me").status == 401
    assert off.get("manage/overview").status == 401


def test_user_of_another_directory_is_refused(office: Office) -> None:
    stranger = office.signed_in(ANNA, "Admin", tenant="11111111-2222-4333-8444-555555555555")
    assert stranger.get("me").status == 403
    assert stranger.get("manage/overview").status == 403


def test_role_counts_only_under_the_role_claim(office: Office) -> None:
    assert office.signed_in(ANNA).get("manage/overview").status == 403
    assert office.signed_in(ANNA, "admin").get("manage/overview").status == 403
    assert office.signed_in(ANNA, "Admin").get("manage/overview").status == 200
    named = claims(("oid", ANNA), ("tid", TENANT_ID), ("name", "Admin"), ("roles", "Admin"), role_typ="name")
    assert Api(office.world.services, "user", named).get("manage/overview").status == 200
    elsewhere = claims(("oid", ANNA), ("tid", TENANT_ID), ("roles", "Admin"), role_typ="groups")
    assert Api(office.world.services, "user", elsewhere).get("manage/overview").status == 403


def test_address_in_a_claim_opens_nothing(office: Office) -> None:
    office.set_up()
    pairs = (("oid", BEN), ("tid", TENANT_ID), ("preferred_username", "anna@cronus.example"))
    assert Api(office.world.services, "user", claims(*pairs)).get(f"me/setups/{COMPANY}").status == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": ORIGIN}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_page_of_another_site_changes_nothing(office: Office, headers: dict[str, str], status: int) -> None:
    office.set_up()
    anna = office.signed_in()
    assert anna.call("POST", f"me/setups/{COMPANY}/pause", headers=headers).status == status
    assert anna.get(f"me/setups/{COMPANY}")["paused"] is (status == 200)
    assert anna.call("GET", f"me/setups/{COMPANY}", headers=headers).status == 200


def test_form_of_another_site_has_the_wrong_content_type(office: Office) -> None:
    office.set_up()
    refused = office.signed_in().call(
        "POST", "me/sync", raw=b'{"mode": "full", "x": "="}', headers={"Content-Type": "text/plain"}
    )
    assert refused.status == 415


def test_user_cannot_name_another_user(office: Office) -> None:
    office.set_up()
    office.set_up(user=BEN)
    refused = office.signed_in(BEN).post("me/sync", {"user": ANNA, "company": COMPANY})
    assert (refused.status, refused.fields) == (400, ["user"])
    assert office.signed_in(BEN).get(f"users/{ANNA}/setups").status == 404
