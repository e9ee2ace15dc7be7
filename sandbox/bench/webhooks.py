"""T9: how quickly a flood of Graph's notifications is answered by the function app on the local host."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import requests

from sandbox.bench.mailboxes import add_mailboxes, until_done
from sandbox.bench.stage import COMPANY, Stage, stage
from sandbox.bench.table import Row, Sizes, at_most, exactly
from sandbox.commands.app_process import running_app
from shared.model import Json
from shared.state.keys import stamp
from shared.state.subscriptions import Service, Subscription
from shared.sync.jobs import DEBOUNCE_SECONDS

_MOST_SECONDS = 3.0
_AT_ONCE = 8
_ACCEPTED = 202
_SECRET = "the secret of a benchmark"
_KEY = "the key of a benchmark"
_CONTACTS = 3
_DAY = timedelta(days=1)


def measure(sizes: Sizes) -> list[Row]:
    """The 99th percentile of the answers' times, and whether every notified mailbox was synced (T9)."""
    with stage(f"scale:{_CONTACTS}") as s:
        users = add_mailboxes(s, sizes.mailboxes)
        for number, user in enumerate(users):
            _subscribe(s, number, user)
        bodies = list(_bodies(sizes, users))
        with running_app({**s.settings, "FUNCTION_KEY": _KEY}, "bench.log") as url:
            times, refused = _send(f"{url}/api/graph/notifications", bodies)
            time.sleep(DEBOUNCE_SECONDS)
            until_done(s, users)
            runs = sum(1 for user in users for _ in s.services.store.runs.all(user, COMPANY))
    late = sorted(times)[max(0, -(-len(times) * 99 // 100) - 1)]
    about = f"{sizes.notifications:,} notifications for {len(users)} mailboxes in {len(bodies)} bodies"
    note = f"median {sorted(times)[len(times) // 2] * 1_000:.0f} ms"
    return [
        at_most("T9", f"{about}: 99th percentile", late, _MOST_SECONDS, "s", note),
        exactly("T9", f"{about}: not accepted", refused, 0, "", f"{runs} runs, none missing"),
    ]


def _subscribe(s: Stage, number: int, user: str) -> None:
    now = s.clock.now()
    row = Subscription(Service.GRAPH, f"subscription {number}", user, COMPANY, _SECRET, stamp(now + _DAY))
    s.services.store.subscriptions.save(replace(row, extra={"since": stamp(now)}))


def _bodies(sizes: Sizes, users: Sequence[str]) -> Iterator[dict[str, Json]]:
    """Bodies of one notification and more, until there are enough; every mailbox is named."""
    chance = random.Random(1)
    sent = 0
    while sent < sizes.notifications:
        count = min(chance.randint(1, sizes.largest_body), sizes.notifications - sent)
        value: list[Json] = [
            {
                "subscriptionId": f"subscription {number % len(users)}",
                "clientState": _SECRET,
                "changeType": "updated",
                "tenantId": "",
                "resource": f"Users/{users[number % len(users)]}/Contacts/contact-{number}",
                "resourceData": {"id": f"contact-{number}"},
            }
            for number in range(sent, sent + count)
        ]
        yield {"value": value}
        sent += count


def _send(url: str, bodies: Sequence[dict[str, Json]]) -> tuple[list[float], int]:
    """Seconds of each answer, and how many were not 202."""

    def post(body: dict[str, Json]) -> tuple[float, bool]:
        began = time.monotonic()
        answer = requests.post(url, json=body, timeout=60)
        return time.monotonic() - began, answer.status_code == _ACCEPTED

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = list(pool.map(post, bodies))
    return [seconds for seconds, _ in answers], sum(not accepted for _, accepted in answers)
