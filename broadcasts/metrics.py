"""The engine's numbers in the Prometheus text format, from the function that feeds the office's page.

Read with the token of METRICS_TOKEN, or by a person who may see the engine. Without a token in the settings
no machine is let in, not even from loopback: behind a proxy on the same server every visitor comes from it.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from broadcasts.engine_state import engine_state
from staff.models import User
from whatsempoli import clock

PREFIX = "whatsempoli"


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """How the engine stands, for a machine that asks every few seconds."""
    if not (_has_token(request) or _may_look(request.user)):
        if not settings.METRICS_TOKEN:
            raise Http404
        return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer"})
    registry = CollectorRegistry()
    registry.register(Engine(engine_state(clock.real_now())))
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _has_token(request: HttpRequest) -> bool:
    word, _blank, token = request.headers.get("Authorization", "").partition(" ")
    told, ours = token.strip().encode(), settings.METRICS_TOKEN.encode()
    return bool(ours) and word.lower() == "bearer" and hmac.compare_digest(told, ours)


def _may_look(user: User | AnonymousUser) -> bool:
    return user.is_active and user.has_perm("broadcasts.view_sending")


class Engine(Collector):
    """One look at the engine as gauges: whole, by lane, by error, and by notice (its public code)."""

    def __init__(self, state: dict[str, Any]) -> None:
        self._state = state

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The families; no phone and no title is in them."""
        state, budget = self._state, self._state["budget"]
        yield _plain("armed", "1 if anything may leave at all.", state["armed"])
        yield _plain(
            "rate", "Messages a second that the provider took over the last ten seconds.", state["rate"]
        )
        yield _plain("budget_rate", "Messages a second that the number may send.", budget["rate"])
        yield _plain("budget_rate_now", "The same after what the provider slowed down.", budget["rate_now"])
        yield _plain("budget_reachable", "1 if Valkey answers.", budget["reachable"])
        yield _plain(
            "oldest_seconds",
            "How long the notice that waits longest has been leaving.",
            state["oldest_seconds"],
        )
        yield _plain("webhooks_pending", "Posts of the provider that wait to be applied.", state["webhooks"])
        yield _by(
            "backlog",
            "People still to be written to.",
            ["lane"],
            {(k,): n for k, n in state["backlog"].items()},
        )
        yield _by(
            "errors",
            "Rows of notices that are leaving, by the provider's code and where they stand.",
            ["code", "state"],
            {(str(e["code"]), e["state"]): e["count"] for e in state["errors"]},
        )
        yield from self._notices()

    def _notices(self) -> Iterator[GaugeMetricFamily]:
        notices = self._state["broadcasts"]
        for name, words in (
            ("rate", "Messages a second of one notice."),
            ("to_go", "People of one notice still to be written to."),
            ("unconfirmed", "Requests of one notice that had no answer."),
            ("failed", "People of one notice who cannot be reached."),
            ("waiting_again", "People of one notice to be tried again after a pause."),
        ):
            values = {(notice["code"], notice["lane"]): notice[name] for notice in notices}
            yield _by(f"notice_{name}", words, ["notice", "lane"], values)
        errors = {(n["code"], str(e["code"])): e["count"] for n in notices for e in n["errors"]}
        yield _by("notice_errors", "Rows of one notice by the provider's code.", ["notice", "code"], errors)


def _plain(name: str, words: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{PREFIX}_{name}", words, value=float(value))


def _by(name: str, words: str, labels: list[str], values: Mapping[Any, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"{PREFIX}_{name}", words, labels=labels)
    for key, value in values.items():
        family.add_metric(key, float(value))
    return family
