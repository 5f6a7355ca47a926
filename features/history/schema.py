"""The tables of the recorded past: their columns, types and units; checks a table at the door.

Every event has two instants: ``occurred_at``, when it happened, and ``recorded_at``,
when we were told. Rows of accounts, contacts and opportunities have ``created_at`` and
``recorded_at``. All instants are UTC with microsecond resolution. Missing is null,
never zero and never an empty word.

Rows that happened and were recorded at the same two instants count in the order of the table:
it has them as they were told. The order of other rows is of no account.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from features.errors import SchemaError

Type = Literal["text", "instant", "number", "flag"]

INSTANT = pd.DatetimeTZDtype("us", "UTC")

ACTIVITY_KINDS = {
    "site_visit": "a visit to our site; duration is dwell, topic is the page or product",
    "email_sent": "an e-mail from us",
    "email_opened": "an e-mail opened, perhaps by a machine",
    "email_clicked": "a link in an e-mail followed, perhaps by a machine",
    "email_replied": "an e-mail from the buyer",
    "call": "a telephone call",
    "meeting": "a meeting in person or on line",
    "demo": "the product shown",
    "quote": "a quote sent",
    "task": "our own work on the opportunity",
}
"""The standard kinds of activity. A source may have further kinds of its own."""

ASSESSED_FIELDS = {
    "money": "M of MAN: can pay",
    "authority": "A of MAN: can decide",
    "need": "N of MAN: has the need",
    "solution_fit": "our solution fits",
    "competitive_advantage": "we are ahead of the competition",
    "sponsor": "someone in the account wants us to win",
    "track_record": "the account has bought and paid before",
    "cultural_fit": "the two organisations work alike",
    "competitor": "a competitor is present",
}
"""Fields assessed by a person; each value is one of ``ASSESSMENTS``."""

ASSESSMENTS = ("unknown", "no", "partly", "yes")


@dataclass(frozen=True)
class Column:
    """One column: its type, whether it must be filled, and what it means."""

    name: str
    type: Type
    meaning: str
    required: bool = False


@dataclass(frozen=True)
class Table:
    """One table: its columns in order. ``open_ended`` tables may have attributes besides."""

    name: str
    columns: tuple[Column, ...]
    open_ended: bool = False

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the declared columns in order."""
        return tuple(column.name for column in self.columns)


_RECORDED = Column("recorded_at", "instant", "when we were told; inclusive bound of what is known", required=True)
_CREATED = Column("created_at", "instant", "when it came to be", required=True)
_OCCURRED = Column("occurred_at", "instant", "when it happened", required=True)
_OF_OPPORTUNITY = Column("opportunity_id", "text", "the opportunity concerned", required=True)

_ACCOUNTS = Table(
    "accounts",
    (
        Column("account_id", "text", "the account", required=True),
        _CREATED,
        _RECORDED,
        Column("name", "text", "what it is called"),
        Column("industry", "text", "what it does"),
        Column("region", "text", "where it is"),
        Column("size", "text", "size class"),
    ),
)
_CONTACTS = Table(
    "contacts",
    (
        Column("contact_id", "text", "the person", required=True),
        Column("account_id", "text", "where the person works"),
        _CREATED,
        _RECORDED,
        Column("role", "text", "role in the buying centre: decision_maker, technical_evaluator, purchaser or user"),
    ),
)
_OPPORTUNITIES = Table(
    "opportunities",
    (
        Column("opportunity_id", "text", "the opportunity", required=True),
        Column("account_id", "text", "the customer"),
        Column("process", "text", "name of the sales process it goes through", required=True),
        Column("owner_id", "text", "owner at creation; later owners are in field_history"),
        Column("team", "text", "the owner's team at creation"),
        Column("product", "text", "product asked for"),
        Column("service", "text", "service asked for"),
        Column("source", "text", "where it came from"),
        Column("channel", "text", "sales channel"),
        Column("currency", "text", "ISO 4217 code of its amounts"),
        _CREATED,
        _RECORDED,
    ),
    open_ended=True,
)
_STAGE_HISTORY = Table(
    "stage_history",
    (_OF_OPPORTUNITY, Column("stage", "text", "stage entered", required=True), _OCCURRED, _RECORDED),
)
_FIELD_HISTORY = Table(
    "field_history",
    (
        _OF_OPPORTUNITY,
        Column(
            "field",
            "text",
            "amount, expected_close_date, owner, lost_reason, an assessed field, or an attribute",
            required=True,
        ),
        Column("value", "text", "the new value as text; null when it was cleared"),
        _OCCURRED,
        _RECORDED,
    ),
)
_ACTIVITIES = Table(
    "activities",
    (
        Column(
            "activity_id", "text", "one activity; a later record of the same id replaces the earlier", required=True
        ),
        Column("opportunity_id", "text", "the opportunity concerned; null when it concerns the account"),
        Column("account_id", "text", "the account concerned"),
        Column("contact_id", "text", "the person concerned"),
        Column("kind", "text", "a standard kind, or one of the source's own", required=True),
        Column("direction", "text", "inbound (from the buyer) or outbound"),
        _OCCURRED,
        _RECORDED,
        Column("duration", "number", "seconds"),
        Column("topic", "text", "page, product or subject"),
        Column("value", "number", "a quantity in the kind's own unit"),
        Column("planned", "flag", "true while it is only planned: it is known and has not happened"),
        Column("automated", "flag", "true when a machine did it (mail privacy proxy, link scanner)"),
    ),
)

CORRECTABLE = ("account_id", "team", "product", "service", "source", "channel", "currency", "created_at")
"""Columns of opportunities that may be told anew. ``field_history`` then has every value from the first on, by
when it was told; ``opportunities`` has the last. An instant is written there as text in UTC."""

TABLES = {
    table.name: table for table in (_ACCOUNTS, _CONTACTS, _OPPORTUNITIES, _STAGE_HISTORY, _FIELD_HISTORY, _ACTIVITIES)
}
"""Every table by name."""


def check_table(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table in canonical columns and types.

    Parameters
    ----------
    name
        A key of ``TABLES``.
    frame
        Rows to check. Optional columns may be absent. ``recorded_at`` may be absent:
        it is then the time of happening, which the caller should report.

    Returns
    -------
    DataFrame with every declared column in order: text as ``str``, instants as
    UTC microseconds, numbers as ``float64`` (missing is NaN), flags as ``bool``
    (missing is False); then, in an open-ended table, the attributes as given.

    Raises
    ------
    SchemaError
        A required column or value is missing, a column is unknown, or a value
        cannot be read as its type.

    Examples
    --------
    >>> row = {"opportunity_id": ["o1"], "stage": ["won"], "occurred_at": ["2026-01-02T00:00Z"]}
    >>> check_table("stage_history", pd.DataFrame(row)).loc[0, "recorded_at"].isoformat()
    '2026-01-02T00:00:00+00:00'
    """
    return checked(TABLES[name], frame)


def checked(table: Table, frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table in its canonical columns and types, as ``check_table`` does.

    Raises
    ------
    SchemaError
        A required column or value is missing, a column is unknown, or a value
        cannot be read as its type.
    """
    _refuse_unknown_columns(table, frame)
    checked = {column.name: _checked_column(table, column, frame) for column in table.columns}
    attributes = {c: frame[c] for c in frame.columns if c not in checked}
    return pd.DataFrame(checked | attributes).reset_index(drop=True)


def empty_table(name: str) -> pd.DataFrame:
    """Return a table of that name without rows, with canonical columns and types."""
    return check_table(name, pd.DataFrame({c: [] for c in TABLES[name].column_names}))


def _refuse_unknown_columns(table: Table, frame: pd.DataFrame) -> None:
    unknown = [c for c in frame.columns if c not in table.column_names]
    if unknown and not table.open_ended:
        raise SchemaError(
            f"column {unknown[0]!r} in table {table.name}",
            f"only {', '.join(table.column_names)}",
            "rename or drop the column",
        )


def _checked_column(table: Table, column: Column, frame: pd.DataFrame) -> pd.Series:
    if column.name in frame.columns:
        values = frame[column.name]
    elif column.name == "recorded_at":
        values = frame["occurred_at" if "occurred_at" in table.column_names else "created_at"]
    else:
        values = pd.Series([None] * len(frame), index=frame.index, dtype=object)
    typed = _typed(table, column, values)
    if column.required and typed.isna().any():
        raise SchemaError(
            f"no value of {column.name} in row {int(typed.isna().to_numpy().argmax())} of table {table.name}",
            f"{column.meaning}",
            "fill the value, or leave the row out",
        )
    return typed


def _typed(table: Table, column: Column, values: pd.Series) -> pd.Series:
    try:
        if column.type == "instant":
            return _instants(values)
        if column.type == "number":
            return pd.to_numeric(values).astype("float64")
        if column.type == "flag":
            return values.astype("boolean").fillna(False).astype(bool)
        return values.astype("str")
    except (ValueError, TypeError) as problem:
        raise SchemaError(
            f"column {column.name} of table {table.name} with {problem}",
            f"values of type {column.type}",
            "correct the values",
        ) from problem


def _instants(values: pd.Series) -> pd.Series:
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        return values.astype(INSTANT)
    return pd.to_datetime(values, utc=True, format="ISO8601").astype(INSTANT)
