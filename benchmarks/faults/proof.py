"""The proof that the judge sees: engines without a guard, each played where that guard is what holds."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.faults import kills, scenes, worker
from benchmarks.faults.broken import VARIANTS
from benchmarks.faults.field import PEOPLE, Field
from benchmarks.faults.judge import Verdict

# variant → (where it is played, what the judge must count)
PLAYED: dict[str, tuple[Callable[[Field], Verdict], str]] = {
    "checkpoint_first": (lambda field: killed_in_the_middle(field), "lost"),
    "no_fence": (scenes.late_answers, "doubled"),
    "no_skip_locked": (scenes.a_row_is_held, "blocked"),
    "no_lock": (scenes.a_row_is_held, "miscounted"),
}
assert tuple(PLAYED) == VARIANTS


def killed_in_the_middle(field: Field) -> Verdict:
    """One kill when a third has arrived."""
    result = kills.Kills()
    kills.kill(field, result, "routine", PEOPLE // 3)
    return result.total


def seen(field: Field, variant: str) -> tuple[Verdict, bool]:
    """What the judge says of an engine without this guard, and whether it counted what it must."""
    scene, what = PLAYED[variant]
    with worker.broken_by(variant):
        verdict = scene(field)
    return verdict, bool(getattr(verdict, what))
