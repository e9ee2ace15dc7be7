"""A filter's text cut into tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sandbox.business_central import errors

_TOKEN = re.compile(
    r"""
    (?P<blank>\s+)
  | (?P<string>'(?:[^']|'')*')
  | (?P<guid>[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})
  | (?P<instant>\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|[+-]\d\d:\d\d))
  | (?P<date>\d{4}-\d\d-\d\d)
  | (?P<number>-?\d+(?:\.\d+)?)
  | (?P<name>[A-Za-z_@][A-Za-z0-9_./@]*)
  | (?P<mark>[(),])
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """`kind`: string, guid, instant, date, number, name, mark or end. `text`: as written."""

    kind: str
    text: str

    @property
    def value(self) -> str:
        """The text, of a string without its quotes."""
        return self.text[1:-1].replace("''", "'") if self.kind == "string" else self.text


def tokens_of(text: str) -> list[Token]:
    """The tokens with an `end` behind them. Raises `Refusal` (400) at a character that starts none.

    Two tokens that are not marks need a blank between them.
    """
    tokens: list[Token] = []
    at, apart = 0, True
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise errors.query_syntax()
        kind = str(match.lastgroup)
        if kind == "blank":
            apart = True
        else:
            if not apart and kind != "mark":
                raise errors.query_syntax()
            tokens.append(Token(kind, match.group()))
            apart = kind == "mark"
        at = match.end()
    tokens.append(Token("end", ""))
    return tokens
