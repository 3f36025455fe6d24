"""The addresses of the public texts: the one in force, and each version for ever."""

from __future__ import annotations

from django.urls import path

from policy import views
from policy.models import PolicyVersion

POLICY = {"kind": PolicyVersion.Kind.POLICY}
PRIVACY = {"kind": PolicyVersion.Kind.PRIVACY}

urlpatterns = [
    path("policy/", views.in_force, POLICY, name="policy"),
    path("policy/<int:number>/", views.version, POLICY, name="policy-version"),
    path("privacy/", views.in_force, PRIVACY, name="privacy"),
    path("privacy/<int:number>/", views.version, PRIVACY, name="privacy-version"),
]
