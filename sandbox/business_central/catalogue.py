"""The small read-only sets beside the contacts (contracts/business-central.md §1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sandbox.business_central.database import Company, Row
from sandbox.business_central.entity import (
    APPROVAL_USER,
    CONTACT,
    COUNTRY,
    SALESPERSON,
    WEBHOOK_RESOURCE,
    EntityType,
    Values,
)
from sandbox.business_central.environment import Environment, country_values
from sandbox.business_central.listing import Contacts, FewRows
from sandbox.business_central.reading import EntitySet
from sandbox.business_central.subscribing import watchable


def _countries(environment: Environment, company: Company) -> list[Values]:  # noqa: ARG001
    return [country_values(each.code, each.name) for each in environment.countries.by_code.values()]


def _salespeople(environment: Environment, company: Company) -> list[Values]:  # noqa: ARG001
    return company.salespeople


def _approval_users(environment: Environment, company: Company) -> list[Values]:  # noqa: ARG001
    return company.approval_users


_SMALL: Mapping[str, tuple[EntityType, Callable[[Environment, Company], list[Values]]]] = {
    "countriesRegions": (COUNTRY, _countries),
    "salespeoplePurchasers": (SALESPERSON, _salespeople),
    "approvalUserSetups": (APPROVAL_USER, _approval_users),
}


def small_sets() -> frozenset[str]:
    return frozenset(_SMALL)


def entity_set(environment: Environment, company: Company, name: str) -> EntitySet:
    """The set of this name in a company."""
    context = f"companies({company.id})/{name}"
    if name == "contacts":
        return EntitySet(CONTACT, Contacts(company), context)
    entity, values = _SMALL[name]
    rows = [Row(each, str(each[entity.key])) for each in values(environment, company)]
    return EntitySet(entity, FewRows(rows), context)


def supported_resources(environment: Environment) -> EntitySet:
    """What can be subscribed to (contracts/business-central.md §9.1)."""
    names = [f"v2.0/{name}" for name in watchable(environment)]
    rows = [Row({"resource": name}, name) for name in names]
    return EntitySet(WEBHOOK_RESOURCE, FewRows(rows), "webhookSupportedResources")
