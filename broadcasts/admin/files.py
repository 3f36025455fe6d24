"""The picture or PDF of a notice on the office's pages. Without JavaScript it comes with the form."""

from __future__ import annotations

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import trigger_client_event

from broadcasts import media
from broadcasts.models import MediaFile
from broadcasts.uploads import MOST_UPLOAD, BadFile
from staff.admin_base import person


def with_upload(request: HttpRequest) -> tuple[QueryDict | None, str]:
    """What was posted, with the id of the file that came with it; and why that one was refused, if it was."""
    if request.method != "POST":
        return None, ""
    data = request.POST.copy()
    upload = request.FILES.get("file")
    if upload is None or "media_drop" in data:  # the browser sends a file again that was taken off since
        return data, ""
    try:
        data["media_file"] = str(_kept(request, upload).pk)
    except BadFile as why:
        return data, str(why)
    return data, ""


@require_POST
def upload(request: HttpRequest) -> HttpResponse:
    """Take a file as soon as it is chosen, and show it beside its field; the phone is drawn again."""
    given = request.FILES.get("file")
    context: dict[str, object] = {}
    if given is not None:
        try:
            context["file"] = _kept(request, given)
        except BadFile as why:
            context["bad_file"] = str(why)
    answer = TemplateResponse(request, "desk/media.html", context)
    return trigger_client_event(answer, "redraw", after="swap")


@require_safe
def show(request: HttpRequest, sha256: str) -> HttpResponse:
    """A file as it will be sent, to who works here."""
    file = get_object_or_404(MediaFile, sha256=sha256)
    return media.as_answer(file, "anteprima")


def _kept(request: HttpRequest, upload: UploadedFile) -> MediaFile:
    if (upload.size or 0) > MOST_UPLOAD:
        raise BadFile(
            _("Il file è troppo grande: al massimo %(most)d MB.") % {"most": MOST_UPLOAD // 1024**2}
        )
    return media.keep(upload.read(), by=person(request))
