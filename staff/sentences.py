"""The log in sentences: who did what to what, as a colleague would say it; and where words lead in it."""

from __future__ import annotations

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from staff.models import AuditEntry

# verb of the log → what the person «ha» done.
DEEDS: dict[str, str | Promise] = {
    "add": gettext_lazy("aggiunto"),
    "change": gettext_lazy("cambiato"),
    "delete": gettext_lazy("tolto"),
    "publish": gettext_lazy("pubblicato"),
    "submit": gettext_lazy("mandato in approvazione"),
    "withdraw": gettext_lazy("ripreso in bozza"),
    "return": gettext_lazy("rimandato all'autore"),
    "reject": gettext_lazy("respinto"),
    "approve": gettext_lazy("approvato"),
    "break_glass": gettext_lazy("inviato da solo"),
    "countersign": gettext_lazy("convalidato"),
    "edit": gettext_lazy("modificato"),
    "start": gettext_lazy("fatto partire"),
    "miss": gettext_lazy("messo fra quelli in ritardo"),
    "send_now": gettext_lazy("fatto partire in ritardo"),
    "pause": gettext_lazy("messo in pausa"),
    "resume": gettext_lazy("fatto riprendere"),
    "cancel": gettext_lazy("fermato"),
    "expire": gettext_lazy("lasciato scadere"),
    "finish": gettext_lazy("finito di inviare"),
    "retry": gettext_lazy("riprovato con chi non l'aveva ricevuto"),
    "trial": gettext_lazy("mandato in prova al proprio telefono"),
    "replay": gettext_lazy("rimesso in lavorazione"),
    "sending_on": gettext_lazy("fatto ripartire gli invii"),
    "sending_off": gettext_lazy("fermato tutti gli invii"),
    "reveal": gettext_lazy("guardato il numero intero"),
    "look_up": gettext_lazy("cercato un numero"),
    "answer": gettext_lazy("risposto in"),
    "assign": gettext_lazy("affidato"),
    "close": gettext_lazy("chiuso"),
    "propose_reconsent": gettext_lazy("proposto di chiedere conferma a tutti"),
    "approve_reconsent": gettext_lazy("approvato di chiedere conferma a tutti"),
    "give_up_reconsent": gettext_lazy("ritirato la richiesta di conferma"),
    "close_reconsent": gettext_lazy("concluso la richiesta di conferma"),
    "redaction_proposed": gettext_lazy("proposto di oscurare"),
    "redaction_done": gettext_lazy("oscurato"),
    "duplicate": gettext_lazy("copiato"),
    "zones_first": gettext_lazy("scelto le zone da avvisare per prime"),
    "templates_submit": gettext_lazy("mandato a WhatsApp"),
    "remind_later": gettext_lazy("rimandato il promemoria"),
    "invite": gettext_lazy("invitato una persona"),
    "import": gettext_lazy("importato un elenco"),
    "ask_more": gettext_lazy("chiesto se vogliono altri argomenti"),
    "stop": gettext_lazy("fermato la serie"),
    "erase": gettext_lazy("cancellato su richiesta"),
    "second_factor_set": gettext_lazy("attivato il secondo fattore di"),
    "second_factor_wrong": gettext_lazy("sbagliato il codice del secondo fattore di"),
    "second_factor_reset": gettext_lazy("tolto il secondo fattore a"),
    "launch": gettext_lazy("fatto partire com'era approvato"),
    "open_exercise": gettext_lazy("aperto ai cittadini l'esercitazione"),
    "export": gettext_lazy("scaricato chi non ha ricevuto"),
    "road": gettext_lazy("segnato come detto anche altrove"),
    "file_proof": gettext_lazy("scritto il verbale della prova"),
    "dispute": gettext_lazy("rifiutato di convalidare"),
    "spare": gettext_lazy("passato al modello di riserva"),
    "replay_stops": gettext_lazy("ripetuto uscite e cancellazioni"),
}


def sentence(entry: AuditEntry) -> str:
    """«Anna Neri ha approvato: avviso k3f9…. Perché: …»"""
    deed = DEEDS.get(entry.verb, entry.verb.replace("_", " "))
    words = _("%(who)s ha %(deed)s: %(target)s.") % {
        "who": entry.actor or _("Il sistema"),
        "deed": deed,
        "target": entry.target,
    }
    reason = entry.detail.get("reason") if isinstance(entry.detail, dict) else None
    return f"{words} {_('Perché')}: {reason}" if reason else words


def search(entries: QuerySet[AuditEntry], words: str) -> QuerySet[AuditEntry]:
    """The entries whose sentence has every one of these words."""
    found = entries.annotate(said=Cast("detail", TextField()))
    for word in words.split():
        verbs = [verb for verb, deed in DEEDS.items() if word.lower() in str(deed).lower()]
        found = found.filter(
            Q(verb__in=verbs)
            | Q(verb__icontains=word)
            | Q(target__icontains=word)
            | Q(said__icontains=word)
            | Q(place__startswith=word)
            | Q(actor__username__icontains=word)
            | Q(actor__first_name__icontains=word)
            | Q(actor__last_name__icontains=word)
        )
    return found
