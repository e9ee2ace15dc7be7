"""How the service behaves where the real one is not established (contracts/graph.md §9)."""

from __future__ import annotations

from collections.abc import Mapping

CHOICES: Mapping[str, tuple[str, ...]] = {
    "if_match": ("ignore", "enforce409", "enforce412"),
    "display_name_recalc": ("on", "off"),
    "gal_rename": ("on", "off"),
    "require_given_name": ("on", "off"),
    "patch_parent": ("ignored", "moves"),
    "delete_immutable_still_resolves": ("on", "off"),
    "folder_delete": ("to_deleted_items", "hard"),
    "birthday_time": ("keep", "T11:59"),
    "folder_subscription": ("ok", "api_only", "refused"),
    "batch_throttle_outer": ("200", "424"),
    # Not in §9, but marked as not established elsewhere in the contract:
    "deleted_folder_delta": ("removed", "silent", "not_found"),  # §3.6
    "address_unset": ("null", "absent"),  # §1.6
    "trim_texts": ("off", "on"),  # §1.5
    "http_notifications": ("loopback", "any"),  # §6.2
}
"""Every switch with its values, the default first."""


class Switches:
    """Reads the shared switch values at use time."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def __getitem__(self, name: str) -> str:
        """The current value. Raises ValueError for a value the switch does not have."""
        choices = CHOICES[name]
        value = self._values.get(name, choices[0])
        if value not in choices:
            raise ValueError(f"switch {name} is {value!r}; it can be {', '.join(choices)}")
        return value
