"""The addresses of the public pages; what is printed or sent stays valid for ever."""

from __future__ import annotations

from django.urls import path

from broadcasts import public

urlpatterns = [
    path("", public.home, name="home"),
    path("avvisi/", public.notices, name="notices"),
    path("a/<slug:code>/", public.notice, name="notice"),
    path("iscriviti.svg", public.join_qr, name="join-qr"),
]
