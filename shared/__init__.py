"""The sync core: no trigger, no `azure.functions`, nothing of the sandbox."""
