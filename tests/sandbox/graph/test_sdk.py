"""Microsoft's own SDK, unmodified, works against the service over real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import httpx
import pytest
from kiota_abstractions.authentication import AuthenticationProvider
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_abstractions.headers_collection import HeadersCollection
from kiota_abstractions.request_information import RequestInformation
from msgraph.generated.models.contact import Contact
from msgraph.generated.models.contact_folder import ContactFolder
from msgraph.generated.models.email_address import EmailAddress
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.physical_address import PhysicalAddress
from msgraph.generated.models.single_value_legacy_extended_property import SingleValueLegacyExtendedProperty
from msgraph.generated.models.subscription import Subscription
from msgraph.generated.users.item.contact_folders.item.contacts.contacts_request_builder import (
    ContactsRequestBuilder,
)
from msgraph.generated.users.item.contacts.item.contact_item_request_builder import ContactItemRequestBuilder
from msgraph.graph_request_adapter import GraphRequestAdapter
from msgraph.graph_service_client import GraphServiceClient
from msgraph_core import GraphClientFactory  # type: ignore[import-untyped]
from msgraph_core.requests.batch_request_content import BatchRequestContent  # type: ignore[import-untyped]
from msgraph_core.requests.batch_request_item import BatchRequestItem  # type: ignore[import-untyped]

from tests.sandbox.graph.api import ANN, IMMUTABLE, MARKER
from tests.sandbox.graph.wire import Wire

T = TypeVar("T")

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


class Token(AuthenticationProvider):
    def __init__(self, token: str) -> None:
        self._token = token

    async def authenticate_request(
        self, request: RequestInformation, additional_authentication_context: dict[str, Any] | None = None
    ) -> None:
        request.headers.add("Authorization", f"Bearer {self._token}")


def run(wire: Wire, work: Callable[[GraphServiceClient], Awaitable[T]]) -> T:
    """Carry out `work` with a client that is closed afterwards."""

    async def session() -> T:
        async with httpx.AsyncClient(trust_env=False, base_url=wire.sandbox.graph_url) as http:
            client = GraphClientFactory.create_with_default_middleware(client=http)
            adapter = GraphRequestAdapter(Token(wire.sandbox.token()), client=client)
            adapter.base_url = wire.sandbox.graph_url
            return await work(GraphServiceClient(request_adapter=adapter))

    return asyncio.run(session())


def immutable(parameters: Any = None, prefer: str = IMMUTABLE) -> RequestConfiguration[Any]:
    headers = HeadersCollection()
    headers.add("Prefer", prefer)
    return RequestConfiguration(headers=headers, query_parameters=parameters)


def test_folders(wire: Wire) -> None:
    async def work(graph: GraphServiceClient) -> None:
        folders = graph.users.by_user_id(ANN).contact_folders
        made = await folders.post(ContactFolder(display_name="From the SDK"))
        assert made is not None and made.id is not None
        listed = await folders.get()
        assert listed is not None and listed.value is not None
        assert [folder.display_name for folder in listed.value] == ["Business Central", "From the SDK"]
        renamed = await folders.by_contact_folder_id(made.id).patch(ContactFolder(display_name="Renamed"))
        assert renamed is not None and renamed.display_name == "Renamed"
        await folders.by_contact_folder_id(made.id).delete()
        with pytest.raises(ODataError) as refused:
            await folders.post(ContactFolder(display_name="Business Central"))
        assert refused.value.error is not None and refused.value.error.code == "ErrorFolderExists"

    run(wire, work)


def test_a_contact_is_created_read_changed_and_deleted(wire: Wire) -> None:
    async def work(graph: GraphServiceClient) -> None:
        user = graph.users.by_user_id(ANN)
        made = await user.contact_folders.by_contact_folder_id(wire.folder).contacts.post(
            Contact(
                given_name="Nneka",
                surname="Okafor",
                email_addresses=[EmailAddress(address="nneka@harbour.example")],
                business_address=PhysicalAddress(city="Hull"),
                single_value_extended_properties=[SingleValueLegacyExtendedProperty(id=MARKER, value="C-1")],
            ),
            immutable(),
        )
        assert made is not None and made.id is not None
        assert made.business_address is not None and made.business_address.city == "Hull"
        contact = user.contacts.by_contact_id(made.id)
        query = ContactItemRequestBuilder.ContactItemRequestBuilderGetQueryParameters(
            expand=[f"singleValueExtendedProperties($filter=id eq '{MARKER}')"]
        )
        read = await contact.get(immutable(query))
        assert read is not None and read.single_value_extended_properties is not None
        assert read.single_value_extended_properties[0].value == "C-1"
        changed = await contact.patch(Contact(display_name="Nneka Okafor", job_title="Buyer"), immutable())
        assert changed is not None and changed.job_title == "Buyer"
        assert changed.change_key != made.change_key
        await contact.delete()

    run(wire, work)
    assert [one["jobTitle"] for one in wire.person("deleted_items", ANN)] == ["Buyer"]


def test_pages_are_followed(wire: Wire) -> None:
    for n in range(23):
        wire.person("create_contact", ANN, wire.folder, givenName="P", surname=f"{n:02}")

    async def work(graph: GraphServiceClient) -> list[str | None]:
        builder = graph.users.by_user_id(ANN).contact_folders.by_contact_folder_id(wire.folder).contacts
        query = ContactsRequestBuilder.ContactsRequestBuilderGetQueryParameters(
            top=10, select=["surname"], orderby=["displayName"]
        )
        page = await builder.get(immutable(query))
        found: list[str | None] = []
        while page is not None:
            found += [contact.surname for contact in page.value or []]
            link = page.odata_next_link
            page = await builder.with_url(link).get(immutable()) if link else None
        return found

    assert run(wire, work) == [f"{n:02}" for n in range(23)]
    assert wire.sandbox.log.counts() == {}


def test_delta_rounds_are_followed(wire: Wire) -> None:
    first = [wire.create() for _ in range(5)]

    async def work(graph: GraphServiceClient) -> None:
        start = graph.users.by_user_id(ANN).contact_folders.by_contact_folder_id(wire.folder).contacts.delta
        prefer = f"odata.maxpagesize=2, {IMMUTABLE}"

        async def follow(builder: Any) -> tuple[list[Any], str]:
            found: list[Any] = []
            while True:
                page = await builder.get(immutable(prefer=prefer))
                found += page.value or []
                if page.odata_next_link is None:
                    return found, page.odata_delta_link
                builder = start.with_url(page.odata_next_link)

        rows, link = await follow(start)
        assert [row.id for row in rows] == first
        wire.person("delete_contact", ANN, first[0])
        wire.person("edit_contact", ANN, first[1], jobTitle="Buyer")
        rows, _ = await follow(start.with_url(link))
        told = {row.id: ("@removed" in row.additional_data, row.job_title) for row in rows}
        assert told == {first[0]: (True, None), first[1]: (False, "Buyer")}

    run(wire, work)
    assert wire.sandbox.log.counts() == {}


def test_a_batch_is_carried_out(wire: Wire) -> None:
    ids = [wire.create() for _ in range(3)]

    async def work(graph: GraphServiceClient) -> dict[str, int | None]:
        content = BatchRequestContent()
        for id in ids:
            request = graph.users.by_user_id(ANN).contacts.by_contact_id(id).to_delete_request_information()
            content.add_request(id, BatchRequestItem(request, id=id))
        answer = await graph.batch.post(content)
        assert answer is not None
        return {id: answer.get_response_by_id(id).status for id in ids}

    assert run(wire, work) == dict.fromkeys(ids, 204)
    assert wire.person("contacts", ANN, wire.folder) == []


def test_a_subscription_lives(wire: Wire) -> None:
    async def work(graph: GraphServiceClient) -> None:
        until = datetime.now(UTC) + timedelta(days=3)
        made = await graph.subscriptions.post(
            Subscription(
                change_type="created,updated,deleted",
                notification_url=wire.listener.url,
                resource=wire.contacts,
                expiration_date_time=until,
                client_state="s3cret",
            ),
            immutable(),
        )
        assert made is not None and made.id is not None
        later = until + timedelta(days=1)
        one = graph.subscriptions.by_subscription_id(made.id)
        renewed = await one.patch(Subscription(expiration_date_time=later))
        assert renewed is not None and renewed.expiration_date_time == later.replace(microsecond=0)
        listed = await graph.subscriptions.get()
        assert listed is not None and [each.id for each in listed.value or []] == [made.id]
        await one.delete()

    run(wire, work)
