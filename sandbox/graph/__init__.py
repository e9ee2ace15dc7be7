"""Microsoft Graph for Outlook contacts, local and strict (contracts/graph.md).

Where the contract leaves something open there is a switch: `sandbox.graph.switches.CHOICES`.

Faults this service carries out itself (`sandbox.faults.Fault`, service "graph"; `path` is searched in the
call's path), besides those of the gate:

- on a list: `short_page` (fewer rows than asked for, and a nextLink); `index_delay` (a filter on an extended
  property does not find what was created in the last `seconds`)
- on a delta link: `delta_gone` (410 with Location), `sync_state_lost` (400; `code` in any letter case)
- on any page of delta: `empty_page`; where a round begins: `late_changes` (its changes come one round later),
  and for its entries `replay` (older ones again), `removed_and_present`, `duplicate`, `out_of_order`
- on a notification (method "NOTIFY", path = the subscription's resource): `notify_drop`, `notify_delay`
  (`seconds`), `notify_triple`, `notify_wrong_state`, `notify_unknown`; on the call that causes it:
  `notify_early` (delivered before that call is answered)
- on a handshake (method "HANDSHAKE", path = that of the address): `handshake_timeout`
"""

from sandbox.graph.people import People
from sandbox.graph.service import GraphService

__all__ = ["GraphService", "People"]
