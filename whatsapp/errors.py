"""The provider's error codes: what each means for us, and what a municipal editor is told.

Source: WhatsApp Cloud API error codes (November 2025) and messages/status (September 2026). The
provider asks to branch on the code alone, never on title, subcode or HTTP status.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


def _(text: str) -> str:
    """Mark `text` for translation; who shows it translates it. (No Django in this package.)"""
    return text


class ErrorClass(StrEnum):
    """What to do after an error.

    RETRY: the same request may be made again, a few times. THROTTLE: the whole sender slows down, then
    repeats. PAIR: only this person waits. PERSON: this person does not get it. PERSON_MARKETING: the same,
    for marketing only. TEMPLATE: stop what uses this template. NUMBER: stop everything this number sends.
    AUTH: stop everything, the set-up is wrong. REQUEST: our request is wrong; one alone may be one
    person's odd number (131009), several in a row are the message itself.
    """

    RETRY = "retry"
    THROTTLE = "throttle"
    PAIR = "pair"
    PERSON = "person"
    PERSON_MARKETING = "person_marketing"
    TEMPLATE = "template"
    NUMBER = "number"
    AUTH = "auth"
    REQUEST = "request"


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """`cls` decides, `reason` is shown (Italian msgid), `wait` is the least pause in seconds, if known."""

    cls: ErrorClass
    reason: str
    wait: float | None = None


_C = ErrorClass
_PERMISSION = ErrorInfo(_C.AUTH, _("Alla chiave d'accesso di WhatsApp manca un permesso"))
_TOKEN = ErrorInfo(_C.AUTH, _("La chiave d'accesso di WhatsApp non è valida o è scaduta"))
_ADDRESS = ErrorInfo(_C.AUTH, _("L'indirizzo di WhatsApp nelle impostazioni non è giusto"))
_REGISTRATION = ErrorInfo(_C.AUTH, _("Il numero del servizio non è registrato come si deve su WhatsApp"))
_TEMPLATE_FORM = ErrorInfo(_C.TEMPLATE, _("Il modello approvato da WhatsApp non è quello che inviamo"))
_TEMPLATE_WRITING = ErrorInfo(_C.REQUEST, _("WhatsApp non accetta il testo di questo modello"))
_VALUES = ErrorInfo(_C.REQUEST, _("Una parte del testo ha una forma che WhatsApp non accetta"))
_DOWN = ErrorInfo(_C.RETRY, _("WhatsApp ha un problema temporaneo"))
_PAYMENT = ErrorInfo(_C.NUMBER, _("WhatsApp segnala un problema di pagamento del conto"))
_ACCOUNT_CALLS = ErrorInfo(_C.THROTTLE, _("Troppe richieste a WhatsApp in poco tempo"), wait=60.0)
_BLOCK_LIST = ErrorInfo(_C.REQUEST, _("WhatsApp non ha aggiornato l'elenco dei numeri bloccati"))
_USERNAME = ErrorInfo(_C.REQUEST, _("Il nome utente del servizio non è stato accettato da WhatsApp"))
_UNUSED = ErrorInfo(_C.REQUEST, _("Questo tipo di invio non è previsto per il servizio"))

UNKNOWN = ErrorInfo(_C.RETRY, _("WhatsApp ha dato un errore che non conosciamo"))
NO_ANSWER = ErrorInfo(_C.RETRY, _("WhatsApp ha risposto in un modo che non si capisce"))
PACING_DROP = ErrorInfo(
    _C.NUMBER, _("WhatsApp ha scartato il messaggio per prudenza e controlla il conto del Comune")
)

ERRORS: dict[int, ErrorInfo] = {
    # who we are
    0: _TOKEN,
    190: _TOKEN,
    3: _PERMISSION,
    10: _PERMISSION,
    131005: _PERMISSION,
    33: ErrorInfo(_C.AUTH, _("Il numero del servizio non esiste più su WhatsApp")),
    131030: ErrorInfo(_C.AUTH, _("Il numero del servizio è ancora di prova e scrive solo a pochi numeri")),
    131037: ErrorInfo(_C.AUTH, _("WhatsApp non ha ancora approvato il nome del servizio")),
    131045: _REGISTRATION,
    131063: ErrorInfo(_C.AUTH, _("I messaggi promozionali sono spenti per questo conto WhatsApp")),
    133000: _REGISTRATION,
    133005: _REGISTRATION,
    133006: _REGISTRATION,
    133008: _REGISTRATION,
    133009: _REGISTRATION,
    133010: _REGISTRATION,
    133015: _REGISTRATION,
    133016: _REGISTRATION,
    # passing trouble
    1: _DOWN,
    2: _DOWN,
    131000: _DOWN,
    131016: _DOWN,
    133004: _DOWN,
    131057: ErrorInfo(_C.THROTTLE, _("WhatsApp sta aggiornando il numero del servizio"), wait=60.0),
    # too fast
    4: _ACCOUNT_CALLS,
    80007: _ACCOUNT_CALLS,
    130429: ErrorInfo(_C.THROTTLE, _("WhatsApp chiede di inviare più lentamente")),
    131056: ErrorInfo(_C.PAIR, _("Troppi messaggi a questa persona in poco tempo"), wait=6.0),
    # the number or the account
    131048: ErrorInfo(_C.NUMBER, _("WhatsApp ha limitato il numero: troppe persone l'hanno segnalato")),
    131064: ErrorInfo(_C.NUMBER, _("WhatsApp ha limitato gli invii: un modello è nella categoria sbagliata")),
    368: ErrorInfo(_C.NUMBER, _("WhatsApp ha sospeso il conto per una violazione delle regole")),
    130497: ErrorInfo(_C.NUMBER, _("Il conto WhatsApp non può scrivere a persone in questo Paese")),
    131031: ErrorInfo(_C.NUMBER, _("WhatsApp ha bloccato il conto del Comune")),
    131042: _PAYMENT,
    131044: _PAYMENT,
    139200: ErrorInfo(_C.NUMBER, _("WhatsApp non permette più questo tipo di invio al conto")),
    # this person
    131021: ErrorInfo(_C.PERSON, _("Il destinatario è il numero stesso del servizio")),
    131026: ErrorInfo(
        _C.PERSON, _("Non consegnabile: la persona non usa WhatsApp, o non può ricevere i nostri messaggi")
    ),
    131062: ErrorInfo(_C.PERSON, _("Per questo messaggio serve il numero di telefono, che non abbiamo")),
    137000: ErrorInfo(_C.PERSON, _("L'identità della persona su WhatsApp è cambiata")),
    130472: ErrorInfo(_C.PERSON_MARKETING, _("WhatsApp ha trattenuto il messaggio per una sua prova")),
    131049: ErrorInfo(_C.PERSON_MARKETING, _("WhatsApp limita i messaggi promozionali a questa persona")),
    131050: ErrorInfo(
        _C.PERSON_MARKETING, _("La persona ha chiesto a WhatsApp di non ricevere messaggi promozionali")
    ),
    # the template
    132000: _TEMPLATE_FORM,
    132001: ErrorInfo(_C.TEMPLATE, _("Il modello non esiste o non è ancora approvato in questa lingua")),
    132007: ErrorInfo(_C.TEMPLATE, _("Il modello non rispetta le regole di scrittura di WhatsApp")),
    132012: _TEMPLATE_FORM,
    132015: ErrorInfo(_C.TEMPLATE, _("WhatsApp ha messo in pausa il modello")),
    132016: ErrorInfo(_C.TEMPLATE, _("WhatsApp ha disattivato il modello")),
    132068: ErrorInfo(_C.TEMPLATE, _("WhatsApp ha bloccato il modulo collegato al modello")),
    132069: ErrorInfo(_C.TEMPLATE, _("WhatsApp limita il modulo collegato al modello")),
    134101: ErrorInfo(_C.TEMPLATE, _("Il modello non è ancora pronto su WhatsApp")),
    134102: ErrorInfo(_C.TEMPLATE, _("Il modello non è disponibile su WhatsApp")),
    # what we asked
    100: ErrorInfo(_C.REQUEST, _("WhatsApp non accetta una parte della richiesta")),
    131008: ErrorInfo(_C.REQUEST, _("Alla richiesta manca una parte obbligatoria")),
    131009: ErrorInfo(_C.REQUEST, _("Un valore della richiesta non è valido: forse il numero di telefono")),
    135000: ErrorInfo(_C.REQUEST, _("WhatsApp non accetta la richiesta e non dice perché")),
    131047: ErrorInfo(
        _C.REQUEST, _("Sono passate più di 24 ore da quando la persona ha scritto: serve un modello")
    ),
    131051: ErrorInfo(_C.REQUEST, _("WhatsApp non conosce questo tipo di messaggio")),
    131052: ErrorInfo(_C.REQUEST, _("L'allegato ricevuto non si può scaricare")),
    131053: ErrorInfo(_C.REQUEST, _("WhatsApp non accetta l'allegato")),
    131055: _UNUSED,
    131059: ErrorInfo(_C.REQUEST, _("L'elenco richiesto a WhatsApp va letto da capo")),
    131060: ErrorInfo(_C.REQUEST, _("WhatsApp non mostra questo messaggio a chi usa la sua piattaforma")),
    132005: ErrorInfo(_C.REQUEST, _("Il testo è troppo lungo per il modello")),
    132008: _VALUES,
    132018: _VALUES,
    134011: _UNUSED,
    134100: _UNUSED,
    **dict.fromkeys(range(139100, 139104), _BLOCK_LIST),
    **dict.fromkeys(range(147001, 147006), _USERNAME),
    # subcodes of 100 when a template is made
    2388019: ErrorInfo(_C.REQUEST, _("Il conto ha già tutti i modelli che WhatsApp permette")),
    2388024: ErrorInfo(_C.REQUEST, _("C'è già un modello con questo nome in questa lingua")),
    **dict.fromkeys((2388040, 2388047, 2388072, 2388073, 2388293, 2388299), _TEMPLATE_WRITING),
    # an HTTP answer that carries no code of the provider's stands under its own status
    **dict.fromkeys((301, 302, 303, 307, 308, 404), _ADDRESS),
    **dict.fromkeys((401, 407), _TOKEN),
    403: _PERMISSION,
    413: ErrorInfo(_C.REQUEST, _("La richiesta è troppo grande")),
}


def classify(code: int | None, *, where: Literal["sync", "webhook"] = "sync") -> ErrorInfo:
    """Return what `code` means; `where` it came from matters for 135000 only. Never raises.

    An unknown code is RETRY: wrong the mild way, since attempts are few and counted, while a stop would
    let one new code of the provider's silence an emergency.
    """
    if code is None:
        return NO_ANSWER
    if code == 135000 and where == "webhook":
        return PACING_DROP
    if 200 <= code <= 299:
        return _PERMISSION
    return ERRORS.get(code, UNKNOWN)
