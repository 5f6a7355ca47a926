"""Commands that bring data in: simulate, import, mapping draft."""

from __future__ import annotations

from pathlib import Path

import click

from api.options import FILE, FOLDER
from api.progress import Progress
from features.history.directory import write_history
from features.history.drafting import draft_mapping
from features.history.import_output import write_import
from features.history.import_source import import_source
from features.history.mapping import read_mapping
from features.history.simulated import simulate


@click.command("simulate")
@click.option("--opportunities", type=click.IntRange(1), required=True, help="How many opportunities over two years.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of everything drawn.")
@click.option("--out", type=FOLDER, required=True, help="Folder to write.")
def simulate_command(opportunities: int, seed: int, out: Path) -> None:
    """Write the history of a simulated CRM."""
    with Progress(2) as report:
        report(f"simulating {opportunities:,} opportunities")
        history = simulate(opportunities, seed)
        report(f"writing {out}")
        write_history(history, out)
    closed = len(history.stage_history[history.stage_history["stage"].isin(["won", "lost"])])
    click.echo(
        f"simulated: {opportunities:,} opportunities, {closed:,} closings and "
        f"{len(history.activities):,} activities in {out}"
    )


@click.command("import")
@click.option("--mapping", "mapping_file", type=FILE, required=True, help="How the export becomes our tables (YAML).")
@click.option("--dry-run", is_flag=True, help="Say what would happen; write nothing.")
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("out", type=FOLDER)
def import_command(mapping_file: Path, dry_run: bool, source: Path, out: Path) -> None:
    """Import the export SOURCE, a folder or a file, into the history OUT."""
    with Progress(2) as report:
        report(f"reading {source}")
        result = import_source(read_mapping(mapping_file), source)
        if not dry_run:
            report(f"writing {out}")
            write_import(result, out)
    click.echo(result.summary())
    click.echo(f"dry run: nothing written to {out}" if dry_run else f"written to {out}")


@click.group("mapping")
def mapping_group() -> None:
    """Describe how an export becomes our tables."""


@mapping_group.command("draft")
@click.argument("source", type=click.Path(path_type=Path))
def draft_command(source: Path) -> None:
    """Propose a mapping for the export SOURCE, with a report of its columns, as YAML."""
    click.echo(draft_mapping(source))
