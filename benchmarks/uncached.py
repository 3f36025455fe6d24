"""The product's WSGI entry with no page kept: every visit is drawn. Only for measuring."""

from __future__ import annotations

from policy import page_cache
from whatsempoli.wsgi import application

page_cache.LARGEST = 0

__all__ = ["application"]
