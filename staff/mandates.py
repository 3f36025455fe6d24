"""Who may approve now: by role, as a deputy, or on duty. Dated rows, read at each request."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet

from staff.models import Deputyship, DutyShift, User
from staff.roles import APPROVER, PERMISSIONS
from whatsempoli import clock


class MandateBackend(BaseBackend):
    """Gives the approver's permissions to a deputy and to who is on duty, between their dates.

    It never logs anybody in. What is asked is kept on the user's object, which lives as long as a request.
    """

    def authenticate(self, request: Any, **credentials: Any) -> None:
        return None

    def get_group_permissions(self, user_obj: User | AnonymousUser, obj: Any = None) -> set[str]:
        if not isinstance(user_obj, User) or not user_obj.is_active or obj is not None:
            return set()
        if not hasattr(user_obj, "_mandate"):
            user_obj._mandate = has_mandate(user_obj, clock.now())  # type: ignore[attr-defined]
        return set(PERMISSIONS[APPROVER]) if user_obj._mandate else set()  # type: ignore[attr-defined]

    def has_perm(self, user_obj: User | AnonymousUser, perm: str, obj: Any = None) -> bool:
        """Asks only about what a mandate can give."""
        return perm in PERMISSIONS[APPROVER] and perm in self.get_group_permissions(user_obj, obj)


def has_mandate(person: User, now: datetime) -> bool:
    """Whether a deputyship or a turn of duty of theirs is in force."""
    mine = {"person": person, "starts__lte": now, "ends__gt": now}
    on_call = DutyShift.objects.filter(**mine).order_by().values("pk")
    return Deputyship.objects.filter(**mine).order_by().values("pk").union(on_call).exists()


def approvers(now: datetime) -> QuerySet[User]:
    """Everybody who may approve at `now`, by role or for a time."""
    running = {"starts__lte": now, "ends__gt": now}
    deputies = Deputyship.objects.filter(**running).values("person")
    on_call = DutyShift.objects.filter(**running).values("person")
    may = Q(groups__name=APPROVER) | Q(pk__in=deputies) | Q(pk__in=on_call)
    return User.objects.filter(may, is_active=True).distinct().order_by("pk")


def on_duty(now: datetime) -> list[User]:
    """Whom to call, in the order of the rota; nobody twice."""
    shifts = DutyShift.objects.filter(starts__lte=now, ends__gt=now, person__is_active=True)
    rows = shifts.select_related("person").order_by("rank", "id")
    return list({shift.person_id: shift.person for shift in rows}.values())
