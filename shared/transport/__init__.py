"""How calls reach Graph and Business Central: tokens, lanes, retries, one seam (`Transport.send`)."""

from shared.transport.clock import Clock, SystemClock
from shared.transport.http import Answer, Call, Endpoint, Transport
from shared.transport.lanes import Lane, Lanes
from shared.transport.retry import Patience
from shared.transport.tokens import Certificate, Credential, ManagedIdentity, Secret, TokenSource

__all__ = [
    "Answer",
    "Call",
    "Certificate",
    "Clock",
    "Credential",
    "Endpoint",
    "Lane",
    "Lanes",
    "ManagedIdentity",
    "Patience",
    "Secret",
    "SystemClock",
    "TokenSource",
    "Transport",
]
