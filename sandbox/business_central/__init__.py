"""Business Central's API v2.0 for contacts, local and in memory (contracts/business-central.md)."""
