"""The files that put it on a server: held to the code, and run."""
