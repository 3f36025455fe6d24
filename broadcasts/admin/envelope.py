"""The form around every kind of notice: to whom, how urgent, when; and the English words, if any."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from broadcasts.bulletins.form_fields import LineField, MomentField
from broadcasts.bulletins.kinds import Kind
from broadcasts.bulletins.languages import Behind
from broadcasts.models import Broadcast, MediaFile
from broadcasts.restraint import matter_of, refusal_words
from policy.calendar import Severity as Rank
from policy.live import live_restraints
from policy.models import Category, Severity, TownProfile
from policy.restraint import refusal
from subscribers.models import Zone


class EnvelopeForm(forms.Form):
    """What every notice needs besides its matter. `original` is the notice that a follow-up is about."""

    title = LineField(
        label=gettext_lazy("Titolo"),
        max_length=120,
        help_text=gettext_lazy("Il titolo della pagina. L'anteprima dice che cosa se ne legge sul telefono."),
    )
    category = forms.ModelChoiceField(
        label=gettext_lazy("Argomento"),
        queryset=Category.objects.none(),
        empty_label=gettext_lazy("Scegli…"),
        help_text=gettext_lazy("Lo riceve chi ha scelto questo argomento."),
    )
    severity = forms.ChoiceField(
        label=gettext_lazy("Urgenza"),
        widget=forms.RadioSelect,
        help_text=gettext_lazy(
            "Ordinario aspetta gli orari di servizio; urgente aspetta solo la notte; l'emergenza non aspetta."
        ),
    )
    zones = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Solo per queste zone"),
        queryset=Zone.objects.all(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Nessuna scelta vuol dire tutto il Comune."),
    )
    file = forms.FileField(
        label=gettext_lazy("Immagine o PDF"),
        required=False,
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,application/pdf"}),
        help_text=gettext_lazy(
            "Un'immagine JPEG o PNG (sul telefono sta sopra il testo) o un PDF fino a 16 MB. Le immagini"
            " grandi si riducono da sole, e perdono il luogo in cui sono state scattate."
        ),
    )
    media_file = forms.ModelChoiceField(
        queryset=MediaFile.objects.all(), required=False, widget=forms.HiddenInput
    )
    media_alt = LineField(
        label=gettext_lazy("Che cosa mostra"),
        required=False,
        max_length=200,
        help_text=gettext_lazy(
            "Lo legge chi non vede l'immagine; per un PDF è il suo titolo."
            " Per esempio «Mappa delle strade chiuse»."
        ),
    )
    media_drop = forms.BooleanField(label=gettext_lazy("Togli il file"), required=False)
    due_at = MomentField(
        label=gettext_lazy("Quando parte"),
        required=False,
        help_text=gettext_lazy("Vuoto: appena approvato, negli orari permessi."),
    )
    valid_until = MomentField(
        label=gettext_lazy("Vale fino a"),
        required=False,
        help_text=gettext_lazy("Vuoto: la fine scritta nel contenuto. Dopo non parte più per nessuno."),
    )
    night_reason = LineField(
        label=gettext_lazy("Perché anche di notte"),
        required=False,
        max_length=200,
        help_text=gettext_lazy(
            "Solo per un avviso urgente che non può aspettare il mattino. Lo legge chi approva."
        ),
    )
    cap_override_reason = LineField(
        label=gettext_lazy("Perché oltre i messaggi promessi al mese"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("Solo se deve arrivare anche a chi li ha già avuti. Lo legge chi approva."),
    )
    election_reason = LineField(
        long=True,
        label=gettext_lazy("Perché è impersonale e indispensabile"),
        required=False,
        max_length=300,
        help_text=gettext_lazy("Lo legge chi approva, e resta agli atti (legge 28/2000, art. 9)."),
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, kind: Kind, now: datetime, original: Broadcast | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.kind, self.now, self.original = kind, now, original
        self._choose_category()
        self.fields["severity"].choices = self._severities()  # type: ignore[attr-defined]
        if original is not None:
            del self.fields["zones"], self.fields["cap_override_reason"]
        if not kind.carries_files:
            for name in ("file", "media_file", "media_alt", "media_drop"):
                del self.fields[name]
        self.restraints = live_restraints(TownProfile.current())
        if not any(period.last >= now.date() for period in self.restraints.elections):
            del self.fields["election_reason"]

    def _choose_category(self) -> None:
        """Those that fit the kind, in the town's order; the original's for a follow-up."""
        field: Any = self.fields["category"]
        if self.original is not None:
            field.queryset = Category.objects.filter(pk=self.original.category_id)
        elif self.kind.categories:
            field.queryset = Category.objects.filter(slug__in=self.kind.categories)
        else:
            field.queryset = Category.objects.all()
        fitting = list(field.queryset[:2])
        if len(fitting) == 1:
            field.initial = fitting[0]
            field.empty_label = None

    def _severities(self) -> list[tuple[str, Any]]:
        """Up to the highest that any fitting topic may have; a follow-up is at least urgent."""
        ranks = [Rank(value) for value in Severity.values]
        if self.original is not None:
            floor, ceiling = Rank.URGENT, max(Rank.URGENT, Rank(self.original.severity), key=lambda r: r.rank)
        else:
            tops = [Rank(c.max_severity) for c in self.fields["category"].queryset]  # type: ignore[attr-defined]
            floor, ceiling = Rank.ROUTINE, max(tops, key=lambda r: r.rank, default=Rank.ROUTINE)
        fitting = {rank.value for rank in ranks if floor.rank <= rank.rank <= ceiling.rank}
        return [(value, label) for value, label in Severity.choices if value in fitting]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        category, severity = cleaned.get("category"), cleaned.get("severity")
        if category and severity and self.original is None:
            ceiling = Rank(category.max_severity)
            if Rank(severity).rank > ceiling.rank:
                self.add_error(
                    "severity",
                    _("«%(topic)s» arriva al massimo a «%(most)s».")
                    % {"topic": category, "most": category.get_max_severity_display()},
                )
        if severity != Severity.URGENT and cleaned.get("night_reason"):
            self.add_error("night_reason", _("Serve solo per un avviso urgente: altrimenti lascialo vuoto."))
        self._check_moments(cleaned)
        if "submit" in self.data and {"category", "severity"} <= cleaned.keys():
            self._check_election(cleaned)
        if self.media_chosen() and not cleaned.get("media_alt") and "media_alt" not in self.errors:
            self.add_error("media_alt", _("Scrivi che cosa mostra: serve a chi non vede l'immagine."))
        return cleaned

    def media_chosen(self) -> MediaFile | None:
        """The file that goes with the notice."""
        cleaned = self.cleaned_data
        return None if cleaned.get("media_drop") else cleaned.get("media_file")

    def _check_election(self, cleaned: dict[str, Any]) -> None:
        """Ask for the reason beside its field, when it is handed over; the lifecycle asks again."""
        about = Broadcast(
            kind=self.kind.slug,
            category=cleaned["category"],
            severity=cleaned["severity"],
            refers_to=self.original,
            election_reason=cleaned.get("election_reason", ""),
        )
        leaves = cleaned.get("due_at") or self.now
        if refusal(matter_of(about), replace(self.restraints, only_emergencies=False), leaves):
            self.add_error("election_reason", refusal_words(about, self.restraints, leaves))

    def _check_moments(self, cleaned: dict[str, Any]) -> None:
        due, until = cleaned.get("due_at"), cleaned.get("valid_until")
        if due and due <= self.now:
            self.add_error("due_at", _("Questo momento è già passato: lascialo vuoto per partire subito."))
        if until and until <= self.now:
            self.add_error("valid_until", _("Questo momento è già passato."))
        elif until and due and until <= due:
            self.add_error("valid_until", _("Finisce di valere prima di partire."))


class EnglishForm(forms.Form):
    """The author's English for the title and for each free text of the kind; Italian stands where empty."""

    still_right = forms.BooleanField(
        label=gettext_lazy("L'inglese va bene anche dopo le modifiche all'italiano"), required=False
    )

    def __init__(self, *args: Any, kind: Kind, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        self.fields["title"] = LineField(
            label=gettext_lazy("Titolo in inglese"), required=False, max_length=120
        )
        for name in kind.form_class.texts:
            own = kind.form_class.base_fields[name]
            label = _("%(field)s, in inglese") % {"field": own.label}
            self.fields[name] = LineField(
                long=isinstance(own.widget, forms.Textarea), label=label, required=False
            )

    def texts(self) -> list[forms.BoundField]:
        """The fields to write in."""
        return [field for field in self if field.name != "still_right"]

    def stored(self) -> dict[str, str]:
        """What was written, without the empty fields."""
        return {name: v for name, v in self.cleaned_data.items() if v and name != "still_right"}

    def confirmed(self) -> bool:
        """Whether a person says that it still says what the Italian says."""
        return bool(self.cleaned_data.get("still_right"))

    def labels_of(self, behind: Behind) -> list[str]:
        """The names of the texts that are behind, in the words of the form."""
        names = dict.fromkeys((*behind.changed, *behind.missing))
        own = {"title": _("Titolo")} | {
            name: str(self.kind.form_class.base_fields[name].label) for name in self.kind.form_class.texts
        }
        return [own[name] for name in names if name in own]
