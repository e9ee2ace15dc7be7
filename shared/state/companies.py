"""Companies: what all setups of one Business Central company share."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from pydantic import TypeAdapter

from shared.errors import StateConflict
from shared.state.keys import SEPARATOR, company_key, escape
from shared.state.rows import JsonMap, Row, packed
from shared.state.tables import Tables, within

_TABLE = "Companies"


@dataclass(frozen=True, slots=True)
class Company:
    """One company of one environment.

    watermark, digest, count   of the last read that looked for changes on behalf of all its setups
    subscription   id and expiry of Business Central's notifications
    last_error     of the last attempt to read it, in words, "" = fine
    etag           version as read; no part of the company itself
    """

    environment: str
    id: str
    name: str = ""
    watermark: str = ""
    digest: str = ""
    count: int = 0
    subscription: JsonMap = field(default_factory=dict)
    last_error: str = ""
    extra: JsonMap = field(default_factory=dict)
    etag: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Reference:
    """What translating fields needs of a company beside its contacts; `at`: when it was read."""

    values: JsonMap
    at: str


_JSON = TypeAdapter(Company)


class Companies:
    """The table of companies. `token` gives random text of at least 128 bits."""

    def __init__(self, tables: Tables, token: Callable[[], str]) -> None:
        self._tables = tables
        self._token = token
        self._lock = threading.Lock()
        self._claim_keys: dict[tuple[str, str], bytes] = {}

    def get(self, environment: str, company: str) -> Company | None:
        """One company, None where nothing is known of it. One round trip."""
        row = self._tables.get(_TABLE, *_keys(environment, company))
        return _company(row) if row is not None and row.packed("body") is not None else None

    def list(self, environment: str) -> list[Company]:
        """Every known company of an environment. One round trip."""
        rows = self._tables.rows(_TABLE, within(escape(environment)))
        return [_company(row) for row in rows if row.packed("body") is not None]

    def save(self, company: Company) -> Company:
        """Writes the company; over the version it was read as, where it was read.

        Raises StateConflict where it changed meanwhile.
        """
        body = _JSON.dump_python(company, mode="json", exclude={"etag"}, exclude_defaults=True)
        row = Row(*_keys(company.environment, company.id), packed("body", body), company.etag)
        # Merged, so that the claim key in the same row stays.
        return replace(company, etag=self._tables.merge(_TABLE, row))

    def reference(self, environment: str, company: str) -> Reference | None:
        """What was last read of the company's tables, None where nothing was. One round trip."""
        row = self._tables.get(_TABLE, *_reference_keys(environment, company))
        values = row.packed("values") if row is not None else None
        return Reference(values, row.text("at")) if row is not None and isinstance(values, dict) else None

    def keep_reference(self, environment: str, company: str, reference: Reference) -> None:
        """Remembers it for all setups of the company: in a row of its own, away from what changes often."""
        values = {"at": reference.at, **packed("values", dict(reference.values))}
        self._tables.replace(_TABLE, Row(*_reference_keys(environment, company), values))

    def claim_key(self, environment: str, company: str) -> bytes:
        """The key of the company's claims: random, made once, never changed. Read once per process."""
        keys = _keys(environment, company)
        with self._lock:
            known = self._claim_keys.get(keys)
        if known is None:
            known = self._stored_claim_key(keys)
            with self._lock:
                self._claim_keys[keys] = known
        return known

    def _stored_claim_key(self, keys: tuple[str, str]) -> bytes:
        while True:
            row = self._tables.get(_TABLE, *keys)
            if row is not None and row.binary("claim_key"):
                return row.binary("claim_key")
            made = hashlib.sha256(f"{self._token()} {self._token()}".encode()).digest()
            try:
                if row is None:
                    self._tables.insert(_TABLE, Row(*keys, {"claim_key": made}))
                else:
                    self._tables.merge(_TABLE, Row(*keys, {"claim_key": made}, row.etag))
            except StateConflict:
                continue
            return made


def _keys(environment: str, company: str) -> tuple[str, str]:
    return escape(environment), company_key(company)


def _reference_keys(environment: str, company: str) -> tuple[str, str]:
    return f"{escape(environment)}{SEPARATOR}reference", company_key(company)


def _company(row: Row) -> Company:
    return replace(_JSON.validate_python(row.packed("body")), etag=row.etag)
