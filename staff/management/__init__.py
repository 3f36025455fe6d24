"""The operator's commands about people."""
