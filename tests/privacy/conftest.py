"""The wire of the engine's tests, and what the privacy stories share."""

from __future__ import annotations

from tests.broadcasts.conftest import clock_at, leaving, meta

__all__ = ["clock_at", "leaving", "meta"]
