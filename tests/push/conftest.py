"""The world of tests/sync with a public address: both services can tell the app what changed."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from azure.storage.queue import QueueClient, QueueMessage, QueueServiceClient

from sandbox.world import Sandbox
from shared.state.companies import Company
from shared.state.job_queue import QUEUE, Job
from shared.state.setups import StoredSetup
from shared.state.subscriptions import Service, Subscription
from shared.sync import jobs
from shared.sync.services import Services, build
from shared.sync.work import do
from tests.push.receiver import Receiver
from tests.sync.world import ANNA, COMPANY, SandboxTime, World


@dataclass
class Pushed:
    """`world` with its `receiver`; the queue is worked off by hand."""

    world: World
    receiver: Receiver
    queue: QueueClient

    @property
    def services(self) -> Services:
        return self.world.services

    def stored(self, user: str = ANNA, company: str = COMPANY) -> StoredSetup:
        found = self.services.store.setups.get(user, company)
        assert found is not None
        return found

    def subscription(self, user: str = ANNA, company: str = COMPANY) -> Subscription:
        [row] = self.services.store.subscriptions.of(Service.GRAPH, company, user)
        return row

    def messages(self) -> list[Job]:
        """Takes every message that shows."""
        found = []
        while batch := list(self.queue.receive_messages(max_messages=32)):
            for message in batch:
                self.queue.delete_message(message)
                found.append(self.job(message))
        return found

    def job(self, message: QueueMessage) -> Job:
        return Job.parse(base64.b64decode(str(message.content)).decode())

    def work_off(self) -> list[Job]:
        """Does what is in the queue until nothing shows; what was done."""
        done: list[Job] = []
        while batch := self.messages():
            for job in batch:
                do(self.services, job)
            done += batch
            assert len(done) < 50, "the queue never ends"
        return done

    def start(self, user: str = ANNA) -> None:
        """A setup whose first run is over and whose changes are told."""
        self.world.set_up(user)
        self.world.ok(user, full=True)
        self.work_off()

    def runs(self, user: str = ANNA, company: str = COMPANY) -> int:
        return len(self.services.store.runs.recent(user, company, 100).items)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def pushed(storage: str, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pushed]:
    """Nothing is debounced: messages show at once. Bad manners of the product fail the test."""
    monkeypatch.setattr(jobs, "DEBOUNCE_SECONDS", 0.0)
    with Sandbox(switches={"bc_notification_delay": "0"}) as sandbox:
        for name, value in sandbox.settings().items():
            if name == "REQUESTS_CA_BUNDLE":
                monkeypatch.setitem(os.environ, name, value)
        world = World.create(sandbox, storage, PUBLIC_BASE_URL=receiver.url)
        receiver.services = world.services
        queue = QueueServiceClient.from_connection_string(storage).get_queue_client(QUEUE)
        pushed = Pushed(world, receiver, queue)
        _forget(pushed)
        yield pushed
        assert sandbox.log.violations == []


@pytest.fixture
def unreachable(pushed: Pushed) -> Services:
    """The same product with a Storage that nobody answers for."""
    env = {**pushed.world.sandbox.settings(), "PUBLIC_BASE_URL": pushed.receiver.url}
    nowhere = "http://127.0.0.1:9/devstoreaccount1"
    storage = f"AccountName=a;AccountKey=a2V5;TableEndpoint={nowhere};QueueEndpoint={nowhere}"
    return build({**env, "AzureWebJobsStorage": storage}, SandboxTime(pushed.world.sandbox.clock))


def _forget(pushed: Pushed) -> None:
    """What earlier tests of this worker left in the shared Storage."""
    store = pushed.services.store
    store.jobs.length()
    store.jobs.send("none", "", "")
    pushed.queue.clear_messages()
    for service in Service:
        for row in store.subscriptions.all(service):
            store.subscriptions.delete(service, row.id)
    for row in store.companies.list(pushed.services.settings.bc_environment):
        store.companies.save(Company(row.environment, row.id, etag=row.etag))
