"""Every address of the site, from the public pages to the provider's webhook."""

from __future__ import annotations

from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.contrib.sitemaps import views as sitemaps
from django.urls import URLPattern, URLResolver, include, path

from broadcasts.metrics import metrics
from broadcasts.public import healthz, readyz
from broadcasts.sitemap import SITEMAPS, robots
from broadcasts.views import webhook
from policy import look
from whatsempoli import clockbar

urlpatterns: list[URLPattern | URLResolver] = [
    path("webhooks/whatsapp/", webhook, name="webhook"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    path("robots.txt", robots, name="robots"),
    path("sitemap.xml", sitemaps.index, {"sitemaps": SITEMAPS}, name="sitemap-index"),
    path(
        "sitemap-<section>.xml",
        sitemaps.sitemap,
        {"sitemaps": SITEMAPS},
        name="django.contrib.sitemaps.views.sitemap",
    ),
    path("aspetto.css", look.colours, name="colours"),
    path("stemma.png", look.crest, name="crest"),
    path("demo/clock/", clockbar.move, name="demo-clock"),
]
# Italian at the root, English under /en/: an address says its language, and no cookie is needed.
urlpatterns += i18n_patterns(
    path("admin/", admin.site.urls),
    path("notte/", include("broadcasts.night_urls")),
    path("", include("broadcasts.public_urls")),
    path("", include("policy.urls")),
    prefix_default_language=False,
)
