"""A small world for tests: both services, real storage, one product; people edit, runs follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from sandbox.clock import VirtualClock
from sandbox.world import Sandbox
from shared.model import Json, Link, Setup
from shared.state.companies import Reference
from shared.state.runs import Mode, Run, RunKind, RunState, Trigger
from shared.sync.services import Services, build
from shared.sync.work import run_slice

COMPANY = "7d2f0c11-5b1e-4c0a-9f3e-0d9b6f4a1c01"
OTHER_COMPANY = "7d2f0c11-5b1e-4c0a-9f3e-0d9b6f4a1c02"
ANNA = "7f0e1d2c-0000-4000-8000-0000000000aa"
BEN = "7f0e1d2c-0000-4000-8000-0000000000bb"


class SandboxTime:
    """The sandbox's virtual clock as the product's; sleeping advances it instead of waiting."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        return self._clock.now()

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def sleep(self, seconds: float) -> None:
        self._clock.advance(seconds)


@dataclass
class World:
    """`sandbox` with a product beside it. Ids in BC and Outlook are given by the services."""

    sandbox: Sandbox
    services: Services
    seed: int = 1
    _numbers: int = field(default=0)

    @classmethod
    def create(cls, sandbox: Sandbox, storage: str, **extra: str) -> World:
        env = {**sandbox.settings(), "AzureWebJobsStorage": storage, **extra}
        world = cls(sandbox, build(env, SandboxTime(sandbox.clock)))
        sandbox.call(sandbox.bc.people.add_company, COMPANY, "CRONUS International Ltd.")
        for user, name in ((ANNA, "anna"), (BEN, "ben")):
            sandbox.call(sandbox.graph.people.add_user, user, f"{name}@cronus.example", name.title())
        world.reset_storage()
        return world

    def reset_storage(self) -> None:
        """Forget what earlier tests of this worker stored, for whomever: a tick looks at everybody."""
        store, environment = self.services.store, self.services.settings.bc_environment
        for user in {ANNA, BEN, *(stored.setup.user for stored in store.setups.all())}:
            store.personal.erase(user)
        for company in (COMPANY, OTHER_COMPANY):
            store.companies.keep_reference(environment, company, Reference({}, ""))

    # --- the product ----------------------------------------------------------------------------

    def set_up(self, user: str = ANNA, company: str = COMPANY, **choices: object) -> None:
        setup = Setup(user=user, company=company)
        self.services.store.setups.put(replace(setup, **choices))  # type: ignore[arg-type]

    def sync(
        self,
        user: str = ANNA,
        company: str = COMPANY,
        *,
        full: bool = False,
        trigger: Trigger = Trigger.MANUAL,
        filter: Mapping[str, str] | None = None,
        kind: RunKind = RunKind.SYNC,
        source: str = "",
        wishes: list[Json] | None = None,
        setup: Setup | None = None,
    ) -> Run:
        """One whole run, all of its slices."""
        store = self.services.store
        checkpoint: dict[str, Json] = {"wishes": wishes} if wishes else {}
        run = store.runs.create(
            Run(
                store.runs.new_id(user, company),
                user,
                company,
                kind=kind,
                mode=Mode.FULL if full else Mode.INCREMENTAL,
                trigger=trigger,
                filter=filter,
                source=source,
                checkpoint=checkpoint,
                setup=setup,
            )
        )
        for _ in range(50):
            delay = run_slice(self.services, run.id)
            if delay is None:
                break
            self.sandbox.clock.advance(delay)
        ended = store.runs.get(run.id)
        assert ended is not None
        return ended

    def ok(self, user: str = ANNA, **options: object) -> Run:
        run = self.sync(user, **options)  # type: ignore[arg-type]
        assert run.state is RunState.SUCCEEDED, (run.state, run.message, run.counts)
        return run

    def actions(self, run: Run) -> list[dict[str, Json]]:
        return self.services.store.runs.actions(run.id, 1000).items

    def links(self, user: str = ANNA, company: str = COMPANY) -> dict[str, Link]:
        return {link.bc_id: link for link in self.services.store.links.load(user, company)}

    def outcomes(self, user: str = ANNA, company: str = COMPANY) -> dict[str, str]:
        """Reason (or outcome) by contact id, of contacts whose link does not tell."""
        rows = self.services.store.outcomes.all(user, company)
        return {row.id: str(row.reason or row.outcome) for row in rows}

    def state(self, user: str = ANNA, company: str = COMPANY):  # type: ignore[no-untyped-def]
        stored = self.services.store.setups.get(user, company)
        assert stored is not None
        return stored.state

    # --- people -----------------------------------------------------------------------------------

    def bc_person(self, name: str, email: str, company: str = COMPANY, **more: Json) -> str:
        fields: dict[str, Json] = {"type": "Person", "displayName": name, "email": email, **more}
        return str(self.sandbox.call(self.sandbox.bc.people.create_contact, company, **fields)).lower()

    def bc_company(self, name: str, company: str = COMPANY, **more: Json) -> str:
        fields: dict[str, Json] = {"type": "Company", "displayName": name, **more}
        return str(self.sandbox.call(self.sandbox.bc.people.create_contact, company, **fields)).lower()

    def bc_edit(self, contact: str, company: str = COMPANY, **fields: Json) -> None:
        self.sandbox.call(self.sandbox.bc.people.edit_contact, company, contact, **fields)

    def bc_delete(self, contact: str, company: str = COMPANY) -> None:
        self.sandbox.call(self.sandbox.bc.people.delete_contact, company, contact)

    def bc(self, contact: str, company: str = COMPANY) -> dict[str, Json]:
        found = self.sandbox.call(self.sandbox.bc.people.contact, company, contact)
        assert found is not None
        return found

    def bc_all(self, company: str = COMPANY) -> list[dict[str, Json]]:
        return self.sandbox.call(self.sandbox.bc.people.contacts, company)

    def outlook(self, user: str = ANNA, folder: str = "Business Central") -> list[dict[str, Json]]:
        return self.sandbox.call(self.sandbox.graph.people.contacts, user, folder)

    def card(self, name: str, user: str = ANNA, folder: str = "Business Central") -> dict[str, Json]:
        found = [c for c in self.outlook(user, folder) if c["displayName"] == name]
        assert len(found) == 1, f"{len(found)} contacts named {name}"
        return found[0]

    def names(self, user: str = ANNA, folder: str = "Business Central") -> list[str]:
        return sorted(str(c["displayName"]) for c in self.outlook(user, folder))

    def outlook_add(
        self, name: str, email: str, user: str = ANNA, folder: str = "Business Central", **more: Json
    ) -> str:
        given, _, surname = name.partition(" ")
        fields: dict[str, Json] = {
            "displayName": name,
            "givenName": given,
            "surname": surname,
            "emailAddresses": [{"address": email, "name": name}],
            **more,
        }
        return self.sandbox.call(self.sandbox.graph.people.create_contact, user, folder, **fields)

    def outlook_edit(self, contact: str, user: str = ANNA, **fields: Json) -> None:
        self.sandbox.call(self.sandbox.graph.people.edit_contact, user, contact, **fields)

    def outlook_delete(self, contact: str, user: str = ANNA) -> None:
        self.sandbox.call(self.sandbox.graph.people.delete_contact, user, contact)

    def people(self, method: str, *args: object, **more: object) -> object:
        """Any other thing a person does in Outlook."""
        return self.sandbox.call(getattr(self.sandbox.graph.people, method), *args, **more)

    def pass_minutes(self, minutes: float) -> None:
        self.sandbox.clock.advance(minutes * 60)

    # --- what went over the wire ----------------------------------------------------------------------

    def writes_since(self, mark: int) -> list[str]:
        """Every write to either service since, items of batches included."""
        return [
            f"{entry.service} {entry.method} {entry.path}"
            for entry in self.sandbox.log.entries(since=mark)
            if entry.method != "GET" and not entry.path.endswith("$batch")
        ]


def new_guid(number: int) -> str:
    return str(UUID(int=number))
