"""What a live request is held against: the instant, the processes, and the names it may use."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, TypeVar

import pandas as pd

from features.catalogue import Catalogue
from features.errors import FutureEventError, RequestError, UnknownStageError
from features.history.history import Attribute
from features.history.process import Process
from features.history.schema import ACTIVITY_KINDS, ASSESSED_FIELDS
from features.instants import micros_of

CLOCK_SKEW = timedelta(minutes=5)
"""By how much an event may lie after ``as_of``: clocks differ. It then counts as happening at ``as_of``."""

SKEW = CLOCK_SKEW // timedelta(microseconds=1)
"""The same in microseconds."""

STANDARD_FIELDS = ("amount", "expected_close_date", "owner", "lost_reason", *ASSESSED_FIELDS)
"""Fields whose values ``field_history`` may carry, the model's own attributes aside."""

CONTACTS = "contacts"


@dataclass(frozen=True)
class Note:
    """Something said about a request that was accepted: a code for programs, words for people."""

    code: str
    en: str
    zh: str


@dataclass(frozen=True)
class Rules:
    """What a request is held against.

    Parameters
    ----------
    as_of
        The instant asked about.
    processes, catalogue
        Those of the model.
    """

    as_of: pd.Timestamp
    processes: Mapping[str, Process]
    catalogue: Catalogue

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of activity that a request may name."""
        return (*ACTIVITY_KINDS, *self.catalogue.custom_kinds)

    @cached_property
    def kind_codes(self) -> dict[str, int]:
        """Place of each kind in ``kinds``."""
        return {kind: code for code, kind in enumerate(self.kinds)}

    @cached_property
    def stage_codes(self) -> dict[tuple[str, str], int]:
        """Place of each stage, by process and key, among all stages of all processes."""
        named = ((process.name, stage.key) for process in self.processes.values() for stage in process.stages)
        return {name: code for code, name in enumerate(named)}

    @cached_property
    def at(self) -> int:
        """The instant asked about in microseconds."""
        return micros_of(self.as_of)

    @cached_property
    def attributes(self) -> dict[str, Attribute]:
        """The model's own attributes by name."""
        return {attribute.name: attribute for attribute in self.catalogue.own_attributes}

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """Fields that ``field_history`` may name."""
        return (*STANDARD_FIELDS, *self.attributes)

    def process_of(self, name: str | None, pointer: str) -> Process:
        """Find the process named; the only one when none is named."""
        if name is None:
            if len(self.processes) > 1:
                raise RequestError(
                    "no process", f"one of {', '.join(self.processes)}", "name the process it goes through", pointer
                )
            return next(iter(self.processes.values()))
        check_name(name, self.processes, "process", pointer)
        return self.processes[name]

    def check_past(self, instant: datetime | int, what: str, pointer: str) -> int:
        """Give when it happened in microseconds, at most ``as_of``.

        Raises
        ------
        FutureEventError
            It lies further ahead than clocks may differ.
        """
        at = micros_of(instant)
        if at > self.at + SKEW:
            raise FutureEventError(
                f"{what} at {_text(at)}, after as_of {self.as_of.isoformat()}",
                "what happened by as_of, give or take 5 minutes",
                "leave it out, correct the instant, or mark a planned activity with planned: true",
                pointer,
            )
        return min(at, self.at)


def _text(at: int) -> str:
    return pd.Timestamp(at, unit="us", tz="UTC").isoformat()


def check_name(name: str, known: Collection[str], what: str, pointer: str) -> None:
    """Refuse a name that is not known, with the nearest that is.

    Raises
    ------
    UnknownStageError
        When ``what`` is a stage.
    RequestError
        For any other sort of name.

    Examples
    --------
    >>> check_name("meetin", ["meeting", "call"], "kind", "/kind")
    Traceback (most recent call last):
    ...
    features.errors.RequestError: Found: kind 'meetin'. Expected: one of meeting, call. Do: did you mean 'meeting'?.
    """
    if name in known:
        return
    names = list(known)
    error = UnknownStageError if what == "stage" else RequestError
    raise error(
        f"{what} {name!r}", f"one of {', '.join(names)}" if names else f"no {what}", advice(name, names), pointer
    )


def advice(name: str, known: Iterable[str]) -> str:
    """Suggest the known name nearest to one that is not.

    Examples
    --------
    >>> advice("propsal", ["identified", "proposal"])
    "did you mean 'proposal'?"
    """
    near = difflib.get_close_matches(name.lower(), list(known), n=1)
    return f"did you mean {near[0]!r}?" if near else "correct it or leave it out"


Instant = TypeVar("Instant")


def said_to_be_collected(
    tables: Mapping[str, Sequence[Any]],
    collected: Mapping[str, Instant | None],
    rules: Rules,
    written: Callable[[Instant], Any],
) -> dict[str, Any]:
    """Leave out tables that are not collected at all, and name the parts of the others that are not.

    Parameters
    ----------
    tables
        Rows of a request by table.
    collected
        What is collected, and since when; None: always.
    written
        How an instant is written in the request.
    """
    names = {"field_history": STANDARD_FIELDS, "activities": rules.kinds, CONTACTS: (CONTACTS,)}
    sent: dict[str, Any] = {"stage_history": tables["stage_history"]}
    absent: list[str] = []
    for table, of_table in names.items():
        if tables[table] or any(name in collected for name in of_table):
            sent[table] = tables[table]
            absent += [name for name in of_table if name not in collected]
    known = [name for table, of_table in names.items() if table in sent for name in of_table]
    since = {name: written(at) for name in known if (at := collected.get(name)) is not None}
    return sent | {"not_collected": absent or None, "collected_since": since or None}
