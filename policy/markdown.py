"""The public texts: Markdown with a town's facts filled in, rendered to safe HTML.

Placeholders are written `{{ name }}` and come from one list; they are replaced as text, never run as a
template. A value is a fact, not Markdown: it is shown as it is written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape, unescape

import nh3
from django.utils.text import slugify
from markdown_it import MarkdownIt

from policy.calendar import DAYS

PLACEHOLDERS = {
    "comune": "il nome del Comune",
    "servizio": "il nome del servizio",
    "numero": "il numero WhatsApp, come si legge",
    "orari": "gli orari di servizio, in parole",
    "notte": "le ore della notte, in parole",
    "promessa": "quanti messaggi al mese al massimo, in parole",
    "promesse_argomenti": "gli argomenti che hanno un limite proprio, con il limite",
    "chi_approva": "chi scrive e chi approva, in una frase",
    "emergenze": "il numero per le emergenze",
    "ufficio": "l'ufficio che gestisce il servizio",
    "contatti": "come si scrive o si telefona all'ufficio",
    "protezione_civile": "il telefono della Protezione civile",
    "argomenti": "gli argomenti, in fila",
    "ambito": "se si mandano avvisi su ogni argomento o soltanto le emergenze",
    "parole_iscrizione": "le parole con cui ci si iscrive",
    "parole_uscita": "le parole con cui si esce",
    "giorni_testi": "per quanto si tengono i testi ricevuti",
    "giorni_dati": "per quanto si tengono i dati tecnici grezzi",
    "giorni_numero": "per quanto si tiene il numero di chi è uscito",
    "eta_minima": "l'età minima",
    "responsabile_dati": "il contatto del responsabile della protezione dei dati",
    "sito": "il sito del Comune",
    "indirizzo_privacy": "l'indirizzo dell'informativa sulla privacy",
    "indirizzo_regole": "l'indirizzo delle regole di comportamento",
}

_PLACEHOLDER = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_HEADING = re.compile(r"<h([1-6])>(.*?)</h\1>", re.DOTALL)
_LINE_END = re.compile(r"</(?:p|li|h[1-6]|tr|blockquote)>|<br ?/?>")
_TAGS = {
    *("h1", "h2", "h3", "h4", "p", "ul", "ol", "li", "strong", "em", "a", "br", "hr", "blockquote", "code"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
# Every ASCII mark that Markdown could read as its own; a reference keeps it a plain character.
_MARKS = {ord(mark): f"&#{ord(mark)};" for mark in "!#$%&'()*+-./:;<=>?@[\\]^_`{|}~\""}


@dataclass(frozen=True, slots=True)
class PolicyFacts:
    """What a published text says of a town. `windows` are (weekday, start, end), Monday being 0 and the
    hours "09:00"; the numbers of days are how long something is kept, 0 meaning not at all."""

    town: str
    service: str
    number: str
    windows: tuple[tuple[int, str, str], ...]
    night: tuple[str, str]
    monthly_promise: int
    emergency_number: str
    office: str
    contacts: str
    civil_protection_phone: str
    categories: tuple[str, ...]
    keep_texts_days: int
    keep_webhooks_days: int
    keep_stopped_days: int
    minimum_age: int
    data_officer: str
    website: str
    privacy_address: str
    rules_address: str
    only_emergencies: bool = False
    own_promises: tuple[tuple[str, int], ...] = ()  # topics with a monthly limit of their own
    alone_in_emergencies: bool = True  # one person may send an emergency that another confirms afterwards
    join_words: str = "ATTIVA ISCRIZIONE"
    leave_words: str = "DISATTIVA ISCRIZIONE"


def render(markdown: str, values: dict[str, str]) -> str:
    """Safe HTML; headings have ids. Raises ValueError naming a placeholder that is not known."""
    html = MarkdownIt("commonmark", {"html": False}).enable("table").render(fill(markdown, values))
    clean = nh3.clean(
        html,
        tags=_TAGS,
        attributes={"a": {"href"}},
        url_schemes={"https", "http", "mailto", "tel"},
        link_rel="noopener noreferrer",
    )
    return _with_ids(clean)


def plain(markdown: str, values: dict[str, str]) -> str:
    """The text as it reads, without marks: a line for each paragraph, heading or item. Raises as `render`."""
    lines = _LINE_END.sub("\n", render(markdown, values))
    return "\n".join(
        line.strip() for line in unescape(nh3.clean(lines, tags=set())).splitlines() if line.strip()
    )


def fill(markdown: str, values: dict[str, str]) -> str:
    """The text with its placeholders filled, each value escaped so that it is only text."""

    def value_of(found: re.Match[str]) -> str:
        name = found[1]
        if name not in PLACEHOLDERS or name not in values:
            raise ValueError(f"segnaposto sconosciuto: {name}")
        return _literal(values[name])

    return _PLACEHOLDER.sub(value_of, markdown)


def unknown_placeholders(markdown: str) -> list[str]:
    """The placeholders of a text that do not exist, in order, once each."""
    found = dict.fromkeys(match[1] for match in _PLACEHOLDER.finditer(markdown))
    return [name for name in found if name not in PLACEHOLDERS]


def values_of(facts: PolicyFacts, language: str = "it") -> dict[str, str]:
    """Every placeholder's value in a language."""
    nothing = {"it": "non indicato", "en": "not given"}[language]
    values = {
        "comune": facts.town,
        "servizio": facts.service,
        "numero": facts.number,
        "orari": hours_in_words(facts.windows, language),
        "notte": night_in_words(facts.night, language),
        "promessa": promise_in_words(facts.monthly_promise, language),
        "promesse_argomenti": own_promises_in_words(facts.own_promises, language),
        "chi_approva": approval_in_words(alone=facts.alone_in_emergencies, language=language),
        "emergenze": facts.emergency_number,
        "ufficio": facts.office,
        "contatti": facts.contacts,
        "protezione_civile": facts.civil_protection_phone,
        "argomenti": ", ".join(facts.categories),
        "ambito": scope_in_words(facts.only_emergencies, language),
        "parole_iscrizione": facts.join_words,
        "parole_uscita": facts.leave_words,
        "giorni_testi": days_in_words(facts.keep_texts_days, language),
        "giorni_dati": days_in_words(facts.keep_webhooks_days, language),
        "giorni_numero": days_in_words(facts.keep_stopped_days, language),
        "eta_minima": str(facts.minimum_age),
        "responsabile_dati": facts.data_officer,
        "sito": facts.website,
        "indirizzo_privacy": facts.privacy_address,
        "indirizzo_regole": facts.rules_address,
    }
    return {name: value or nothing for name, value in values.items()}


def hours_in_words(windows: tuple[tuple[int, str, str], ...], language: str = "it") -> str:
    """«dal lunedì al venerdì 9–13 e 15–18, il sabato 9–12»: days with the same hours go together."""
    by_day = {
        day: tuple(sorted((start, end) for weekday, start, end in windows if weekday == day))
        for day in sorted({weekday for weekday, _start, _end in windows})
    }
    groups: list[tuple[list[int], tuple[tuple[str, str], ...]]] = []
    for day, spans in by_day.items():
        if groups and groups[-1][1] == spans and groups[-1][0][-1] == day - 1:
            groups[-1][0].append(day)
        else:
            groups.append(([day], spans))
    both = {"it": " e ", "en": " and "}[language]
    said = [
        f"{_days(days, language)} {both.join(f'{_clock(s)}–{_clock(e)}' for s, e in spans)}"
        for days, spans in groups
    ]
    return ", ".join(said) or {"it": "mai", "en": "never"}[language]


def night_in_words(night: tuple[str, str], language: str = "it") -> str:
    """«dalle 22 alle 7»; empty where the town keeps no quiet hours."""
    start, end = _clock(night[0]), _clock(night[1])
    if start == end:
        return ""
    return f"from {start} to {end}" if language == "en" else f"{_after('dal', start)} {_after('al', end)}"


def promise_in_words(most: int, language: str = "it") -> str:
    """«al massimo 4/5 messaggi al mese»; the shipped promise of 5 is said as the service always said it."""
    if most <= 0:
        return {"it": "nessun messaggio al mese", "en": "no messages a month"}[language]
    between = " or " if language == "en" else "/"
    number = str(most) if most == 1 else f"{most - 1}{between}{most}"
    if language == "en":
        return f"at most {number} {'message' if most == 1 else 'messages'} a month"
    return f"al massimo {number} {'messaggio' if most == 1 else 'messaggi'} al mese"


def scope_in_words(only_emergencies: bool, language: str = "it") -> str:
    """What is sent at all, in words that end a sentence."""
    if only_emergencies:
        return {
            "it": "soltanto le emergenze di protezione civile e le allerte meteo arancioni o rosse",
            "en": "only civil protection emergencies and orange or red weather alerts",
        }[language]
    return {
        "it": "avvisi su tutti questi argomenti",
        "en": "notices on all these topics",
    }[language]


def own_promises_in_words(promises: tuple[tuple[str, int], ...], language: str = "it") -> str:
    """«Farmacie, al massimo 4/5 messaggi al mese»; «nessuno» where no topic has a limit of its own."""
    said = [f"{topic}, {promise_in_words(most, language)}" for topic, most in promises]
    return "; ".join(said) or {"it": "nessuno", "en": "none"}[language]


def approval_in_words(*, alone: bool, language: str = "it") -> str:
    """Who writes and who approves, as broadcasts/lifecycle enforces it."""
    always = {
        "it": "Ogni messaggio lo scrive una persona e lo approva un'altra, prima che parta.",
        "en": "Every message is written by one person and approved by another before it leaves.",
    }[language]
    emergencies = {
        "it": " In emergenza può bastarne una: un'altra controlla e convalida dopo.",
        "en": " In an emergency one may be enough: another checks and confirms afterwards.",
    }[language]
    return always + (emergencies if alone else "")


def days_in_words(number: int, language: str = "it") -> str:
    """«30 giorni», «un giorno», «si cancella subito» for none."""
    if number <= 0:
        return {"it": "si cancella subito", "en": "erased at once"}[language]
    if number == 1:
        return {"it": "un giorno", "en": "one day"}[language]
    return f"{number} {'days' if language == 'en' else 'giorni'}"


def _literal(value: str) -> str:
    """A value on one line in which Markdown finds nothing to read."""
    return " ".join(value.split()).translate(_MARKS)


def _days(days: list[int], language: str) -> str:
    first, last = DAYS[language][days[0]], DAYS[language][days[-1]]
    if language == "en":
        return first if len(days) == 1 else f"{first} to {last}"
    article = "la" if days[0] == 6 else "il"
    return (
        f"{article} {first}" if len(days) == 1 else f"dal {first} {'alla' if days[-1] == 6 else 'al'} {last}"
    )


def _clock(written: str) -> str:
    """«9», «9:30»."""
    hour, _colon, minute = written.partition(":")
    return f"{int(hour)}" if minute[:2] in ("", "00") else f"{int(hour)}:{minute[:2]}"


def _after(word: str, clock: str) -> str:
    """«dalle 22», «dall'1»."""
    return f"{word}l'{clock}" if clock.split(":")[0] == "1" else f"{word}le {clock}"


def _with_ids(html: str) -> str:
    """Ids for the headings, from their words; a second equal one gets a number."""
    seen: dict[str, int] = {}

    def named(found: re.Match[str]) -> str:
        level, inside = found[1], found[2]
        slug = slugify(nh3.clean(inside, tags=set())) or "sezione"
        seen[slug] = seen.get(slug, 0) + 1
        anchor = slug if seen[slug] == 1 else f"{slug}-{seen[slug]}"
        return f'<h{level} id="{escape(anchor)}">{inside}</h{level}>'

    return _HEADING.sub(named, html)
