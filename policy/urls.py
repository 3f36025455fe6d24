"""The addresses of the public texts: the one in force, and each version for ever."""

from __future__ import annotations

from django.urls import path

from policy import views
from policy.models import PolicyVersion

POLICY = {"kind": PolicyVersion.Kind.POLICY}
PRIVACY = {"kind": PolicyVersion.Kind.PRIVACY}
RULES = {"kind": PolicyVersion.Kind.RULES}

urlpatterns = [
    path("policy/", views.in_force, POLICY, name="policy"),
    path("policy/<int:number>/", views.version, POLICY, name="policy-version"),
    path("policy/<int:number>/cambiamenti/", views.changes, POLICY, name="policy-changes"),
    path("privacy/", views.in_force, PRIVACY, name="privacy"),
    path("privacy/<int:number>/", views.version, PRIVACY, name="privacy-version"),
    path("privacy/<int:number>/cambiamenti/", views.changes, PRIVACY, name="privacy-changes"),
    path("regole/", views.in_force, RULES, name="rules"),
    path("regole/<int:number>/", views.version, RULES, name="rules-version"),
    path("regole/<int:number>/cambiamenti/", views.changes, RULES, name="rules-changes"),
]
