"""The one seam to Graph and Business Central: a call goes in, an answer comes out.

Between them: the token, the lane, the service's Retry-After, and the repetitions that do no harm.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol, TypeAlias

import requests

from shared.errors import AccessDenied, Busy, Refused, TokenRefused
from shared.model import Json
from shared.transport.clock import Clock
from shared.transport.lanes import Lane, Lanes
from shared.transport.payload import read_json
from shared.transport.retry import (
    TOO_MANY_REQUESTS,
    UNAUTHORIZED,
    GiveUp,
    Lookup,
    Patience,
    Resend,
    is_lost,
    next_step,
    parse_retry_after,
)
from shared.transport.wire import Wire, never_connected, normal_origin

JsonObject: TypeAlias = dict[str, Json]

log = logging.getLogger(__name__)


class Tokens(Protocol):
    """Where access tokens come from; see `shared.transport.tokens.TokenSource`."""

    def token(self, scope: str) -> str: ...

    def renew(self, scope: str, refused: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One service. `base_url` without a slash at its end; `headers` go with every call to it.

    `connect_timeout` and `read_timeout` are seconds; the latter covers the service's own longest operation.
    """

    service: str
    base_url: str
    scope: str
    headers: Mapping[str, str] = field(default_factory=dict)
    connect_timeout: float = 10.0
    read_timeout: float = 100.0


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `url`: a path under the service's base ("/users/…"), or a whole address, sent verbatim.

    `safe`: executing it twice does no harm. `weight`: how many of the lane's slots it fills meanwhile.
    `party`: for whom, where several share the lane. `body`: JSON, its key order kept.
    """

    method: str
    url: str
    lane: Lane
    safe: bool
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Json] | None = None
    weight: int = 1
    party: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `status` None: no answer. `body` is {} where the answer carried no JSON object.

    `retry_after`: seconds, None where the service named none. `text`: the body where it is no JSON.
    `skipped`: an operation of a batch that was not carried out, because the batch had stopped before it.
    """

    status: int | None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: JsonObject = field(default_factory=dict)
    text: bytes = b""
    retry_after: float | None = None
    skipped: bool = False

    @property
    def ok(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def lost(self) -> bool:
        """It is unknown whether the call was carried out; only a call that is not `safe` ends so."""
        return is_lost(self.status)

    @property
    def code(self) -> str:
        """The service's error code, "" where there is none."""
        return error_code(self.body)

    @property
    def codes(self) -> frozenset[str]:
        """Every code of the error in lower case: an inner one may say more (contracts/graph.md §5.3)."""
        return frozenset(_codes(self.body.get("error")))


class Transport:
    """Sends calls to one service. Safe for any thread; `lanes` is shared by the whole process.

    `jitter`: numbers in [0, 1). `new_id`: ids for client-request-id.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        tokens: Tokens,
        lanes: Lanes,
        clock: Clock,
        jitter: Callable[[], float],
        new_id: Callable[[], str],
        patience: Patience | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.lanes = lanes
        self.clock = clock
        self.jitter = jitter
        self.patience = patience or Patience()
        self._tokens = tokens
        self._new_id = new_id
        self._wire = Wire()
        self._origin = normal_origin(endpoint.base_url)

    def send(self, call: Call) -> Answer:
        """Send the call, and again where that does no harm, until an answer stands.

        A call that is not `safe` and whose outcome is unknown comes back as an Answer that is `lost`.
        Raises TokenRefused, AccessDenied (403), Busy (throttled or unreachable for too long), Refused (an
        address of another host: no token goes there).
        """
        url = self.address(call.url)
        token = self._tokens.token(self.endpoint.scope)
        renewed = False
        waited = 0.0
        attempt = 0
        while True:
            waited += self._await_lane(call.lane, waited)
            with self.lanes.slot(call.lane, call.weight, call.party):
                if self.lanes.pause_left(call.lane):
                    continue  # paused by another thread while this one queued
                attempt += 1
                began = self.clock.monotonic()
                answer, executed = self._exchange(call, url, token)
                # A service that is silent until each time-out must not outlast the caller's lease.
                waited += self.clock.monotonic() - began
            self.note_throttling(call.lane, answer.status, answer.retry_after)
            step = next_step(
                attempt,
                answer.status,
                answer.retry_after,
                safe=call.safe or not executed,
                waited=waited,
                jitter=self.jitter(),
                renewed=renewed,
                patience=self.patience,
            )
            match step:
                case Resend(after, renew):
                    if renew:
                        token, renewed = self._tokens.renew(self.endpoint.scope, token), True
                    elif after:
                        self._log_wait(call, answer.status, after, attempt)
                        self.clock.sleep(after)
                        waited += after
                case GiveUp(retry_after) if call.safe or not executed or not answer.lost:
                    raise self._given_up(answer, retry_after)
                case GiveUp() | Lookup():
                    return answer
                case _:
                    if answer.status == requests.codes.forbidden:
                        raise self._denied(answer)
                    return answer

    def renew_token(self) -> None:
        """The next call goes out with a new token: a service has just refused the one there is."""
        scope = self.endpoint.scope
        self._tokens.renew(scope, self._tokens.token(scope))

    def note_throttling(self, lane: Lane, status: int | None, retry_after: float | None) -> None:
        """Keep everything off the lane for as long as an answer, or an item of a batch, asked for."""
        if retry_after is not None and status in (TOO_MANY_REQUESTS, requests.codes.service_unavailable):
            self.lanes.pause(lane, retry_after)

    def close(self) -> None:
        self._wire.close()

    def _await_lane(self, lane: Lane, waited: float) -> float:
        total = 0.0
        while pause := self.lanes.pause_left(lane):
            if waited + total + pause > self.patience.budget:
                raise Busy(
                    self.endpoint.service,
                    TOO_MANY_REQUESTS,
                    "paused",
                    "asked for a longer pause",
                    "It goes on after the pause.",
                    pause,
                )
            self.clock.sleep(pause)
            total += pause
        return total

    def _exchange(self, call: Call, url: str, token: str) -> tuple[Answer, bool]:
        """The answer, and whether the call may have reached the service."""
        headers = {
            **self.endpoint.headers,
            "Accept": "application/json",
            "Authorization": f"Bearer {token}",
            "client-request-id": self._new_id(),
            **call.headers,
        }
        body = None
        if call.body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(call.body, ensure_ascii=False, separators=(",", ":")).encode()
        timeouts = (self.endpoint.connect_timeout, self.endpoint.read_timeout)
        try:
            response = self._wire.exchange(call.method, url, headers, body, timeouts)
        except requests.exceptions.SSLError:
            raise Refused(
                self.endpoint.service,
                0,
                "certificate",
                "could not prove who it is",
                "Check the address, and REQUESTS_CA_BUNDLE where the service has its own certificate.",
            ) from None
        except requests.RequestException as error:
            return Answer(None), not never_connected(error)
        return self._read(response), True

    def _read(self, response: requests.Response) -> Answer:
        parsed: Json = None
        if "json" in response.headers.get("Content-Type", "").lower() and response.content:
            try:
                parsed = read_json(response.content)
            except ValueError:
                if response.ok:
                    return Answer(None)  # cut off on the way: as good as no answer
        return Answer(
            response.status_code,
            response.headers,
            parsed if isinstance(parsed, dict) else {},
            response.content if parsed is None else b"",
            self.retry_after(response.headers),
        )

    def retry_after(self, headers: Mapping[str, str]) -> float | None:
        """Seconds that an answer, or an item of a batch, asks to wait; header names in any letter case."""
        named = {name.lower(): value for name, value in headers.items()}
        return parse_retry_after(named.get("retry-after"), self._server_time(named.get("date")))

    def _server_time(self, date: str | None) -> datetime:
        try:
            moment = parsedate_to_datetime(date) if date else self.clock.now()
        except ValueError:
            return self.clock.now()
        return moment.replace(tzinfo=moment.tzinfo or UTC)  # HTTP knows no other zone

    def is_of_service(self, link: str) -> bool:
        """Whether a whole address leads to this service and to nobody else: only there the token may go."""
        return normal_origin(link) == self._origin and link.isascii() and link.isprintable() and " " not in link

    def address(self, url: str) -> str:
        """Where a call goes. Raises Refused for a link to another host."""
        if url.startswith("/"):
            return self.endpoint.base_url + url
        if not self.is_of_service(url):
            raise Refused(
                self.endpoint.service,
                0,
                "foreignLink",
                "answered with a link to somewhere else",
                "The token was not sent there. Check the service's base address in the settings.",
            )
        return url

    def _given_up(self, answer: Answer, retry_after: float | None) -> Busy | TokenRefused | AccessDenied:
        service = self.endpoint.service
        if answer.status == UNAUTHORIZED and answer.code.startswith("Authorization_"):
            return self._denied(answer)  # the token is good, a right is missing (BC contract §4)
        if answer.status == UNAUTHORIZED:
            return TokenRefused(
                service,
                UNAUTHORIZED,
                answer.code,
                "does not accept the app's token",
                "Check that the app registration is set up there and that an administrator consented.",
            )
        what = "did not answer" if answer.status is None else "is busy or unavailable"
        code = answer.code or "noAnswer"
        return Busy(service, answer.status or 0, code, what, "It is tried again later.", retry_after)

    def _denied(self, answer: Answer) -> AccessDenied:
        return AccessDenied(
            self.endpoint.service,
            answer.status or 0,
            answer.code,
            "does not let the app in here",
            "Check the app's permissions, and that the mailbox or environment is in their scope.",
        )

    def _log_wait(self, call: Call, status: int | None, after: float, attempt: int) -> None:
        log.info(
            "%s: %s after attempt %d of a %s; next in %.1f s",
            self.endpoint.service,
            status or "no answer",
            attempt,
            call.method,
            after,
        )


def error_code(body: Json) -> str:
    """`error.code` of either service's error envelope, "" where there is none."""
    error = body.get("error") if isinstance(body, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, str) else ""


def _codes(error: Json) -> Iterator[str]:
    if isinstance(error, dict):
        code = error.get("code")
        if isinstance(code, str):
            yield code.lower()
        for name, inner in error.items():
            if name.lower() == "innererror":
                yield from _codes(inner)
