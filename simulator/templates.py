"""Templates: made, reviewed, listed, edited, paused, deleted."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from simulator import ids
from simulator.errors import ApiError
from simulator.live import Live

STATUSES = ("APPROVED", "PENDING", "REJECTED", "PAUSED", "DISABLED", "IN_APPEAL", "PENDING_DELETION",
            "DELETED", "LIMIT_EXCEEDED", "ARCHIVED", "FLAGGED")  # fmt: skip
CATEGORIES = ("UTILITY", "MARKETING", "AUTHENTICATION")
TTL_RANGES = {"UTILITY": (30, 43_200), "AUTHENTICATION": (30, 900), "MARKETING": (43_200, 2_592_000)}
DEFAULT_TTL = {"UTILITY": 2_592_000, "AUTHENTICATION": 600, "MARKETING": 2_592_000}
LIMIT = 250
_FILTERS = ("name", "status", "language", "category")
DAY = 24 * 3600.0
VARIABLE = re.compile(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}")
_NAME = re.compile(r"[a-z0-9_]{1,512}")


@dataclass(slots=True, eq=False)
class Template:
    """One template in one language, with its components as they were given."""

    id: str
    name: str
    language: str
    category: str
    format: str
    components: list[dict[str, Any]]
    ttl: int | None
    status: str = "PENDING"
    quality: str = "UNKNOWN"
    reason: str = "NONE"
    due_at: float = 0.0
    pauses: int = 0
    revision: int = 0  # rises with each change of components, category or time to live
    paused_until: float = 0.0  # of a quality pause, which ends by itself; 0 for any other
    sent: int = 0
    complaints: int = 0
    edits: list[float] = field(default_factory=list)
    was_approved: bool = False

    def part(self, kind: str) -> dict[str, Any]:
        """The component of this type, empty if it has none."""
        return next((c for c in self.components if str(c.get("type", "")).upper() == kind), {})

    @property
    def ttl_seconds(self) -> int:
        """How long the provider tries: -1 and nothing mean the category's default."""
        if self.ttl is None or self.ttl == -1:
            return DEFAULT_TTL[self.category] if self.ttl is None else 2_592_000
        return self.ttl

    def as_json(self) -> dict[str, Any]:
        """The template as the provider lists it."""
        shown: dict[str, Any] = {
            "name": self.name,
            "parameter_format": self.format,
            "components": self.components,
            "language": self.language,
            "status": self.status,
            "category": self.category,
            "quality_score": {"score": self.quality, "date": int(self.due_at)},
            "rejected_reason": self.reason,
            "id": self.id,
        }
        if self.ttl is not None:
            shown["message_send_ttl_seconds"] = self.ttl
        return shown


class Templates:
    """The account's templates. `on_status` is told of every change of state."""

    def __init__(self, live: Live, on_status: Callable[[Template, str], None]) -> None:
        self._live = live
        self._on_status = on_status
        self._by_key: dict[tuple[str, str], Template] = {}
        self._locked: dict[str, float] = {}  # deleted names, until when

    def __len__(self) -> int:
        return len(self._by_key)

    def all(self) -> list[Template]:
        """Every template, the reviews that are over by now done."""
        self.review()
        return list(self._by_key.values())

    def get(self, name: str, language: str) -> Template | None:
        """The template of this name in this language."""
        found = self._by_key.get((name, language))
        if found and found.status in ("PENDING", "PAUSED"):
            self.review()
        return found

    def named(self, name: str) -> list[Template]:
        """The template in all its languages."""
        return [item for item in self.all() if item.name == name]

    def by_id(self, template_id: str) -> Template | None:
        """The template with this id."""
        return next((item for item in self.all() if item.id == template_id), None)

    def create(self, body: dict[str, Any]) -> Template:
        """Take a new template for review; raise ApiError for one that the provider refuses."""
        name, language = _names(body)
        category = _category(body)
        components = check_components(body)
        if (name, language) in self._by_key:
            raise refused(
                2388024, "Content in This Language Already Exists", f"{name} already has {language}."
            )
        if self._locked.get(name, 0.0) > self._live.now():
            raise refused(2388023, "Name is locked", "This name was deleted less than 30 days ago.")
        if len(self._by_key) >= LIMIT:
            raise refused(2388019, "Template limit", f"The account may have {LIMIT} templates.")
        made = Template(
            ids.object_id(self._live.rng),
            name,
            language,
            "MARKETING" if is_vague(components) and category == "UTILITY" else category,
            str(body.get("parameter_format", "POSITIONAL")).upper(),
            components,
            check_ttl(body.get("message_send_ttl_seconds"), category),
            due_at=self._live.now() + self._live.settings.review_s,
        )
        self._by_key[name, language] = made
        self.review()
        return made

    def edit(self, item: Template, body: dict[str, Any]) -> None:
        """Replace a template's components, which sends it back to review."""
        now = self._live.now()
        if item.status not in ("APPROVED", "REJECTED", "PAUSED"):
            raise refused(2388025, "Template cannot be edited", f"Its status is {item.status}.")
        category = str(body.get("category", item.category)).upper()
        if category != item.category and item.status == "APPROVED":
            raise refused(2388026, "Category cannot be edited", "An approved template keeps its category.")
        recent = [at for at in item.edits if now - at < 30 * DAY]
        if item.status == "APPROVED" and (len(recent) >= 10 or any(now - at < DAY for at in recent)):
            raise refused(2388027, "Too many edits", "Once in 24 hours, ten times in 30 days.")
        if "components" in body:
            item.components = check_components({**body, "parameter_format": item.format})
        if "message_send_ttl_seconds" in body:
            item.ttl = check_ttl(body["message_send_ttl_seconds"], category)
        item.category, item.edits = category, [*recent, now]
        item.revision += 1
        item.status, item.due_at = "PENDING", now + self._live.settings.review_s
        self.review()

    def delete(self, name: str, template_id: str = "") -> None:
        """Delete a template in every language, or only the one of `template_id`."""
        gone = [item for item in self.named(name) if template_id in ("", item.id)]
        if not gone:
            raise refused(2593002, "Message Template Not Found", f"There is no template {name}.")
        for item in gone:
            del self._by_key[item.name, item.language]
            if item.was_approved:
                self._locked[name] = self._live.now() + 30 * DAY
            self._on_status(item, "DELETED")

    def set_status(self, item: Template, status: str, reason: str = "NONE") -> None:
        """Put a template into a state, as the provider's reviewers or quality machine would."""
        if status not in STATUSES:
            raise ValueError(f"status: one of {', '.join(STATUSES)}")
        item.status, item.reason = status, reason
        item.was_approved = item.was_approved or status == "APPROVED"
        self._on_status(item, status)

    def pause(self, item: Template, seconds: float) -> None:
        """Pause for bad quality: it ends by itself, and counts towards being disabled."""
        item.pauses += 1
        item.paused_until = self._live.now() + seconds
        self.set_status(item, "PAUSED")

    def review(self) -> None:
        """Approve what has waited long enough, and end the pauses that are over."""
        now = self._live.now()
        for item in list(self._by_key.values()):
            over = item.status == "PAUSED" and 0 < item.paused_until <= now
            if over or (item.status == "PENDING" and item.due_at <= now):
                self.set_status(item, "APPROVED")
                item.paused_until = 0.0

    def page(self, query: dict[str, str], address: str) -> dict[str, Any]:
        """One page of the list, with cursors as the provider gives them."""
        asked = {name: set(query[name].split(",")) for name in _FILTERS if query.get(name)}
        found = [
            item
            for item in self.all()
            if all(getattr(item, name) in values for name, values in asked.items())
        ]
        if not query.get("limit", "25").isdigit():
            raise ApiError(100, "limit must be a number.")
        limit = min(max(int(query.get("limit", "25")), 1), 1000)
        start = _position(query["after"]) + 1 if query.get("after") else 0
        shown = found[start : start + limit]
        answer: dict[str, Any] = {"data": [item.as_json() for item in shown]}
        if shown:
            cursors = {"before": _cursor(start), "after": _cursor(start + len(shown) - 1)}
            answer["paging"] = {"cursors": cursors}
            if start + limit < len(found):
                answer["paging"]["next"] = f"{address}?limit={limit}&after={cursors['after']}"
        if "summary" in query or "summary" in query.get("fields", ""):
            answer["summary"] = {
                "total_count": len(found),
                "message_template_count": len(self),
                "message_template_limit": LIMIT,
                "are_translations_complete": False,
            }
        return answer

    def clear(self) -> None:
        """Forget every template and every locked name."""
        self._by_key.clear()
        self._locked.clear()


def refused(subcode: int, title: str, message: str) -> ApiError:
    """The error of a management call: code 100 and a subcode."""
    return ApiError(100, subcode=subcode, user_title=title, user_message=message)


def is_vague(components: list[dict[str, Any]]) -> bool:
    """Whether the body says nothing by itself: the provider classes such a template as marketing."""
    body = next((str(c.get("text", "")) for c in components if str(c.get("type")).upper() == "BODY"), "")
    return bool(VARIABLE.search(body)) and len(re.findall(r"\w+", VARIABLE.sub(" ", body))) < 4


def check_ttl(value: Any, category: str) -> int | None:
    """Return a template's time to live in seconds if it fits its category, None if it has none."""
    if value is None:
        return None
    low, high = TTL_RANGES[category]
    if isinstance(value, bool) or not isinstance(value, int) or not (value == -1 or low <= value <= high):
        raise ApiError(100, f"message_send_ttl_seconds must be between {low} and {high}, or -1.")
    return value


def check_components(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the components if they keep the provider's limits."""
    components = body.get("components")
    if not isinstance(components, list) or not all(isinstance(item, dict) for item in components):
        raise ApiError(100, "components must be an array of objects.")
    parts = {str(item.get("type", "")).upper(): item for item in components}
    text = str(parts.get("BODY", {}).get("text", ""))
    if not text:
        raise refused(2388072, "Invalid body", "A template needs a BODY with a text.")
    if len(text) > 1024:
        raise refused(2388040, "Character limit exceeded", "The body has at most 1024 characters.")
    _check_variables(text, str(body.get("parameter_format", "POSITIONAL")).upper())
    _check_edges(parts)
    _check_buttons(parts.get("BUTTONS", {}).get("buttons", []))
    return components


def _check_variables(text: str, format_: str) -> None:
    names = VARIABLE.findall(text)
    stripped = text.strip()
    if stripped.startswith("{{") or stripped.endswith("}}"):
        raise refused(2388299, "Variables at the start or end", "A variable cannot begin or end the body.")
    if re.search(r"\}\}\s*\{\{", text):
        raise refused(2388299, "Adjacent variables", "Two variables need text between them.")
    if format_ == "NAMED":
        if any(not re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in names):
            raise refused(
                2388072, "Invalid variable", "Named variables are lower case and begin with a letter."
            )
    elif names and sorted(set(names), key=str) != sorted(str(n) for n in range(1, len(set(names)) + 1)):
        raise refused(2388072, "Invalid variable", "Variables are numbered from 1 without gaps.")
    if len(re.findall(r"\w+", VARIABLE.sub(" ", text))) < len(names):
        raise refused(2388293, "Too many variables", "Too many variables for the length of the text.")


def _check_edges(parts: dict[str, dict[str, Any]]) -> None:
    header, footer = parts.get("HEADER", {}), parts.get("FOOTER", {})
    if header:
        format_ = str(header.get("format", "")).upper()
        if format_ not in ("TEXT", "IMAGE", "VIDEO", "DOCUMENT", "LOCATION"):
            raise refused(
                2388047, "Invalid header", "Its format is TEXT, IMAGE, VIDEO, DOCUMENT or LOCATION."
            )
        text = str(header.get("text", ""))
        if format_ == "TEXT" and (not text or len(text) > 60 or len(VARIABLE.findall(text)) > 1):
            raise refused(2388047, "Invalid header", "A text of at most 60 characters and one variable.")
    if footer:
        text = str(footer.get("text", ""))
        if not text or len(text) > 60 or VARIABLE.search(text):
            raise refused(2388073, "Invalid footer", "A text of at most 60 characters without variables.")


def _check_buttons(buttons: Any) -> None:
    if not isinstance(buttons, list) or len(buttons) > 10:
        raise ApiError(100, "A template has at most 10 buttons.")
    kinds = [str(item.get("type", "")).upper() if isinstance(item, dict) else "" for item in buttons]
    if kinds.count("URL") > 2 or kinds.count("PHONE_NUMBER") > 1 or kinds.count("COPY_CODE") > 1:
        raise ApiError(100, "Too many buttons of one type.")
    quick = [index for index, kind in enumerate(kinds) if kind == "QUICK_REPLY"]
    if quick and quick != list(range(quick[0], quick[0] + len(quick))):
        raise ApiError(100, "Quick replies must stand together.")
    for item, kind in zip(buttons, kinds, strict=True):
        if (
            kind not in ("COPY_CODE", "REQUEST_CONTACT_INFO", "OTP")
            and not 1 <= len(str(item.get("text", ""))) <= 25
        ):
            raise ApiError(100, "A button's text has 1 to 25 characters.")


def _names(body: dict[str, Any]) -> tuple[str, str]:
    name, language = body.get("name"), body.get("language")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ApiError(100, "name: lower case letters, digits and underscores.")
    if not isinstance(language, str) or not re.fullmatch(r"[a-z]{2,3}(_[A-Z]{2})?", language):
        raise ApiError(100, "language: a supported language code.")
    return name, language


def _category(body: dict[str, Any]) -> str:
    category = str(body.get("category", "")).upper()
    if category not in CATEGORIES:
        raise ApiError(100, f"category must be one of {', '.join(CATEGORIES)}.")
    return category


def _cursor(position: int) -> str:
    return base64.b64encode(f"sim:{position}".encode()).decode()


def _position(cursor: str) -> int:
    try:
        prefix, _, number = base64.b64decode(cursor, validate=True).decode().partition(":")
        if prefix != "sim":
            raise ValueError
        return int(number)
    except ValueError:
        raise ApiError(131059) from None
