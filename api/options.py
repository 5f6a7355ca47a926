"""Options and values that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pandas as pd

from api.history_source import HistorySource
from api.settings import read_settings
from features.errors import DataError
from features.reporting_calendar import ReportingCalendar


class Instant(click.ParamType[pd.Timestamp]):
    """An instant such as 2026-03-01 (00:00 UTC) or 2026-03-01T09:30+08:00."""

    name = "instant"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> pd.Timestamp:
        """Read the text as a UTC instant of microseconds."""
        if isinstance(value, pd.Timestamp):
            return value
        try:
            read = pd.Timestamp(value)
        except ValueError:
            self.fail(f"{value!r} is not an instant such as 2026-03-01 or 2026-03-01T09:30+08:00", param, ctx)
        if pd.isna(read):
            self.fail(f"{value!r} is not an instant", param, ctx)
        return (read.tz_localize("UTC") if read.tzinfo is None else read.tz_convert("UTC")).as_unit("us")


class Folds(click.ParamType[tuple[int, int]]):
    """Folds and repetitions, such as 5x10; one repetition when only folds are given."""

    name = "folds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        """Read the text as two whole numbers."""
        parts = str(value).lower().split("x")
        if len(parts) > 2 or not all(part.isascii() and part.isdigit() for part in parts):
            self.fail(f"{value!r} is not folds and repetitions such as 5x10", param, ctx)
        folds, repeats = int(parts[0]), int(parts[-1]) if len(parts) == 2 else 1
        if folds < 2 or repeats < 1:
            self.fail(f"{value!r}: at least 2 folds and 1 repetition", param, ctx)
        return folds, repeats


class FiscalStart(click.ParamType[str]):
    """The day on which the fiscal year starts, such as 04-01; a month such as 4 is its first day."""

    name = "MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Read the text as month and day."""
        text = f"{int(value):02d}-01" if str(value).isascii() and str(value).isdigit() else str(value)
        try:
            return ReportingCalendar(fiscal_start=text).fiscal_start
        except DataError:
            self.fail(f"{value!r} is not a month and a day, at most the 28th, such as 04-01, or a month", param, ctx)


INSTANT = Instant()
FOLDS = Folds()
FISCAL_START = FiscalStart()
FOLDER = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)


history_option = click.option(
    "--history",
    "source",
    type=HistorySource(),
    required=True,
    help="Folder of an imported history, or the URL of a database.",
)
zone_option = click.option(
    "--zone",
    default=lambda: read_settings().time_zone,
    show_default="DEALODDS_TIME_ZONE",
    help="Time zone in which days and months begin.",
)
fiscal_option = click.option(
    "--fiscal-start",
    type=FISCAL_START,
    default=lambda: read_settings().fiscal_start,
    show_default="DEALODDS_FISCAL_START",
    help="Month, or month and day, on which the fiscal year begins.",
)
seed_option = click.option("--seed", type=int, default=0, show_default=True, help="Seed of everything drawn.")
include_option = click.option(
    "--include",
    multiple=True,
    metavar="COLUMN",
    help="Train on a column although it is unknown when it was measured, or the audit doubts it.",
)
exclude_option = click.option(
    "--exclude",
    multiple=True,
    metavar="NAME",
    help="Learn nothing from a column, a feature, or a whole group such as email; can be given several times.",
)
rate_option = click.option(
    "--rate",
    "rates",
    type=(str, click.FloatRange(min=0, min_open=True)),
    multiple=True,
    metavar="CURRENCY RATE",
    help="Worth of one unit of a currency; that of the currency to report in is 1. Several times.",
)


def rates_of(pairs: tuple[tuple[str, float], ...]) -> dict[str, float] | None:
    """Rates by currency, None when none was given."""
    return dict(pairs) if pairs else None
