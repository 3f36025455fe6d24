"""The page that a call opens, on a phone, without a log-in: the signed link says who is there.

Looking changes nothing, so that a robot that fetches previews uses nothing up.
"""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from broadcasts import companions, night, snapshot
from broadcasts.bubble import bubble_html
from broadcasts.forecast import Forecast, forecast
from broadcasts.lifecycle import NotAllowed
from broadcasts.models import NightLink
from broadcasts.night_address import read
from broadcasts.typed_word import TYPED_WORD, typed_right
from policy.models import Severity
from staff import second_factor
from staff.mandates import on_duty
from whatsempoli import clock


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def night_page(request: HttpRequest, token: str) -> HttpResponse:
    """Preview, forecast, approve or return. A POST decides, once."""
    link = _link(token)
    now = clock.now()
    wrong, typed = "", ""
    if request.method == "POST" and not night.trouble(link, now):
        typed = request.POST.get("reason", "")
        wrong = _decide(request, link)
        if not wrong:
            return _done(request, link, request.POST.get("verb", ""))
    answer = TemplateResponse(request, "night/page.html", _context(link, wrong, typed))
    answer["X-Robots-Tag"] = "noindex, nofollow"
    return answer


def _link(token: str) -> NightLink:
    found = read(token)
    rows = NightLink.objects.select_related("person", "submission__by", "broadcast__category")
    link = rows.filter(pk=found).first() if found else None
    if link is None:
        raise Http404
    return link


def _decide(request: HttpRequest, link: NightLink) -> str:
    """Do what was asked; returns why it was not done, in a sentence, or an empty string."""
    verb, reason = request.POST.get("verb", ""), request.POST.get("reason", "")
    if verb == "approve" and word_wanted(link) and not typed_right(request.POST.get("word", "")):
        return _("Per approvare un'emergenza scrivi la parola «%(word)s».") % {"word": TYPED_WORD}
    # Before the lock: a wrong code must be counted even though nothing else is changed.
    if verb == "approve" and code_wanted(link):
        if second_factor.device_of(link.person) is None:
            return _("Per un'emergenza serve anche il tuo codice: entra in redazione per impostarlo.")
        if not second_factor.check(link.person, request.POST.get("code", "")):
            return _("Il codice non va bene: aspetta il prossimo, oppure scrivi un codice di riserva.")
    try:
        over_budget = request.POST.get("over_budget", "")
        night.decide(link.pk, verb, reason=reason, over_budget=over_budget, now=clock.now())
    except NotAllowed as error:
        return str(error)
    return ""


def word_wanted(link: NightLink) -> bool:
    """A real emergency cannot be taken for an exercise."""
    return link.broadcast.severity == Severity.EMERGENCY and not link.broadcast.exercise


def code_wanted(link: NightLink) -> bool:
    """For an emergency, from who must have a second factor or has one."""
    emergency = link.broadcast.severity == Severity.EMERGENCY
    needed = second_factor.must_have_one(link.person) or second_factor.device_of(link.person) is not None
    return emergency and needed


def _context(link: NightLink, wrong: str, typed: str) -> dict[str, object]:
    notice, now = link.broadcast, clock.now()
    trouble = night.trouble(link, now)
    foreseen: Forecast | None = None if trouble else forecast(notice, now)
    texts = [(lang, bubble_html(text["phone_text"])) for lang, text in notice.rendered.items()]
    return {
        "title": notice.title,
        "link": link,
        "notice": notice,
        "trouble": trouble,
        "wrong": wrong,
        "typed": typed,
        "forecast": foreseen,
        "texts": texts if not trouble else [],
        "zones": list(notice.zones.all()),
        "difference": None if trouble else snapshot.difference(notice),
        "companions": [] if trouble else companions.shown(notice),
        "code_wanted": code_wanted(link),
        "word": TYPED_WORD if word_wanted(link) else "",
        "no_device": code_wanted(link) and second_factor.device_of(link.person) is None,
        "others": [person for person in on_duty(now) if person.pk != link.person_id],
    }


def _done(request: HttpRequest, link: NightLink, verb: str) -> HttpResponse:
    link.broadcast.refresh_from_db()
    sentence = ""
    if verb == "approve":
        sentence = forecast(link.broadcast, clock.now()).sentence
    context = {"title": link.broadcast.title, "link": link, "notice": link.broadcast, "verb": verb}
    return TemplateResponse(request, "night/done.html", context | {"sentence": sentence})
