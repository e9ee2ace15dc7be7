"""Microsoft Graph for Outlook contacts, local and strict (contracts/graph.md)."""

from sandbox.graph.people import People
from sandbox.graph.service import GraphService

__all__ = ["GraphService", "People"]
