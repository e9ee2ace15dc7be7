"""Whatever is sent, the answer is a documented one: no call raises, none is answered with 5xx."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sandbox.graph.api import ANN, MARKER, Api

PROPERTIES = [
    "givenName",
    "displayName",
    "emailAddresses",
    "primaryEmailAddress",
    "businessPhones",
    "businessAddress",
    "birthday",
    "categories",
    "parentFolderId",
    "singleValueExtendedProperties",
    "multiValueExtendedProperties",
    "id",
    "@odata.type",
    "unknown",
]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.just(MARKER),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["id", "value", "address", "name", "street", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)
BODIES = st.dictionaries(st.sampled_from(PROPERTIES), VALUES, max_size=5)
WORDS = st.sampled_from(
    [
        ANN,
        "users",
        "contacts",
        "contactFolders",
        "childFolders",
        "delta",
        "delta()",
        "photo",
        "$value",
        "$batch",
        "subscriptions",
        "permanentDelete",
        "extensions",
        "translateExchangeIds",
        "contacts('x')",
        "junk",
        "ü",
        "",
    ]
)
OPTIONS = st.sampled_from(
    ["$select", "$filter", "$expand", "$orderby", "$top", "$skip", "$count", "$deltatoken", "$skiptoken", "x"]
)
PIECES = st.sampled_from(
    (
        "displayName|'x'|(|)| and | or | eq |5|,|'|id|true|ep/id|ep/value|cast(ep/value, Edm.Int32)|$filter=id|"
        "singleValueExtendedProperties|/Any(ep: |categories/any(c:c|emailAddresses/any(a:a/address|"
        f"lastModifiedDateTime ge 2026-01-01T00:00:00Z|'{MARKER}'"
    ).split("|")
)
ITEMS = st.dictionaries(
    st.sampled_from(["id", "method", "url", "headers", "body", "dependsOn"]), VALUES, max_size=6
)
WISHES = st.dictionaries(
    st.sampled_from(
        [
            "changeType",
            "notificationUrl",
            "resource",
            "expirationDateTime",
            "clientState",
            "latestSupportedTlsVersion",
            "x",
        ]
    ),
    VALUES
    | st.sampled_from(["created", "http://[", "https://x.example", "users/x/contacts", "2026-11-03T00:00:00Z"]),
    max_size=7,
)

many = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@many
@given(body=BODIES)
def test_any_body_of_a_contact(api: Api, body: dict[str, Any]) -> None:
    id = api.people.create_contact(ANN, api.folder, givenName="A")
    for answer in (api.call("POST", api.contacts, body), api.patch(id, body)):
        assert answer.status in (200, 201, 400, 404)


@many
@given(
    method=st.sampled_from(["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD"]),
    words=st.lists(WORDS, max_size=7),
    body=st.none() | BODIES,
)
def test_any_path(api: Api, method: str, words: list[str], body: dict[str, Any] | None) -> None:
    answer = api.call(method, "/" + "/".join(words), body)
    assert answer.status < 500


@many
@given(options=st.lists(st.tuples(OPTIONS, st.lists(PIECES, max_size=8)), max_size=3))
def test_any_query(api: Api, options: list[tuple[str, list[str]]]) -> None:
    query = "&".join(f"{name}={quote(''.join(pieces))}" for name, pieces in options)
    for path in (api.contacts, f"{api.contacts}/delta", f"/users/{ANN}/contactFolders"):
        assert api.get(f"{path}?{query}").status in (200, 400)


@many
@given(entries=st.lists(ITEMS, max_size=3))
def test_any_batch(api: Api, entries: list[dict[str, Any]]) -> None:
    assert api.call("POST", "/$batch", {"requests": entries}).status in (200, 400)


@many
@given(body=WISHES)
def test_any_subscription(api: Api, body: dict[str, Any]) -> None:
    assert api.call("POST", "/subscriptions", body).status == 400
