"""The pages of a notice that has left: its report with pictures, who did not get it, what to download."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from broadcasts import pictures, report, spreadsheet
from broadcasts.aftermath import Aftermath, aftermath
from broadcasts.models import Broadcast, Delivery
from broadcasts.roads import taken
from broadcasts.spreadsheet import Cell
from broadcasts.states import NOT_REACHED
from policy.calendar import ROME
from staff.admin_base import person
from staff.models import audit
from subscribers import numbers
from subscribers.models import Subscriber
from whatsempoli import clock

ROWS_A_PAGE = 50
READ_AT_ONCE = 2_000
XLSX_MOST = 100_000  # rows: above, writing one takes longer than a page may
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Context = dict[str, Any]


def urls(
    wrap: Callable[..., Any], find: Callable[[HttpRequest, int], Broadcast], context: Callable[..., Context]
) -> list[URLPattern]:
    """Their addresses below a notice's own. `find` gives the notice or refuses; `context` is the frame."""

    def page(view: Callable[..., HttpResponseBase]) -> Any:
        return wrap(never_cache(partial(_on_notice, view, find, context)))

    name = "broadcasts_broadcast_{}".format
    return [
        path("<int:pk>/report/", page(show_report), name=name("report")),
        path("<int:pk>/report/<slug:drawing>.svg", page(picture), name=name("picture")),
        path("<int:pk>/missing/", page(missing), name=name("missing")),
        path("<int:pk>/missing/<int:row>/", page(number), name=name("number")),
        path("<int:pk>/missing/download/", require_POST(page(download)), name=name("download")),
    ]


def _on_notice(
    view: Callable[..., HttpResponseBase],
    find: Callable[[HttpRequest, int], Broadcast],
    context: Callable[..., Context],
    request: HttpRequest,
    pk: int,
    **more: Any,
) -> HttpResponseBase:
    notice = find(request, pk)
    if notice.started_at is None:
        raise Http404
    return view(request, notice, context(request) | {"notice": notice}, **more)


def show_report(request: HttpRequest, notice: Broadcast, context: Context) -> HttpResponse:
    """How it went, in words, pictures and tables."""
    found = aftermath(notice, clock.real_now())
    context |= {"title": _("Com'è andata"), "report": found, "progress": found.progress}
    context |= {"roads": taken.roads(notice), "may_take": taken.may_take(person(request))}
    return TemplateResponse(request, "desk/report.html", context)


def picture(request: HttpRequest, notice: Broadcast, context: Context, drawing: str) -> HttpResponse:
    """One of the report's pictures."""
    found = aftermath(notice, clock.real_now())
    drawn = _draw(found, drawing)
    if drawn is None:
        raise Http404
    return HttpResponse(drawn, content_type="image/svg+xml")


def _draw(found: Aftermath, drawing: str) -> bytes | None:
    if drawing == "funnel":
        return pictures.funnel_svg(found.funnel)
    if drawing == "over-time" and found.moments:
        lines = [
            (_("Affidati a WhatsApp"), [one.entrusted for one in found.moments]),
            (_("Arrivati"), [one.arrived for one in found.moments]),
            (_("Letti"), [one.read for one in found.moments]),
        ]
        return pictures.over_time_svg([one.words for one in found.moments], lines)
    return None


def missing(request: HttpRequest, notice: Broadcast, context: Context) -> HttpResponse:
    """Who did not get it and why, masked, a page at a time, without counting the others."""
    after, before = _number(request, "after"), _number(request, "before")
    rows = report.missed_page(notice, after=after, before=before, most=ROWS_A_PAGE + 1)
    more = len(rows) > ROWS_A_PAGE
    rows = rows[-ROWS_A_PAGE:] if before else rows[:ROWS_A_PAGE]
    counts = report.progress(notice, clock.real_now())
    context |= {
        "title": _("Chi non l'ha ricevuto"),
        "people": report.missed(rows),
        "progress": counts,
        "earlier": rows[0].pk if rows and (more if before else after) else None,
        "later": rows[-1].pk if rows and (more or before) else None,
        "may_show": request.user.has_perm("subscribers.reveal_number"),
        "xlsx_most": XLSX_MOST,
        "xlsx_fits": counts.missed <= XLSX_MOST,
    }
    return TemplateResponse(request, "desk/missing.html", context)


def _number(request: HttpRequest, name: str) -> int:
    """A row's id from the address; 0 for anything that is none."""
    value = request.GET.get(name, "")
    return int(value) if value.isascii() and value.isdecimal() and len(value) < 19 else 0


def number(request: HttpRequest, notice: Broadcast, context: Context, row: int) -> HttpResponse:
    """One person's whole number, for a reason that stays in the log."""
    if not request.user.has_perm("subscribers.reveal_number"):
        raise PermissionDenied
    found = get_object_or_404(Delivery, pk=row, broadcast=notice, state__in=NOT_REACHED)
    refused, whole = "", None
    if request.method == "POST":
        reason = request.POST.get("reason", "")
        try:
            whole = numbers.reveal(found.subscriber_id, by=person(request), reason=reason)
        except numbers.NotAllowed as error:
            refused = str(error)
    phone = Subscriber.objects.filter(pk=found.subscriber_id).values_list("phone", flat=True).first()
    context |= {
        "title": _("Mostra il numero"),
        "one": report.missed_one(found, phone),
        "number": f"+{whole.phone}" if whole and whole.phone else "",
        "shown": whole is not None,
        "refused": refused,
    }
    return TemplateResponse(request, "desk/number.html", context)


def download(request: HttpRequest, notice: Broadcast, context: Context) -> HttpResponseBase:
    """The list as CSV or XLSX; masked, unless a person who may asks otherwise and says why. Always logged."""
    by = person(request)
    form, whole = request.POST.get("format"), request.POST.get("numbers") == "whole"
    reason = request.POST.get("reason", "").strip()[:200]
    if form not in ("csv", "xlsx"):
        return HttpResponse(_("Scegli CSV o Excel."), status=400, content_type="text/plain; charset=utf-8")
    if whole and not by.has_perm("subscribers.reveal_number"):
        raise PermissionDenied
    if whole and not reason:
        says = _("Per avere i numeri interi scrivi perché ti servono: torna indietro e completa.")
        return HttpResponse(says, status=400, content_type="text/plain; charset=utf-8")
    kind = "numeri interi" if whole else "numeri mascherati"
    audit(by, "export", f"avviso {notice.code}", formato=form, numeri=kind, reason=reason)
    headings = [_("Telefono"), _("Stato"), _("Perché"), _("Codice di WhatsApp"), _("Affidato a WhatsApp")]
    name = f"non-ricevuti-{notice.code}.{form}"
    if form == "csv":
        lines = spreadsheet.csv_lines(headings, _rows(notice, whole=whole))
        return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=_as_file(name))
    return _workbook(notice, headings, whole=whole, name=name)


def _workbook(notice: Broadcast, headings: list[str], *, whole: bool, name: str) -> HttpResponse:
    found = aftermath(notice, clock.real_now())
    if found.progress.missed > XLSX_MOST:
        says = _("Sono troppi per Excel: scarica il CSV.")
        return HttpResponse(says, status=400, content_type="text/plain; charset=utf-8")
    summary: list[list[Cell]] = [[label, count] for label, count in found.funnel]
    summary += [[why.words, why.count] for why in found.progress.reasons]
    moments: list[list[Cell]] = [[m.words, m.entrusted, m.arrived, m.read] for m in found.moments]
    tables: list[spreadsheet.Table] = [
        (_("Riepilogo"), [notice.title, _("Persone")], summary),
        (_("Nel tempo"), [_("Entro"), _("Affidati a WhatsApp"), _("Arrivati"), _("Letti")], moments),
        (_("Non ricevuti"), headings, _rows(notice, whole=whole)),
    ]
    return HttpResponse(spreadsheet.xlsx(tables), content_type=XLSX, headers=_as_file(name))


def _as_file(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def _rows(notice: Broadcast, *, whole: bool) -> Iterator[list[Cell]]:
    """Everybody who did not get it, some thousands at a time; numbers as digits, so that none is a sum."""
    after = 0
    while rows := report.missed_page(notice, after=after, most=READ_AT_ONCE):
        after = rows[-1].pk
        people = [row.subscriber_id for row in rows]
        phones = dict(Subscriber.objects.filter(pk__in=people).values_list("pk", "phone"))
        for row in rows:
            phone = phones.get(row.subscriber_id)
            words = report.missed_one(row, phone)
            shown = (phone or words.masked) if whole else words.masked
            yield [shown, words.state, words.words, row.error_code, _local(row.accepted_at)]


def _local(at: datetime | None) -> str:
    return f"{at.astimezone(ROME):%d/%m/%Y %H:%M:%S}" if at else ""
