"""The command that learns the level anew: recalibrate."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click
import pandas as pd

from api.clock import now
from api.history_source import Source, history_at
from api.home import champion_folder, mlflow_artifacts, tracking_uri
from api.options import INSTANT, history_option, seed_option
from features.errors import NoChampionError

if TYPE_CHECKING:
    from training.recalibration import Recalibration


@click.command("recalibrate")
@history_option
@click.option("--as-of", type=INSTANT, help="Learn from what was known at this instant; at the end when not given.")
@click.option("--segment", default="", metavar="COLUMN", help="Words with a level of their own, such as stage.")
@seed_option
def recalibrate_command(source: Source, as_of: pd.Timestamp | None, segment: str, seed: int) -> None:
    """Shift the champion's level to what the weeks since its training brought, if that foretells better.

    No refit: a child version differs from the champion in its level only. It is registered
    and promoted when it passes its gate; otherwise nothing changes.
    """
    # Imported here: MLflow takes seconds to import, and most commands do without it.
    from models.registry import Registry
    from training.recalibration import recalibrate

    registry = Registry(tracking_uri(), mlflow_artifacts())
    champions = registry.champions()
    if not champions:
        raise NoChampionError("version 0, the fixed weights", "a trained champion", "train and promote a model first")
    champion = replace(registry.load(champions[-1]), version=champions[-1])
    found = recalibrate(history_at(source), champion, as_of, segment, seed)
    for line in recalibration_lines(found):
        click.echo(line)
    if not found.verdict.passed:
        click.echo(f"version {champion.version} stays champion: {found.verdict.reason[0]}")
        return
    version = registry.log(found.artifact, found.record)
    registry.promote(version, champion_folder(), now(), "gate")
    click.echo(f"version {version}, a child of {champion.version}, is champion: {found.verdict.reason[0]}")


def recalibration_lines(found: Recalibration) -> list[str]:
    """Say week by week what was expected and what came, the level, and what the gate measured."""
    lines = ["week from      open    won  expected   lost  expected"]
    lines += [
        f"{row.start:%Y-%m-%d} {row.open:8.0f} {row.won:6.0f} {row.expected_won:9.1f} "
        f"{row.lost:6.0f} {row.expected_lost:9.1f}"
        for row in found.weeks.itertuples()
    ]
    level = found.level
    lines.append(f"level, in logarithms of the hazards: winning {level.win:+.3f}, losing {level.loss:+.3f}")
    lines += [f"  {level.column} {word}: winning {level.win + shift:+.3f}" for word, shift in level.segments.items()]
    for row in found.verdict.checks:
        lines.append(f"{row['en']}: {row['figure']:.4f} ({row['low']:.4f} – {row['high']:.4f}), limit {row['limit']}")
    return lines
