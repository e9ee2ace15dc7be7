"""The `subscriptions` entity set: handshake, create, list, renew, delete."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.business_central import errors
from sandbox.business_central.call import Call
from sandbox.business_central.database import Row
from sandbox.business_central.entity import SUBSCRIPTION
from sandbox.business_central.environment import Environment
from sandbox.business_central.listing import FewRows
from sandbox.business_central.reading import EntitySet, Reader
from sandbox.business_central.routes import string_key
from sandbox.business_central.subscriptions import Subscription, Wanted, wanted
from sandbox.exchange import ApiResponse

WATCHABLE = ("contacts", "countriesRegions", "salespeoplePurchasers")
_APP_USER = "5a0f3c77-0000-4000-8000-0000000000bb"
_CONTEXT = "subscriptions"


@dataclass(slots=True)
class SubscriptionDesk:
    """Answers calls to `{base}/subscriptions`; they are refused before anything is stored."""

    environment: Environment
    reader: Reader

    async def answer(self, call: Call, key: str | None) -> ApiResponse:
        method = call.request.method
        if key is None:
            if method == "GET":
                return self.reader.page(call, self._set())
            if method == "POST":
                return await self._create(call)
            raise errors.method_not_allowed(method, SUBSCRIPTION.set_name)
        subscription = self._find(string_key(key))
        match method:
            case "GET":
                return call.entity(200, _shown(subscription), _CONTEXT)
            case "PATCH":
                return await self._renew(call, subscription)
            case "DELETE":
                self._check_tag(call, subscription)
                self.environment.subscriptions.remove(subscription.id)
                return ApiResponse(204)
            case _:
                raise errors.method_not_allowed(method, SUBSCRIPTION.set_name)

    async def _create(self, call: Call) -> ApiResponse:
        call.refuse_intent_on_write()
        asked = wanted(call.body())
        self._check_resource(asked)
        self._check_cap()
        await self._shake_hands(asked.url)
        self._check_cap()
        environment, now = self.environment, self.environment.clock.now()
        subscription = Subscription(
            id=environment.new_id().replace("-", ""),
            url=asked.url,
            resource=asked.resource,
            company=asked.company,
            entity_set=asked.entity_set,
            client_state=asked.client_state or "",
            user=_APP_USER,
            created=now,
            modified=now,
            expires=now,
            timestamp=environment.next_timestamp(),
        )
        subscription.renew(now)
        environment.subscriptions.add(subscription)
        return call.entity(201, _shown(subscription), _CONTEXT)

    async def _renew(self, call: Call, subscription: Subscription) -> ApiResponse:
        call.refuse_intent_on_write()
        self._check_tag(call, subscription)
        asked = wanted(call.body())
        self._check_resource(asked)
        await self._shake_hands(asked.url)
        # It may have expired, or been renewed by another call, while hands were shaken.
        subscription = self._find(subscription.id)
        self._check_tag(call, subscription)
        subscription.url, subscription.resource = asked.url, asked.resource
        subscription.company, subscription.entity_set = asked.company, asked.entity_set
        if asked.client_state is not None:
            subscription.client_state = asked.client_state
        subscription.timestamp = self.environment.next_timestamp()
        subscription.renew(self.environment.clock.now())
        return call.entity(200, _shown(subscription), _CONTEXT)

    def _find(self, subscription_id: str) -> Subscription:
        found = self.environment.subscriptions.get(subscription_id)
        if found is None:
            raise errors.record_not_found(self.environment.switches.text("bc_missing_id_code"))
        return found

    def _check_tag(self, call: Call, subscription: Subscription) -> None:
        if call.expected_etag() not in ("*", subscription.etag):
            raise errors.changed_meanwhile(self.environment.switches.number("bc_stale_status"))

    def _check_resource(self, asked: Wanted) -> None:
        self.environment.company(asked.company)
        if asked.entity_set not in watchable(self.environment):
            raise errors.dialog("The resource cannot be subscribed to.")

    def _check_cap(self) -> None:
        switches = self.environment.switches
        cap = switches.number("bc_subscription_cap")
        if len(self.environment.subscriptions.alive()) >= cap:
            status = switches.number("bc_subscription_cap_status")
            text = f"The number of subscriptions has reached the maximum of {cap}."
            raise errors.Refusal(status, "Application_DialogException", text)

    async def _shake_hands(self, url: str) -> None:
        if not await self.environment.notifier.shake_hands(url):
            code = self.environment.switches.text("bc_handshake_error_code")
            raise errors.dialog("The notification URL did not return the validation token.", code=code)

    def _set(self) -> EntitySet:
        alive = self.environment.subscriptions.alive()
        return EntitySet(SUBSCRIPTION, FewRows([Row(each.values(), each.id) for each in alive]), _CONTEXT)


def watchable(environment: Environment) -> tuple[str, ...]:
    """The entity sets that can be subscribed to."""
    if environment.switches.flag("bc_contacts_have_webhooks"):
        return WATCHABLE
    return tuple(each for each in WATCHABLE if each != "contacts")


def _shown(subscription: Subscription) -> dict[str, str | bool | int]:
    return {"@odata.etag": subscription.etag, **subscription.values()}
