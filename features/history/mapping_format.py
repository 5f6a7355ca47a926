"""The mapping: how any CRM's export becomes our tables, described in YAML.

``mappings/README.md`` describes the format with examples. This file says what may be
written where; ``mapping.py`` reads a file and explains what is wrong in it.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from features.history.process import DEFAULT_PROCESS, Process, process_from_dict
from features.history.schema import TABLES

Words = Annotated[tuple[str, ...], BeforeValidator(lambda value: [value] if isinstance(value, str) else value)]
"""One word or several."""

Dictionary = dict[str, Words]
"""Our value: the source's spellings of it, compared without regard to case."""


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as problem:
        raise ValueError(f"{name!r} is not a time zone such as UTC, Asia/Shanghai or Europe/Berlin") from problem
    return name


def _column_spec(value: Any) -> Any:
    """Let ``amount: expected_amount`` and ``occurred_at: [done_at, due_at]`` stand for the long form."""
    return {"column": value} if isinstance(value, str | list) else value


Zone = Annotated[str, BeforeValidator(_zone)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ColumnSpec(_Part):
    """Where one of our columns comes from: source columns, a constant, the line, or an order."""

    column: Words = ()
    constant: str | None = None
    default: str | None = None
    dictionary: str | Dictionary | None = None
    dates: Words = ()
    zone: Zone | None = None
    line: bool = False
    order: str | None = None

    @model_validator(mode="after")
    def _comes_from_one_place(self) -> ColumnSpec:
        places = [bool(self.column), self.constant is not None, self.line, self.order is not None]
        if sum(places) != 1:
            raise ValueError("exactly one of column, constant, line, order must be given")
        return self


Spec = Annotated[ColumnSpec, BeforeValidator(_column_spec)]


class FieldSpec(ColumnSpec):
    """A dated field: its column, and the source column of the instant from which it holds."""

    at: str | None = None


class StageSpec(ColumnSpec):
    """The current stage of a row: from when it is known, and when a closed one closed."""

    at: str | None = None
    closed_at: str | None = None


class AttributeSpec(ColumnSpec):
    """A column of the customer's own: its type, and when its value is measured.

    A date becomes a number: days since 1970.
    """

    type: Literal["numeric", "category", "flag", "date"] = "category"
    measured: Literal["creation", "close", "unknown"] = "unknown"
    en: str | None = None
    zh: str | None = None


class Meaning(_Part):
    """What one activity name of an event log means: a stage, an activity, a field, or several."""

    stage: str | None = None
    forward_only: bool = False
    activity: str | None = None
    direction: Literal["inbound", "outbound"] | None = None
    topic: str | None = None
    field: str | None = None
    value: Spec | None = None

    @model_validator(mode="after")
    def _means_something(self) -> Meaning:
        if not (self.stage or self.activity or self.field):
            raise ValueError("a meaning needs stage, activity or field; an event to leave out is written `ignore`")
        if (self.field is None) != (self.value is None):
            raise ValueError("field and value come together")
        return self


class TableSource(_Part):
    """One file as a source of one table."""

    file: str | None = None
    sheet: str | None = None
    optional: bool = False
    only: dict[str, Words] = {}
    key: str | None = None
    updated: str | None = None
    keep: Literal["all", "first", "changes"] = "all"
    columns: dict[str, Spec]
    orphans: dict[str, Literal["quarantine", "empty"]] = {}


class OpportunitySource(TableSource):
    """A file with one row for each opportunity: besides columns, its stage, fields and attributes."""

    stage: Annotated[StageSpec, BeforeValidator(_column_spec)] | None = None
    fields: dict[str, Annotated[FieldSpec, BeforeValidator(_column_spec)]] = {}
    attributes: dict[str, Annotated[AttributeSpec, BeforeValidator(_column_spec)]] = {}


class EventSource(TableSource):
    """An event log: each row names what happened, and the mapping says what that means."""

    meanings: dict[str, Meaning | Literal["ignore"]]
    unlisted: Literal["quarantine", "ignore"] = "quarantine"
    reopens: bool = True


def _one_or_several(value: Any) -> Any:
    return [value] if isinstance(value, dict) else value


class Tables(_Part):
    """The sources of each table; a table may have several, and a file may serve several tables."""

    accounts: Annotated[tuple[TableSource, ...], BeforeValidator(_one_or_several)] = ()
    contacts: Annotated[tuple[TableSource, ...], BeforeValidator(_one_or_several)] = ()
    opportunities: Annotated[tuple[OpportunitySource, ...], BeforeValidator(_one_or_several)]
    stage_history: Annotated[tuple[TableSource, ...], BeforeValidator(_one_or_several)] = ()
    field_history: Annotated[tuple[TableSource, ...], BeforeValidator(_one_or_several)] = ()
    activities: Annotated[tuple[TableSource, ...], BeforeValidator(_one_or_several)] = ()
    events: Annotated[tuple[EventSource, ...], BeforeValidator(_one_or_several)] = ()

    def of(self, table: str) -> tuple[TableSource, ...]:
        """Sources of a table, or of the event logs under the name ``events``."""
        sources: tuple[TableSource, ...] = getattr(self, table)
        return sources


def _none_if_empty(value: Any) -> Any:
    return None if value in ("", "null", "none", "~") else value


class _ProcessStage(_Part):
    key: str
    weight: Annotated[float | None, BeforeValidator(_none_if_empty)] = None
    outcome: Literal["open", "won", "lost"] = "open"
    need_confirmed: bool = False
    en: str | None = None
    zh: str | None = None
    spellings: Words = ()


class _ProcessSpec(_Part):
    name: str
    stages: tuple[_ProcessStage, ...]


class Mapping_(_Part):  # noqa: N801 - the name `Mapping` is taken by collections.abc
    """A whole mapping; ``read_mapping`` makes one from a file.

    Parameters
    ----------
    name
        Said to be the origin of the history.
    zone
        Time zone of times that name none.
    dates
        Formats tried in order: ``iso``, ``epoch_s``, ``epoch_ms``, or a ``strptime`` pattern.
    decimal
        The decimal point of the source; every other mark between digits is dropped.
    encoding
        Of text files; None means UTF-8 or GB18030, found out.
    dictionaries
        Value dictionaries by name.
    processes
        The sales processes; none means the default one of seven statuses.
    tables
        The sources of each table.
    collected
        By kind of activity or field: an instant from which it was collected, ``always`` or
        ``never``. What the mapping names is collected always unless it says otherwise.
    """

    name: str = "import"
    zone: Zone = "UTC"
    dates: Words = ("iso",)
    decimal: Literal[".", ","] = "."
    encoding: str | None = None
    dictionaries: dict[str, Dictionary] = {}
    process_specs: tuple[_ProcessSpec, ...] = Field(default=(), alias="processes")
    tables: Tables
    collected: dict[str, str] = {}

    @field_validator("dates")
    @classmethod
    def _known_formats(cls, dates: tuple[str, ...]) -> tuple[str, ...]:
        for one in dates:
            if one not in ("iso", "epoch_s", "epoch_ms") and "%" not in one:
                raise ValueError(f"{one!r} is not iso, epoch_s, epoch_ms or a pattern such as %d.%m.%Y")
        return dates

    @property
    def processes(self) -> dict[str, Process]:
        """Processes by name; the default one when the mapping describes none."""
        described = [process_from_dict(_process_dict(spec)) for spec in self.process_specs]
        return {process.name: process for process in described or [DEFAULT_PROCESS]}

    def stage_spellings(self) -> Dictionary:
        """Every stage key with the spellings that the processes give for it."""
        spelt: dict[str, tuple[str, ...]] = {key: () for p in self.processes.values() for key in p.keys}
        for spec in self.process_specs:
            for stage in spec.stages:
                spelt[stage.key] = (*spelt[stage.key], *stage.spellings)
        return spelt

    def dictionary(self, spec: ColumnSpec) -> Dictionary:
        """Return the dictionary of a column; empty when it has none."""
        if isinstance(spec.dictionary, str):
            return self.dictionaries[spec.dictionary]
        return spec.dictionary or {}


def _process_dict(spec: _ProcessSpec) -> dict[str, Any]:
    stages = [stage.model_dump(exclude_unset=True, exclude={"spellings"}) for stage in spec.stages]
    return {"name": spec.name, "stages": stages}


def required_columns(table: str) -> tuple[str, ...]:
    """Columns that a source of the table must name; the rest has a rule of its own.

    Examples
    --------
    >>> required_columns("opportunities"), required_columns("events")
    (('opportunity_id', 'created_at'), ('opportunity_id', 'event', 'occurred_at'))
    """
    if table == "events":
        return ("opportunity_id", "event", "occurred_at")
    supplied = {"recorded_at", "process", "activity_id"}
    return tuple(c.name for c in TABLES[table].columns if c.required and c.name not in supplied)


def allowed_columns(table: str) -> tuple[str, ...]:
    """Columns that a source of the table may name."""
    if table == "events":
        return ("opportunity_id", "event", "occurred_at", "recorded_at", "activity_id", "duration", "contact_id")
    return TABLES[table].column_names
