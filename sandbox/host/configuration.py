"""What `host.json` says, as far as the local host follows it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel


def _span(text: object) -> object:
    """`hh:mm:ss`, as .NET writes a time span."""
    if isinstance(text, str) and text.count(":") == 2:
        hours, minutes, seconds = text.split(":")
        return timedelta(hours=int(hours), minutes=int(minutes), seconds=float(seconds))
    return text


Span = Annotated[timedelta, BeforeValidator(_span)]


class _Section(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, frozen=True)


class QueueSettings(_Section):
    """The section `extensions.queues`; defaults are the platform's."""

    batch_size: int = 16
    new_batch_threshold: int = 8
    max_dequeue_count: int = 5
    visibility_timeout: Span = timedelta()
    max_polling_interval: Span = timedelta(minutes=1)
    message_encoding: str = "base64"


class HttpSettings(_Section):
    """The section `extensions.http`."""

    route_prefix: str = "api"


class Extensions(_Section):
    """The section `extensions`."""

    http: HttpSettings = Field(default_factory=HttpSettings)
    queues: QueueSettings = Field(default_factory=QueueSettings)


class HostJson(_Section):
    """The whole file."""

    extensions: Extensions = Field(default_factory=Extensions)


def read_host_json(file: Path) -> HostJson:
    """Raises `pydantic.ValidationError` for values of the wrong kind."""
    return HostJson.model_validate_json(file.read_bytes())
