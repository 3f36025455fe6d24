"""Letters to single people whom nobody wrote to first: an invitation, one question, one thing to know."""
