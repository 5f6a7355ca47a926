"""To whom the refresher tells what changed, in the transaction that writes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

ToldRows = Sequence[Mapping[str, Any]]


def _no_scores(connection: Connection, rows: ToldRows, at: int) -> None:
    """Tell nobody."""


def _no_champion(connection: Connection, before: str, after: str, at: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Tell:
    """Who is told.

    Parameters
    ----------
    scores
        Of opportunities whose probability, class, status or outcome changed: rows as in the
        work list, with ``model_version``.
    champion
        Of a new model in service: the version before, and the one after.

    Both get the connection that the change is written with, and the instant in microseconds.
    """

    scores: Callable[[Connection, ToldRows, int], object] = _no_scores
    champion: Callable[[Connection, str, str, int], object] = _no_champion
