"""The audit: nothing that knows the future gets in. What each column is worth, and what is odd in the record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from features.as_of import known_as_of
from features.errors import NotEnoughDataError
from features.history.history import History
from training.audit_columns import columns_of, field_columns, static_columns
from training.audit_ends import ends_of
from training.audit_evidence import Evidence, gather, usable_columns
from training.audit_rules import LEAKS, Finding, Verdict, findings_of, verdict_of
from training.audit_sanity import Check, checks_of
from training.audit_timing import course_of


@dataclass(frozen=True)
class ColumnAudit:
    """What is said of one column: the verdict, the findings that led to it, and the figures."""

    verdict: Verdict
    findings: tuple[Finding, ...]
    evidence: Evidence

    @property
    def name(self) -> str:
        """Name of the column."""
        return self.evidence.column.name


@dataclass(frozen=True)
class Audit:
    """What is said of a history as it was known at an instant."""

    as_of: pd.Timestamp
    origin: str
    opportunities: Mapping[str, int]
    columns: tuple[ColumnAudit, ...]
    checks: tuple[Check, ...]

    def column(self, name: str) -> ColumnAudit:
        """Find what is said of a column; of several of one name the first."""
        return next(column for column in self.columns if column.name == name)


def audit(
    history: History,
    as_of: pd.Timestamp | None = None,
    *,
    flags: pd.DataFrame | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> Audit:
    """Audit what a history tells of opportunities, and when that was known.

    Parameters
    ----------
    as_of
        Audit what was known at this instant; the whole history when None.
    flags
        What the import assumed: columns ``line``, ``key`` and ``flag``.
    report
        Called with a line for each step.

    Raises
    ------
    NotEnoughDataError
        No opportunity was recorded by then.

    Examples
    --------
    >>> from features.history.simulated import simulate
    >>> found = audit(simulate(150, seed=1))
    >>> found.column("lost_reason").verdict, found.column("segment").verdict
    ('out', 'in')
    """
    until = as_of if as_of is not None else history.observed_until
    known = known_as_of(history, until)
    if not len(known.opportunities):
        raise NotEnoughDataError(f"no opportunity recorded by {until}", "at least one", "choose a later instant")
    ends = ends_of(known)
    course, columns = course_of(known, ends), columns_of(known, ends)
    report(f"auditing {len(columns)} columns of {len(known.opportunities):,} opportunities")
    usable = usable_columns(columns)
    audited = tuple(_audited(gather(column, ends, course, usable)) for column in columns)
    return Audit(until, known.origin, ends.counts(), audited, checks_of(known, ends, flags))


def _audited(evidence: Evidence) -> ColumnAudit:
    findings = findings_of(evidence)
    return ColumnAudit(verdict_of(evidence, findings), findings, evidence)


def doubted_attributes(known: History, include: Sequence[str] = ()) -> dict[str, str]:
    """Name the attributes that are declared known at creation and show that they were not.

    Parameters
    ----------
    known
        The history as known at the cutoff of a training.
    include
        Attributes that the user answers for; they are not doubted.

    Returns
    -------
    The reason to leave each doubted attribute out of training, by name.
    """
    declared = {a.name: a for a in known.attributes.values() if a.measured == "creation" and a.name not in include}
    if not declared:
        return {}
    ends = ends_of(known)
    course = course_of(known, ends)
    doubted: dict[str, list[str]] = {}
    for column in (*static_columns(known), *field_columns(known, ends, declared)):
        if column.name in declared:
            grave = [f.en for f in findings_of(gather(column, ends, course, ())) if f.grave and f.key in LEAKS]
            doubted.setdefault(column.name, []).extend(grave)
    return {name: "; ".join(reasons) for name, reasons in doubted.items() if reasons}


def without_attributes(history: History, names: Mapping[str, str]) -> History:
    """Return the history without the declaration of some attributes, so that no feature is made of them."""
    kept = {name: a for name, a in history.attributes.items() if name not in names}
    return replace(history, attributes=kept)
