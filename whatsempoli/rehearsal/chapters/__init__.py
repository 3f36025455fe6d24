"""The chapters of the rehearsal; each module has one or a few, `book` lists them."""

from __future__ import annotations
