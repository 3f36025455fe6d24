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
from django.utils.cache import add_never_cache_headers, patch_cache_control
from django.views.decorators.http import conditional_page, require_safe

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
        def draw() -> HttpResponse:
            response = view(request, *args, **kwargs)
            patch_cache_control(response, public=True, max_age=FRESH_SECONDS)
            return response

        if settings.DEMO:
            response = view(request, *args, **kwargs)
            add_never_cache_headers(response)
            return response
        return PAGES.answer(f"{language()} {request.get_full_path()}", draw)

    guarded: Callable[..., HttpResponse] = require_safe(conditional_page(answer))
    return guarded


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
