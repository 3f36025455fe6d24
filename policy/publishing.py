"""Publishing a public text: a draft that one person wrote and another approves, from a date, for ever."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from policy import markdown
from policy.facts import facts_of
from policy.models import PolicyVersion, TownProfile
from staff.models import User, audit

LANGUAGES = ("it", "en")


def problems_of(version: PolicyVersion) -> list[str]:
    """Why this draft cannot be published yet, a sentence each; empty if it can."""
    found: list[str] = []
    unknown = markdown.unknown_placeholders(version.body + version.body_en)
    if unknown:
        found.append(
            _("%(version)s non si può pubblicare: non so che cosa sia %(names)s.")
            % {"version": version, "names": ", ".join(unknown)}
        )
    if not version.changes.strip():
        found.append(_("Manca «che cosa cambia»: chi legge deve poterlo sapere in due parole."))
    return found


@transaction.atomic
def publish(pk: int, *, by: User, from_: datetime, now: datetime) -> PolicyVersion:
    """Publish a draft from a moment on. The rules of today are kept beside it, so that its page can still
    say what it said when another has taken its place.

    Raises ValidationError, with a sentence, if it is not a draft, is not complete, was written by the same
    person, or would begin in the past.
    """
    version = PolicyVersion.objects.select_for_update().get(pk=pk)
    if version.published_at is not None:
        raise ValidationError(_("È già pubblicata, e non si cambia più."))
    if version.edited_by_id == by.pk:
        raise ValidationError(_("L'hai scritta tu: la pubblica un'altra persona."))
    if from_ < now:
        raise ValidationError(_("Non può valere da un momento già passato."))
    problems = problems_of(version)
    if problems:
        raise ValidationError(problems)
    town = TownProfile.current()
    version.values = {language: facts_of(town, language).values for language in LANGUAGES}
    version.published_at, version.published_by = from_, by
    version.save(update_fields=["published_at", "published_by", "values"])
    audit(by, "publish", version)
    return version
