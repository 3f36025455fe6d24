"""What a person may do, in one question to the database instead of one for each way to be allowed it."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AnonymousUser, Permission
from django.db.models import Q

from staff.models import User


class PowersBackend(ModelBackend):
    """Django's own, which asks for a person's permissions and for their roles' apart."""

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        if not user_obj.is_active or isinstance(user_obj, AnonymousUser) or obj is not None:
            return set()
        if not hasattr(user_obj, "_perm_cache"):
            user_obj._perm_cache = _powers(user_obj)
        powers: set[str] = user_obj._perm_cache
        return powers


def _powers(person: User) -> set[str]:
    granted = Permission.objects.order_by()
    if not person.is_superuser:
        granted = granted.filter(Q(user=person) | Q(group__user=person)).distinct()
    return {f"{app}.{name}" for app, name in granted.values_list("content_type__app_label", "codename")}
