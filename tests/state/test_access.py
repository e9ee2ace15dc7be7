from __future__ import annotations

import uuid

from shared.state import Service, Store, Subscription
from shared.state.access import Alias
from tests.state.conftest import Clock, Who


def test_company_is_closed_until_it_is_opened_and_after_it_is_closed(store: Store, who: Who) -> None:
    assert not store.access.is_open(*who.pair)
    store.access.open(*who.pair, by="key")
    store.access.open(*who.pair, by="key")
    assert store.access.is_open(who.user.upper(), who.company.upper())
    assert not store.access.is_open(who.user, "another")
    assert store.access.companies(who.user) == [who.company]
    store.access.close(*who.pair)
    assert not store.access.is_open(*who.pair)


def test_address_means_the_mailbox_that_had_it_last(store: Store, clock: Clock, who: Who) -> None:
    address = f"Ann.{uuid.uuid4()}@Example.com"
    assert store.aliases.find(address) is None
    store.aliases.put(address, "somebody")
    store.aliases.put(address.lower(), who.user)
    assert store.aliases.find(f" {address.upper()} ") == Alias(who.user, fresh=True)
    clock.forward(hours=24)
    assert store.aliases.find(address) == Alias(who.user, fresh=False)
    assert store.aliases.of(who.user) == [address.lower()]
    assert store.aliases.clear(who.user) == 1
    assert store.aliases.find(address) is None


def test_subscription_is_found_by_id_setup_and_end(store: Store, who: Who) -> None:
    mine = Subscription(
        Service.GRAPH, str(uuid.uuid4()), *who.pair, "secret", "2001-01-01T00:00:00Z", "/users/x", "e", {"a": 1}
    )
    theirs = Subscription(Service.BUSINESS_CENTRAL, mine.id, "", who.company, "other")
    store.subscriptions.save(mine)
    store.subscriptions.save(theirs)
    assert store.subscriptions.get(Service.GRAPH, mine.id) == mine
    assert store.subscriptions.get(Service.GRAPH, "unknown") is None
    assert store.subscriptions.of(Service.GRAPH, who.company, who.user.upper()) == [mine]
    assert store.subscriptions.of(Service.BUSINESS_CENTRAL, who.company) == [theirs]
    assert store.subscriptions.of_user(who.user) == [mine]
    assert mine in store.subscriptions.expiring(Service.GRAPH, "2001-01-01T00:00:01Z")
    assert mine not in store.subscriptions.expiring(Service.GRAPH, mine.expires)
    assert mine in list(store.subscriptions.all(Service.GRAPH))
    store.subscriptions.delete(Service.GRAPH, mine.id)
    assert store.subscriptions.get(Service.GRAPH, mine.id) is None
    assert store.subscriptions.get(Service.BUSINESS_CENTRAL, mine.id) == theirs


def test_client_state_does_not_show_in_logs(who: Who) -> None:
    assert "hush" not in repr(Subscription(Service.GRAPH, "s", *who.pair, "hush"))
