"""The Django project: wiring only, no rule and no model."""

from __future__ import annotations

from whatsempoli.celery import app as celery_app

__all__ = ["celery_app"]
