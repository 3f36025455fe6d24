"""The addresses of the public pages; what is printed or sent stays valid for ever."""

from __future__ import annotations

from django.urls import path

from broadcasts import feeds, public

urlpatterns = [
    path("", public.home, name="home"),
    path("avvisi/", public.notices, name="notices"),
    path("avvisi/atom.xml", feeds.atom, name="atom"),
    path("avvisi/cap.xml", feeds.cap_index, name="cap-index"),
    path("avvisi/calendario.ics", feeds.calendar, name="calendar"),
    path("avvisi/argomento/<slug:topic>/atom.xml", feeds.atom, name="topic-atom"),
    path("avvisi/argomento/<slug:topic>/calendario.ics", feeds.calendar, name="topic-calendar"),
    path("avvisi/zona/<slug:zone>/atom.xml", feeds.atom, name="zone-atom"),
    path("a/<slug:code>/", public.notice, name="notice"),
    path("a/<slug:code>/cap.xml", feeds.cap_document, name="notice-cap"),
    path("a/<slug:code>/calendario.ics", feeds.calendar_entry, name="notice-calendar"),
    path("iscriviti.svg", public.join_qr, name="join-qr"),
]
