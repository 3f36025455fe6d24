"""The forms of deadlines, events, the generic notice, and what follows another message."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from broadcasts.bulletins import dates
from broadcasts.bulletins.form_fields import DayField, LineField, MomentField
from broadcasts.bulletins.forms import BulletinForm, Group, RemindedForm, long_text, reminder_field

FOLLOW_UP_HOLDS = timedelta(hours=24)  # for a follow-up that says no end of its own


class DeadlineForm(BulletinForm):
    """The last day for something, and who answers questions."""

    texts = ("text",)
    due = DayField(label=gettext_lazy("Ultimo giorno"))
    text = long_text(gettext_lazy("Testo"))
    office = LineField(label=gettext_lazy("Ufficio"), required=False, max_length=80)
    address = LineField(
        label=gettext_lazy("Indirizzo della pagina"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("Dove si trova tutto, per esempio https://…"),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        self.check_day("due")
        address = cleaned.get("address")
        if address and not address.startswith(("https://", "http://", "/")):
            self.add_error("address", _("L'indirizzo comincia con https://."))
        return cleaned

    def valid_until(self) -> datetime | None:
        due = self.cleaned_data.get("due")
        return dates.day_end(due) if due else None


class EventForm(BulletinForm):
    """What happens in town."""

    texts = ("text",)
    groups = (Group(gettext_lazy("Quando"), ("starts", "ends")),)
    starts = MomentField(label=gettext_lazy("Inizio"))
    ends = MomentField(label=gettext_lazy("Fine"), required=False)
    place = LineField(label=gettext_lazy("Luogo"), required=False)
    text = long_text(gettext_lazy("Testo"))

    def valid_until(self) -> datetime | None:
        starts = self.cleaned_data.get("starts")
        return super().valid_until() or (dates.day_end(starts.date()) if starts else None)


class NoticeForm(RemindedForm):
    """Any other notice of a category."""

    texts = ("text",)
    groups = (Group(gettext_lazy("Quando"), ("starts", "ends")),)
    text = long_text(gettext_lazy("Testo"))
    starts = MomentField(label=gettext_lazy("Dalle"), required=False)
    ends = MomentField(label=gettext_lazy("Alle"), required=False)
    remind_at = reminder_field()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        self.check_reminder(needed=False)  # its end may stand in the envelope: admin/composer looks at both
        return cleaned


class FollowUpForm(BulletinForm):
    """What follows another message: it names it, and says what is true now."""

    texts = ("text",)
    groups = (Group(gettext_lazy("Quando"), ("starts", "ends")),)
    text = long_text(gettext_lazy("Testo"), most=500)
    starts = MomentField(label=gettext_lazy("Dalle"), required=False)
    ends = MomentField(
        label=gettext_lazy("Alle"),
        required=False,
        help_text=gettext_lazy("Vuoto: il messaggio resta tra quelli in corso per un giorno."),
    )

    def valid_until(self) -> datetime | None:
        return super().valid_until() or self.now + FOLLOW_UP_HOLDS


class CorrectionForm(FollowUpForm):
    """The first message was wrong; this is right."""

    text = long_text(gettext_lazy("L'informazione giusta"), most=500)


class UpdateForm(FollowUpForm):
    """The first message was right, and something changed."""

    text = long_text(gettext_lazy("Che cosa cambia"), most=500)


class EndingForm(FollowUpForm):
    """It is over."""

    text = long_text(
        gettext_lazy("La situazione adesso"),
        most=500,
        help_text=gettext_lazy("Che cosa si può fare di nuovo, e da quando."),
    )
