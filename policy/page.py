"""How every public page is answered: the other language's address, short caching, no cookie."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import translate_url
from django.utils import translation
from django.utils.cache import (
    add_never_cache_headers,
    get_conditional_response,
    patch_cache_control,
    set_response_etag,
)
from django.views.decorators.http import require_safe

from policy.page_cache import PAGES

FRESH_SECONDS = 3  # how long others may keep a page; with ours, a correction shows within five seconds
LANGUAGE_NAMES = {"it": "Italiano", "en": "English"}


@dataclass(frozen=True, slots=True)
class LanguageLink:
    """This same page in one language: `path` for people, the absolute `address` for search engines."""

    code: str
    name: str
    path: str
    address: str
    current: bool


def public_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Read only, with an ETag, kept for moments by this process and by whoever is on the way.

    In the demo nothing is kept: the clock's form carries a token of this visitor's own.
    """

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        if settings.DEMO:
            add_never_cache_headers(response)
        else:
            patch_cache_control(response, public=True, max_age=FRESH_SECONDS)
            response.kept = True  # type: ignore[attr-defined]  # for KeptPages, which sees every response
        return response

    return require_safe(answer)


class KeptPages:
    """Answers public pages that are kept, before sessions, people and languages are looked at.

    What it keeps is the whole answer with the headers of every middleware after it; those before it (TLS,
    content policy) put theirs on each answer anew. Nothing that sets a cookie is kept.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method != "GET" or settings.DEMO:
            return self.get_response(request)
        response = PAGES.answer(request.get_full_path(), lambda: self._drawn(request), keep=_may_keep)
        etag = response.headers.get("ETag")
        if not etag or not _may_keep(response):
            return response
        return get_conditional_response(request, etag=etag, response=response) or response

    def _drawn(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if _may_keep(response):
            set_response_etag(response)
        return response


def _may_keep(response: HttpResponse) -> bool:
    return getattr(response, "kept", False) and response.status_code == 200 and not response.cookies


def show(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """Render a public page; the template gets `languages`, `address` and `site_url` besides."""
    languages = language_links(request.get_full_path())
    here = next(link for link in languages if link.current)
    frame = {"languages": languages, "address": here.address, "site_url": settings.SITE_URL}
    return render(request, template, frame | context)


def language_links(path: str) -> list[LanguageLink]:
    """The addresses of a page in every language, the source language first."""
    current = language()
    paths = {code: translate_url(path, code) for code, _name in settings.LANGUAGES}
    return [
        LanguageLink(
            code, LANGUAGE_NAMES[code], there, settings.SITE_URL + there.partition("?")[0], code == current
        )
        for code, there in paths.items()
    ]


def language() -> str:
    """The language of the page that is being answered: «it» or «en»."""
    current = (translation.get_language() or settings.LANGUAGE_CODE).split("-")[0]
    return current if current in LANGUAGE_NAMES else "it"
