"""`make bench`: every figure of the engine beside its peer or its limit."""

from __future__ import annotations

import django

django.setup()
