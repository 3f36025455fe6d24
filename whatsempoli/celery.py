"""The Celery application: the muscle. The database is the truth (DESIGN: The engine)."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "whatsempoli.settings")

app = Celery("whatsempoli")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
