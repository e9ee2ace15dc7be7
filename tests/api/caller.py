"""Callers of the API: the product's own entrance, told who calls, over a working world."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

from shared.api.app import handle
from shared.api.http import Request
from shared.model import Json
from shared.sync.services import Services

ORIGIN = "https://contacts.example"
OBJECT_ID = "http://schemas.microsoft.com/identity/claims/objectidentifier"
TENANT_ID = "http://schemas.microsoft.com/identity/claims/tenantid"


@dataclass(frozen=True)
class Answer:
    """`body`: the parsed JSON, None where there is none."""

    status: int
    headers: Mapping[str, str]
    body: Json

    def __getitem__(self, name: str) -> Json:
        assert isinstance(self.body, dict), self
        return self.body[name]

    @property
    def value(self) -> list[dict[str, Json]]:
        found = self["value"]
        assert isinstance(found, list)
        return [item for item in found if isinstance(item, dict)]

    @property
    def fields(self) -> list[str]:
        """The members that a problem names."""
        assert isinstance(self.body, dict)
        errors = self.body.get("errors", [])
        assert isinstance(errors, list)
        return [str(entry["field"]) for entry in errors if isinstance(entry, dict)]


@dataclass(frozen=True)
class Api:
    """One caller at one door."""

    services: Services
    door: str = "key"
    headers: Mapping[str, str] = field(default_factory=dict)

    def call(
        self,
        method: str,
        path: str,
        body: Json = None,
        headers: Mapping[str, str] | None = None,
        raw: bytes | None = None,
    ) -> Answer:
        """`path`: under `/api/`, with its query, or a link as an earlier answer gave it."""
        url = urlsplit(path.removeprefix(f"{ORIGIN}/api/"))
        content = raw if raw is not None else (b"" if body is None else json.dumps(body).encode())
        sent = {"content-type": "application/json"} if content else {}
        request = Request(
            method,
            unquote(url.path),
            parse_qsl(url.query, keep_blank_values=True),
            {**sent, **self.headers, **{k.lower(): v for k, v in (headers or {}).items()}},
            content,
            self.door,
            ORIGIN,
        )
        response = handle(request, lambda: self.services)
        parsed = json.loads(response.body) if response.body else None
        return Answer(response.status, response.headers, parsed)

    def get(self, path: str, **headers: str) -> Answer:
        return self.call("GET", path, headers=headers)

    def post(self, path: str, body: Json = None, **headers: str) -> Answer:
        return self.call("POST", path, body, {k.replace("_", "-"): v for k, v in headers.items()})

    def put(self, path: str, body: Json = None, **headers: str) -> Answer:
        return self.call("PUT", path, body, {k.replace("_", "-"): v for k, v in headers.items()})

    def delete(self, path: str) -> Answer:
        return self.call("DELETE", path)


def principal(user: str, tenant: str, *roles: str) -> dict[str, str]:
    """The header by which App Service Authentication says who is signed in."""
    claims = [(OBJECT_ID, user), (TENANT_ID, tenant), *(("roles", role) for role in roles)]
    content = {
        "auth_typ": "aad",
        "claims": [{"typ": kind, "val": value} for kind, value in claims],
        "role_typ": "roles",
    }
    return {"x-ms-client-principal": base64.b64encode(json.dumps(content).encode()).decode()}
