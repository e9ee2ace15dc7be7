"""What a run works with: settings, state, transports. Built once per process, when first used."""

from __future__ import annotations

import os
import random
import secrets
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from shared.business_central.client import BcClient
from shared.business_central.company import bc_endpoint
from shared.graph.client import GraphClient
from shared.graph.subscriptions import GraphSubscriptions
from shared.settings import Settings
from shared.state.store import Store
from shared.transport import (
    Certificate,
    Clock,
    Credential,
    Endpoint,
    Lanes,
    ManagedIdentity,
    Patience,
    Secret,
    SystemClock,
    TokenSource,
    Transport,
)


@dataclass(frozen=True)
class Services:
    """Everything with a connection behind it. `token` gives unguessable text, `jitter` numbers in [0, 1)."""

    settings: Settings
    store: Store
    graph_transport: Transport
    bc_transport: Transport
    clock: Clock
    token: Callable[[], str]
    tokens: TokenSource
    cache: dict[str, object] = field(default_factory=dict)

    def graph(self, user: str) -> GraphClient:
        return GraphClient(self.graph_transport, user)

    def bc(self, company: str) -> BcClient:
        return BcClient(self.bc_transport, self.settings.bc_api_base, company)

    def graph_subscriptions(self) -> GraphSubscriptions:
        return GraphSubscriptions(self.graph_transport)


def build(
    env: Mapping[str, str],
    clock: Clock | None = None,
    *,
    seed: int | None = None,
    patience: Patience | None = None,
) -> Services:
    """Services for an environment. `seed` makes ids and jitter repeatable (tests, proofs).

    Raises SettingError for a missing or wrong setting.
    """
    settings = Settings.read(env)
    clock = clock or SystemClock()
    rng = random.Random(seed)  # jitter only; secrets come from `secrets`
    new_token = secrets.token_hex if seed is None else (lambda: f"{rng.getrandbits(256):064x}")
    new_id = (lambda: str(uuid.uuid4())) if seed is None else (lambda: str(uuid.UUID(int=rng.getrandbits(128))))
    tokens = TokenSource(settings.authority_host, settings.tenant_id, settings.client_id, _credential(settings))
    lanes = Lanes(clock)

    def transport(endpoint: Endpoint) -> Transport:
        return Transport(endpoint, tokens, lanes, clock, rng.random, new_id, patience)

    return Services(
        settings,
        Store(settings.storage, clock.now, new_token, settings.retention_days),
        transport(Endpoint("Graph", settings.graph_base_url, settings.graph_scope)),
        transport(bc_endpoint(settings.bc_base_url, settings.bc_scope)),
        clock,
        new_token,
        tokens,
    )


def _credential(settings: Settings) -> Credential:
    if settings.client_secret is not None:
        return Secret(settings.client_secret.get_secret_value())
    if settings.client_certificate is not None:
        return Certificate(settings.client_certificate.get_secret_value())
    return ManagedIdentity(settings.managed_identity_client_id or "")


_lock = threading.Lock()
_built: dict[str, Services] = {}


def services() -> Services:
    """The process's own services, from its environment. Raises SettingError until the settings are right."""
    with _lock:
        if "process" not in _built:
            _built["process"] = build(os.environ)
        return _built["process"]
