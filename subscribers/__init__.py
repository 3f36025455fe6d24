"""Who receives: people, zones, consent ledger, commands, conversations."""
