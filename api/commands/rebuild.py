"""The command that recomputes what was served."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pandas as pd

from api.champion import load_champion
from api.home import champion_folder, home
from api.options import FOLDER, INSTANT
from api.rebuild import Rebuilt, Verdict, rebuild
from api.store.upgrade import check_revision
from features.history.database.engine import Database

_MOST_SHOWN = 20


@click.command("rebuild")
@click.option(
    "--database",
    "url",
    envvar="DEALODDS_DATABASE_URL",
    help="URL of the database; dealodds.db in the home folder when not given.",
)
@click.option("--model", type=FOLDER, help="Folder in service, with its former versions beside it.")
@click.option("--as-of", type=INSTANT, help="Only scores that held at this instant: the last of each opportunity.")
@click.option("--opportunity", help="Only scores of this opportunity.")
def rebuild_command(url: str | None, model: Path | None, as_of: pd.Timestamp | None, opportunity: str | None) -> None:
    """Recompute kept scores from the recorded past; exit code 1 when one differs."""
    database = Database(url or f"sqlite:///{(home() / 'dealodds.db').absolute()}")
    check_revision(database)
    champion = load_champion(model if model is not None else champion_folder())
    count: dict[Verdict, int] = {"equal": 0, "different": 0, "no model": 0, "erased since": 0}
    for found in rebuild(database, champion, as_of=as_of, opportunity_id=opportunity):
        count[found.verdict] += 1
        if found.verdict != "equal" and count[found.verdict] <= _MOST_SHOWN:
            for line in _lines(found):
                click.echo(line)
    database.close()
    click.echo(", ".join(f"{number:,} {verdict}" for verdict, number in count.items()))
    if count["different"]:
        sys.exit(1)


def _lines(found: Rebuilt) -> Iterator[str]:
    where = f"{found.opportunity_id} as of {found.as_of.isoformat()} by version {found.model_version}"
    yield f"{found.verdict}: {where}{f': {found.reason}' if found.reason else ''}"
    for name, (kept, now) in found.differs.items():
        yield f"    {name}: {kept!r} kept, {now!r} recomputed"
