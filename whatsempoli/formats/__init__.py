"""Date and time formats of the house."""
