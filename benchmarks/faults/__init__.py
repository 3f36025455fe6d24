"""`make chaos`: what is broken on purpose, and what the phones then say."""

from __future__ import annotations

import django

django.setup()
