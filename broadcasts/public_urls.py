"""The addresses of the public pages; what is printed or sent stays valid for ever."""

from __future__ import annotations

from django.urls import path

from broadcasts import account_page, banner, feeds, joining, my_data_page, public, sheets

urlpatterns = [
    path("", public.home, name="home"),
    path("avvisi/", public.notices, name="notices"),
    path("avvisi/atom.xml", feeds.atom, name="atom"),
    path("avvisi/cap.xml", feeds.cap_index, name="cap-index"),
    path("avvisi/calendario.ics", feeds.calendar, name="calendar"),
    path("avvisi/argomento/<slug:topic>/atom.xml", feeds.atom, name="topic-atom"),
    path("avvisi/argomento/<slug:topic>/calendario.ics", feeds.calendar, name="topic-calendar"),
    path("avvisi/zona/<slug:zone>/atom.xml", feeds.atom, name="zone-atom"),
    path("banner.json", banner.live, name="banner"),
    path("verifica/", public.verify, name="verify"),
    path("conti/", account_page.accounts, name="accounts"),
    path("conti/messaggi.svg", account_page.messages_svg, name="accounts-messages"),
    path("a/<slug:code>/", public.notice, name="notice"),
    path("a/<slug:code>/file/", public.notice_file, name="notice-file"),
    path("a/<slug:code>/cap.xml", feeds.cap_document, name="notice-cap"),
    path("a/<slug:code>/calendario.ics", feeds.calendar_entry, name="notice-calendar"),
    path("a/<slug:code>/foglio.pdf", sheets.notice_sheet, name="notice-sheet"),
    path("iscriviti/", joining.join, name="join"),
    path("iscriviti/contatto.vcf", joining.contact_card, name="join-card"),
    path("iscriviti/locandina.pdf", joining.poster, name="join-poster"),
    path("iscriviti.svg", joining.qr_svg, name="join-qr"),
    path("iscriviti.png", joining.qr_png, name="join-png"),
    path("iscriviti/<slug:topic>.svg", joining.qr_svg, name="topic-qr"),
    path("iscriviti/<slug:topic>.png", joining.qr_png, name="topic-png"),
    path("dati/", my_data_page.page, name="my-data"),
    path("dati/apri/<str:token>/", my_data_page.open_link, name="my-data-open"),
    path("dati/scarica.json", my_data_page.download_json, name="my-data-json"),
    path("dati/scarica.html", my_data_page.download_page, name="my-data-file"),
    path("dati/esci/", my_data_page.leave, name="my-data-leave"),
    path("dati/cancella/", my_data_page.forget, name="my-data-erase"),
    path("dati/chiudi/", my_data_page.close, name="my-data-close"),
]
