"""What one composes: three forms, the notice they make, and the phone that shows it. No request here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django import forms
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from broadcasts import exercise_rules, release, render
from broadcasts.admin.envelope import EnglishForm, EnvelopeForm
from broadcasts.bubble import bubble_html
from broadcasts.bulletins.compose import Original, compose
from broadcasts.bulletins.form_fields import LineField, PhoneField
from broadcasts.bulletins.forms import BulletinForm
from broadcasts.bulletins.kinds import KINDS, Kind
from broadcasts.bulletins.languages import Behind, behind, italian_of, written_for
from broadcasts.bulletins.templates import BODY_MAX, Town
from broadcasts.fingerprint import fingerprint_of
from broadcasts.forecast import Forecast, forecast, leave_words
from broadcasts.models import Broadcast, MediaFile
from broadcasts.restraint import refusal_words
from policy.models import Category, Severity, TownProfile
from policy.restraint import personal_words
from subscribers.models import Zone

ELLIPSIS = "…"


@dataclass(frozen=True, slots=True)
class Preview:
    """The phone beside the form. `missing` names the fields still wanted; `html` is empty if nothing can be
    drawn yet. `pieces` are what was written: label, characters, and how many it may have; `behind` the texts
    whose English no longer says what the Italian says."""

    html: SafeString | str
    english: SafeString | str = ""
    length: int = 0
    most: int = BODY_MAX
    notice: Broadcast | None = None
    pieces: list[tuple[str, int, int | None]] = field(default_factory=list)
    behind: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    leaves: str = ""
    forecast: Forecast | None = None  # once one knows the topic

    @property
    def too_long(self) -> bool:
        return self.length > self.most

    @property
    def over(self) -> int:
        return self.length - self.most

    @property
    def nearly(self) -> int:
        """From how many characters on it is worth a look."""
        return self.most * 9 // 10


@dataclass(slots=True)
class Composer:
    """The forms of one notice, bound or not, and the notice they are about. `bad_file` says why an upload
    that came with them was refused."""

    broadcast: Broadcast
    envelope: EnvelopeForm
    bulletin: BulletinForm
    english: EnglishForm
    now: datetime
    bad_file: str = ""

    @property
    def kind(self) -> Kind:
        return KINDS[self.broadcast.kind]

    def is_valid(self) -> bool:
        """Every form, so that all errors show at once, and what only both together can tell."""
        valid = all([self.envelope.is_valid(), self.bulletin.is_valid(), self.english.is_valid()])
        if self.bad_file:
            self.envelope.add_error("file", self.bad_file)
        if valid and not self.bad_file:
            self._check_together()
        return not (self.envelope.errors or self.bulletin.errors or self.english.errors)

    def _check_together(self) -> None:
        cleaned = self.envelope.cleaned_data
        until = cleaned.get("valid_until") or self.bulletin.valid_until()
        if not until and cleaned["severity"] != Severity.ROUTINE:
            self.envelope.add_error("valid_until", _("Un avviso urgente deve dire fino a quando vale."))
        if not until and not self.bulletin.reminder() and "remind_at" in self.bulletin.fields:
            self.bulletin.add_error("remind_at", _("Senza una fine, indica quando ricordartelo."))
        if until and until <= self.now and not self.bulletin.errors:
            self.envelope.add_error("valid_until", _("Questo momento è già passato."))
        due = cleaned.get("due_at")
        if due and until and until <= due and "valid_until" not in self.envelope.errors:
            self.envelope.add_error("due_at", _("Parte quando è già finito: scegli un momento prima."))
        seen = cleaned.get("seen")
        if self.broadcast.pk and seen and seen != fingerprint_of(self.broadcast):
            self.envelope.add_error(
                None, _("Nel frattempo un collega l'ha modificato: apri la sua versione prima di salvare.")
            )
        if not self.envelope.errors and not self.bulletin.errors:
            self.apply()
            for problem in _problems(self.broadcast):
                self.envelope.add_error(None, problem)

    def apply(self) -> Broadcast:
        """The notice with what was written; it is not saved here."""
        cleaned, notice = self.envelope.cleaned_data, self.broadcast
        notice.title, notice.category = cleaned["title"], cleaned["category"]
        notice.severity, notice.due_at = cleaned["severity"], cleaned.get("due_at")
        self.add_file()
        notice.valid_until = cleaned.get("valid_until") or self.bulletin.valid_until()
        notice.remind_at = self.bulletin.reminder()
        notice.night_reason = cleaned.get("night_reason", "")
        notice.cap_override_reason = cleaned.get("cap_override_reason", "")
        notice.election_reason = cleaned.get("election_reason", "")
        before = notice.fields
        notice.fields = self.bulletin.stored()
        self.add_english(before)
        return notice

    def add_file(self) -> None:
        """The picture or PDF that was chosen, and what it shows."""
        chosen = self.envelope.media_chosen()
        self.broadcast.media = chosen
        self.broadcast.media_alt = self.envelope.cleaned_data.get("media_alt", "") if chosen else ""

    def file(self) -> MediaFile | None:
        """The file that the page shows beside its field, as it is so far."""
        if not self.envelope.is_bound:
            return self.broadcast.media
        self.envelope.is_valid()
        return self.envelope.media_chosen()

    def add_english(self, before: dict[str, Any]) -> None:
        """The English words, each with the Italian that it goes with."""
        notice, words = self.broadcast, self.english.stored()
        if words:
            italian = italian_of(notice.fields, notice.title, self.kind.form_class.texts)
            confirmed = self.english.confirmed()
            notice.fields["en"] = words
            notice.fields["en_of"] = written_for(words, italian, before, confirmed=confirmed)

    def behind(self) -> Behind:
        """What of the notice's English is behind its Italian."""
        notice = self.broadcast
        return behind(notice.fields, notice.title, self.kind.form_class.texts)

    def zones(self) -> list[int]:
        """The chosen zones' ids; none means everywhere."""
        return [zone.pk for zone in self.envelope.cleaned_data.get("zones") or []]

    def preview(self) -> Preview:
        """As much of the phone as can be drawn from what is there; never raises for half a form."""
        for form in (self.envelope, self.bulletin, self.english):
            form.is_valid()
        missing = _missing(self.envelope, self.bulletin)
        warnings = self.bulletin.warnings(self.now) if not self.bulletin.errors else []
        warnings += _zone_warnings(self.envelope, self.bulletin)
        pieces = _pieces(self.envelope, self.bulletin)
        try:
            texts = _draw(self)
        except (KeyError, ValueError, TypeError, AttributeError):  # a form half filled has no text yet
            return Preview("", missing=missing, pieces=pieces)
        italian = texts["it"]
        return Preview(
            html=bubble_html(italian[0]),
            english=bubble_html(texts["en"][0]) if "en" in texts else "",
            length=max(length for _text, length in texts.values()),
            notice=self.broadcast,
            pieces=pieces,
            behind=self.english.labels_of(self.behind()),
            warnings=[*warnings, *_restraint_warnings(self)],
            missing=missing,
            leaves=leave_words(release.leaves_at(self.broadcast, self.now), self.now),
            forecast=self._forecast(),
        )

    def _forecast(self) -> Forecast | None:
        """To whom and when, as far as the form says it; it draws on the notice of the preview."""
        notice = self.broadcast
        if not notice.category.pk:
            return None
        notice.valid_until = self.envelope.cleaned_data.get("valid_until")
        if not (notice.valid_until or self.bulletin.errors):
            notice.valid_until = self.bulletin.valid_until()
        notice.cap_override_reason = self.envelope.cleaned_data.get("cap_override_reason", "")
        return forecast(notice, self.now, zones=self.zones())


def _restraint_warnings(composer: Composer) -> list[str]:
    """What would hold it back, and words that are seldom impersonal in election time."""
    notice, restraints = composer.broadcast, composer.envelope.restraints
    leaves = notice.due_at or composer.now
    held_back = refusal_words(notice, restraints, leaves) if notice.category.pk else ""
    found = [held_back] if held_back else []
    if restraints.election_at(leaves):
        said = " ".join([notice.title, *(v for v in notice.fields.values() if isinstance(v, str))])
        found += [
            _("Periodo elettorale: «%(word)s» è impersonale? Se si può, parla il Comune e non una persona.")
            % {"word": word}
            for word in personal_words(said)
        ]
    return found


def open_composer(
    broadcast: Broadcast, now: datetime, data: Mapping[str, Any] | None = None, *, stored: bool = True
) -> Composer:
    """The forms for a notice, new (`stored` False) or saved, bound when there is data."""
    kind = KINDS[broadcast.kind]
    bulletin_initial = kind.initial_from(
        {k: v for k, v in broadcast.fields.items() if k not in ("en", "en_of")}
    )
    envelope = EnvelopeForm(
        data,
        kind=kind,
        now=now,
        original=broadcast.refers_to,
        initial=_envelope_initial(broadcast, kind, now),
    )
    return Composer(
        broadcast,
        envelope,
        kind.form(data, now=now, prefix="b", initial=bulletin_initial if stored else {}),
        EnglishForm(data, kind=kind, prefix="en", initial=broadcast.fields.get("en", {})),
        now,
    )


def _envelope_initial(broadcast: Broadcast, kind: Kind, now: datetime) -> dict[str, Any]:
    initial: dict[str, Any] = {
        "title": broadcast.title,
        "category": broadcast.category_id,
        "severity": broadcast.severity,
        "due_at": broadcast.due_at,
        "media_file": broadcast.media_id,
        "media_alt": broadcast.media_alt,
        "night_reason": broadcast.night_reason,
        "cap_override_reason": broadcast.cap_override_reason,
        "election_reason": broadcast.election_reason,
    }
    # An end that the content says by itself stays empty here, so that the two cannot part.
    form = kind.form(kind.initial_from(broadcast.fields), now=now)
    if not (form.is_valid() and form.valid_until() == broadcast.valid_until):
        initial["valid_until"] = broadcast.valid_until
    if broadcast.pk:
        initial["zones"] = list(broadcast.zones.values_list("pk", flat=True))
        initial["seen"] = fingerprint_of(broadcast)
    return initial


def _missing(*bound: forms.Form) -> list[str]:
    """Labels of the fields that are wanted and empty, in the form's order."""
    return [
        str(form.fields[name].label)
        for form in bound
        for name, errors in form.errors.as_data().items()
        if name in form.fields and any(error.code == "required" for error in errors)
    ]


def _zone_warnings(envelope: EnvelopeForm, bulletin: BulletinForm) -> list[str]:
    """A zone is named and nobody chose one: perhaps it is not for the whole town."""
    if "zones" not in envelope.fields or envelope.cleaned_data.get("zones"):
        return []
    texts = [
        envelope.cleaned_data.get("title"),
        *(bulletin.cleaned_data.get(n) for n in ("area", *bulletin.texts)),
    ]
    said = " ".join(str(text) for text in texts if text).lower()
    named = [
        zone.name for zone in Zone.objects.all() if re.search(rf"\b{re.escape(zone.name.lower())}\b", said)
    ]
    if not named:
        return []
    return [
        _("Si parla di %(zones)s ma va a tutto il Comune: se riguarda solo chi abita lì, scegli la zona.")
        % {"zones": ", ".join(named)}
    ]


def _pieces(*bound: forms.Form) -> list[tuple[str, int, int | None]]:
    """How long each text is that goes to the phone, and how long it may be."""
    return [
        (str(one.label), len(form[name].value() or ""), one.max_length)
        for form in bound
        for name, one in form.fields.items()
        if isinstance(one, LineField) and not isinstance(one, PhoneField) and form[name].value()
    ]


def _draw(composer: Composer) -> dict[str, tuple[str, int]]:
    """Phone text and body length by language, wanted texts that are missing drawn as «…».

    Changes the composer's notice, which is thrown away after a preview.
    """
    notice, cleaned = composer.broadcast, composer.envelope.cleaned_data
    notice.title = cleaned.get("title") or ELLIPSIS
    notice.category = cleaned.get("category") or Category(name=ELLIPSIS)
    notice.severity = cleaned.get("severity") or notice.severity
    composer.add_file()
    notice.due_at, notice.night_reason = cleaned.get("due_at"), cleaned.get("night_reason", "")
    wanted = {
        name: ELLIPSIS
        for name, one in composer.bulletin.fields.items()
        if one.required and isinstance(one, LineField) and name in composer.bulletin.errors
    }
    before = notice.fields
    notice.fields = composer.kind.fields_from({**wanted, **composer.bulletin.cleaned_data})
    composer.add_english(before)
    words = notice.fields.get("en")
    town, template = render.town_of(TownProfile.current()), render.template_of(notice)
    drawn = {}
    for language in ("it", "en") if words else ("it",):
        values = {name: value or ELLIPSIS for name, value in _composed(notice, town, language).items()}
        body = template.filled_body(language, town, values)
        drawn[language] = (template.phone_text(language, town, values), len(body))
    return drawn


def _composed(notice: Broadcast, town: Town, language: str) -> dict[str, str]:
    """The template's values as they are so far; some may be empty."""
    original = notice.refers_to
    fields = notice.fields | notice.fields.get("en", {}) if language == "en" else notice.fields
    composed = compose(
        notice.kind,
        fields,
        town=town,
        language=language,
        title=fields.get("title") or notice.title,
        link=render.public_url(notice, language),
        category_label=notice.category.label(language),
        original=Original(original.title, original.started_at) if original else None,
    )
    return exercise_rules.marked(notice, composed.values)


def _problems(broadcast: Broadcast) -> list[str]:
    """What the provider would refuse in the notice as it would be saved."""
    town, template = render.town_of(TownProfile.current()), render.template_of(broadcast)
    try:
        texts = render.render(broadcast)
    except ValueError:
        return [_("Manca una parte del testo: completa i campi.")]
    confused = exercise_rules.confusion(broadcast, texts)
    return [confused] * bool(confused) + [
        problem
        for language, text in texts.items()
        for problem in template.limits(language, town, text["values"])
    ]
