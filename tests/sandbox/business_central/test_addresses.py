"""What country and post code do to an address (contracts/business-central.md §3.5)."""

from __future__ import annotations

from tests.sandbox.business_central.api import Api


def test_unknown_country_is_refused(api: Api) -> None:
    refused = api.post({"displayName": "A", "country": "gr"})
    assert refused.refusal == (400, "Internal_InvalidTableRelation")
    assert refused.message == (
        "The field Country/Region Code of table Contact contains a value (GR) "
        "that cannot be found in the related table (Country/Region)."
    )


def test_changed_country_clears_city_post_code_and_state(api: Api) -> None:
    person = api.person(country="DE", city="Bonn", state="NRW", postalCode="53111")
    moved = api.patch(person, country="BE").body
    assert (moved["city"], moved["state"], moved["postalCode"]) == ("", "", "")


def test_first_country_clears_nothing(api: Api) -> None:
    person = api.person(city="Bonn")
    assert api.patch(person, country="DE").body["city"] == "Bonn"


def test_country_after_the_city_in_one_body_clears_the_city_just_set(api: Api) -> None:
    person = api.person(country="DE")
    assert api.patch(person, city="Brugge", country="BE").body["city"] == ""
    assert api.patch(api.read(person), country="DE", city="Bonn").body["city"] == "Bonn"


def test_nothing_is_cleared_where_the_country_is_required_in_addresses(api: Api) -> None:
    api.switches["bc_country_required_in_address"] = "true"
    person = api.person(country="DE", city="Bonn")
    assert api.patch(person, country="BE").body["city"] == "Bonn"


def test_known_post_code_replaces_city_country_and_state(api: Api) -> None:
    person = api.person(country="DE", state="Kent", city="Paddington", postalCode="sw1y 4jh")
    assert (person["postalCode"], person["city"]) == ("SW1Y 4JH", "London")
    assert (person["country"], person["state"]) == ("GB", "")


def test_unknown_post_code_is_kept_as_it_is(api: Api) -> None:
    person = api.person(country="DE", state="Kent", city="Paddington", postalCode="99999")
    assert (person["city"], person["country"], person["state"]) == ("Paddington", "DE", "Kent")


def test_post_code_of_several_places_prefers_country_then_city_then_the_first(api: Api) -> None:
    assert api.person(country="DE", postalCode="1000")["city"] == "Berlin"
    assert api.person(country="BE", city="brussel", postalCode="1000")["city"] == "Brussel"
    assert api.person(country="BE", city="Gent", postalCode="1000")["city"] == "Bruxelles"
    assert api.person(postalCode="1000")["country"] == "BE"


def test_localization_switch_limits_the_post_code_table(api: Api) -> None:
    api.switches["bc_localization"] = "DE"
    assert api.person(country="BE", postalCode="1000")["country"] == "DE"


def test_city_has_no_side_effect(api: Api) -> None:
    assert api.person(city="London")["postalCode"] == ""
