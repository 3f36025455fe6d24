"""What every part shares while the simulator runs: settings, clock, dice, counters."""

from __future__ import annotations

import random
import time
from collections import Counter

from simulator.settings import Settings


class Live:
    """The settings as they are now, and the provider's clock, which may be moved."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.offset = 0.0
        self.rng = random.Random(settings.seed)
        self.requests: Counter[str] = Counter()  # answers to callers, by "ok" or error code
        self.counters: Counter[str] = Counter()  # everything else worth counting

    def now(self) -> float:
        """Unix time on the provider's clock."""
        return time.time() + self.offset

    def happens(self, rate: float) -> bool:
        """Throw the die for something that happens in this share of cases."""
        return rate > 0 and self.rng.random() < rate

    def reset(self) -> None:
        """Forget the counts, start the dice anew, put the clock right."""
        self.offset = 0.0
        self.rng.seed(self.settings.seed)
        self.requests.clear()
        self.counters.clear()
