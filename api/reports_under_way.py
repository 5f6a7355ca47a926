"""The mark of reports that are being worked out: a page that is not there yet says that it will be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from api import clock
from api.kept_reports import FOLDER

_LONGEST_STEP = pd.Timedelta(minutes=30)
"""A mark that is older was left by work that was killed."""


@contextmanager
def under_way(home: Path, report: Callable[[str], None]) -> Iterator[Callable[[str], None]]:
    """Mark that reports are being worked out, until the end or an error; the mark is renewed at each step.

    Parameters
    ----------
    home
        Folder of the installation.
    report
        Told of each step.

    Yields
    ------
    Who is to be told of each step.
    """
    mark = _mark(home)
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.touch()

    def step(line: str) -> None:
        mark.touch()
        report(line)

    try:
        yield step
    finally:
        mark.unlink(missing_ok=True)


def is_under_way(home: Path) -> bool:
    """Tell whether reports are being worked out now."""
    try:
        marked = pd.Timestamp(_mark(home).stat().st_mtime, unit="s", tz="UTC")
    except FileNotFoundError:
        return False
    return clock.now() - marked < _LONGEST_STEP


def _mark(home: Path) -> Path:
    return home / FOLDER / "under-way"
