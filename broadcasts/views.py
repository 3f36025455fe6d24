"""The provider's webhook address: a shell around broadcasts/intake.

Only a 200 stops the provider from sending again. 403: not signed by it, nothing is stored. 413: larger
than it ever sends. 500: we could not store it, so it shall come again.
"""

from __future__ import annotations

import hmac

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from broadcasts import intake
from whatsapp import signature


@csrf_exempt
@require_http_methods(["GET", "POST"])
def webhook(request: HttpRequest) -> HttpResponse:
    """GET is the handshake, POST a batch of events."""
    return _handshake(request) if request.method == "GET" else _receive(request)


def _handshake(request: HttpRequest) -> HttpResponse:
    ours = settings.WHATSAPP_VERIFY_TOKEN.encode()
    theirs = request.GET.get("hub.verify_token", "").encode()
    challenge = request.GET.get("hub.challenge", "")
    known = bool(ours) and hmac.compare_digest(ours, theirs)
    if (
        not known
        or request.GET.get("hub.mode") != "subscribe"
        or not challenge.isascii()
        or not challenge.isalnum()
    ):
        return HttpResponseForbidden()
    return HttpResponse(challenge, content_type="text/plain")


def _receive(request: HttpRequest) -> HttpResponse:
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not (length.isascii() and length.isdigit()) or int(length[:20]) > settings.WEBHOOK_MAX_BYTES:
        return HttpResponse(status=413)
    body = request.body
    if not signature.verify(settings.WHATSAPP_APP_SECRETS, body, request.headers.get("X-Hub-Signature-256")):
        return HttpResponseForbidden()
    intake.receive(body)
    return HttpResponse("ok", content_type="text/plain")
