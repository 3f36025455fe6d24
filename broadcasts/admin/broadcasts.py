"""Notices in the admin: the list is Django's, the pages are the office's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django_htmx.http import HttpResponseClientRefresh

from broadcasts.admin import decisions, files, pages, report_pages
from broadcasts.admin.buttons import VERB_WORDS
from broadcasts.admin.calendar import calendar_page
from broadcasts.bulletins.kinds import KINDS, Kind
from broadcasts.models import Broadcast, Transition
from broadcasts.states import EDITABLE, State
from staff.admin_base import ReadOnlyAdmin


@admin.register(Broadcast)
class BroadcastAdmin(admin.ModelAdmin):
    """The list of all notices, and the addresses of their pages."""

    list_display = ("title", "kind_words", "category", "severity", "state_words", "leaves", "created_by")
    list_display_links = ("title",)
    list_filter = ("state", "category", "severity", "exercise")
    list_select_related = ("category", "created_by")
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("title", "code")
    date_hierarchy = "created_at"
    ordering = ("-created_at",)
    actions = None

    @admin.display(description=_("tipo di avviso"), ordering="kind")
    def kind_words(self, notice: Broadcast) -> str:
        kind = KINDS.get(notice.kind)
        return str(kind.label) if kind else notice.kind

    @admin.display(description=_("stato"), ordering="state")
    def state_words(self, notice: Broadcast) -> SafeString:
        ready = notice.companion and notice.state == State.DRAFT and notice.fingerprint
        words = gettext("pronto") if ready else notice.get_state_display()
        return format_html('<span class="state state-{}">{}</span>', notice.state, words)

    @admin.display(description=_("parte"), ordering="due_at")
    def leaves(self, notice: Broadcast) -> Any:
        return notice.started_at or notice.due_at

    def has_delete_permission(self, request: HttpRequest, obj: Broadcast | None = None) -> bool:
        """A notice is never deleted."""
        return False

    def get_urls(self) -> list[URLPattern]:
        def page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
            return self.admin_site.admin_view(view)

        name = "broadcasts_broadcast_{}".format
        own = [
            path("add/<slug:kind>/", page(self.compose_view), name=name("compose")),
            path("preview/<slug:kind>/", never_cache(self.preview_view), name=name("preview")),
            path("proof/", page(self.proof_view), name=name("proof")),
            path("upload/", never_cache(self.upload_view), name=name("upload")),
            path("file/<slug:sha256>/", page(self.file_view), name=name("file")),
            path("calendar/", page(self.calendar_view), name=name("calendar")),
            path("<int:pk>/edit/", page(self.edit_view), name=name("edit")),
            path("<int:pk>/progress/", never_cache(self.progress_view), name=name("progress")),
            path("<int:pk>/do/<slug:verb>/", page(self.act_view), name=name("do")),
            path("<int:pk>/others/", page(self.others_view), name=name("others")),
            path("night/", page(self.night_view), name=name("night")),
        ]
        of_report = report_pages.urls(self.admin_site.admin_view, self._notice, self._context)
        return own + of_report + super().get_urls()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Broadcast]:
        related = ("category", "refers_to__category", "created_by", "last_edited_by", "submitted_by")
        return super().get_queryset(request).select_related(*related, "approved_by", "countersigned_by")

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        return pages.choose(request, self._context(request))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if not object_id.isdecimal():
            raise Http404
        return pages.show(request, self._notice(request, int(object_id)), self._context(request))

    def compose_view(self, request: HttpRequest, kind: str) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        known, original = self._kind(request, kind)
        notice = pages.new_notice(request, known, original)
        return pages.compose(request, notice, self._context(request))

    def edit_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        notice = self._notice(request, pk)
        if not self.has_change_permission(request, notice):
            raise PermissionDenied
        if notice.state not in EDITABLE:
            return HttpResponseRedirect(pages.notice_address(notice))
        return pages.compose(request, notice, self._context(request))

    # These two are parts of a page: a log-in page must not be drawn inside it, so they ask by themselves.

    def preview_view(self, request: HttpRequest, kind: str) -> HttpResponse:
        if not self.admin_site.has_permission(request):
            return TemplateResponse(request, "desk/logged_out.html")
        if not self.has_add_permission(request):
            raise PermissionDenied
        return pages.preview(request, *self._kind(request, kind))

    def upload_view(self, request: HttpRequest) -> HttpResponse:
        if not self.admin_site.has_permission(request):
            return TemplateResponse(request, "desk/logged_out.html")
        if not self.has_add_permission(request):
            raise PermissionDenied
        return files.upload(request)

    def file_view(self, request: HttpRequest, sha256: str) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return files.show(request, sha256)

    def progress_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not self.admin_site.has_permission(request):
            return HttpResponseClientRefresh()
        return pages.progress(request, self._notice(request, pk))

    def proof_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        return pages.begin_proof(request)

    def calendar_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return calendar_page(request, self._context(request))

    def act_view(self, request: HttpRequest, pk: int, verb: str) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return pages.act(request, pk, verb, self._context(request))

    def night_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return decisions.night(request, self._context(request))

    def others_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        return decisions.tell_others(request, self._notice(request, pk))

    def _notice(self, request: HttpRequest, pk: int) -> Broadcast:
        if not self.has_view_permission(request):
            raise PermissionDenied
        steps = Prefetch("transitions", Transition.objects.select_related("by").order_by("-id"))
        return get_object_or_404(self.get_queryset(request).prefetch_related("zones", steps), pk=pk)

    def _kind(self, request: HttpRequest, slug: str) -> tuple[Kind, Broadcast | None]:
        """The kind of that name and, for one that follows another notice, that notice."""
        kind = KINDS.get(slug)
        if kind is None:
            raise Http404
        if not kind.follow_up:
            return kind, None
        about = request.GET.get("refers_to", "")
        if not about.isdecimal():
            raise Http404
        return kind, get_object_or_404(Broadcast.objects.select_related("category"), pk=about)

    def _context(self, request: HttpRequest) -> dict[str, Any]:
        return self.admin_site.each_context(request) | {
            "opts": self.opts,
            "list_url": reverse("admin:broadcasts_broadcast_changelist"),
        }


@admin.register(Transition)
class TransitionAdmin(ReadOnlyAdmin):
    """Every change of state there was, in words."""

    list_display = ("at", "broadcast", "who", "deed", "reason")
    list_select_related = ("broadcast", "by")
    fields = ("at", "broadcast", "who", "deed", "reason")
    readonly_fields = fields

    @admin.display(description=_("chi"), ordering="by")
    def who(self, row: Transition) -> str:
        return str(row.by) if row.by else gettext("Il sistema")

    @admin.display(description=_("che cosa"), ordering="verb")
    def deed(self, row: Transition) -> str:
        return str(VERB_WORDS.get(row.verb, row.verb))
