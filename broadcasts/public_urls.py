"""The addresses of the public pages; what is printed or sent stays valid for ever."""

from __future__ import annotations

from django.urls import path

from broadcasts import feeds, my_data_page, public

urlpatterns = [
    path("", public.home, name="home"),
    path("avvisi/", public.notices, name="notices"),
    path("avvisi/atom.xml", feeds.atom, name="atom"),
    path("avvisi/cap.xml", feeds.cap_index, name="cap-index"),
    path("avvisi/calendario.ics", feeds.calendar, name="calendar"),
    path("avvisi/argomento/<slug:topic>/atom.xml", feeds.atom, name="topic-atom"),
    path("avvisi/argomento/<slug:topic>/calendario.ics", feeds.calendar, name="topic-calendar"),
    path("avvisi/zona/<slug:zone>/atom.xml", feeds.atom, name="zone-atom"),
    path("verifica/", public.verify, name="verify"),
    path("a/<slug:code>/", public.notice, name="notice"),
    path("a/<slug:code>/file/", public.notice_file, name="notice-file"),
    path("a/<slug:code>/cap.xml", feeds.cap_document, name="notice-cap"),
    path("a/<slug:code>/calendario.ics", feeds.calendar_entry, name="notice-calendar"),
    path("iscriviti.svg", public.join_qr, name="join-qr"),
    path("dati/", my_data_page.page, name="my-data"),
    path("dati/apri/<str:token>/", my_data_page.open_link, name="my-data-open"),
    path("dati/scarica.json", my_data_page.download_json, name="my-data-json"),
    path("dati/scarica.html", my_data_page.download_page, name="my-data-file"),
    path("dati/esci/", my_data_page.leave, name="my-data-leave"),
    path("dati/cancella/", my_data_page.forget, name="my-data-erase"),
    path("dati/chiudi/", my_data_page.close, name="my-data-close"),
]
