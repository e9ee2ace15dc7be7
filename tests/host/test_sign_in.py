"""App Service Authentication, played by the local host."""

from __future__ import annotations

import base64
import json

import pytest
import requests

from sandbox.host import HostError
from tests.host.conftest import StartHost
from tests.host.small_app import Seen, small_app

ANNA = {"id": "1f0c", "tenant": "7ab2", "address": "anna@example.com", "name": "Anna Ö", "roles": ["Admin"]}
BEN = {"id": "2e9d", "tenant": "7ab2", "address": "ben@example.com", "name": "Ben <b>", "roles": []}


@pytest.fixture
def url(start_host: StartHost) -> str:
    return start_host(small_app(Seen()), {"LOCAL_USERS": json.dumps([ANNA, BEN])}).url


def _signed_in(url: str, user: str) -> requests.Session:
    session = requests.Session()
    assert session.get(f"{url}/.auth/login/aad?as={user}", timeout=10).status_code == 200
    return session


def test_signed_in_user_reaches_the_function_as_a_principal(url: str) -> None:
    headers = _signed_in(url, "1f0c").get(f"{url}/api/echo/me", timeout=10).json()["headers"]
    principal = json.loads(base64.b64decode(headers["x-ms-client-principal"]))
    claims = [(claim["typ"], claim["val"]) for claim in principal["claims"]]
    assert ("http://schemas.microsoft.com/identity/claims/objectidentifier", "1f0c") in claims
    assert ("http://schemas.microsoft.com/identity/claims/tenantid", "7ab2") in claims
    assert ("preferred_username", "anna@example.com") in claims
    assert ("name", "Anna Ö") in claims
    assert [value for kind, value in claims if kind == principal["role_typ"]] == ["Admin"]
    assert principal["auth_typ"] == "aad"
    assert headers["x-ms-client-principal-id"] == "1f0c"
    assert headers["x-ms-client-principal-name"] == "anna@example.com"
    assert headers["x-ms-client-principal-idp"] == "aad"


def test_own_principal_replaces_a_forged_one(url: str) -> None:
    session = _signed_in(url, "2e9d")
    forged = {"X-MS-CLIENT-PRINCIPAL-ID": "1f0c"}
    headers = session.get(f"{url}/api/echo/me", headers=forged, timeout=10).json()["headers"]
    assert headers["x-ms-client-principal-id"] == "2e9d"


def test_cookie_of_another_id_with_a_borrowed_signature_is_nobody(url: str) -> None:
    cookie = _signed_in(url, "2e9d").cookies["AppServiceAuthSession"]
    forged = base64.urlsafe_b64encode(b"1f0c").decode().rstrip("=") + "." + cookie.partition(".")[2]
    answer = requests.get(f"{url}/api/echo/me", cookies={"AppServiceAuthSession": forged}, timeout=10)
    assert "x-ms-client-principal" not in answer.json()["headers"]


def test_me_tells_who_is_signed_in_until_logout(url: str) -> None:
    session = _signed_in(url, "1f0c")
    assert session.get(f"{url}/.auth/me", timeout=10).json()[0]["user_id"] == "anna@example.com"
    assert session.get(f"{url}/.auth/logout", timeout=10).status_code == 200
    assert session.get(f"{url}/.auth/me", timeout=10).status_code == 401


def test_login_without_a_name_offers_the_users(url: str) -> None:
    page = requests.get(f"{url}/.auth/login/aad?post_login_redirect_uri=/api/app", timeout=10).text
    assert "as=1f0c&amp;post_login_redirect_uri=%2Fapi%2Fapp" in page
    assert "Ben &lt;b&gt;" in page


def test_login_goes_on_to_a_path_of_this_host_only(url: str) -> None:
    def goal(wish: str) -> str:
        query = {"as": "1f0c", "post_login_redirect_uri": wish}
        return requests.get(f"{url}/.auth/login/aad", params=query, allow_redirects=False, timeout=10).headers[
            "Location"
        ]

    assert goal("/api/app") == "/api/app"
    for elsewhere in ("https://example.com", "//example.com", "/\\example.com", "/a\r\nb"):
        assert goal(elsewhere) == "/.auth/login/done"


def test_unknown_user_is_refused(url: str) -> None:
    assert requests.get(f"{url}/.auth/login/aad?as=nobody", timeout=10).status_code == 403


def test_bad_list_of_users_names_the_member_at_fault(start_host: StartHost) -> None:
    with pytest.raises(HostError, match=r"LOCAL_USERS is wrong at 0\.address"):
        start_host(small_app(Seen()), {"LOCAL_USERS": '[{"id": "1", "tenant": "2", "name": "N"}]'})
