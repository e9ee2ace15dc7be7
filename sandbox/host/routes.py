"""From a path to the function that serves it: ASP.NET's route templates, as far as the app may use them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sandbox.host.functions import HostError, HttpFunction

_SEGMENT = re.compile(r"\{(\*{0,2})(\w+)(\??)\}")


@dataclass(frozen=True, slots=True)
class Route:
    """A compiled template. `rank`: one figure per segment, lower is more specific."""

    function: HttpFunction
    pattern: re.Pattern[str]
    rank: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """The function that serves a path, and what its template's names stand for."""

    function: HttpFunction
    values: dict[str, str]


class Router:
    """The routes of one app. Letter case does not matter, as on the platform."""

    def __init__(self, functions: Iterable[HttpFunction], prefix: str) -> None:
        self._routes = sorted((_compile(function, prefix) for function in functions), key=lambda r: r.rank)

    def match(self, method: str, path: str) -> Match | None:
        """The most specific route that fits; None when no function serves this path by this method.

        `path`: percent-decoded. The platform answers 404 in both cases.
        """
        for route in self._routes:
            found = route.pattern.fullmatch(path.rstrip("/") or "/")
            if found and (not route.function.methods or method.upper() in route.function.methods):
                return Match(route.function, {k: v for k, v in found.groupdict().items() if v is not None})
        return None


def _compile(function: HttpFunction, prefix: str) -> Route:
    pattern, rank = "", []
    segments = [s for s in f"{prefix}/{function.route}".split("/") if s]
    for segment in segments:
        if "{" not in segment:
            pattern += "/" + re.escape(segment)
            rank.append(0)
            continue
        parameter = _SEGMENT.fullmatch(segment)
        if parameter is None:
            raise HostError(
                f"Function {function.name}: the local host does not know the route segment {segment}."
            )
        stars, name, optional = parameter.groups()
        if stars:
            pattern += f"(?:/(?P<{name}>.*))?"
            rank.append(2)
        else:
            pattern += f"(?:/(?P<{name}>[^/]+))?" if optional else f"/(?P<{name}>[^/]+)"
            rank.append(1)
    return Route(function, re.compile(pattern, re.IGNORECASE | re.DOTALL), tuple(rank))
