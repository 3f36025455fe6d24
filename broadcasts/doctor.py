"""What `manage.py doctor` asks beyond the rows: the provider, our own address from outside, the mail server.

Each check returns what is wrong; one that cannot be made says so and does not stop the others.
"""

from __future__ import annotations

import hashlib
import hmac
import socket
import ssl
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from smtplib import SMTPException
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.core.mail import get_connection
from django.utils.translation import gettext as _

from broadcasts import checkup, provider, render
from broadcasts.bulletins.kinds import LANGUAGES, all_templates
from broadcasts.bulletins.staff_template import STAFF
from broadcasts.checkup import Finding
from broadcasts.models import MessageTemplate
from policy.models import TownProfile
from whatsapp.client import ApiError, NotSent, Unanswered
from whatsempoli import clock

TIMEOUT = 10  # seconds
CLOCK_OFF = timedelta(seconds=30)
CERTIFICATE_LEAST = timedelta(days=14)
TOKEN_REFUSED = (0, 190)  # codes (WHATSAPP.md, errors)
CHALLENGE = "271828182"
Check = Callable[[datetime], list[Finding]]


def examine(now: datetime) -> list[tuple[str, list[Finding]]]:
    """Every check by name with what it found; `now` is real time."""
    return [(name, _guarded(name, check, now)) for name, check in checks().items()]


def checks() -> dict[str, Check]:
    """In the order in which a technician mends things: what the others stand on comes first."""
    return {
        "migrations": migrations,
        "broker": checkup.broker,
        "beat": checkup.beat,
        "queues": checkup.queues,
        "sending": checkup.sending,
        "token": token,
        "templates": templates,
        "webhook": webhook,
        "silence": checkup.proof_of_life,
        "canary": checkup.daily_proof,
        "clock": clock_is_right,
        "tls": tls,
        "email": email,
        "disk": checkup.disk,
        "backups": checkup.backups,
        "journal": checkup.journal,
    }


def _guarded(name: str, check: Check, now: datetime) -> list[Finding]:
    try:
        return check(now)
    except Exception as error:  # noqa: BLE001 - the other checks must be made too
        words = _("Questo controllo non è riuscito: %(error)s.") % {"error": type(error).__name__}
        return [Finding(name, words, _("Risolvi prima ciò che è scritto sopra, poi riprova."))]


def migrations(now: datetime) -> list[Finding]:
    """The database is as this version expects it."""
    faults = checkup.not_ready(now)
    if "migrations" in faults:
        words = _("Il database è di una versione precedente.")
        return [Finding("migrations", words, "manage.py migrate")]
    if "database" in faults:
        action = _("Controlla che PostgreSQL sia in funzione e che DATABASE_URL sia giusto.")
        return [Finding("database", _("Il database non risponde."), action)]
    return []


def token(now: datetime) -> list[Finding]:
    """The provider knows us, and the number is well."""
    try:
        number = provider.client().phone_number()
    except ApiError as error:
        if error.code in TOKEN_REFUSED or error.http_status == 401:
            action = _(
                "Crea un token nuovo dell'utente di sistema in Meta Business,"
                " mettilo in WHATSAPP_TOKEN e riavvia."
            )
            return [Finding("provider:token", _("WhatsApp non accetta più il nostro token."), action)]
        words = _("WhatsApp rifiuta il nostro numero: %(why)s") % {"why": error.info.reason}
        action = _("Controlla WHATSAPP_PHONE_NUMBER_ID e lo stato del numero in WhatsApp Manager.")
        return [Finding("provider:number", words, action)]
    except (NotSent, Unanswered) as error:
        words = _("WhatsApp non risponde a questo server (%(error)s).") % {"error": error}
        action = _("Controlla la rete e il firewall verso %(host)s.") % {"host": settings.WHATSAPP_BASE_URL}
        return [Finding("provider:away", words, action)]
    return list(_number_faults(number))


def _number_faults(number: dict[str, object]) -> Iterable[Finding]:
    action = _("Apri WhatsApp Manager: lì è scritto il motivo. Intanto invia solo ciò che è necessario.")
    quality = number.get("quality_rating")
    if quality in ("RED", "YELLOW"):
        words = _("WhatsApp giudica male il numero (%(quality)s): molti lo bloccano o lo segnalano.")
        yield Finding("provider:quality", words % {"quality": quality}, action, urgent=quality == "RED")
    status = number.get("status")
    if status not in (None, "CONNECTED"):
        words = _("Il numero non è in servizio: WhatsApp lo dà come %(status)s.")
        yield Finding("provider:status", words % {"status": status}, action)
    health = number.get("health_status")
    if isinstance(health, dict) and health.get("can_send_message") == "BLOCKED":
        yield Finding("provider:blocked", _("WhatsApp non lascia partire nessun messaggio."), action)


def provider_alarms(now: datetime) -> list[Finding]:
    """The part that is worth asking every few minutes."""
    return _guarded("provider:check", token, now)


def templates(now: datetime) -> list[Finding]:
    """Every template that a notice may need is approved."""
    town = render.town_of(TownProfile.current())
    wanted = {
        (template.name_for(town), language)
        for template in [*(template for _kind, template in all_templates()), STAFF]
        for language in LANGUAGES
    }
    rows = MessageTemplate.objects.values_list("name", "language", "status")
    status = {(name, language): state for name, language, state in rows}
    bad = sorted(key for key in wanted if status.get(key) != MessageTemplate.Status.APPROVED)
    if not bad:
        return []
    names = ", ".join(f"{name} ({language})" for name, language in bad[:3])
    words = _("%(n)s modelli su %(all)s non sono approvati da WhatsApp, per esempio: %(names)s.")
    action = _("Invia quelli che mancano con: manage.py sync_templates; poi guarda la pagina «Modelli».")
    values = {"n": len(bad), "all": len(wanted), "names": names}
    return [Finding("templates", words % values, action, urgent=False)]


def webhook(now: datetime) -> list[Finding]:
    """Our own address answers Meta's question and believes our signature, and nobody else's."""
    url = f"{settings.SITE_URL}/webhooks/whatsapp/"
    asked = {"hub.mode": "subscribe", "hub.verify_token": settings.WHATSAPP_VERIFY_TOKEN}
    action = _("Controlla DNS, proxy e firewall: Meta deve arrivare a %(url)s.") % {"url": url}
    try:
        answer = requests.get(
            url, params=asked | {"hub.challenge": CHALLENGE}, timeout=TIMEOUT, allow_redirects=False
        )
        if answer.status_code != 200 or answer.text != CHALLENGE:
            words = _("Il webhook non risponde come Meta si aspetta (codice %(code)s).")
            return [Finding("webhook", words % {"code": answer.status_code}, action)]
        forged = _post(url, "not-our-secret")
        signed = _post(url, settings.WHATSAPP_APP_SECRETS[0])
    except requests.RequestException as error:
        words = _("Il nostro indirizzo non si raggiunge (%(error)s).") % {"error": type(error).__name__}
        return [Finding("webhook", words, action)]
    if forged != 403 or signed != 200:
        words = _("Il webhook non controlla le firme come deve (%(forged)s e %(signed)s).")
        restart = _("Controlla WHATSAPP_APP_SECRET: lo stesso nell'app di Meta e qui; poi riavvia «web».")
        return [Finding("webhook:secret", words % {"forged": forged, "signed": signed}, restart)]
    return []


def _post(url: str, secret: str) -> int:
    """The answer's code to an empty post that changes nothing, signed with `secret`."""
    body = b'{"object":"whatsapp_business_account","entry":[]}'
    sign = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {"X-Hub-Signature-256": f"sha256={sign}", "Content-Type": "application/json"}
    answer = requests.post(url, data=body, headers=headers, timeout=TIMEOUT, allow_redirects=False)
    return answer.status_code


def clock_is_right(now: datetime) -> list[Finding]:
    """Our clock and the provider's agree: hours are a promise here."""
    try:
        answer = requests.head(settings.WHATSAPP_BASE_URL, timeout=TIMEOUT, allow_redirects=False)
        theirs = parsedate_to_datetime(answer.headers["Date"])
    except (requests.RequestException, KeyError, ValueError):
        return []  # that it does not answer is said elsewhere
    off = clock.real_now() - theirs
    if abs(off) < CLOCK_OFF:
        return []
    words = _("L'orologio del server sbaglia di %(n)s secondi.") % {"n": round(off.total_seconds())}
    return [Finding("clock", words, _("Attiva la sincronizzazione: timedatectl set-ntp true"))]


def tls(now: datetime) -> list[Finding]:
    """The site's certificate is trusted and does not end soon."""
    parts = urlsplit(settings.SITE_URL)
    if parts.scheme != "https":
        action = _("Metti in SITE_URL l'indirizzo pubblico, con https: Meta non accetta altro.")
        return [Finding("tls", _("Il sito non è in https."), action)]
    host, port = parts.hostname or "", parts.port or 443
    try:
        context = ssl.create_default_context()
        with (
            socket.create_connection((host, port), TIMEOUT) as plain,
            context.wrap_socket(plain, server_hostname=host) as secure,
        ):
            certificate = secure.getpeercert() or {}
    except (OSError, ssl.SSLError) as error:
        words = _("Il certificato di %(host)s non va: %(why)s.")
        why = getattr(error, "verify_message", "") or type(error).__name__
        action = _("Rinnovalo e metti la catena intera in deploy/certs/fullchain.pem.")
        return [Finding("tls", words % {"host": host, "why": why}, action)]
    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(certificate["notAfter"])), UTC)
    if ends - now > CERTIFICATE_LEAST:
        return []
    words = _("Il certificato di %(host)s scade il %(day)s.") % {"host": host, "day": f"{ends:%d/%m/%Y}"}
    return [Finding("tls:ends", words, _("Rinnovalo adesso: il rinnovo automatico non ha funzionato."))]


def email(now: datetime) -> list[Finding]:
    """The mail server takes us, and somebody gets the alarms."""
    if not settings.ALARMS_TO:
        action = _("Metti in ADMINS l'indirizzo di chi segue il server.")
        return [Finding("email:nobody", _("Nessuno riceve gli allarmi."), action)]
    try:
        mail = get_connection(fail_silently=False)
        mail.open()
        mail.close()
    except (OSError, SMTPException) as error:
        words = _("Il server di posta non ci accetta (%(error)s).") % {"error": type(error).__name__}
        return [Finding("email", words, _("Controlla EMAIL_URL: nome, porta, utente e password."))]
    return []
