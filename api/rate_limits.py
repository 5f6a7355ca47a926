"""How many requests a key may make: counted in memory, in each worker by itself."""

from __future__ import annotations

import math

import limits
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter

from api import clock
from api.problems import HttpError, Part

_UNKNOWN_KEYS = limits.parse("600/minute")


class RateLimits:
    """Limits of requests.

    Parameters
    ----------
    rate
        Of one key, such as ``100/second``; ``none``: unlimited.
    """

    def __init__(self, rate: str) -> None:
        self._rate = None if rate == "none" else limits.parse(rate)
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    async def count(self, key_id: str) -> None:
        """Count a request of a key.

        Raises
        ------
        HttpError
            429: too many.
        """
        if self._rate is not None:
            await self._count(self._rate, "key", key_id)

    async def count_unknown(self, address: str) -> None:
        """Count a key from an address that the database must be asked about: guessing is slowed down."""
        await self._count(_UNKNOWN_KEYS, "address", address)

    async def _count(self, rate: limits.RateLimitItem, *names: str) -> None:
        if await self._limiter.hit(rate, *names):
            return
        reset = (await self._limiter.get_window_stats(rate, *names)).reset_time
        wait = max(1, math.ceil(reset - clock.since_1970()))
        part = Part(
            pointer="",
            found="too many requests",
            expected=f"at most {rate.amount} in {rate.get_expiry()} s",
            do=f"send it again in {wait} s",
        )
        raise HttpError(429, part, {"Retry-After": str(wait)})
