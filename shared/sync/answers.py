"""What the services answered to one round of steps, until each step's outcome is told."""

from __future__ import annotations

from dataclasses import dataclass, field

from shared.core.plan import Effect
from shared.core.snapshot import SeenBc
from shared.model import Field, Reason


@dataclass(frozen=True, slots=True)
class Failure:
    """Effects that did not happen, and why. `code`: the service's word; `retry_after`: seconds it asked for."""

    effects: frozenset[Effect]
    reason: Reason
    code: str = ""
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Answers:
    """By step key.

    `bc`: contacts as Business Central returned them. `stale`: changed under the run's hands, to be decided
    anew, with what is told of them should that never end. `refused`: fields that Business Central did not take
    one by one, with its code; the rest of their contact went.
    `untaken`: the same of Outlook.
    """

    bc: dict[str, SeenBc] = field(default_factory=dict)
    failed: dict[str, Failure] = field(default_factory=dict)
    stale: dict[str, Failure] = field(default_factory=dict)
    refused: dict[str, dict[Field, str]] = field(default_factory=dict)
    untaken: dict[str, frozenset[Field]] = field(default_factory=dict)

    def fail(self, key: str, failure: Failure) -> None:
        """Both halves of a step may fail: the later reason is told, the effects are those of both."""
        before = self.failed.get(key)
        effects = failure.effects | before.effects if before else failure.effects
        self.failed[key] = Failure(effects, failure.reason, failure.code, failure.retry_after)
