"""How much may be sent: the number's throughput, one person's pair limit, the portfolio's daily reach."""

from __future__ import annotations

import time

from simulator.live import Live
from simulator.phones import Phone
from simulator.settings import TIERS, Settings

PAIR_BURST = 45.0  # messages at once to one person, borrowed from the future
PAIR_RATE = 1 / 6  # messages a second to one person
DAY = 24 * 3600.0
GROWS_AFTER = 6 * 3600.0  # seconds from enough use to the next tier
LOOKS_BACK = {"TIER_250": 30 * DAY}  # the first step asks for 2,000 people in 30 days; the others 7 days
FIRST_STEP = 2000


class Bucket:
    """A token bucket with a burst of one second. What comes in counts too, and may leave a debt."""

    def __init__(self, rate: float) -> None:
        self._tokens = rate
        self._at = time.monotonic()

    def take(self, rate: float, now: float | None = None) -> bool:
        """Take one token if there is one."""
        self._refill(rate, now)
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def owe(self, rate: float, now: float | None = None) -> None:
        """Take one token whether there is one or not, down to a debt of one second."""
        self._refill(rate, now)
        self._tokens = max(self._tokens - 1, -rate)

    def _refill(self, rate: float, now: float | None) -> None:
        moment = time.monotonic() if now is None else now
        self._tokens = min(rate, self._tokens + max(0.0, moment - self._at) * rate)
        self._at = moment


def take_pair(phone: Phone, now: float) -> bool:
    """Take one message of what this person may get."""
    refill = max(0.0, now - phone.pair_at) * PAIR_RATE
    phone.pair_tokens = min(PAIR_BURST, phone.pair_tokens + refill)
    phone.pair_at = now
    if phone.pair_tokens < 1:
        return False
    phone.pair_tokens -= 1
    return True


class Limits:
    """All three, as one account has them."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self.bucket = Bucket(live.settings.throughput)
        self._reached: dict[str, float] = {}  # user id: when last reached outside the window
        self._used: dict[str, float] = {}  # the same over the days that decide on the next tier
        self._grows_at = 0.0  # 0 while the next tier is not deserved

    def reach(self, phone: Phone, now: float) -> bool:
        """Count a person reached outside the window; False when the tier allows no other person today."""
        allowed = TIERS[self._live.settings.tier]
        if allowed < 0 or phone.window_open(now):
            return True
        last = self._reached.get(phone.user_id)
        if last is None or now - last >= DAY:
            if len(self._reached) >= allowed:
                self._reached = {key: at for key, at in self._reached.items() if now - at < DAY}
            if len(self._reached) >= allowed:
                return False
        self._reached[phone.user_id] = now
        self._deserve(phone.user_id, now)
        return True

    def grown(self, now: float) -> str | None:
        """The next tier, once, when it is due: half of this one was used, and six hours have passed."""
        settings = self._live.settings
        if not settings.tier_growth or not self._grows_at or now < self._grows_at:
            return None
        self._grows_at = 0.0
        self._used.clear()
        return _next_tier(settings)

    def _deserve(self, user_id: str, now: float) -> None:
        tier = self._live.settings.tier
        if self._grows_at:
            return
        enough = FIRST_STEP if tier == "TIER_250" else TIERS[tier] / 2
        self._used[user_id] = now
        if len(self._used) < enough:
            return
        since = now - LOOKS_BACK.get(tier, 7 * DAY)
        self._used = {key: at for key, at in self._used.items() if at >= since}
        if len(self._used) >= enough:
            self._grows_at = now + GROWS_AFTER

    def reached_today(self) -> int:
        """How many different people were reached outside their window in the last 24 hours."""
        now = self._live.now()
        return sum(1 for at in self._reached.values() if now - at < DAY)

    def reset(self) -> None:
        """Start with a full bucket and nobody reached."""
        self.bucket = Bucket(self._live.settings.throughput)
        self._reached.clear()
        self._used.clear()
        self._grows_at = 0.0


def _next_tier(settings: Settings) -> str | None:
    names = list(TIERS)
    place = names.index(settings.tier) + 1
    return names[place] if place < len(names) else None
