"""Two ways of being in the admin: only to be read, or changed with a line in the log."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.widgets import AdminSplitDateTime
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from staff.models import User, audit


def person(request: HttpRequest) -> User:
    """Who is logged in; the admin has made sure that somebody is."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


class BoundedPaginator(Paginator):
    """Counts ten thousand rows at most: who looks further back than that searches or filters."""

    MOST = 10_000

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        number: int = rows[: self.MOST].count() if isinstance(rows, QuerySet) else super().count
        return number


class ReadOnlyAdmin(admin.ModelAdmin):
    """Rows that nobody adds, changes or deletes by hand. Cheap on tables of millions: nothing is counted
    that is not shown, and never more than a look needs."""

    actions: Any = None
    paginator = BoundedPaginator
    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class LabelledAdmin(admin.ModelAdmin):
    """Forms whose every box has a name for who hears the page."""

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """A moment has two boxes, and each says which it is."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(field.widget, AdminSplitDateTime):
            for box, name in zip(field.widget.widgets, (_("data"), _("ora")), strict=True):
                box.attrs["aria-label"] = f"{field.label}: {name}"
        return field


class AuditedAdmin(LabelledAdmin):
    """Every change is written in the append-only log: who, what, which fields. Never the values."""

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        self._audit(request, "add", obj, message)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        self._audit(request, "change", obj, message)
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        for obj in queryset:
            self._audit(request, "delete", obj, [])
        return super().log_deletions(request, queryset)

    def _audit(self, request: HttpRequest, verb: str, obj: Model, message: Any) -> None:
        audit(person(request), verb, f"{self.opts.verbose_name}: {obj}", changes=message)
