"""Three users and two companies, without any contact: what every other seed begins with."""

from __future__ import annotations

import random
from typing import NamedTuple

from sandbox.business_central.service import BusinessCentralService
from sandbox.graph.service import GraphService


class User(NamedTuple):
    id: str
    address: str
    name: str
    salesperson: str


class Company(NamedTuple):
    id: str
    name: str
    display_name: str


USERS = (
    User("7f0e1d2c-4b3a-4958-8e67-a1b2c3d4e501", "anna.keller@cronus.example", "Anna Keller", "AK"),
    User("7f0e1d2c-4b3a-4958-8e67-a1b2c3d4e502", "jonas.lindqvist@cronus.example", "Jonas Lindqvist", "JL"),
    User("7f0e1d2c-4b3a-4958-8e67-a1b2c3d4e503", "maria.rossi@cronus.example", "Maria Rossi", "MR"),
)
COMPANIES = (
    Company("7d2f0c11-5b1e-4c0a-9f3e-0d9b6f4a1c01", "CRONUS International Ltd.", "CRONUS International Ltd."),
    Company("7d2f0c11-5b1e-4c0a-9f3e-0d9b6f4a1c02", "CRONUS AG", "CRONUS Deutschland AG"),
)


def load(graph: GraphService, bc: BusinessCentralService, rng: random.Random) -> None:  # noqa: ARG001
    """Add users and companies; every user is known to both companies."""
    for user in USERS:
        graph.people.add_user(user.id, user.address, user.name)
    for company in COMPANIES:
        bc.people.add_company(company.id, company.name, company.display_name)
        for user in USERS:
            bc.people.add_user(company.id, user.salesperson, user.name, user.address, user.salesperson)
