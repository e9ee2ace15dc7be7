"""Every switch of both services, so that a misspelt one is noticed."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.business_central.switches import DEFAULTS
from sandbox.graph.switches import CHOICES


def check_switches(switches: Mapping[str, str]) -> None:
    """Raises ValueError for a switch, or a value of one, that no service knows."""
    for name, value in switches.items():
        if name not in CHOICES and name not in DEFAULTS:
            raise ValueError(f"there is no switch {name}; there are {', '.join([*CHOICES, *DEFAULTS])}")
        if name in CHOICES and value not in CHOICES[name]:
            raise ValueError(f"switch {name} is {value!r}; it can be {', '.join(CHOICES[name])}")
