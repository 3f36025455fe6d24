"""Which buttons a person sees on a notice's page, and what each says will happen. Pure but for words.

The lifecycle's table decides which exist; the verbs check everything again when one is pressed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from broadcasts import companions, exercise_rules, states
from broadcasts.forecast import Forecast, grouped
from broadcasts.models import Broadcast
from broadcasts.readiness import spare_trouble
from broadcasts.states import State
from broadcasts.typed_word import TYPED_WORD
from policy.models import Severity
from staff.models import User

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
    "dispute": "approve_broadcast",
    "spare": "view_broadcast",  # the verb asks for more
    "launch": "pause_broadcast",
    "send_now": "pause_broadcast",
    "pause": "pause_broadcast",
    "resume": "pause_broadcast",
    "cancel": "pause_broadcast",
    "retry": "pause_broadcast",
}
ORDER = (
    *("spare", "launch", "approve", "open_exercise", "countersign", "submit", "send_now", "resume"),
    *("retry", "pause", "return", "withdraw", "reject", "dispute", "cancel", "break_glass"),
)
# What cannot be taken back asks for the second factor again.
FINAL = frozenset({"approve", "break_glass", "launch", "send_now", "reject", "cancel"})


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
    code: bool = False  # the second factor is asked for again


def buttons_for(
    broadcast: Broadcast, user: User, forecast: Forecast | None, failed: int, *, ask_code: bool = False
) -> list[Button]:
    """What this person may do with this notice now, most wanted first. The forecast is needed before
    the notice leaves. `ask_code` says that they have not proved their second factor for a while."""
    verbs = {verb for verb in states.verbs_from(broadcast.state) if verb in PERMISSION}
    if broadcast.needs_countersignature:
        verbs |= {"countersign", "dispute"}
    allowed = [v for v in ORDER if v in verbs and user.has_perm(f"broadcasts.{PERMISSION[v]}")]
    made = [_button(verb, broadcast, user, forecast, failed) for verb in allowed]
    return [replace(button, code=ask_code and button.verb in FINAL) for button in made if button is not None]


def _button(
    verb: str, broadcast: Broadcast, user: User, forecast: Forecast | None, failed: int
) -> Button | None:
    match verb:
        case "approve":
            return _approve(broadcast, user, forecast)
        case "open_exercise":
            return _open_exercise(broadcast, user)
        case "countersign" | "dispute":
            return _countersign(verb, broadcast, user)
        case "spare" | "launch":
            return _companion(verb, broadcast, forecast)
        case "break_glass":
            return _break_glass(broadcast, forecast)
        case "submit" | "withdraw":
            return _hand_over(verb, broadcast)
        case "return" | "reject":
            return _refuse(verb)
        case "send_now" if forecast:
            label = _("Invia adesso: %(what)s") % {"what": forecast.sentence}
            return Button(verb, label, tone="go")
    return _of_a_sent_one(verb, broadcast, failed)


def _of_a_sent_one(verb: str, broadcast: Broadcast, failed: int) -> Button | None:
    if verb in ("pause", "resume"):
        return _hold(verb)
    if verb == "retry" and failed:
        label = ngettext("Riprova con chi non è riuscito (%(n)s)", "Riprova i non riusciti (%(n)s)", failed)
        return Button(verb, label % {"n": grouped(failed)}, _("Riparte solo per loro."), tone="go")
    return _cancel(broadcast) if verb == "cancel" else None


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
    emergency = broadcast.severity == Severity.EMERGENCY and not broadcast.exercise
    asks = ""
    if forecast and forecast.must_ask:
        asks = _("Il denaro del mese non basta: perché deve partire lo stesso?")
    return Button("approve", label, tone="go", asks=asks, word=TYPED_WORD if emergency else "")


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


def _companion(verb: str, broadcast: Broadcast, forecast: Forecast | None) -> Button | None:
    if verb == "spare":
        if not forecast or not forecast.template or broadcast.spare_template:
            return None
        if broadcast.severity != Severity.EMERGENCY or spare_trouble(broadcast):
            return None
        return Button(
            verb,
            _("Usa il modello di riserva"),
            _("Le stesse informazioni in altre parole, già approvate da WhatsApp. Poi si approva di nuovo."),
            tone="go",
        )
    if not companions.is_ready(broadcast) or broadcast.refers_to is None or not broadcast.companion:
        return None
    if broadcast.refers_to.started_at is None:
        return None
    what = forecast.sentence if forecast else _("parte subito")
    return Button(
        verb, _("Invia ora: %(what)s") % {"what": what}, _("Così com'è, già approvato con il primo."), "go"
    )


def _countersign(verb: str, broadcast: Broadcast, user: User) -> Button | None:
    if user.pk == broadcast.approved_by_id:
        if verb == "dispute":
            return None
        return Button(verb, _("Convalida"), why_not=_("L'hai inviato tu: lo convalida un'altra persona."))
    if verb == "dispute":
        return Button(
            verb,
            _("Non lo convalido"),
            _("Resta segnato come non convalidato, e la rettifica è pronta da inviare."),
            tone="stop",
            asks=_("Che cosa non va?"),
        )
    return Button(
        verb,
        _("Convalida: l'ho letto ed era giusto"),
        _("È già partito. Se è sbagliato, non convalidarlo."),
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
        State.CANCELLED: _("Fermato: non parte più per nessuno."),
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
    "countersign": gettext_lazy("ha convalidato"),
    "dispute": gettext_lazy("non l'ha convalidato"),
    "spare": gettext_lazy("è passato al modello di riserva"),
    "launch": gettext_lazy("l'ha fatto partire, com'era approvato"),
    "start": gettext_lazy("ha cominciato a inviare"),
    "miss": gettext_lazy("non l'ha inviato in tempo"),
    "send_now": gettext_lazy("ha deciso di inviarlo adesso"),
    "pause": gettext_lazy("ha messo in pausa"),
    "resume": gettext_lazy("ha ripreso l'invio"),
    "cancel": gettext_lazy("ha deciso di non inviarlo più"),
    "overtake": gettext_lazy("non l'ha inviato: un altro avviso lo supera"),
    "expire": gettext_lazy("ha chiuso: non vale più"),
    "finish": gettext_lazy("ha finito di inviare"),
    "open_exercise": gettext_lazy("ha aperto l'esercitazione ai cittadini"),
    "retry": gettext_lazy("ha riprovato con i non riusciti"),
}
