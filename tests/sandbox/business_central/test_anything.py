"""Whatever is sent, the answer is one of the contract's, never a fault of the sandbox itself."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.business_central.entity import CONTACT
from tests.sandbox.business_central.api import BASE, COMPANY, Answer, Api

GUID = "3f6c1d0a-7a52-ef11-9c36-002248a1b2c3"
DOCUMENTED = {200, 201, 204, 400, 401, 404, 405, 409, 414, 415, 501}
NAMES = [*CONTACT.properties, "foo"]
WORDS = [
    *NAMES, "eq", "ne", "ge", "lt", "and", "or", "in", "not", "null", "true", "(", ")", ",", "'x'", "''", "'",
    "7", "-1", "9" * 5000, "2026-05-11T08:00:00Z", "2026-99-11T08:00:00Z", "2026-05-11",
    "9999-12-31T23:59:59-23:59", GUID, "contains(", "startswith(", "tolower(", "substring(", "/", "@",
    "$it", "é",
]  # fmt: skip
OPTIONS = ["$filter", "$select", "$orderby", "$top", "$skip", "$count", "$expand", "$schemaversion", "company",
           "$skiptoken", "aid", "$search", "x", ""]  # fmt: skip
SEGMENTS = [
    "companies", f"companies({COMPANY})", "companies(name='Fabrikam DE')", "contacts", f"contacts({GUID})",
    "$count", "picture", "countriesRegions", "subscriptions", f"subscriptions('{GUID}')", "$metadata",
    "contacts('", "", "é",
]  # fmt: skip
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=120),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
texts = st.sampled_from(["Person", "Company", "GB", "1000", "a@x.example", "", " ", GUID]) | st.text(
    max_size=40
)
bodies = st.dictionaries(st.sampled_from(NAMES), texts | json_values, max_size=8) | json_values
expressions = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join) | st.text(max_size=30)
queries = st.dictionaries(st.sampled_from(OPTIONS), expressions, max_size=3).map(
    lambda options: "&".join(f"{name}={value}" for name, value in options.items())
)


def check(answer: Answer) -> None:
    assert answer.status in DOCUMENTED
    if answer.status >= 400 and answer.status != 414:
        assert answer.code
        assert answer.message


@settings(max_examples=400, deadline=None)
@given(query=queries, path=st.sampled_from(["contacts", "contacts/$count", f"contacts({GUID})", "/companies"]))
def test_any_query_is_answered(query: str, path: str) -> None:
    api = Api()
    api.people.create_contact(COMPANY, raw=True, id=GUID, displayName="A")
    check(api.get(path, query))


@settings(max_examples=200, deadline=None)
@given(
    method=st.sampled_from(["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD"]),
    segments=st.lists(st.sampled_from(SEGMENTS), max_size=5),
    base=st.sampled_from([BASE, "/Production/api/v2.0", "/Production/api/microsoft/runtime/beta", "/x"]),
)
def test_any_address_is_answered(method: str, segments: list[str], base: str) -> None:
    api = Api()
    api.people.create_contact(COMPANY, raw=True, id=GUID, displayName="A")
    check(api.call(method, "/" + "/".join(segments), base=base))


@settings(max_examples=300, deadline=None)
@given(body=bodies, tag=st.sampled_from(["*", "", "x"]))
def test_any_body_is_answered_and_a_refused_one_leaves_nothing(body: Any, tag: str) -> None:
    api = Api()
    contact = api.people.create_contact(COMPANY, raw=True, type="Person", displayName="A")
    before = api.people.contacts(COMPANY)
    changed = api.call("PATCH", f"contacts({contact})", body=body, headers={"If-Match": tag})
    check(changed)
    if changed.status != 200:
        assert api.people.contacts(COMPANY) == before
    kept = len(api.people.contacts(COMPANY))
    made = api.post(body)
    check(made)
    assert len(api.people.contacts(COMPANY)) == kept + (made.status == 201)


@settings(max_examples=100, deadline=None)
@given(envelope=st.fixed_dictionaries({"requests": st.lists(json_values, max_size=2)}) | json_values)
def test_any_batch_is_answered(envelope: Any) -> None:
    check(Api().post(envelope, "/$batch"))


def test_deeply_nested_json_is_a_bad_request() -> None:
    api = Api()
    deep = b"[" * 600 + b"]" * 600
    assert api.post(b'{"displayName": ' + deep + b"}").status == 400
    entry = b'{"method": "POST", "url": "contacts", "body": ' + deep + b"}"
    assert api.post(b'{"requests": [' + entry + b"]}", "/$batch").status == 400
