"""A step done again and again in a thread of its own, until the service goes down."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event, Thread

from api.background.lease import LeaseLostError
from api.background.refresher import OvertakenError, StoppedError
from api.clock import seconds

_log = logging.getLogger(__name__)

_LONGEST_REST = 5.0
_LONGEST_PAUSE = 30.0


class Loop:
    """A thread that does a step, and waits, until it is stopped.

    A step that fails is logged, and tried again after a pause that doubles up to half a
    minute: a database that is away for a while comes back by itself.

    Parameters
    ----------
    step
        What is done.
    pause
        Seconds between two steps; never less than twice what the step took, so that
        requests come first.
    stopping
        Set to end it; a step may look at it too.
    """

    def __init__(self, name: str, step: Callable[[], object], pause: float, stopping: Event) -> None:
        self.step, self.pause, self.stopping = step, pause, stopping
        self.failures = 0
        self.last_error: str | None = None
        self._thread = Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def join(self, timeout: float = 10.0) -> None:
        """Wait until it has ended, once ``stopping`` is set."""
        self._thread.join(timeout)

    def _run(self) -> None:
        while not self.stopping.is_set():
            began = seconds()
            self._try()
            if self.failures:
                pause = min(self.pause * 2**self.failures, _LONGEST_PAUSE)
            else:
                pause = max(self.pause, min(2 * (seconds() - began), _LONGEST_REST))
            self.stopping.wait(pause)

    def _try(self) -> None:
        try:
            self.step()
        except (StoppedError, OvertakenError, LeaseLostError):
            return
        except Exception as problem:  # whatever it is, the service goes on, and so does this
            self.failures = min(self.failures + 1, 16)
            self.last_error = type(problem).__name__
            _log.exception("%s failed, for the %d. time in a row", self._thread.name, self.failures)
            return
        self.failures, self.last_error = 0, None
