"""Outlook's contacts through Microsoft Graph."""

from shared.graph.client import GraphClient
from shared.graph.delta import DeltaRound
from shared.graph.folders import Folder
from shared.graph.mailbox import graph_endpoint
from shared.graph.markers import Stamp, marker_text, parse_marker
from shared.graph.records import OUR_CATEGORY, own_content
from shared.graph.subscriptions import GraphSubscriptions, Subscription
from shared.graph.writes import Create, Delete, Patch, Write, WriteResult
from shared.transport.batching import WriteStatus

__all__ = [
    "OUR_CATEGORY",
    "Create",
    "Delete",
    "DeltaRound",
    "Folder",
    "GraphClient",
    "GraphSubscriptions",
    "Patch",
    "Stamp",
    "Subscription",
    "Write",
    "WriteResult",
    "WriteStatus",
    "graph_endpoint",
    "marker_text",
    "own_content",
    "parse_marker",
]
