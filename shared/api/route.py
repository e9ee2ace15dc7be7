"""A route as data, and a call on its way to a handler."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar
from urllib.parse import quote

from pydantic import BaseModel

from shared.api.doors import Caller, Door
from shared.api.http import Request, Response, json_response
from shared.errors import RequestError
from shared.model import Json
from shared.sync.services import Services

M = TypeVar("M", bound=BaseModel)
_SECRET_QUERY = "code"
_PARAMETER = re.compile(r"\{(\w+)\}")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass(frozen=True)
class Call:
    """`values`: what the template's names stand for. `provide`: services are built when first needed."""

    request: Request
    caller: Caller
    values: Mapping[str, str]
    provide: Callable[[], Services]
    body: BaseModel | None = None
    query: BaseModel | None = None

    @cached_property
    def services(self) -> Services:
        """Raises SettingError while a setting is missing or wrong."""
        return self.provide()

    def body_as(self, model: type[M]) -> M:
        """The checked body."""
        assert isinstance(self.body, model)
        return self.body

    def query_as(self, model: type[M]) -> M:
        """The checked query."""
        assert isinstance(self.query, model)
        return self.query

    @property
    def trace(self) -> str:
        """The caller's traceparent; "" for anything that is none, for it is stored and passed on."""
        sent = self.request.header("traceparent").strip()
        return sent if _TRACEPARENT.fullmatch(sent) else ""

    def address(self, path: str) -> str:
        """The absolute address of a path under `/api/`, as this caller reaches it."""
        return f"{self.request.origin}/api/{path}"

    def with_query(self, **values: str) -> str:
        """The address of this very call with other query values; the function key is never repeated."""
        kept = [(n, v) for n, v in self.request.query if n.lower() != _SECRET_QUERY and n not in values]
        query = "&".join(f"{quote(n, safe='')}={quote(v, safe='')}" for n, v in (*kept, *values.items()))
        segments = (segment.replace("%2F", "/") for segment in self.request.path.split("/"))
        return self.address(f"{'/'.join(quote(segment, safe='@') for segment in segments)}?{query}")


Handler = Callable[[Call], Response]


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path.

    `template`: below `/api/`, with names in braces. `body`: the model of the JSON body, whose `optional_body`
    says whether it may be left out; `unchecked_body`: what is expected of a body that the handler reads itself.
    `answers`: status → model of its body, a media type where it is no JSON, None for an empty one.
    `admin`: needs the app role.
    """

    method: str
    template: str
    door: Door
    handler: Handler
    name: str
    summary: str
    answers: Mapping[int, type[BaseModel] | str | None]
    body: type[BaseModel] | None = None
    optional_body: bool = False
    unchecked_body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    headers: tuple[str, ...] = ()
    problems: tuple[int, ...] = field(default=())
    admin: bool = False

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names in the template."""
        return tuple(_PARAMETER.findall(self.template))

    def match(self, segments: list[str]) -> dict[str, str] | None:
        """What the names stand for in a path of these segments; None where it is another path.

        Letter case does not matter in fixed parts, as on the platform.
        """
        parts = self.template.split("/")
        if len(parts) != len(segments):
            return None
        values: dict[str, str] = {}
        for part, segment in zip(parts, segments, strict=True):
            if part.startswith("{"):
                values[part[1:-1]] = segment.replace("%2F", "/")
            elif part.lower() != segment.lower():
                return None
        return values


def answer(model: BaseModel, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer in the words of its model."""
    value: Json = model.model_dump(mode="json", by_alias=True)
    return json_response(value, status, headers)


def empty() -> Response:
    """Done, and nothing to say."""
    return Response(204)


def missing(what: str, fix: str) -> RequestError:
    """404 with what to do."""
    return RequestError(404, "Not found", f"{what} {fix}")
