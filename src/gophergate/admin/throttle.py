"""How often somebody may try to sign in: a few failures at once, then longer and longer waits, by name and address."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from gophergate.errors import RateLimited

FIRST_WAIT = 30.0
LONGEST_WAIT = 900.0
FORGOTTEN_AFTER = 3600.0
_BOUND = 20_000


class Throttle:
    """`attempts` failures in a row are free; each further one doubles the wait. Bounded: the oldest is forgotten."""

    def __init__(self, attempts: int, clock: Callable[[], float]) -> None:
        self._attempts = attempts
        self._clock = clock
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def check(self, *subjects: str) -> None:
        """Raises RateLimited, with the seconds to wait, while one of them must."""
        now = self._clock()
        wait = max((self._wait(subject, now) for subject in subjects), default=0.0)
        if wait > 0:
            raise RateLimited(
                f"Too many failed attempts to sign in. Try again in {max(1, round(wait))} seconds.", retry_after=wait
            )

    def failed(self, *subjects: str) -> None:
        """One more failure of each."""
        now = self._clock()
        for subject in subjects:
            count, at = self._failures.pop(subject, (0, now))
            self._failures[subject] = (1 if now - at > FORGOTTEN_AFTER else count + 1, now)
            if len(self._failures) > _BOUND:
                self._failures.popitem(last=False)

    def succeeded(self, *subjects: str) -> None:
        """They have shown who they are."""
        for subject in subjects:
            self._failures.pop(subject, None)

    def _wait(self, subject: str, now: float) -> float:
        count, at = self._failures.get(subject, (0, now))
        if count < self._attempts:
            return 0.0
        length = min(FIRST_WAIT * 2.0 ** min(count - self._attempts, 30), LONGEST_WAIT)
        return at + length - now
