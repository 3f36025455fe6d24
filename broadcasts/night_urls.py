"""The address that a call leads to."""

from __future__ import annotations

from django.urls import path

from broadcasts.night_views import night_page

urlpatterns = [path("<str:token>/", night_page, name="night")]
