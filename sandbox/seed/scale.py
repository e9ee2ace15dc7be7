"""Many contacts, quickly: for benchmarks."""

from __future__ import annotations

import random

from sandbox.business_central.service import BusinessCentralService
from sandbox.graph.service import GraphService
from sandbox.seed import cast
from sandbox.seed.cast import COMPANIES, USERS

FOLDER = "Business Central"


def load(
    graph: GraphService, bc: BusinessCentralService, rng: random.Random, persons: int, copies: int = 0
) -> None:
    """So many persons in the first company; the first `copies` of them also in the first user's folder."""
    cast.load(graph, bc, rng)
    company, user = COMPANIES[0].id, USERS[0].id
    for n in range(persons):
        bc.people.create_contact(
            company,
            raw=True,
            type="Person",
            displayName=f"Given{n} Surname{n % 997}",
            jobTitle=f"Buyer {n % 50}",
            email=f"person{n}@firm{n % 499}.example",
            phoneNumber=f"+44 20 7946 {n % 10_000:04}",
            mobilePhoneNumber=f"+44 7700 {n:06}",
            addressLine1=f"{n % 200} Quay Road",
            city="Hull",
            postalCode="HU1 1AA",
            country="GB",
        )
    if not copies:
        return
    folder = graph.people.create_folder(user, FOLDER)
    for n in range(copies):
        name = f"Given{n} Surname{n % 997}"
        graph.people.create_contact(
            user,
            folder,
            givenName=f"Given{n}",
            surname=f"Surname{n % 997}",
            displayName=name,
            jobTitle=f"Buyer {n % 50}",
            emailAddresses=[{"address": f"person{n}@firm{n % 499}.example", "name": name}],
            businessPhones=[f"+44 20 7946 {n % 10_000:04}"],
            mobilePhone=f"+44 7700 {n:06}",
            businessAddress={
                "street": f"{n % 200} Quay Road",
                "city": "Hull",
                "postalCode": "HU1 1AA",
                "countryOrRegion": "Great Britain",
            },
        )
