"""Civil protection notices as documents of the Common Alerting Protocol 1.2 (OASIS).

What is told of a risk follows the colours of the Italian alert system: yellow is Moderate and Possible,
orange Severe and Likely, red Extreme and Likely. Times carry a numeric offset, as the schema demands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cap_tools.models import (
    Alert,
    Area,
    Category,
    Certainty,
    Geocode,
    Info,
    MsgType,
    Parameter,
    Reference,
    ResponseType,
    Scope,
    Severity,
    Status,
    Urgency,
    Value,
    ValueName,
)
from xsdata.formats.dataclass.serializers import XmlSerializer
from xsdata.models.datatype import XmlDateTime

from broadcasts.bulletins import dates
from broadcasts.bulletins.kinds import KINDS
from broadcasts.bulletins.words import RISKS
from broadcasts.models import Broadcast
from broadcasts.stories import left_at, xml_text
from policy.calendar import ROME
from policy.models import Severity as Urgence
from policy.models import TownProfile

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
LANGUAGES = {"it": "it-IT", "en": "en-GB"}
MESSAGE_TYPES = {"correction": MsgType.UPDATE, "update": MsgType.UPDATE, "ending": MsgType.CANCEL}
SOON = timedelta(hours=1)  # CAP: «Expected» is within the next hour


@dataclass(frozen=True, slots=True)
class Source:
    """Who speaks: `site` is the address of the installation, whose host is the sender for ever."""

    town: TownProfile
    site: str
    test: bool  # a demo: nothing that it says is meant

    @property
    def sender(self) -> str:
        return self.site.partition("://")[2].partition("/")[0].partition(":")[0]

    def identifier(self, broadcast: Broadcast) -> str:
        return f"{self.sender}.{broadcast.code}"


@dataclass(frozen=True, slots=True)
class Danger:
    """How bad and how sure, and the awareness level of the European feeds («3; orange; Severe»)."""

    severity: Severity
    certainty: Certainty
    awareness: str = ""


DANGERS = {
    "rossa": Danger(Severity.EXTREME, Certainty.LIKELY, "4; red; Extreme"),
    "arancione": Danger(Severity.SEVERE, Certainty.LIKELY, "3; orange; Severe"),
    "gialla": Danger(Severity.MODERATE, Certainty.POSSIBLE, "2; yellow; Moderate"),
}
EMERGENCY = Danger(Severity.SEVERE, Certainty.OBSERVED)
UNKNOWN = Danger(Severity.UNKNOWN, Certainty.UNKNOWN)


def document(broadcast: Broadcast, before: Sequence[Broadcast], source: Source) -> bytes:
    """The CAP document of a public notice; `before` are the public notices of its story that came
    earlier, oldest first. It never changes: the identifier is the notice's code."""
    first = before[0] if before else broadcast
    message = MESSAGE_TYPES.get(broadcast.kind, MsgType.ALERT) if before else MsgType.ALERT
    alert = Alert(
        identifier=source.identifier(broadcast),
        sender=source.sender,
        sent=_moment(left_at(broadcast)),
        status=_status(broadcast, source),
        msg_type=message,
        scope=Scope.PUBLIC,
        infos=[_info(language, broadcast, first, message, source) for language in _languages(broadcast)],
    )
    if before:
        alert.references_from_list(
            [Reference(source.sender, source.identifier(b), _moment(left_at(b))) for b in before]
        )
    return XmlSerializer().render(alert, ns_map={None: NAMESPACE}).encode()


def _status(broadcast: Broadcast, source: Source) -> Status:
    if broadcast.exercise or broadcast.kind == "exercise":
        return Status.EXERCISE
    return Status.TEST if source.test else Status.ACTUAL


def _languages(broadcast: Broadcast) -> list[str]:
    return [language for language in LANGUAGES if language in broadcast.rendered]


def _info(language: str, broadcast: Broadcast, first: Broadcast, message: MsgType, source: Source) -> Info:
    text = broadcast.rendered[language]
    over = message is MsgType.CANCEL
    danger = danger_of(first)
    onset = _stated(broadcast, "starts") or (_stated(first, "starts") if not over else None)
    expires = _stated(broadcast, "ends") or broadcast.valid_until
    town = source.town
    return Info(
        language=LANGUAGES[language],
        categories=_categories(first),
        event=xml_text(_event(first, language)),
        response_types=[ResponseType.ALL_CLEAR if over else ResponseType.PREPARE],
        urgency=Urgency.PAST if over else _urgency(onset, left_at(broadcast)),
        severity=danger.severity,
        certainty=danger.certainty,
        effective=_moment(left_at(broadcast)),
        onset=_moment(onset) if onset else None,
        expires=_moment(expires) if expires else None,
        sender_name=town.name,
        headline=xml_text(text.get("title") or broadcast.title),
        description=xml_text(text.get("page_text", "")) or None,
        instruction=xml_text(_in_language(broadcast, "what_to_do", language)) or None,
        web=source.site + broadcast.get_absolute_url(),
        contact=town.civil_protection_phone or None,
        parameters=[_parameter("awareness_level", danger.awareness)] if danger.awareness else [],
        areas=_areas(first, town),
    )


def danger_of(broadcast: Broadcast) -> Danger:
    """By the worst colour of its risks; without a colour, by the notice's own urgency."""
    colours = {risk.get("colour") for risk in broadcast.fields.get("risks", [])}
    worst = next((DANGERS[colour] for colour in DANGERS if colour in colours), None)
    return worst or (EMERGENCY if broadcast.severity == Urgence.EMERGENCY else UNKNOWN)


def _categories(broadcast: Broadcast) -> list[Category]:
    """Weather where a risk of the regional bulletin is named, safety in any case."""
    weather = any(risk["risk"] in RISKS for risk in broadcast.fields.get("risks", []))
    return [Category.MET, Category.SAFETY] if weather else [Category.SAFETY]


def _event(broadcast: Broadcast, language: str) -> str:
    """«temporali forti, vento», in words; the kind of notice where no risk is named."""
    risks = [risk["risk"] for risk in broadcast.fields.get("risks", [])]
    words = [RISKS[risk][language] if risk in RISKS else risk for risk in risks]
    return ", ".join(words) or str(KINDS[broadcast.kind].label)


def _urgency(onset: datetime | None, sent: datetime) -> Urgency:
    if onset is None or onset <= sent:
        return Urgency.IMMEDIATE
    return Urgency.EXPECTED if onset - sent <= SOON else Urgency.FUTURE


def _areas(broadcast: Broadcast, town: TownProfile) -> list[Area]:
    """The places, with the town's ISTAT code where the whole town is meant."""
    zones = [zone.name for zone in broadcast.zones.all()]
    stated = str(broadcast.fields.get("area") or "")
    where = stated or ", ".join(zones)
    geocodes = [] if where or not town.istat_code else [_geocode("ISTAT", town.istat_code)]
    return [Area(area_desc=xml_text(f"{town.name}: {where}" if where else town.name), geocodes=geocodes)]


def _in_language(broadcast: Broadcast, name: str, language: str) -> str:
    own = broadcast.fields.get(language) or {}
    return str((own.get(name) if language != "it" else "") or broadcast.fields.get(name) or "")


def _stated(broadcast: Broadcast, name: str) -> datetime | None:
    value = broadcast.fields.get(name)
    return dates.read_moment(value) if value else None


def _moment(at: datetime) -> XmlDateTime:
    return XmlDateTime.from_datetime(at.astimezone(ROME).replace(microsecond=0))


def _parameter(name: str, value: str) -> Parameter:
    return Parameter(value_name=ValueName(name), value=Value(value))


def _geocode(name: str, value: str) -> Geocode:
    return Geocode(value_name=ValueName(name), value=Value(value))
