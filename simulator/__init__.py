"""A stand-in for the provider's Cloud API, in memory. No message leaves this computer."""
