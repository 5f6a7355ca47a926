"""Messages carried to webhooks: at least once, those of one subject in their order.

One worker at a time carries, under a lease. What is to be sent is read from the outbox, and what came
of it is written there after each attempt: whoever takes over after a crash goes on where the
outbox stands. A message that was sent just before is then sent again; it has the same id.
"""

from __future__ import annotations

import asyncio
import logging
import random
import threading
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any

import httpx
import pandas as pd

from api.background.destinations import private_allowed
from api.background.lease import Lease
from api.background.sending import TIMEOUT_SECONDS, Outcome, send
from api.store.deliveries import (
    disable,
    forget_done,
    is_still_waiting,
    next_messages,
    note_delivered,
    note_failed,
    nothing_arrived_since,
)
from features.errors import DatabaseError
from features.history.database.engine import Database
from features.instants import micros

SCHEDULE = (5.0, 300.0, 1_800.0, 7_200.0, 18_000.0, 36_000.0, 50_400.0, 72_000.0, 86_400.0)
"""Seconds from each attempt to the next, as Standard Webhooks suggests; after the tenth a message is given up."""

DELIVERING = "deliveries"
LEASE_SECONDS = 60.0
_JITTER = 0.2
_LONGEST_PAUSE = 300.0
_FORGET_SECONDS = 3_600.0
_SECOND = 1_000_000

_log = logging.getLogger(__name__)


class Deliveries:
    """The thread that delivers.

    Parameters
    ----------
    database
        Where the outbox is.
    clock
        Gives the present.
    schedule
        Seconds from each attempt to the next; a fifth more or less is added at random.
    poll_seconds
        How often the outbox is looked at.
    lease_seconds
        After so long another worker takes over from one that died.
    timeout_seconds
        How long an attempt may take, the whole of it.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], pd.Timestamp],
        *,
        schedule: Sequence[float] = SCHEDULE,
        poll_seconds: float = 1.0,
        lease_seconds: float = LEASE_SECONDS,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self.database, self.clock, self.schedule = database, clock, tuple(schedule)
        self.poll_seconds, self.timeout_seconds = poll_seconds, timeout_seconds
        self.lease = Lease(DELIVERING, seconds=lease_seconds)
        self._until = 0
        self._paused: dict[str, int] = {}
        self._forgot = 0
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to deliver."""
        self._thread = threading.Thread(target=self._run, name=DELIVERING, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish the attempts under way, and end."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(self.timeout_seconds + 5)

    def _run(self) -> None:
        asyncio.run(self._carry_on())
        try:
            with self.database.changing() as connection:
                self.lease.release(connection)
        except DatabaseError:
            _log.warning("the lease of deliveries ends by itself")

    async def _carry_on(self) -> None:
        """Deliver until the end, to each webhook apart: one that is slow keeps no other waiting."""
        busy: dict[str, asyncio.Task[int]] = {}
        async with self._client() as client:
            while not self._ended.is_set():
                self._begin(client, busy)
                if busy:
                    pause = self.poll_seconds
                    await asyncio.wait(busy.values(), timeout=pause, return_when=asyncio.FIRST_COMPLETED)
                else:
                    self._ended.wait(self.poll_seconds)
                for name in [name for name, task in busy.items() if task.done()]:
                    _say(busy.pop(name).exception())
            await asyncio.gather(*busy.values(), return_exceptions=True)

    def _begin(self, client: httpx.AsyncClient, busy: dict[str, asyncio.Task[int]]) -> None:
        """Begin to send what may be sent now to the webhooks that nothing is being sent to."""
        try:
            for name, messages in self._next(busy):
                busy[name] = asyncio.create_task(self._deliver_to_one(client, messages))
        except Exception as problem:  # it is tried again at the next look
            _say(problem)

    def deliver(self) -> int:
        """Send once what may be sent now; return the number of attempts. Nothing while another worker has the lease."""

        async def send_all() -> int:
            async with self._client() as client:
                told = [self._deliver_to_one(client, messages) for _, messages in self._next()]
                return sum(await asyncio.gather(*told))

        return asyncio.run(send_all())

    def _next(self, busy: Iterable[str] = ()) -> list[tuple[str, list[Any]]]:
        """What may be sent now by us, by webhook."""
        if not self._ready(busy) or not self._is_ours():
            return []
        self._forget()
        # Read again: what was ready before the lease may be sent by now.
        # The sort is stable: places stay in order.
        ordered = sorted(self._ready(busy), key=lambda message: str(message.webhook_id))
        return [(name, list(group)) for name, group in groupby(ordered, key=lambda message: str(message.webhook_id))]

    def _ready(self, busy: Iterable[str]) -> Sequence[Any]:
        now = self._now()
        self._paused = {name: until for name, until in self._paused.items() if until > now}
        with self.database.reading() as connection:
            return next_messages(connection, now, {*self._paused, *busy})

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=self.timeout_seconds)

    async def _deliver_to_one(self, client: httpx.AsyncClient, messages: Sequence[Any]) -> int:
        """Send to one webhook until it does not take messages any more."""
        for place, message in enumerate(messages):
            ready = not self._ended.is_set() and self._is_ours()
            if not ready:
                return place
            if not is_still_waiting(self.database, message.message_id):
                continue
            outcome = await self._attempt(client, message)
            self._note(message, outcome)
            if outcome.is_away or outcome.is_gone:
                return place + 1
        return len(messages)

    async def _attempt(self, client: httpx.AsyncClient, message: Any) -> Outcome:
        return await send(
            client,
            message.url,
            [message.secret, *(message.old_secret or "").split()],
            message.message_id,
            message.payload,
            lambda: self.clock().to_pydatetime(),
            private=private_allowed(),
            seconds=self.timeout_seconds,
        )

    def _note(self, message: Any, outcome: Outcome) -> None:
        now, attempts = self._now(), message.attempts + 1
        wait = None if outcome.is_delivered else self._wait(attempts, outcome)
        at_last = wait is None and not outcome.is_delivered
        with self.database.changing() as connection:
            if wait is None and outcome.is_delivered:
                note_delivered(connection, message.message_id, now, attempts, outcome.answer)
            else:
                at = None if wait is None else now + int(wait * _SECOND)
                note_failed(connection, message.message_id, now, attempts, outcome.answer, at)
            if outcome.is_gone:
                disable(connection, message.webhook_id, now, "its endpoint answered 410, gone")
            elif at_last and nothing_arrived_since(connection, message.webhook_id, message.message_id):
                disable(connection, message.webhook_id, now, f"no message arrived in {attempts} attempts at one")
        self._paused.pop(message.webhook_id, None)
        if outcome.is_away:
            pause = self.schedule[-1] if wait is None else wait
            self._paused[message.webhook_id] = now + int(min(pause, _LONGEST_PAUSE) * _SECOND)

    def _wait(self, attempts: int, outcome: Outcome) -> float | None:
        """Seconds to the next attempt; None when there is none."""
        if outcome.is_gone or attempts > len(self.schedule):
            return None
        # No secret depends on it: it only keeps many messages from coming at once.
        planned = self.schedule[attempts - 1] * (1 + _JITTER * (2 * random.random() - 1))
        return max(planned, outcome.retry_after or 0.0)

    def _is_ours(self) -> bool:
        """Take or keep the lease; kept while an attempt that begins now ends within it."""
        now, longest = self._now(), int(self.timeout_seconds * _SECOND)
        if now + longest < self._until:
            return True
        with self.database.changing() as connection:
            ours = self.lease.take(connection, now)
        self._until = now + int(self.lease.seconds * _SECOND) if ours else 0
        return ours

    def _forget(self) -> None:
        now = self._now()
        if now > self._forgot + _FORGET_SECONDS * _SECOND:
            with self.database.changing() as connection:
                forget_done(connection, now)
            self._forgot = now

    def _now(self) -> int:
        return int(micros(pd.Index([self.clock()]))[0])


def _say(problem: BaseException | None) -> None:
    """Log what kept messages waiting."""
    if isinstance(problem, DatabaseError):
        _log.warning("messages wait: %s", problem.found)
    elif problem is not None:
        _log.error("messages wait", exc_info=problem)
