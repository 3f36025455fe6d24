"""Every address of the admin that can be opened with what there is in the database."""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib import admin
from django.test import Client
from django.urls import NoReverseMatch, reverse

from broadcasts.bulletins.kinds import KINDS
from broadcasts.models import Broadcast, Delivery
from broadcasts.states import NOT_REACHED
from staff.models import User


def every_page(who: User) -> list[str]:
    """The front page, every list, one row of each, every form to add, and all pages of every notice: what
    this person may open."""
    client = Client()
    client.force_login(who)
    found = [reverse("admin:index"), reverse("admin:password_change"), *_of_models(), *_of_notices()]
    answers = {address: client.get(address).status_code for address in dict.fromkeys(found)}
    assert set(answers.values()) <= {200, 302, 403}, answers
    return [address for address, status in answers.items() if status == 200]


def _of_models() -> Iterator[str]:
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_"
        yield reverse(f"{name}changelist")
        first = model._default_manager.order_by("pk").first()
        for page, arguments in (("add", []), ("change", [first.pk] if first else None)):
            if arguments is None:
                continue
            try:
                yield reverse(name + page, args=arguments)
            except NoReverseMatch:
                continue


def _of_notices() -> Iterator[str]:
    of = "admin:broadcasts_broadcast_{}".format
    for kind in KINDS.values():
        if not kind.follow_up:
            yield reverse(of("compose"), args=[kind.slug])
    for notice in Broadcast.objects.all():
        yield reverse(of("change"), args=[notice.pk])
        if notice.state in ("draft", "returned"):
            yield reverse(of("edit"), args=[notice.pk])
        if notice.started_at:
            yield reverse(of("report"), args=[notice.pk])
            yield reverse(of("missing"), args=[notice.pk])
            row = Delivery.objects.filter(broadcast=notice, state__in=NOT_REACHED).first()
            if row:
                yield reverse(of("number"), args=[notice.pk, row.pk])
