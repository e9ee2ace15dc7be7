"""What the server makes of values (contracts/graph.md §1.1, §1.5)."""

from __future__ import annotations

import pytest

from tests.sandbox.graph.api import ANN_UPN, Api


def test_display_name_and_file_as_are_made_from_the_name_parts(api: Api) -> None:
    made = api.create(middleName="Ada")
    assert (made["displayName"], made["fileAs"]) == ("Nneka Ada Okafor", "Okafor, Nneka Ada")


def test_names_that_are_sent_stay(api: Api) -> None:
    made = api.create(displayName="Dr N. Okafor", fileAs="Okafor")
    assert (made["displayName"], made["fileAs"]) == ("Dr N. Okafor", "Okafor")


def test_a_missing_email_name_is_the_address(api: Api) -> None:
    assert api.create(emailAddresses=[{"address": "n@h.example"}])["emailAddresses"] == [
        {"name": "n@h.example", "address": "n@h.example"}
    ]


def test_a_missing_email_name_of_someone_in_the_directory_is_the_directorys(api: Api) -> None:
    made = api.create(emailAddresses=[{"address": ANN_UPN.upper()}])
    assert made["emailAddresses"] == [{"name": "Ann Harbour", "address": ANN_UPN.upper()}]


@pytest.mark.parametrize("address", ["A@msn.com,", "no address", "a@b@c.example", "@h.example"])
def test_a_malformed_address_is_accepted_and_reads_back_as_a_name_only(api: Api, address: str) -> None:
    made = api.create(emailAddresses=[{"address": address}])
    assert made["emailAddresses"] == [{"name": address}]
    assert made["primaryEmailAddress"] == {"name": address}


def test_the_three_slots_mirror_the_email_addresses(api: Api) -> None:
    made = api.create(emailAddresses=[{"address": f"{n}@h.example", "name": n} for n in "abc"])
    assert [made[f"{n}EmailAddress"]["name"] for n in ("primary", "secondary", "tertiary")] == ["a", "b", "c"]


def test_a_single_slot_can_be_written_and_the_collection_skips_empty_slots(api: Api) -> None:
    made = api.create()
    changed = api.patch(made["id"], {"secondaryEmailAddress": {"address": "b@h.example", "name": "b"}})
    assert changed["primaryEmailAddress"] is None
    assert (
        changed["emailAddresses"]
        == [changed["secondaryEmailAddress"]]
        == [{"name": "b", "address": "b@h.example"}]
    )


def test_writing_a_slot_together_with_the_collection_is_refused(api: Api) -> None:
    answer = api.patch(
        api.create()["id"],
        {"emailAddresses": [{"address": "a@h.example"}], "primaryEmailAddress": {"address": "b@h.example"}},
    )
    assert (answer.status, answer.code) == (400, "ErrorInvalidArgument")


@pytest.mark.parametrize(
    ("name", "shown", "limit"),
    [
        ("emailAddresses", "EmailAddresses", 3),
        ("businessPhones", "BusinessPhones", 2),
        ("homePhones", "HomePhones", 2),
        ("imAddresses", "ImAddresses", 3),
    ],
)
def test_one_entry_too_many_is_refused_with_the_limit_in_the_text(
    api: Api, name: str, shown: str, limit: int
) -> None:
    def entries(count: int) -> list[object]:
        return [{"address": f"{n}@h.example"} if name == "emailAddresses" else f"{n}" for n in range(count)]

    assert len(api.create(**{name: entries(limit)})[name]) == limit
    answer = api.call("POST", api.contacts, {"givenName": "A", name: entries(limit + 1)})
    assert (answer.status, answer.code) == (400, "ErrorInvalidArgument")
    counts = f"has {limit + 1} entries, that exceeds the max allowed value of {limit}"
    assert answer.message == f"The multi value property {shown} {counts}"


@pytest.mark.parametrize(
    "sent", ["1974-07-22", "1974-07-22T00:00:00Z", "1974-07-22T02:00:00+02:00", "1974-07-22T00:00:00.000Z"]
)
def test_a_birthday_is_a_moment_in_utc(api: Api, sent: str) -> None:
    assert api.create(birthday=sent)["birthday"] == "1974-07-22T00:00:00Z"


def test_an_empty_address_reads_as_an_empty_object(api: Api) -> None:
    assert api.create(homeAddress={"street": "", "city": None})["homeAddress"] == {}


def test_blanks_and_line_ends_stay_as_sent(api: Api) -> None:
    made = api.create(jobTitle=" Buyer ", businessAddress={"street": "a\r\nb\n"}, personalNotes="x\r\n")
    assert (made["jobTitle"], made["personalNotes"]) == (" Buyer ", "x\r\n")
    assert made["businessAddress"]["street"] == "a\r\nb\n"


def test_file_as_follows_the_name_parts_until_someone_sets_it(api: Api) -> None:
    made = api.create()
    assert api.patch(made["id"], {"surname": "Eze"})["fileAs"] == "Eze, Nneka"
    api.patch(made["id"], {"fileAs": "the buyer"})
    assert api.patch(made["id"], {"surname": "Obi"})["fileAs"] == "the buyer"
