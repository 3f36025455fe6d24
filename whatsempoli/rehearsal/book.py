"""The chapters, in the order in which they are played, and what they say at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from whatsempoli.rehearsal.chapters import (
    days,
    following,
    machines,
    people,
    privacy,
    provider,
    story,
    talking,
)
from whatsempoli.rehearsal.judge import BROKEN
from whatsempoli.rehearsal.scene import Say, Scene


@dataclass(frozen=True, slots=True)
class Chapter:
    """`breaks` are the promises that it can break on purpose (BREAK=…), for the judge to catch."""

    slug: str
    title: str
    citizens: int
    play: Callable[[Scene, Say], None]
    breaks: tuple[str, ...]


BOOK = (
    Chapter("story", "storia", 1_512, story.play, ("after_opt_out", "lost", "unapproved")),
    Chapter("storm", "tutti insieme", 300, days.storm, ("unanswered", "uninvited")),
    Chapter("window", "la finestra si chiude", 300, days.window, ("out_of_hours",)),
    Chapter("stop", "uno stop nel mezzo", 300, days.stop, ("after_opt_out",)),
    Chapter("month", "il limite del mese", 200, days.month, ("over_cap",)),
    Chapter("emergency", "emergenza e arretrato", 300, following.emergency, ("behind",)),
    Chapter("follow-ups", "rettifica, fine", 300, following.follow_ups, ("out_of_order",)),
    Chapter("outage", "fornitore assente", 300, provider.outage, ("duplicates",)),
    Chapter("held", "trattenuti", 200, provider.held, ("duplicates",)),
    Chapter("template", "modello in pausa", 300, provider.template, ("lost",)),
    Chapter("token", "chiave scaduta", 300, provider.token, ("unapproved",)),
    Chapter("identity", "numeri e nomi", 200, people.identity, ("uninvited",)),
    Chapter("forgotten", "dimenticati", 200, privacy.forgotten, ("uninvited",)),
    Chapter("resting", "numeri a riposo", 200, privacy.resting, ("misreported",)),
    Chapter("talking", "domande e scelte", 200, talking.talking, ("uninvited",)),
    Chapter("receipts", "ricevute tardi", 200, people.receipts, ("misreported",)),
    Chapter("summer-time", "fine ora legale", 200, days.summer_time, ("out_of_hours",)),
    Chapter("restart", "riavvio di tutto", 300, machines.restart, ("duplicates",)),
)


# What the table shows of a chapter's numbers, and its columns.
SHOWN = {
    "citizens": "persone",
    "broadcasts": "avvisi",
    "audience": "destinatari",
    "accepted": "affidati",
    "delivered": "arrivati",
    "read": "letti",
    "failed": "falliti",
    "skipped": "saltati",
    "held": "trattenuti",
    "expired": "scaduti",
    "undelivered": "mai arrivati",
    "unconfirmed": "in dubbio",
    "seconds": "secondi",
}


@dataclass(frozen=True, slots=True)
class Result:
    """A chapter in numbers. `closes` says that every recipient is in exactly one final state; `broken` is
    the promise that was broken on purpose, if any."""

    chapter: str
    title: str
    numbers: dict[str, float]
    examples: dict[str, str]
    overtook: bool
    closes: bool
    broken: str = ""

    @property
    def kept(self) -> bool:
        """Every promise kept, every row accounted for, what had to be first was."""
        return not self.examples and self.overtook and self.closes

    @property
    def as_wanted(self) -> bool:
        """Kept; or, where a promise was broken on purpose, caught in that one."""
        return self.broken in self.examples if self.broken else self.kept

    def as_dict(self) -> dict[str, float | bool | str]:
        """For machines."""
        return {
            "chapter": self.chapter,
            **self.numbers,
            "overtook": self.overtook,
            "closes": self.closes,
            "kept": self.kept,
            **({"broken": self.broken, "caught": self.as_wanted} if self.broken else {}),
        }


class UnknownChapterError(ValueError):
    """There is no such chapter, or none that can break such a promise."""


def chosen(slugs: str, broken: str) -> list[tuple[Chapter, str]]:
    """What to play: chapters (comma between slugs, none for all), each with the promise that it breaks.

    BREAK=all plays every broken variant of theirs.
    """
    wanted = slugs.replace(" ", "").split(",") if slugs.strip() else []
    chapters = [chapter for chapter in BOOK if not wanted or chapter.slug in wanted]
    plays = [
        (chapter, promise)
        for chapter in chapters
        for promise in (chapter.breaks if broken else ("",))
        if broken in ("", "all", promise)
    ]
    if plays and all(any(chapter.slug == slug for chapter in BOOK) for slug in wanted):
        return plays
    known = ", ".join(f"{chapter.slug} ({' '.join(chapter.breaks)})" for chapter in chapters or BOOK)
    raise UnknownChapterError(f"Non c'è. I capitoli, con le promesse che sanno rompere: {known}.")


def total(results: Sequence[Result]) -> Result:
    """The sum of all chapters."""
    names = list(results[0].numbers)
    return Result(
        chapter="total",
        title="tutto",
        numbers={name: round(sum(result.numbers[name] for result in results), 1) for name in names},
        examples={name: words for result in results for name, words in result.examples.items()},
        overtook=all(result.overtook for result in results),
        closes=all(result.closes for result in results),
    )


def table(results: Sequence[Result]) -> str:
    """For people: what was sent, then chapter by chapter which promises were kept."""
    rows = [*results, total(results)] if len(results) > 1 else list(results)
    head = ["capitolo", *SHOWN.values()]
    lines = _grid(head, ([row.title, *(_number(row.numbers[name]) for name in SHOWN)] for row in rows))
    marks = ([row.title, *(_mark(row.numbers[promise]) for promise in BROKEN)] for row in rows)
    lines += ["", *_grid(["promesse", *BROKEN.values()], marks), ""]
    for result in results:
        lines += [f"  ✗ {result.title}: {words}" for words in result.examples.values()]
        lines += [] if result.closes else [f"  ✗ {result.title}: i conti non tornano"]
        lines += [] if result.overtook else [f"  ✗ {result.title}: l'emergenza non è arrivata prima"]
        if result.broken:
            lines.append(f"  {result.title}: rotto apposta «{BROKEN[result.broken]}», "
                         f"{'visto' if result.as_wanted else 'NON VISTO'}")  # fmt: skip
    if all(result.kept for result in results):
        lines.append("  I conti tornano e ogni promessa è mantenuta.")
    return "\n".join(lines)


def _number(value: float) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(value)


def _mark(count: float) -> str:
    return f"✗ {count:.0f}" if count else "·"


def _grid(head: list[str], rows: Iterable[list[str]]) -> list[str]:
    """Columns as wide as their widest cell, the first to the left."""
    cells = [head, *rows]
    widths = [max(len(row[n]) for row in cells) for n in range(len(head))]
    return [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))]
        )
        for row in cells
    ]
