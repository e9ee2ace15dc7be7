"""URLs, companies, small sets, metadata and verbs (contracts/business-central.md §1, §4)."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from tests.sandbox.business_central.api import BASE, COMPANY, START, TENANT, Api

SECOND = "7d2f0c11-5b1e-4c0a-9f3e-0d9b6f4a1c02"
EDM = "{http://docs.oasis-open.org/odata/ns/edm}"


@pytest.mark.parametrize("base", [BASE, "/contoso.example/Production/api/v2.0", "/Production/api/v2.0"])
def test_tenant_form_and_short_form_lead_to_the_same(api: Api, base: str) -> None:
    answer = api.call("GET", "/companies", base=base)
    assert answer.status == 200
    assert answer.body["@odata.context"] == f"http://bc.example/v2.0{base}/$metadata#companies"


def test_wrong_tenant_is_not_let_in(api: Api) -> None:
    api.service.tenant = TENANT
    assert api.call("GET", "/companies").status == 200
    answer = api.call("GET", "/companies", base="/other.example/Production/api/v2.0")
    assert answer.refusal == (401, "Authentication_InvalidCredentials")


def test_wrong_environment_is_not_found(api: Api) -> None:
    answer = api.call("GET", "/companies", base=f"/{TENANT}/Sandbox/api/v2.0")
    assert answer.refusal == (404, "BadRequest_NotFound")
    api.service.environment = "Sandbox"
    assert api.call("GET", "/companies", base=f"/{TENANT}/Sandbox/api/v2.0").status == 200


def test_companies_are_listed_and_read(api: Api) -> None:
    (company,) = api.get("/companies").body["value"]
    assert company == {
        "id": COMPANY,
        "systemVersion": "28.4.51234.0",
        "timestamp": company["timestamp"],
        "name": "Fabrikam DE",
        "displayName": "Fabrikam Deutschland GmbH",
        "businessProfileId": "",
        "systemCreatedAt": START.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "systemCreatedBy": company["systemCreatedBy"],
        "systemModifiedAt": company["systemModifiedAt"],
        "systemModifiedBy": company["systemModifiedBy"],
    }
    assert api.get(f"/companies({COMPANY.upper()})").body["name"] == "Fabrikam DE"
    assert api.get("/companies(name='Fabrikam DE')").body["id"] == COMPANY
    assert len(api.get("/companies", "$filter=name%20eq%20'Other'").body["value"]) == 0


def test_companies_are_read_only(api: Api) -> None:
    refused = api.post({"name": "X"}, "/companies")
    assert refused.refusal == (405, "BadRequest_MethodNotAllowed")
    assert refused.message == (
        "'POST' requests for 'companies' of EdmType 'Entity' are not allowed within "
        "Dynamics 365 Business Central OData web services."
    )


def test_unknown_company_is_not_found(api: Api) -> None:
    answer = api.get(f"/companies({SECOND})/contacts")
    assert answer.refusal == (404, "Internal_CompanyNotFound")
    api.switches["bc_company_not_found_status"] = "400"
    assert api.get(f"/companies({SECOND})").refusal == (400, "Internal_CompanyNotFound")


def test_company_may_be_a_query_option(api: Api) -> None:
    created = api.person()
    assert api.get("/contacts", f"company={COMPANY}").body["value"][0]["id"] == created["id"]
    assert api.get("/contacts", "company=Fabrikam%20DE").status == 200
    assert api.get("/contacts").refusal == (404, "Internal_CompanyNotFound")
    answer = api.call("POST", "/contacts", f"company={COMPANY}", {"displayName": "B"})
    assert answer.status == 201


def test_contacts_of_companies_do_not_mix(api: Api) -> None:
    api.people.add_company(SECOND, "Second")
    created = api.person()
    assert api.get(f"/companies({SECOND})/contacts").body["value"] == []
    assert api.get(f"/companies({SECOND})/contacts({created['id']})").status == 404


@pytest.mark.parametrize(
    "path",
    ["kontacts", "Contacts", "contacts/", "contacts/foo", "contacts/$metadata", "$metadata", "contacts()x"],
)
def test_unknown_segment_is_not_found(api: Api, path: str) -> None:
    answer = api.get(path)
    assert answer.refusal == (404, "BadRequest_ResourceNotFound")


def test_unknown_segment_is_named(api: Api) -> None:
    assert api.get("kontacts").message == "Resource not found for the segment 'kontacts'."


@pytest.mark.parametrize("base", ["/Production", "/a/b/c/api/v2.0", "/Production/api/v1.0", ""])
def test_address_outside_the_api_is_not_found(api: Api, base: str) -> None:
    assert api.call("GET", "/companies", base=base).refusal == (404, "BadRequest_NotFound")


@pytest.mark.parametrize("key", ["'3f6c1d0a-7a52-ef11-9c36-002248a1b2c3'", "7", "", "id=1"])
def test_malformed_key_is_a_syntax_error(api: Api, key: str) -> None:
    assert api.get(f"contacts({key})").refusal == (400, "BadRequest_NotFound")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "contacts"),
        ("PATCH", "contacts"),
        ("DELETE", "contacts"),
        ("POST", "contacts(3f6c1d0a-7a52-ef11-9c36-002248a1b2c3)"),
        ("PUT", "contacts(3f6c1d0a-7a52-ef11-9c36-002248a1b2c3)"),
        ("POST", "contacts/$count"),
        ("POST", "countriesRegions"),
        ("DELETE", "/companies"),
        ("POST", "/$metadata"),
    ],
)
def test_verb_that_is_not_allowed(api: Api, method: str, path: str) -> None:
    assert api.call(method, path, body={}).refusal == (405, "BadRequest_MethodNotAllowed")


def test_countries_are_listed_by_business_centrals_own_codes(api: Api) -> None:
    rows = api.get("countriesRegions").body["value"]
    assert [(row["code"], row["displayName"]) for row in rows][2] == ("EL", "Greece")
    one = api.get(f"countriesRegions({rows[0]['id']})").body
    assert one["code"] == "BE"
    assert api.get("countriesRegions/$count").body == b"4"
    pages = api.get("countriesRegions", Prefer="odata.maxpagesize=3")
    assert len(api.follow(pages.body["@odata.nextLink"]).body["value"]) == 1


def test_users_and_salespeople_of_a_company(api: Api) -> None:
    api.people.add_user(COMPANY, "jr", "John Roe", "jr@x.example", "jr")
    (user,) = api.get("approvalUserSetups", "$filter=email%20eq%20'jr@x.example'").body["value"]
    assert (user["userId"], user["salesPersonPurchaser"]) == ("JR", "JR")
    (salesperson,) = api.get("salespeoplePurchasers").body["value"]
    assert (salesperson["code"], salesperson["email"]) == ("JR", "jr@x.example")


def test_contacts_information_is_not_reachable_flat(api: Api) -> None:
    refused = api.get("contactsInformation")
    assert refused.refusal == (400, "Application_DialogException")
    assert refused.message.startswith("You must specify a parent ID")


def test_webhook_supported_resources_list_contacts_unless_switched_off(api: Api) -> None:
    base = f"/{TENANT}/Production/api/microsoft/runtime/beta"
    path = f"/companies({COMPANY})/webhookSupportedResources"
    for expression in ("resource%20eq%20'v2.0/contacts'", "resource%20eq%20'v2.0/cont*'"):
        rows = api.call("GET", path, f"$filter={expression}", base=base).body["value"]
        assert rows == [{"resource": "v2.0/contacts"}]
    api.switches["bc_contacts_have_webhooks"] = "false"
    rows = api.call("GET", path, base=base).body["value"]
    assert {"resource": "v2.0/contacts"} not in rows
    assert api.call("GET", "/companies", base=base).status == 404


def test_metadata_tells_every_length_of_a_contact(api: Api) -> None:
    answer = api.get("/$metadata")
    assert answer.headers["Content-Type"] == "application/xml"
    root = ElementTree.fromstring(answer.body)
    (contact,) = [each for each in root.iter(f"{EDM}EntityType") if each.get("Name") == "contact"]
    lengths = {each.get("Name"): each.get("MaxLength") for each in contact.iter(f"{EDM}Property")}
    assert len(lengths) == 23
    assert (lengths["website"], lengths["jobTitle"], lengths["email"]) == ("255", "30", "80")
    assert lengths["lastModifiedDateTime"] is None
