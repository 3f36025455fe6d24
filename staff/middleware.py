"""Nobody who must have a second factor sees a page of the office without it, whichever address they try."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django_htmx.http import HttpResponseClientRefresh

from staff import second_factor
from staff.models import User

# Names of the admin's addresses that one needs before it is proved, or to leave.
OPEN = {"login", "logout", "second_factor", "second_factor_setup", "jsi18n"}
NONE = "no_second_factor"  # in the session: this person may go without, and has none


class SecondFactorMiddleware:
    """Asks for the code once a session, and sends who must set one up to its page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *view: Any) -> HttpResponse | None:
        """Django asks this once it knows which page is meant."""
        match = request.resolver_match
        if match is None or match.app_name != "admin" or match.url_name in OPEN:
            return None
        person = request.user
        if not isinstance(person, User) or not person.is_staff or second_factor.is_proved(request.session):
            return None
        must = second_factor.must_have_one(person)
        if not must and request.session.get(NONE):
            return None
        if second_factor.device_of(person) is not None:
            return _send(request, "admin:second_factor")
        if must:
            return _send(request, "admin:second_factor_setup")
        request.session[NONE] = True  # who sets one up later proves it at the next log-in
        return None


def _send(request: HttpRequest, name: str) -> HttpResponse:
    if request.htmx:  # type: ignore[attr-defined]  # a part of a page: the page itself must go there
        return HttpResponseClientRefresh()
    back = request.get_full_path() if request.method == "GET" else reverse("admin:index")
    return HttpResponseRedirect(f"{reverse(name)}?{urlencode({'next': back})}")
