"""The whole sandbox: Entra, Graph and Business Central on their ports, with clock, faults and log."""

from __future__ import annotations

import random
import ssl
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, ParamSpec, TypeVar, overload
from uuid import UUID

import trustme

from sandbox.business_central.service import BusinessCentralService
from sandbox.clock import VirtualClock
from sandbox.control import control_app
from sandbox.delivery import Postman
from sandbox.entra import AppRegistration, Entra
from sandbox.exchange import Service
from sandbox.faults import Faults
from sandbox.gate import Limits, ServiceGate, Wording
from sandbox.graph.service import GraphService
from sandbox.http_app import ServiceApp, business_central_stamp, graph_stamp
from sandbox.managed_identity import ManagedIdentity
from sandbox.quotas import SlidingWindow, Slots, TokenBucket
from sandbox.request_log import RequestLog
from sandbox.seed import seed_named
from sandbox.seed.reference import countries, post_codes
from sandbox.server import ServerThread
from sandbox.switches import check_switches
from sandbox.tokens import BUSINESS_CENTRAL, GRAPH, Door, Doorkeeper
from sandbox.wording import (
    BUSINESS_CENTRAL_WORDING,
    GRAPH_WORDING,
    business_central_door,
    graph_door,
)

P = ParamSpec("P")
T = TypeVar("T")

TENANT_ID = "5b1c7c2e-3a64-4f0e-9a51-0d6f2c1b8e11"
CLIENT_ID = "a7d4f1c0-52be-4e3c-8f19-6b0e9d2c7a35"
IDENTITY_CLIENT_ID = "c3e8a5b4-1d70-4a92-b6f8-2e5c9d0a7b46"
IDENTITY_PRINCIPAL_ID = "e19b6d02-7c48-4f35-9ad1-8b3f0c6e2d57"
IDENTITY_HEADER = "sandbox-identity-header"
CLIENT_SECRET = "sandbox~secret~of~no~value"
ENVIRONMENT = "Production"
RESOURCES = {
    GRAPH: ("Contacts.Read", "Contacts.ReadWrite", "User.Read.All"),
    BUSINESS_CENTRAL: ("API.ReadWrite.All",),
}


@cache
def _authority() -> trustme.CA:
    """The certificate authority that every sandbox of a process shares."""
    return trustme.CA()


class Sandbox:
    """Everything local and in memory; a context manager.

    `seed`: "empty", "cast" (users and companies), "demo", "scale:20000" (persons in Business Central),
    "scale:20000:500" (and copies in Outlook).
    `switches`: what the contracts leave open (contracts/graph.md §9, contracts/business-central.md §16);
    read at the time of use, may be changed.
    `latency_seconds`: what every call takes, items of a batch each, the batch itself nothing.
    `ports`: fixed ports by name ("graph", "businessCentral", "entra", "control"), free ones otherwise.
    """

    def __init__(
        self,
        seed: str = "empty",
        switches: Mapping[str, str] | None = None,
        latency_seconds: float = 0.0,
        clock: VirtualClock | None = None,
        random_seed: int = 1,
        ports: Mapping[str, int] | None = None,
    ) -> None:
        self.seed = seed
        self._load = seed_named(seed)
        self.switches = dict(switches or {})
        check_switches(self.switches)
        self.latency_seconds = latency_seconds
        self.clock = clock or VirtualClock()
        self.faults = Faults(random.Random(random_seed))
        self.log = RequestLog(self.clock)
        self.rng = random.Random(random_seed)
        self.entra = Entra(TENANT_ID, self.clock, self.rng)
        self.graph: GraphService
        self.bc: BusinessCentralService
        self.graph_url = self.bc_url = self.entra_url = self.control_url = ""
        self.ca_file = ""
        self.identity: ManagedIdentity
        self._random_seed = random_seed
        self._ports = dict(ports or {})
        self._first = dict(self.switches), latency_seconds
        self._gates: dict[str, ServiceGate] = {}
        self._thread = ServerThread()
        self._folder = tempfile.TemporaryDirectory(prefix="sandbox-")
        self._postman = Postman(None)

    def __enter__(self) -> Sandbox:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Open the ports, then load the seed. Can be started once; raises OSError where a port is taken."""
        self._thread.start()
        self.ca_file = str(Path(self._folder.name) / "ca.pem")
        _authority().cert_pem.write_to_path(self.ca_file)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        _authority().issue_cert("localhost", "127.0.0.1").configure_cert(tls)
        trust = ssl.create_default_context()
        _authority().configure_trust(trust)
        self._postman = Postman(trust)
        new_id = self._new_id
        graph = ServiceApp("/v1.0", lambda: self._gates["graph"], self.clock, graph_stamp(new_id))
        bc = ServiceApp("/v2.0", lambda: self._gates["bc"], self.clock, business_central_stamp)
        graph_origin = f"http://127.0.0.1:{self._listen('graph', graph)}"
        bc_origin = f"http://127.0.0.1:{self._listen('businessCentral', bc)}"
        self.graph_url, self.bc_url = f"{graph_origin}/v1.0", f"{bc_origin}/v2.0"
        self.entra_url = f"https://127.0.0.1:{self._listen('entra', self.entra, tls)}"
        issuer = f"{self.entra_url}/{TENANT_ID}/v2.0"
        self.identity = ManagedIdentity(
            IDENTITY_CLIENT_ID, IDENTITY_PRINCIPAL_ID, issuer, IDENTITY_HEADER, self.clock
        )
        self.control_url = f"http://127.0.0.1:{self._listen('control', control_app(self))}/_emu"
        resources = {**RESOURCES, graph_origin: RESOURCES[GRAPH], bc_origin: RESOURCES[BUSINESS_CENTRAL]}
        self.entra.resources.update(resources)
        self.entra.register(AppRegistration(CLIENT_ID, CLIENT_SECRET, federated=(self.identity.credential(),)))
        self.call(self.load)

    def stop(self) -> None:
        """Close the ports and forget everything."""
        self.call(self._postman.close)
        self._thread.stop()
        self._folder.cleanup()

    @overload
    def call(self, function: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T: ...
    @overload
    def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T: ...

    def call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Run `function` where the services run (they are not thread-safe), await it if need be."""
        return self._thread.run(function, *args, **kwargs)

    def load(self, seed: str | None = None) -> None:
        """New services with the data of a seed; runs on the servers' loop. Old notifications end in nothing."""
        if seed is not None:
            self.seed, self._load = seed, seed_named(seed)
        if self._gates:
            nowhere = Postman(None)
            self.graph.deliver = self.bc.deliver = nowhere.deliver
        self._build_services()
        self._load(self.graph, self.bc, random.Random(self._random_seed))

    def reset(self, seed: str | None = None) -> None:
        """As after the start, but for the clock, which never goes back. Runs on the servers' loop."""
        if seed is not None:
            seed_named(seed)
        self.faults.clear()
        self.log.clear()
        self.switches.clear()
        self.switches.update(self._first[0])
        self.latency_seconds = self._first[1]
        self.load(seed)

    def token(self, service: str = "graph", client_id: str = CLIENT_ID) -> str:
        """A good token for "graph" or "businessCentral", for calls that are not about tokens."""
        return self.entra.issue(client_id, GRAPH if service == "graph" else BUSINESS_CENTRAL)

    def settings(self, managed_identity: bool = False) -> dict[str, str]:
        """The product's environment variables (spec/interfaces.md §3) that point it here.

        With `managed_identity` there is no secret: the identity's own variables are set as App Service does.
        """
        if managed_identity:
            proof = {
                "ENTRA_MANAGED_IDENTITY_CLIENT_ID": IDENTITY_CLIENT_ID,
                "IDENTITY_ENDPOINT": f"{_origin(self.control_url)}/msi/token",
                "IDENTITY_HEADER": IDENTITY_HEADER,
            }
        else:
            proof = {"ENTRA_CLIENT_SECRET": CLIENT_SECRET}
        return {
            **proof,
            "ENTRA_TENANT_ID": TENANT_ID,
            "ENTRA_CLIENT_ID": CLIENT_ID,
            "ENTRA_AUTHORITY_HOST": self.entra_url,
            "GRAPH_BASE_URL": self.graph_url,
            "BC_BASE_URL": self.bc_url,
            "BC_ENVIRONMENT": ENVIRONMENT,
            "REQUESTS_CA_BUNDLE": self.ca_file,
        }

    def _listen(self, name: str, app: object, tls: ssl.SSLContext | None = None) -> int:
        return self._thread.listen(app, self._ports.get(name, 0), tls)  # type: ignore[arg-type]

    def _new_id(self) -> UUID:
        return UUID(int=self.rng.getrandbits(128), version=4)

    def _build_services(self) -> None:
        common = self.clock, self.faults, self.log, self.switches
        self.graph = GraphService(*common, random.Random(self._random_seed + 1))
        self.bc = BusinessCentralService(
            *common, random.Random(self._random_seed + 2), countries(), post_codes()
        )
        self.bc.tenant, self.bc.environment = TENANT_ID, ENVIRONMENT
        self.graph.deliver = self.bc.deliver = self._postman.deliver
        clock = self.clock
        graph_limits = Limits(TokenBucket(clock, 10_000, 600), Slots(clock, 4))
        bc_limits = Limits(SlidingWindow(clock, 6_000, 300), Slots(clock, 5, queue=95, patience=480))
        graph_side = graph_limits, graph_door(_origin(self.graph_url)), GRAPH_WORDING
        bc_side = bc_limits, business_central_door(_origin(self.bc_url)), BUSINESS_CENTRAL_WORDING
        self._gates = {"graph": self._gate(self.graph, *graph_side), "bc": self._gate(self.bc, *bc_side)}

    def _gate(self, service: Service, limits: Limits, door: Door, wording: Wording) -> ServiceGate:
        keeper = Doorkeeper(door, TENANT_ID, self.clock, self.log)
        latency = lambda: self.latency_seconds  # noqa: E731
        return ServiceGate(service, self.clock, self.faults, self.log, limits, keeper, wording, latency)


def _origin(url: str) -> str:
    return url.rpartition("/")[0]
