"""Data to begin with, by name."""

from __future__ import annotations

import importlib
import inspect
import random
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from sandbox.business_central.service import BusinessCentralService
    from sandbox.graph.service import GraphService

SEEDS = "empty, cast, demo, scale:N, scale:N:M"
Load: TypeAlias = "Callable[[GraphService, BusinessCentralService, random.Random], None]"


def seed_named(text: str) -> Load:
    """What loads a seed: a module of this package, with the numbers behind its name. Raises ValueError."""
    name, *numbers = text.split(":")
    if name == "empty" and not numbers:
        return lambda _graph, _bc, _rng: None
    try:
        load = importlib.import_module(f"{__name__}.{name}").load
        sizes = [int(number) for number in numbers]
        inspect.signature(load).bind(None, None, None, *sizes)
    except (ModuleNotFoundError, AttributeError, TypeError, ValueError) as error:
        raise ValueError(f"there is no seed {text!r}; it can be {SEEDS}") from error
    return lambda graph, bc, rng: load(graph, bc, rng, *sizes)
