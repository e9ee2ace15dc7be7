"""The same life under every switch of the sandbox: what the contracts leave open makes no difference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from sandbox.business_central.switches import DEFAULTS
from sandbox.graph.switches import CHOICES
from shared.model import Json, Link
from shared.state.runs import Run, RunState
from tests.sync.world import ANNA, COMPANY, World
from tests.variance.scenario import Record, card, copy, first_sync, live_through

OTHER_VALUES: Mapping[str, tuple[str, ...]] = {
    "bc_validation_order": ("page",),
    "bc_missing_id_code": ("Internal_RecordNotFound", ""),
    "bc_duplicate_key_status": ("409",),
    "bc_handshake_error_code": ("Application_DialogException",),
    "bc_retry_after_on_429": ("false",),
    "bc_continue_on_error": ("false",),
    "bc_text_case": ("insensitive",),
    "bc_wildcards": ("true",),
    "bc_id_in_body": ("refuse", "ignore"),
    "bc_phone_error_code": ("Application_FieldValidationException",),
    "bc_enum_error_code": ("Application_EvaluateException",),
    "bc_default_order": ("id", "lastModifiedDateTime"),
    "bc_subscription_cap": ("0",),
    "bc_subscription_cap_status": ("403",),
    "bc_contacts_have_webhooks": ("false",),
    "bc_company_not_found_status": ("400",),
    "bc_stale_status": ("412",),
    "bc_delete_if_match": ("required",),
    "bc_deleted_skiptoken": ("continue",),
    "bc_website_length": ("80",),
    "bc_manual_numbers": ("true",),
    "bc_inherit_country": ("false",),
    "bc_inherit_address": ("false",),
    "bc_inherit_communication": ("false",),
    "bc_default_country": ("GB",),
    "bc_country_required_in_address": ("true",),
    "bc_localization": ("DE",),
    "bc_trim_text": ("true",),
    "bc_tenant_language": ("de-DE",),
    "bc_notification_delay": ("0",),
    "bc_collection_threshold": ("1",),
    "bc_max_page": ("7",),
}
"""For each switch of Business Central's that has no list of choices: what else it can be."""

WITHOUT_RIGHTS = {"bc_contact_permission", "bc_permission_status", "bc_permission_code"}


def _one_at_a_time() -> Iterator[tuple[str, str]]:
    yield "if_match", CHOICES["if_match"][0]  # everything by default
    for name, choices in CHOICES.items():
        yield from ((name, value) for value in choices[1:])
    for name, values in OTHER_VALUES.items():
        yield from ((name, value) for value in values)


class SandboxTown:
    """A `Town` of the sandbox: Anna and her company."""

    def __init__(self, world: World) -> None:
        self.world = world

    def bc_person(self, name: str, email: str, **more: Json) -> str:
        return self.world.bc_person(name, email, **more)  # type: ignore[arg-type]

    def bc_company(self, name: str, **more: Json) -> str:
        return self.world.bc_company(name, **more)  # type: ignore[arg-type]

    def bc_edit(self, contact: str, **fields: Json) -> None:
        self.world.bc_edit(contact, **fields)  # type: ignore[arg-type]

    def bc_delete(self, contact: str) -> None:
        self.world.bc_delete(contact)

    def bc_all(self) -> list[Record]:
        return self.world.bc_all()

    def outlook(self) -> list[Record]:
        return self.world.outlook()

    def outlook_add(self, name: str, email: str, **more: Json) -> str:
        return self.world.outlook_add(name, email, **more)  # type: ignore[arg-type]

    def outlook_edit(self, contact: str, **fields: Json) -> None:
        self.world.outlook_edit(contact, **fields)  # type: ignore[arg-type]

    def outlook_delete(self, contact: str) -> None:
        self.world.outlook_delete(contact)

    def outlook_move_out(self, contact: str) -> None:
        self.world.people("move_contact", ANNA, contact, "contacts")

    def set_up(self) -> None:
        self.world.set_up()

    def sync(self, *, full: bool = False) -> Run:
        return self.world.sync(full=full)

    def links(self) -> Mapping[str, Link]:
        return self.world.links()

    def lost_values(self) -> list[str]:
        records = self.world.services.store.conflicts.all(ANNA, COMPANY)
        return sorted(field.lost for record in records for field in record.fields)

    def pass_minutes(self, minutes: float) -> None:
        self.world.pass_minutes(minutes)

    def mark(self) -> int:
        return self.world.sandbox.log.mark()

    def requests_since(self, mark: int) -> list[tuple[str, str]]:
        entries = self.world.sandbox.log.entries(since=mark)
        return [
            (entry.service, entry.method)
            for entry in entries
            if not entry.item and "skiptoken" not in entry.query
        ]

    def writes_since(self, mark: int) -> list[str]:
        return self.world.writes_since(mark)


@pytest.fixture
def town(world: World) -> SandboxTown:
    return SandboxTown(world)


def test_every_switch_has_another_value_here() -> None:
    assert OTHER_VALUES.keys() | WITHOUT_RIGHTS == DEFAULTS.keys()
    assert all(DEFAULTS[name] not in values for name, values in OTHER_VALUES.items())


@pytest.mark.parametrize(("switch", "value"), list(_one_at_a_time()))
def test_life_goes_on_the_same_whatever_the_contract_leaves_open(
    town: SandboxTown, switch: str, value: str
) -> None:
    town.world.sandbox.switches[switch] = value
    live_through(town)


@pytest.mark.parametrize("code", ["Authorization_PermissionDenied", "Internal_ServerError"])
@pytest.mark.parametrize("status", ["400", "401", "403"])
def test_without_the_right_to_write_nothing_is_lost_and_outlook_still_learns(
    town: SandboxTown, status: str, code: str
) -> None:
    people = first_sync(town)
    town.world.sandbox.switches.update(
        bc_contact_permission="read", bc_permission_status=status, bc_permission_code=code
    )
    town.bc_edit(people["P0"], jobTitle="From BC")
    town.outlook_edit(copy(town, people["P1"]), jobTitle="From Outlook")
    run = town.sync()
    assert run.state is not RunState.SUCCEEDED
    assert card(town, people["P1"])["jobTitle"] == "From Outlook"
    town.world.sandbox.switches["bc_contact_permission"] = "full"
    town.pass_minutes(60)
    assert town.sync().state is RunState.SUCCEEDED
    assert card(town, people["P0"])["jobTitle"] == "From BC"
    assert town.world.bc(people["P1"])["jobTitle"] == "From Outlook"


def test_without_the_right_to_read_nothing_is_removed(town: SandboxTown) -> None:
    people = first_sync(town)
    mark = town.mark()
    town.world.sandbox.switches["bc_contact_permission"] = "none"
    assert town.sync(full=True).state is RunState.FAILED
    assert town.sync().state is RunState.FAILED
    assert town.writes_since(mark) == []
    assert len(town.outlook()) == len(people)
