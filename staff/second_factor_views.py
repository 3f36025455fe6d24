"""Two pages: prove the second factor, set it up. Views of the admin, which knows that somebody is there."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from staff import second_factor
from staff.admin_base import person
from staff.models import audit


def prove(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Ask for the code, once a session or again before what cannot be undone."""
    who = person(request)
    if second_factor.device_of(who) is None:
        return HttpResponseRedirect(reverse("admin:second_factor_setup"))
    wrong = False
    if request.method == "POST":
        if second_factor.check(who, request.POST.get("code", "")):
            request.session.cycle_key()
            second_factor.remember(request.session)
            _count_codes(request)
            return HttpResponseRedirect(_back(request))
        wrong = True
        audit(who, "second_factor_wrong", str(who))
    context = {"title": _("Il codice dal tuo telefono"), "wrong": wrong, "next": _back(request)}
    return TemplateResponse(request, "desk/second_factor.html", site.each_context(request) | context)


def set_up(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Frame the square, type the first code, keep the recovery codes."""
    who = person(request)
    if second_factor.device_of(who) is not None and not second_factor.is_fresh(request.session):
        return HttpResponseRedirect(f"{reverse('admin:second_factor')}?next={request.path}")
    context: dict[str, Any] = {"title": _("Proteggi il tuo accesso"), "next": _back(request)}
    if request.method == "POST":
        codes = second_factor.confirm(who, request.POST.get("code", ""))
        if codes:
            request.session.cycle_key()
            second_factor.remember(request.session)
            context |= {"codes": codes, "title": _("Conserva questi codici")}
            return TemplateResponse(request, "desk/recovery_codes.html", site.each_context(request) | context)
        context["wrong"] = True
    device = second_factor.begin(who)
    context |= {
        "picture": second_factor.picture(device),
        "key": second_factor.key_words(device),
        "address": device.config_url,
        "required": second_factor.must_have_one(who),
        "replaces": second_factor.device_of(who) is not None,
    }
    return TemplateResponse(request, "desk/second_factor_setup.html", site.each_context(request) | context)


def _count_codes(request: HttpRequest) -> None:
    left = second_factor.codes_left(person(request))
    if left <= 2:
        messages.warning(
            request, _("I codici di riserva stanno per finire: fanne di nuovi da «Secondo fattore».")
        )


def _back(request: HttpRequest) -> str:
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if ours else reverse("admin:index")
