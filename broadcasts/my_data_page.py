"""«I miei dati»: the pages behind the link that a person gets in the chat. Thin: each calls one thing.

Nobody's data is shown on a GET of the link itself, since previews are GETs; the tap is a POST, which binds
the link to a cookie of this device.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import cast

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse, QueryDict
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from broadcasts.erasure import erase, remainders
from broadcasts.held import Held, held_of
from policy.facts import facts_of
from policy.models import Category, TownProfile
from policy.page import language, show
from subscribers import consent, my_data
from subscribers.models import Subscriber, Zone
from whatsempoli import clock

COOKIE = "miei-dati"
SALT = "my-data"

PersonView = Callable[[HttpRequest, Subscriber], HttpResponse]


def private(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Kept by nobody on the way, found by no search engine, and told to no page that is opened from it."""

    @wraps(view)
    def answer(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        response = view(request, *args, **kwargs)
        add_never_cache_headers(response)
        response["Referrer-Policy"] = "same-origin"  # «no-referrer» would make browsers post without origin
        response["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return answer


def for_owner(view: PersonView) -> Callable[..., HttpResponse]:
    """Only on the device that opened the link, while it is good."""

    @wraps(view)
    def answer(request: HttpRequest) -> HttpResponse:
        person = my_data.person_of(_device(request), clock.now())
        return view(request, person) if person else _over(request)

    return private(answer)


def _device(request: HttpRequest) -> str | None:
    value = request.get_signed_cookie(COOKIE, None, salt=SALT, max_age=int(my_data.TO_USE.total_seconds()))
    return value or None


def _over(request: HttpRequest) -> HttpResponse:
    response = show(request, "public/my_data_over.html", {"number": facts_of(_town(), language()).number})
    response.status_code = 410
    return response


def _town() -> TownProfile:
    return TownProfile.current()


@private
@require_http_methods(["GET", "HEAD", "POST"])
def open_link(request: HttpRequest, token: str) -> HttpResponse:
    """A button on a GET, whatever the token; a POST opens, if it is the first or the same device's."""
    if request.method != "POST":
        minutes = int(my_data.TO_USE.total_seconds() // 60)
        return show(request, "public/my_data_open.html", {"minutes": minutes})
    device = my_data.open_link(token, _device(request), clock.now())
    if device is None:
        return _over(request)
    response = HttpResponseRedirect(reverse("my-data"))
    response.set_signed_cookie(
        COOKIE,
        device,
        salt=SALT,
        max_age=int(my_data.TO_USE.total_seconds()),
        httponly=True,
        secure=settings.SESSION_COOKIE_SECURE,
        samesite="Lax",
    )
    return response


class ChoicesForm(forms.Form):
    """What a person may correct by themselves. No zone means the whole town."""

    topics = forms.TypedMultipleChoiceField(coerce=int, required=False, widget=forms.CheckboxSelectMultiple)
    zones = forms.ModelMultipleChoiceField(
        Zone.objects.all(), required=False, widget=forms.CheckboxSelectMultiple
    )
    language = forms.ChoiceField(
        choices=settings.LANGUAGES, widget=forms.RadioSelect, label=gettext_lazy("Lingua")
    )

    def __init__(self, person: Subscriber, data: QueryDict | None = None) -> None:
        super().__init__(data)
        self.person = person
        self.categories = list(Category.objects.all())
        self.held = set(person.categories.values_list("pk", flat=True))
        if person.state == Subscriber.State.ACTIVE:
            names = [(category.pk, category.label(language())) for category in self.categories]
            cast(forms.TypedMultipleChoiceField, self.fields["topics"]).choices = names
        else:
            del self.fields["topics"], self.fields["zones"]
        self.initial = {
            "topics": self.held,
            "zones": person.zones.values_list("pk", flat=True),
            "language": person.language,
        }

    def apply(self) -> None:
        """Do what changed: each topic is an act of its own in the ledger."""
        person, now = self.person, clock.now()
        if "topics" in self.fields:
            for category in self.categories:
                wanted = category.pk in self.cleaned_data["topics"]
                if wanted != (category.pk in self.held):
                    verb = consent.topic_on if wanted else consent.topic_off
                    verb(person, category, at=now, now=now, command="my-data", channel="web")
            person.zones.set(self.cleaned_data["zones"])
        Subscriber.objects.filter(pk=person.pk).update(language=self.cleaned_data["language"])


@for_owner
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, person: Subscriber) -> HttpResponse:
    """See it all, and correct what can be corrected."""
    form = ChoicesForm(person, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        form.apply()
        return HttpResponseRedirect(f"{reverse('my-data')}?salvato=1")
    town, now = _town(), clock.now()
    context = {
        "held": _held(person),
        "form": form,
        "active": person.state == Subscriber.State.ACTIVE,
        "saved": "salvato" in request.GET,
        "remainders": remainders(town, now),
        "facts": facts_of(town, language()),
    }
    return show(request, "public/my_data.html", context)


def _held(person: Subscriber) -> Held:
    return held_of(person, _town(), clock.now(), language(), settings.SITE_URL)


@for_owner
@require_GET
def download_json(request: HttpRequest, person: Subscriber) -> HttpResponse:
    """All of it for a machine."""
    answer = JsonResponse(_held(person).as_json(), json_dumps_params={"ensure_ascii": False, "indent": 2})
    return _as_file(answer, "json")


@for_owner
@require_GET
def download_page(request: HttpRequest, person: Subscriber) -> HttpResponse:
    """All of it for a reader: a page that needs nothing else."""
    body = render_to_string("public/my_data_file.html", {"held": _held(person)}, request)
    return _as_file(HttpResponse(body), "html")


def _as_file(response: HttpResponse, ending: str) -> HttpResponse:
    response["Content-Disposition"] = f'attachment; filename="i-miei-dati.{ending}"'
    return response


@for_owner
@require_POST
def leave(request: HttpRequest, person: Subscriber) -> HttpResponse:
    """Out of everything; the data stay."""
    now = clock.now()
    consent.stop(person, at=now, now=now, command="my-data", channel="web")
    return HttpResponseRedirect(f"{reverse('my-data')}?salvato=1")


@for_owner
@require_POST
def forget(request: HttpRequest, person: Subscriber) -> HttpResponse:
    """Erase, once they have said that they know what it means."""
    if "sure" not in request.POST:
        return HttpResponseRedirect(f"{reverse('my-data')}#cancella")
    now = clock.now()
    erase(person.pk, now)
    response = show(request, "public/my_data_erased.html", {"remainders": remainders(_town(), now)})
    response.delete_cookie(COOKIE, samesite="Lax")
    return response


@private
@require_POST
def close(request: HttpRequest) -> HttpResponse:
    """Done: this device forgets the page."""
    my_data.close(_device(request))
    response = HttpResponseRedirect(reverse("home"))
    response.delete_cookie(COOKIE, samesite="Lax")
    return response
