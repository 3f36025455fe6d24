"""The way that every tutorial shows, as the peer: a Celery task per recipient, requests.post inside.

It reads its row, posts, and saves what came back, through the ORM. It has no claim, no pacing, no
fence: it is measured for its cost, in whatever number of threads, processes or greenlets suits it best.

    celery -A benchmarks.naive worker …
"""

from __future__ import annotations

import django
import requests
from celery import Celery
from django.conf import settings
from django.utils import timezone

django.setup()

from broadcasts.models import Delivery  # noqa: E402  the models need the line above

# not the current app: in the process that measures, ours is
app = Celery("naive", broker=settings.CELERY_BROKER_URL, set_as_current=False)
app.conf.update(task_ignore_result=True, task_default_queue="naive", worker_prefetch_multiplier=4)
NUMBER = f"{settings.WHATSAPP_API_VERSION}/{settings.WHATSAPP_PHONE_NUMBER_ID}"
URL = f"{settings.WHATSAPP_BASE_URL}/{NUMBER}/messages"
HEADERS = {"Authorization": f"Bearer {settings.WHATSAPP_TOKEN}"}


@app.task
def send_one(delivery_id: int) -> None:
    """Send one message to one person."""
    row = Delivery.objects.select_related("subscriber", "broadcast").get(pk=delivery_id)
    language = row.broadcast.rendered.get(row.subscriber.language) or row.broadcast.rendered["it"]
    body = language["send"] | {"to": row.subscriber.phone, "biz_opaque_callback_data": f"n:{row.pk}"}
    answer = requests.post(URL, json=body, headers=HEADERS, timeout=30)
    row.state = "accepted" if answer.ok else "failed"
    row.accepted_at = timezone.now()
    row.save(update_fields=["state", "accepted_at"])
