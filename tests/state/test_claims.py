from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

from shared.state import Company, Store
from tests.state.conftest import Clock, Who


def test_second_mailbox_waits_and_then_learns_which_contact_was_made(store: Store, who: Who) -> None:
    mine = store.claims.claim("Production", who.company, ["New@Example.com"], "ann")
    waiting = store.claims.claim("Production", who.company, [" new@example.COM "], "bea")
    assert mine.won and not waiting.won and waiting.bc_id == ""
    store.claims.fulfil(mine, "b1")
    assert store.claims.claim("Production", who.company, ["new@example.com"], "bea").bc_id == "b1"


def test_of_mailboxes_that_claim_at_once_exactly_one_wins(store: Store, who: Who) -> None:
    with ThreadPoolExecutor(6) as pool:
        claims = list(
            pool.map(lambda n: store.claims.claim("P", who.company, ["a@x", f"b{n}@x"], f"owner-{n}"), range(6))
        )
    assert sum(claim.won for claim in claims) == 1


def test_one_common_address_is_enough_to_wait_and_nothing_is_half_claimed(store: Store, who: Who) -> None:
    store.claims.claim("P", who.company, ["a@x", "b@x"], "ann")
    assert not store.claims.claim("P", who.company, ["b@x", "c@x"], "bea").won
    assert store.claims.claim("P", who.company, ["c@x"], "cem").won


def test_owner_gets_its_own_claim_back_after_a_crash(store: Store, who: Who) -> None:
    assert store.claims.claim("P", who.company, ["a@x"], "ann").won
    assert store.claims.claim("P", who.company, ["a@x"], "ann").won


def test_owner_whose_answer_was_lost_learns_of_its_own_contact(store: Store, who: Who) -> None:
    mine = store.claims.claim("P", who.company, ["a@x"], "ann")
    store.claims.fulfil(mine, "b1")
    again = store.claims.claim("P", who.company, ["a@x"], "ann")
    assert (again.won, again.bc_id) == (False, "b1")


def test_claim_of_a_crashed_run_ends_by_itself(store: Store, who: Who, clock: Clock) -> None:
    store.claims.claim("P", who.company, ["a@x"], "ann")
    clock.forward(minutes=10, seconds=1)
    assert store.claims.claim("P", who.company, ["a@x"], "bea").won


def test_released_claim_is_free(store: Store, who: Who) -> None:
    store.claims.release(store.claims.claim("P", who.company, ["a@x"], "ann"))
    assert store.claims.claim("P", who.company, ["a@x"], "bea").won


def test_companies_and_environments_do_not_share_claims(store: Store, who: Who) -> None:
    store.claims.claim("P", who.company, ["a@x"], "ann")
    assert store.claims.claim("P", str(uuid.uuid4()), ["a@x"], "bea").won
    assert store.claims.claim("Sandbox", who.company, ["a@x"], "bea").won


def test_claim_holds_no_address_and_differs_by_company(store: Store, who: Who) -> None:
    mine = store.claims.claim("P", who.company, ["someone@example.com"], "ann")
    other = store.claims.claim("P", str(uuid.uuid4()), ["someone@example.com"], "ann")
    assert "someone" not in "".join(mine.keys)
    assert mine.keys != other.keys


def test_claim_key_is_made_once(store: Store, who: Who) -> None:
    with ThreadPoolExecutor(4) as pool:
        keys = set(pool.map(lambda _: store.companies.claim_key("P", who.company), range(4)))
    assert len(keys) == 1 and len(keys.pop()) == 32


def test_company_is_kept_beside_its_claim_key(store: Store, who: Who) -> None:
    environment = str(uuid.uuid4())
    key = store.companies.claim_key(environment, who.company)
    assert store.companies.get(environment, who.company) is None
    company = Company(environment, who.company, "CRONUS", "w", "d", 3, {"id": "s"}, "broken", {"x": [1]})
    stored = store.companies.save(company)
    assert store.companies.list(environment) == [company]
    store.companies.save(stored)
    assert store.companies._stored_claim_key((environment, who.company)) == key
