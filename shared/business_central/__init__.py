"""Contacts through the Business Central API v2.0."""

from shared.business_central.client import BcClient, BcCompany
from shared.business_central.company import api_base, bc_endpoint
from shared.business_central.contacts import BcChanges, BcRead
from shared.business_central.subscriptions import BcSubscription
from shared.business_central.writes import Create, Patch, Write, WriteResult
from shared.transport.batching import WriteStatus

__all__ = [
    "BcChanges",
    "BcClient",
    "BcCompany",
    "BcRead",
    "BcSubscription",
    "Create",
    "Patch",
    "Write",
    "WriteResult",
    "WriteStatus",
    "api_base",
    "bc_endpoint",
]
