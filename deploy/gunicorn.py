"""The web server's settings: `gunicorn whatsempoli.wsgi --config deploy/gunicorn.py`."""

from __future__ import annotations

import os

bind = os.environ.get("WEB_BIND", "0.0.0.0:8000")
workers = int(os.environ.get("WEB_WORKERS", "2"))
threads = 4
worker_class = "gthread"
timeout = 60
graceful_timeout = 30
max_requests = 5_000  # whatever leaks is given back
max_requests_jitter = 500
limit_request_line = 8_190
limit_request_fields = 60
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108 - a heartbeat file, never on a slow disk
control_socket_disable = True
accesslog = None  # addresses of citizens are nobody's business
errorlog = "-"
