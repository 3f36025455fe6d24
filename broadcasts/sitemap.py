"""What search engines may read: every public page in both languages."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.contrib.sitemaps import Sitemap
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from broadcasts.models import Broadcast
from broadcasts.published import public_broadcasts
from policy.models import PolicyVersion


class Pages(Sitemap):
    """The pages that are always there."""

    i18n, alternates = True, True
    changefreq = "daily"

    def items(self) -> list[str]:
        texts = PolicyVersion.objects.exclude(published_at=None).values_list("kind", flat=True)
        return ["home", "notices", "join", "verify", *sorted(set(texts))]

    def location(self, item: str) -> str:
        return reverse(item)


class Notices(Sitemap):
    """Every notice that began to leave."""

    i18n, alternates = True, True
    limit = 5000

    def items(self) -> QuerySet[Broadcast]:
        return public_broadcasts()

    def lastmod(self, item: Broadcast) -> datetime | None:
        return item.started_at


SITEMAPS = {"pagine": Pages, "avvisi": Notices}


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """The office and people's own pages are nobody's to index; a demo is not at all."""
    lines = ["User-agent: *"]
    lines += ["Disallow: /"] if settings.DEMO else ["Disallow: /admin/", "Disallow: /dati/"]
    lines.append(f"Sitemap: {settings.SITE_URL}/sitemap.xml")
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
