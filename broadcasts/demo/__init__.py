"""The believable town of `make demo`: people, and notices of the last weeks and of today."""
