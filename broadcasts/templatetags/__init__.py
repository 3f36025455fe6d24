"""Filters of the office's pages."""

from __future__ import annotations
