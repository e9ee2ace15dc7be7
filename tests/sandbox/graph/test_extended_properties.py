"""Extended properties: the product's own marker, sensitivity, and others (contracts/graph.md §2.7)."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from tests.sandbox.graph.api import ANN, MARKER, SENSITIVITY, Api

SHOWN = MARKER.replace("3f2b9d3c-6a53-4a0e-9b0d-0c7a2b1e4d55", "3F2B9D3C-6A53-4A0E-9B0D-0C7A2B1E4D55")


def single(*pairs: tuple[str, str | None]) -> dict[str, Any]:
    return {"singleValueExtendedProperties": [{"id": name, "value": value} for name, value in pairs]}


def expand(*names: str) -> str:
    condition = " or ".join(f"id eq '{name}'" for name in names)
    return "$expand=" + quote(f"singleValueExtendedProperties($filter={condition})")


def find(*conditions: str) -> str:
    terms = " and ".join(f"singleValueExtendedProperties/Any(ep: {condition})" for condition in conditions)
    return "$filter=" + quote(terms)


def test_a_property_is_not_echoed_but_expanded(api: Api) -> None:
    made = api.create(**single((MARKER, "C-10017")))
    assert "singleValueExtendedProperties" not in made.body
    assert "singleValueExtendedProperties" not in api.read(made["id"]).body
    shown = api.read(made["id"], f"?{expand(MARKER)}")
    assert shown["singleValueExtendedProperties"] == [{"id": SHOWN, "value": "C-10017"}]


def test_the_guid_comes_in_another_letter_case_and_is_found_in_any(api: Api) -> None:
    made = api.create(**single((MARKER, "C-1")))
    shown = api.read(made["id"], f"?{expand(SHOWN)}")
    assert shown["singleValueExtendedProperties"][0]["id"] == SHOWN != MARKER


def test_a_tag_is_shown_as_a_plain_number_whatever_its_zeros(api: Api) -> None:
    made = api.create(**single((SENSITIVITY, "2"), ("String 0x3A24", "+44 1")))
    shown = api.read(made["id"], f"?{expand('Integer 0x36', 'String 0x3a24')}")
    assert shown["singleValueExtendedProperties"] == [
        {"id": "Integer 0x36", "value": "2"},
        {"id": "String 0x3a24", "value": "+44 1"},
    ]


def test_the_name_of_a_property_is_case_sensitive(api: Api) -> None:
    made = api.create(**single((MARKER, "C-1")))
    shown = api.read(made["id"], f"?{expand(MARKER.replace('CrmId', 'crmid'))}")
    assert "singleValueExtendedProperties" not in shown.body


def test_the_key_is_absent_where_a_contact_has_none_of_the_properties(api: Api) -> None:
    api.create()
    row = api.get(f"{api.contacts}?{expand(MARKER)}")["value"][0]
    assert "singleValueExtendedProperties" not in row


def test_a_whole_folder_is_read_with_its_markers(api: Api) -> None:
    for n in range(3):
        api.create(**single((MARKER, f"C-{n}"), (SENSITIVITY, "0")))
    rows = api.get(f"{api.contacts}?$select=id&{expand(MARKER, SENSITIVITY)}")["value"]
    assert [len(row["singleValueExtendedProperties"]) for row in rows] == [2, 2, 2]


def test_writing_a_property_changes_the_change_key_and_null_removes_it(api: Api) -> None:
    made = api.create(**single((MARKER, "C-1")))
    changed = api.patch(made["id"], single((MARKER, "C-2")))
    assert changed["changeKey"] != made["changeKey"]
    removed = api.patch(made["id"], single((MARKER, None)))
    assert removed["changeKey"] != changed["changeKey"]
    assert "singleValueExtendedProperties" not in api.read(made["id"], f"?{expand(MARKER)}").body


def test_other_properties_stay_when_one_is_written(api: Api) -> None:
    made = api.create(**single((MARKER, "C-1"), (SENSITIVITY, "2")))
    api.patch(made["id"], single((SENSITIVITY, "0")))
    whole = api.people.contact(ANN, made["id"])
    assert whole is not None
    assert whole["singleValueExtendedProperties"] == [
        {"id": SHOWN, "value": "C-1"},
        {"id": "Integer 0x36", "value": "0"},
    ]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (f"ep/id eq '{MARKER}' and ep/value eq 'c-1'", ["C-1"]),
        (f"ep/id eq '{SHOWN}' and ep/value eq 'C-1'", ["C-1"]),
        (f"ep/id eq '{MARKER}' and ep/value ne 'C-1'", ["C-2", "D'3"]),
        (f"ep/id eq '{MARKER}' and ep/value eq 'D''3'", ["D'3"]),
        (f"ep/id eq '{MARKER}' and contains(ep/value, '-')", ["C-1", "C-2"]),
        (f"ep/id eq '{MARKER}' and startswith(ep/value,'D')", ["D'3"]),
        (f"ep/id eq '{SENSITIVITY}' and cast(ep/value, Edm.Int32) ge 1", ["C-2", "D'3"]),
        (f"ep/id eq '{MARKER}' and ep/value eq 'none'", []),
    ],
)
def test_contacts_are_found_by_a_property(api: Api, condition: str, expected: list[str]) -> None:
    for n, value in enumerate(("C-1", "C-2", "D'3")):
        api.create(jobTitle=value, **single((MARKER, value), (SENSITIVITY, str(n))))
    assert [row["jobTitle"] for row in api.get(f"{api.contacts}?{find(condition)}")["value"]] == expected


def test_a_lookup_follows_changes_moves_and_deletions(api: Api) -> None:
    condition = f"ep/id eq '{MARKER}' and ep/value eq 'C-1'"
    id = api.create(**single((MARKER, "C-1")))["id"]
    assert api.get(f"{api.contacts}?{find(condition)}").ids == [id]
    api.patch(id, single((MARKER, "C-2")))
    assert api.get(f"{api.contacts}?{find(condition)}").ids == []
    api.patch(id, single((MARKER, "C-1")))
    api.people.move_contact(ANN, id, "contacts")
    assert api.get(f"{api.contacts}?{find(condition)}").ids == []
    assert api.get(f"/users/{ANN}/contacts?{find(condition)}").ids == [id]


@pytest.mark.parametrize(
    "condition",
    [
        f"ep/id eq '{SENSITIVITY}' and ep/value eq '2'",
        f"ep/id eq '{MARKER}'",
        "ep/value eq 'C-1'",
        f"ep/id eq '{MARKER}' and ep/value gt 'C-1'",
        f"ep/id eq '{MARKER}' and endswith(ep/value, '1')",
        f"ep/id eq '{MARKER}' or ep/value eq 'C-1'",
    ],
)
def test_other_conditions_on_properties_are_refused(api: Api, condition: str) -> None:
    assert api.get(f"{api.contacts}?{find(condition)}").code == "ErrorInvalidUrlQuery"


def test_more_than_five_ids_are_too_complex(api: Api) -> None:
    id = api.create()["id"]
    names = [f"String 0x3A{n}" for n in range(10, 16)]
    assert api.read(id, f"?{expand(*names[:5])}").status == 200
    assert api.read(id, f"?{expand(*names)}").code == "ErrorRestrictionTooComplex"
    conditions = [f"ep/id eq '{name}' and ep/value eq 'x'" for name in names]
    assert api.get(f"{api.contacts}?{find(*conditions)}").code == "ErrorRestrictionTooComplex"


@pytest.mark.parametrize(
    "entry",
    [
        {"id": "CrmId", "value": "x"},
        {"id": "Text 0x3A24", "value": "x"},
        {"id": "String {3f2b9d3c} Name CrmId", "value": "x"},
        {"id": "StringArray 0x3A24", "value": "x"},
        {"id": MARKER, "value": 5},
        {"id": MARKER, "value": ["x"]},
        {"id": MARKER},
        {"value": "x"},
        {"id": MARKER, "value": "x", "more": 1},
        {"id": SENSITIVITY, "value": "private"},
        {"id": "Boolean 0x3A40", "value": "yes"},
        {"id": "SystemTime 0x3A42", "value": "today"},
        {"id": "Double 0x3A43", "value": "x"},
        {"id": "Binary 0x3A44", "value": "***"},
    ],
)
def test_a_property_that_does_not_fit_is_refused(api: Api, entry: object) -> None:
    answer = api.patch(api.create()["id"], {"singleValueExtendedProperties": [entry]})
    assert answer.status == 400
    assert answer.code in ("RequestBodyRead", "ErrorInvalidArgument")


def test_one_property_twice_in_a_body_is_refused(api: Api) -> None:
    answer = api.patch(api.create()["id"], single((MARKER, "a"), (SHOWN, "b")))
    assert (answer.status, answer.code) == (400, "ErrorInvalidArgument")


def test_properties_with_many_values_are_kept_and_expanded(api: Api) -> None:
    name = MARKER.replace("String", "StringArray")
    made = api.create(multiValueExtendedProperties=[{"id": name, "value": ["a", "b"]}])
    query = "$expand=" + quote(f"multiValueExtendedProperties($filter=id eq '{name}')")
    shown = api.read(made["id"], f"?{query}")["multiValueExtendedProperties"]
    assert [entry["value"] for entry in shown] == [["a", "b"]]


def test_a_folder_has_properties_too(api: Api) -> None:
    folders = f"/users/{ANN}/contactFolders"
    made = api.call("POST", folders, {"displayName": "Stamped", **single((MARKER, "t|e|c"))})
    assert made.status == 201 and "singleValueExtendedProperties" not in made.body
    rows = api.get(f"{folders}?{expand(MARKER)}")["value"]
    stamped = {row["displayName"]: row.get("singleValueExtendedProperties") for row in rows}
    assert stamped == {"Business Central": None, "Stamped": [{"id": SHOWN, "value": "t|e|c"}]}
    assert api.call("PATCH", f"{folders}/{made['id']}", single((MARKER, "other"))).status == 200
    shown = api.get(f"{folders}/{made['id']}?{expand(MARKER)}")
    assert shown["singleValueExtendedProperties"][0]["value"] == "other"
