"""Commands for what no CRM records: targets, commits, teams over time, exchange rates."""

from __future__ import annotations

from pathlib import Path

import click
import pandas as pd

from api.clock import now
from api.commands.database import opened
from api.options import FILE
from api.settings import read_settings
from features.history.dated_inputs import KINDS
from features.history.dated_inputs_columns import help_lines
from features.history.dated_inputs_file import read_inputs_file
from scoring.calendar_periods import Calendar
from scoring.stated_periods import unmatched

_ACTOR = "dealodds inputs import"


_COLUMNS = "\n\n".join("\b\n" + "\n".join(help_lines(kind)) for kind in KINDS)
"""Columns of every kind, as the help shows them."""


@click.group("inputs", epilog=_COLUMNS)
def inputs_group() -> None:
    """Targets, owners' commits, teams over time, exchange rates."""


@inputs_group.command("import", epilog=_COLUMNS)
@click.option("--kind", type=click.Choice(list(KINDS)), required=True, help="What the rows are.")
@click.argument("file", type=FILE)
def import_inputs_command(kind: str, file: Path) -> None:
    """Write the rows of FILE (CSV, XLSX, JSON lines, Parquet) into the database; all of them or none.

    Columns are those of the kind, below, in English or Chinese. Without valid_from a row holds from
    now on; with recorded_at it was known from then on, never later than now.
    """
    from api.store.inputs import write_inputs

    settings = read_settings()
    rows: pd.DataFrame = read_inputs_file(file, kind, settings.time_zone)
    with opened() as database:
        with database.writing(_ACTOR, "put inputs", now) as writing:
            written = write_inputs(writing, kind, rows)
        same = len(rows) - written
        click.echo(f"{written:,} rows of {kind} written in {database.name}, {same:,} were there already")
    if kind in ("targets", "commits"):
        for note in unmatched(rows, kind, Calendar.starting(settings.time_zone, settings.fiscal_start)):
            click.echo(f"- {note.en}")
            click.echo(f"  {note.zh}")
