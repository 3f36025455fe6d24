"""Which buttons a person sees on a notice's page, and what each says will happen. Pure but for words.

The lifecycle's table decides which exist; the verbs check everything again when one is pressed.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from broadcasts import exercise_rules, states
from broadcasts.forecast import Forecast, grouped
from broadcasts.models import Broadcast
from broadcasts.states import State
from policy.models import Severity
from staff.models import User

TYPED_WORD = "INVIA"
PERMISSION = {
    "submit": "change_broadcast",
    "withdraw": "change_broadcast",
    "break_glass": "change_broadcast",
    "edit": "change_broadcast",
    "approve": "approve_broadcast",
    "open_exercise": "approve_broadcast",
    "return": "approve_broadcast",
    "reject": "approve_broadcast",
    "countersign": "approve_broadcast",
    "send_now": "pause_broadcast",
    "pause": "pause_broadcast",
    "resume": "pause_broadcast",
    "cancel": "pause_broadcast",
    "retry": "pause_broadcast",
}
ORDER = (
    *("approve", "open_exercise", "countersign", "submit", "send_now", "resume", "retry", "pause"),
    *("return", "withdraw", "reject", "cancel", "break_glass"),
)


@dataclass(frozen=True, slots=True)
class Button:
    """One button. `asks` is the question whose answer is the reason; `word` must be typed; where
    `why_not` is filled, the page shows that sentence and no button."""

    verb: str
    label: str
    hint: str = ""
    tone: str = "plain"
    asks: str = ""
    word: str = ""
    why_not: str = ""


def buttons_for(broadcast: Broadcast, user: User, forecast: Forecast | None, failed: int) -> list[Button]:
    """What this person may do with this notice now, most wanted first. The forecast is needed before
    the notice leaves."""
    verbs = {verb for verb in states.verbs_from(broadcast.state) if verb in PERMISSION}
    if broadcast.needs_countersignature:
        verbs.add("countersign")
    allowed = [v for v in ORDER if v in verbs and user.has_perm(f"broadcasts.{PERMISSION[v]}")]
    made = [_button(verb, broadcast, user, forecast, failed) for verb in allowed]
    return [button for button in made if button is not None]


def _button(
    verb: str, broadcast: Broadcast, user: User, forecast: Forecast | None, failed: int
) -> Button | None:
    match verb:
        case "approve":
            return _approve(broadcast, user, forecast)
        case "open_exercise" | "countersign":
            return (_open_exercise if verb == "open_exercise" else _countersign)(broadcast, user)
        case "break_glass":
            return _break_glass(broadcast, forecast)
        case "submit" | "withdraw":
            return _hand_over(verb, broadcast)
        case "return" | "reject":
            return _refuse(verb)
        case "send_now" if forecast:
            label = _("Invia adesso: %(what)s") % {"what": forecast.sentence}
            return Button(verb, label, tone="go")
        case "pause" | "resume":
            return _hold(verb)
        case "retry" if failed:
            label = ngettext(
                "Riprova con chi non è riuscito (%(n)s)", "Riprova i non riusciti (%(n)s)", failed
            )
            return Button(verb, label % {"n": grouped(failed)}, _("Riparte solo per loro."), tone="go")
        case "cancel":
            return _cancel(broadcast)
    return None


def _approve(broadcast: Broadcast, user: User, forecast: Forecast | None) -> Button:
    if user.pk in (broadcast.submitted_by_id, broadcast.last_edited_by_id):
        return Button(
            "approve",
            _("Approva"),
            why_not=_("L'hai scritto o mandato tu: lo approva un'altra persona."),
        )
    if broadcast.exercise:
        return _approve_exercise(broadcast, forecast)
    label = _("Approva: %(what)s") % {"what": forecast.sentence} if forecast else _("Approva")
    if forecast and forecast.must_ask:
        asks = _("Il denaro del mese non basta: perché deve partire lo stesso?")
        return Button("approve", label, tone="go", asks=asks)
    return Button("approve", label, tone="go")


def _approve_exercise(broadcast: Broadcast, forecast: Forecast | None) -> Button:
    """Its own words and colour; for the citizens, its own typed word, which no real alert asks for."""
    what = {"what": forecast.sentence if forecast else _("parte subito")}
    if exercise_rules.is_limited(broadcast):
        hint = _("Solo i telefoni di prova: nessun cittadino la riceve.")
        return Button("approve", _("Approva l'esercitazione: %(what)s") % what, hint, tone="exercise")
    return Button(
        "approve",
        _("Approva l'esercitazione per i cittadini: %(what)s") % what,
        _("La ricevono i cittadini, segnata come esercitazione all'inizio e alla fine."),
        tone="exercise",
        word=exercise_rules.WORD,
    )


def _open_exercise(broadcast: Broadcast, user: User) -> Button | None:
    if not exercise_rules.is_limited(broadcast) or user.pk in (
        broadcast.submitted_by_id,
        broadcast.last_edited_by_id,
    ):
        return None
    return Button(
        "open_exercise",
        _("Aprila ai cittadini"),
        _("Dopo, se la approvi, la riceve chi segue l'argomento e non solo i telefoni di prova."),
        asks=_("Perché anche ai cittadini?"),
        word=exercise_rules.WORD,
    )


def _countersign(broadcast: Broadcast, user: User) -> Button:
    if user.pk == broadcast.approved_by_id:
        return Button(
            "countersign", _("Convalida"), why_not=_("L'hai inviato tu: lo convalida un'altra persona.")
        )
    return Button(
        "countersign",
        _("Convalida: l'ho letto ed era giusto"),
        _("È già partito. Se è sbagliato, scrivi una rettifica."),
        tone="go",
    )


def _break_glass(broadcast: Broadcast, forecast: Forecast | None) -> Button | None:
    if broadcast.severity != Severity.EMERGENCY:
        return None
    return Button(
        "break_glass",
        _("Invia ora da solo (convalida dopo)"),
        _("Senza l'approvazione di un collega: %(what)s. Un'altra persona dovrà convalidarlo.")
        % {"what": forecast.sentence if forecast else _("parte subito")},
        tone="stop",
        asks=_("Perché non si può aspettare un collega?"),
        word=TYPED_WORD,
    )


def _hand_over(verb: str, broadcast: Broadcast) -> Button:
    if verb == "withdraw":
        return Button(verb, _("Riprendilo per modificarlo"), _("Torna una bozza."))
    label = _("Manda di nuovo in approvazione") if broadcast.state == State.RETURNED else ""
    return Button(
        verb, label or _("Manda in approvazione"), _("Lo legge e lo approva un collega."), tone="go"
    )


def _refuse(verb: str) -> Button:
    if verb == "return":
        return Button(
            verb,
            _("Rimanda all'autore"),
            _("L'autore lo corregge e lo manda di nuovo."),
            asks=_("Che cosa deve correggere?"),
        )
    return Button(
        verb,
        _("Respingi per sempre"),
        _("Non si potrà più modificare né inviare."),
        tone="stop",
        asks=_("Perché non va inviato?"),
    )


def _hold(verb: str) -> Button:
    if verb == "resume":
        return Button(verb, _("Riprendi l'invio da dov'era"), tone="go")
    return Button(
        verb,
        _("Metti in pausa"),
        _("Chi non l'ha ancora ricevuto aspetta; si riprende da qui."),
        asks=_("Perché la pausa?"),
    )


def _cancel(broadcast: Broadcast) -> Button:
    begun = broadcast.state in (State.SENDING, State.PAUSED)
    hint = (
        _("Chi non l'ha ancora ricevuto non lo riceverà. Chi l'ha ricevuto lo tiene.")
        if begun
        else _("Non parte più, per nessuno.")
    )
    return Button("cancel", _("Non inviare più"), hint, tone="stop", asks=_("Perché?"))


def typed_right(typed: str) -> bool:
    """Forgives case, blanks, and what a phone's keyboard adds around the word."""
    return exercise_rules.typed_right(typed, TYPED_WORD)


def what_next(broadcast: Broadcast, forecast: Forecast | None, waits: str) -> str:
    """One sentence: where it stands and what happens now. `waits` is when it goes on, or when it should have
    left and what time it is, in words."""
    when = forecast.sentence if forecast else ""
    sentences = {
        State.DRAFT: _("Solo la redazione lo vede. Mandalo in approvazione quando è pronto."),
        State.IN_REVIEW: _("Un collega lo legge. Se lo approva, %(when)s.") % {"when": when},
        State.RETURNED: _("Va corretto e mandato di nuovo in approvazione."),
        State.REJECTED: _("Non verrà inviato."),
        State.SCHEDULED: _("Approvato: %(when)s, senza che nessuno debba fare altro.") % {"when": when},
        State.OVERDUE: _("Doveva partire %(when)s: invialo adesso o non inviarlo più.") % {"when": waits},
        State.SENDING: _("Sta partendo.")
        if not waits
        else _("Aspetta: riprende %(when)s.") % {"when": waits},
        State.PAUSED: _("L'invio è fermo e tiene il suo posto: riprende quando lo dici tu."),
        State.SENT: _("È partito per tutti. Le ricevute continuano ad arrivare."),
        State.CANCELLED: _("Fermato da una persona: non parte più per nessuno."),
        State.EXPIRED: _("È finita la validità: non parte più per nessuno."),
    }
    return sentences[State(broadcast.state)]


VERB_WORDS = {
    "create": gettext_lazy("ha scritto la bozza"),
    "submit": gettext_lazy("ha mandato in approvazione"),
    "withdraw": gettext_lazy("ha ripreso per modificarlo"),
    "return": gettext_lazy("ha rimandato all'autore"),
    "reject": gettext_lazy("ha respinto"),
    "approve": gettext_lazy("ha approvato"),
    "break_glass": gettext_lazy("ha inviato da solo, in emergenza"),
    "edit": gettext_lazy("ha modificato: l'approvazione non vale più"),
    "start": gettext_lazy("ha cominciato a inviare"),
    "miss": gettext_lazy("non l'ha inviato in tempo"),
    "send_now": gettext_lazy("ha deciso di inviarlo adesso"),
    "pause": gettext_lazy("ha messo in pausa"),
    "resume": gettext_lazy("ha ripreso l'invio"),
    "cancel": gettext_lazy("ha deciso di non inviarlo più"),
    "expire": gettext_lazy("ha chiuso: non vale più"),
    "finish": gettext_lazy("ha finito di inviare"),
    "open_exercise": gettext_lazy("ha aperto l'esercitazione ai cittadini"),
    "retry": gettext_lazy("ha riprovato con i non riusciti"),
}
