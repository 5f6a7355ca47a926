"""Logs: a JSON object a line, and nothing in them that a customer sent."""

from __future__ import annotations

import logging
import sys
import traceback
from types import TracebackType

from pythonjsonlogger.json import JsonFormatter

_SPEAKING = ("api", "features", "models", "scoring", "uvicorn")
"""Loggers whose messages are known to hold nothing that was sent."""

_Raised = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def configure_logs(level: str) -> None:
    """Write logs to the error output from now on, each line a JSON object.

    Parameters
    ----------
    level
        Least level that is written of our own messages; of libraries only warnings.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LogFormatter())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for name in _SPEAKING[:-1]:
        logging.getLogger(name).setLevel(level.upper())


class LogFormatter(JsonFormatter):
    """Writes a record as JSON. Exceptions are told by type and place: their text may quote what was sent."""

    def __init__(self) -> None:
        names = {"levelname": "level", "name": "logger"}
        super().__init__("%(levelname)s %(name)s %(message)s", rename_fields=names, timestamp="time")

    def format(self, record: logging.LogRecord) -> str:
        """Write a record; of a library only that it spoke."""
        if record.name.partition(".")[0] not in _SPEAKING:
            said = "a message of a library, left out since it may quote what was sent"
            record = logging.makeLogRecord(record.__dict__ | {"msg": said, "args": ()})
        return super().format(record)

    def formatException(self, ei: _Raised) -> str:  # noqa: N802
        """Tell types and places, from the first cause on."""
        told: list[str] = []
        error = ei[1]
        while error is not None and len(told) < 5:
            frames = traceback.extract_tb(error.__traceback__)
            places = " < ".join(f"{frame.name} ({frame.filename}:{frame.lineno})" for frame in reversed(frames))
            told.append(f"{type(error).__qualname__} in {places}")
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "; after ".join(told)
