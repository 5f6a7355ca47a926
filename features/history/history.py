"""The recorded past of one organisation: six tables, and what is said of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from features.errors import ProcessError, SchemaError
from features.history.process import DEFAULT_PROCESS, Process
from features.history.schema import TABLES, check_table, empty_table

Measured = Literal["creation", "close", "unknown"]

Timing = Literal["dates", "order", "none"]
"""What is known of when things happened: ``dates``; only the ``order`` of creation (or its dates, and no
others), one row an opportunity; ``none``: not even that. The last two are flat tables."""


@dataclass(frozen=True)
class Attribute:
    """A column of a customer's own: its type, and when its value is measured.

    Only what is measured at ``creation`` is trained on unasked: a value measured
    at ``close`` knows the outcome, and one of ``unknown`` timing may.
    """

    name: str
    type: Literal["numeric", "category", "flag"]
    measured: Measured
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class History:
    """The recorded past.

    Parameters
    ----------
    tables
        A frame for each name in ``schema.TABLES``, canonical as ``check_table`` returns it.
    processes
        The sales processes by name.
    collected
        What the source delivers: kinds of activity, names of fields in ``field_history``,
        ``contacts`` and ``accounts``; each with the instant from which it was
        collected, or None for always. A kind not named here was never collected, so its
        features are missing, not zero.
    attributes
        The customer's own columns of ``opportunities`` by name.
    origin
        Where it comes from; ``simulated`` when it is not real.
    observed_until
        Up to when the past is known: who has not closed by then is open.
    timing
        What its instants tell; ``dates`` unless it was a flat table. In a flat table what an
        opportunity is and what became of it is known, and nothing of when.
    """

    tables: Mapping[str, pd.DataFrame]
    processes: Mapping[str, Process]
    collected: Mapping[str, pd.Timestamp | None]
    attributes: Mapping[str, Attribute]
    origin: str
    observed_until: pd.Timestamp
    timing: Timing = "dates"

    @property
    def is_flat(self) -> bool:
        """Whether it was a table of one row each without dates of what happened."""
        return self.timing != "dates"

    @property
    def accounts(self) -> pd.DataFrame:
        """Customers, one row each."""
        return self.tables["accounts"]

    @property
    def contacts(self) -> pd.DataFrame:
        """People, one row each."""
        return self.tables["contacts"]

    @property
    def opportunities(self) -> pd.DataFrame:
        """Opportunities, one row each, with their attributes."""
        return self.tables["opportunities"]

    @property
    def stage_history(self) -> pd.DataFrame:
        """Stages entered."""
        return self.tables["stage_history"]

    @property
    def field_history(self) -> pd.DataFrame:
        """Values set."""
        return self.tables["field_history"]

    @property
    def activities(self) -> pd.DataFrame:
        """Timed behaviour."""
        return self.tables["activities"]


def build_history(
    tables: Mapping[str, pd.DataFrame],
    *,
    processes: Mapping[str, Process] | None = None,
    collected: Mapping[str, pd.Timestamp | None] | None = None,
    attributes: Mapping[str, Attribute] | None = None,
    origin: str = "import",
    observed_until: pd.Timestamp | None = None,
    timing: Timing = "dates",
) -> History:
    """Check the tables and put a history together.

    Tables not given are empty. ``collected`` defaults to the kinds and fields that
    occur. ``observed_until`` defaults to the last instant recorded.

    Raises
    ------
    SchemaError
        A table is not what the schema says.
    ProcessError
        An opportunity names an unknown process, or has a stage its process lacks.

    Examples
    --------
    >>> at = "2026-01-01T00:00Z"
    >>> history = build_history(
    ...     {
    ...         "opportunities": pd.DataFrame(
    ...             {"opportunity_id": ["o1"], "process": ["default"], "created_at": [at]}
    ...         ),
    ...         "stage_history": pd.DataFrame(
    ...             {"opportunity_id": ["o1"], "stage": ["identified"], "occurred_at": [at]}
    ...         ),
    ...     }
    ... )
    >>> len(history.activities), history.observed_until.isoformat()
    (0, '2026-01-01T00:00:00+00:00')
    """
    checked = {name: check_table(name, tables[name]) if name in tables else empty_table(name) for name in TABLES}
    known_processes = dict(processes) if processes else {DEFAULT_PROCESS.name: DEFAULT_PROCESS}
    _check_ids(checked["opportunities"]["opportunity_id"])
    _check_processes(checked, known_processes)
    return History(
        tables=checked,
        processes=known_processes,
        collected=dict(collected) if collected is not None else _what_occurs(checked),
        attributes=dict(attributes or {}),
        origin=origin,
        observed_until=observed_until if observed_until is not None else _last_recorded(checked),
        timing=timing,
    )


def _what_occurs(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.Timestamp | None]:
    names = [*tables["activities"]["kind"].unique(), *tables["field_history"]["field"].unique()]
    names += [name for name in ("accounts", "contacts") if len(tables[name])]
    return {str(name): None for name in sorted(names)}


def _last_recorded(tables: Mapping[str, pd.DataFrame]) -> pd.Timestamp:
    last = [frame["recorded_at"].max() for frame in tables.values() if len(frame)]
    return max(last) if last else pd.Timestamp(0, tz="UTC")


def _check_ids(ids: pd.Series) -> None:
    repeated = ids[ids.duplicated()]
    if len(repeated):
        raise SchemaError(
            f"opportunity {repeated.iloc[0]!r} twice in table opportunities",
            "one row for each opportunity",
            "keep one row; what changed later belongs into field_history",
        )


def _check_processes(tables: Mapping[str, pd.DataFrame], processes: Mapping[str, Process]) -> None:
    named = tables["opportunities"].set_index("opportunity_id")["process"]
    for name in named.unique():
        if name not in processes:
            raise ProcessError(f"process {name!r}", f"one of {', '.join(processes)}", "describe the process")
    process_of = tables["stage_history"]["opportunity_id"].map(named)
    for (name, stage), _ in tables["stage_history"].groupby([process_of, "stage"], sort=True):
        processes[str(name)].stage(str(stage))
