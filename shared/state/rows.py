"""Rows as the state modules see them: typed values in, typed values out, long texts in pieces."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Generic, TypeAlias, TypeVar

from pydantic import GetPydanticSchema
from pydantic_core import core_schema

from shared.errors import Refused
from shared.model import Json

Value: TypeAlias = str | int | bool | bytes | float
T = TypeVar("T")

if TYPE_CHECKING:
    JsonMap: TypeAlias = Mapping[str, Json]
else:
    JsonMap = Annotated[
        Mapping[str, object], GetPydanticSchema(lambda _source, _handler: core_schema.dict_schema())
    ]
"""JSON members that are kept as they come: pydantic cannot follow `Json`, which is recursive."""

_TEXT_PIECE = 16_000
"""Characters per property: 64 KiB are 32 Ki UTF-16 units, and a character may take two."""
_BYTES_PIECE = 60_000
_LARGEST = 900_000
"""Bytes of packed JSON in one row: an entity holds 1 MiB."""


@dataclass(frozen=True, slots=True)
class Row:
    """One entity: its two keys, its values, and its ETag where it was read ("" where not)."""

    partition: str
    key: str
    values: Mapping[str, Value] = field(default_factory=dict)
    etag: str = ""

    def text(self, name: str) -> str:
        """A text, put together again where it was stored in pieces; "" where absent."""
        value = str(self.values.get(name, ""))
        number = 1
        while (piece := self.values.get(f"{name}_{number}")) is not None:
            value += str(piece)
            number += 1
        return value

    def goes_on(self, name: str) -> bool:
        """Whether a text may have further pieces: its first one is full."""
        return len(str(self.values.get(name, ""))) == _TEXT_PIECE

    def flag(self, name: str) -> bool:
        """A truth value; False where absent."""
        return self.values.get(name, False) is True

    def binary(self, name: str) -> bytes:
        """Bytes; b"" where absent."""
        value = self.values.get(name, b"")
        return value if isinstance(value, bytes) else b""

    def packed(self, name: str) -> Json:
        """What `packed` stored; None where absent."""
        pieces = b""
        number = 0
        while piece := self.binary(f"{name}_{number}"):
            pieces += piece
            number += 1
        return json.loads(zlib.decompress(pieces)) if pieces else None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of a list; `next` asks for the following part, "" where there is none."""

    items: Sequence[T]
    next: str = ""


def pieces(name: str, text: str) -> dict[str, Value]:
    """A text of any length as properties `name`, `name_1`, …"""
    parts = [text[start : start + _TEXT_PIECE] for start in range(0, len(text), _TEXT_PIECE)] or [""]
    return {name if number == 0 else f"{name}_{number}": part for number, part in enumerate(parts)}


def packed(name: str, value: Json) -> dict[str, Value]:
    """Large JSON, compressed, as binary properties `name_0`, `name_1`, …

    Raises Refused where it does not fit into one row even so.
    """
    data = zlib.compress(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
    if len(data) > _LARGEST:
        raise Refused(
            "Storage",
            413,
            "EntityTooLarge",
            f"has no room for {len(data)} bytes in a row",
            "It is left as it is.",
        )
    return {
        f"{name}_{number}": data[start : start + _BYTES_PIECE]
        for number, start in enumerate(range(0, len(data), _BYTES_PIECE))
    }


def present(values: Mapping[str, Value]) -> dict[str, Value]:
    """Without what reads back the same when absent: rows stay small."""
    return {name: value for name, value in values.items() if value not in ("", b"") and value is not False}
