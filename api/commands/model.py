"""Commands that make and judge models: train, backtest."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pandas as pd

from api.clock import now, seconds
from api.comparison import comparison_lines
from api.history_source import Source, history_at
from api.home import champion_folder, mlflow_artifacts, tracking_uri
from api.options import (
    FILE,
    FOLDER,
    FOLDS,
    INSTANT,
    exclude_option,
    history_option,
    include_option,
    seed_option,
)
from api.progress import Progress
from features.history.history import History
from features.segment import segment_of
from models.artifact import write_artifact
from training.backtest import HORIZONS, backtest
from training.flat_backtest import backtest_folds, backtest_order


@click.command("train")
@history_option
@click.option("--cutoff", type=INSTANT, help="Train on what was known at this instant; at the end when not given.")
@click.option("--artifact", "artifact_folder", type=FOLDER, help="Also write the model into this folder.")
@seed_option
@include_option
@exclude_option
@click.option("--segment", metavar="COLUMN=VALUE", help="Train a model for this segment alone, such as product=suite.")
def train_command(
    source: Source,
    cutoff: pd.Timestamp | None,
    artifact_folder: Path | None,
    seed: int,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    segment: str | None,
) -> None:
    """Train a model, log it to MLflow, and make it champion if it earns it."""
    train_and_register(history_at(source), cutoff, artifact_folder, seed, include, exclude, segment)


def train_and_register(
    history: History,
    cutoff: pd.Timestamp | None,
    artifact_folder: Path | None,
    seed: int,
    include: tuple[str, ...],
    exclude: tuple[str, ...] = (),
    segment: str | None = None,
) -> None:
    """Train, judge, register, and promote what earned it; print the comparison."""
    # Imported here: MLflow takes seconds to import, and most commands do without it.
    from api.card.model_card import card_text
    from models.registry import Registry
    from training.account_figures import account_lines
    from training.candidate import make_candidate

    chosen = segment_of(segment, history) if segment else None
    registry = Registry(tracking_uri(), mlflow_artifacts())
    with Progress(12) as report:
        candidate = make_candidate(
            history,
            cutoff,
            registry.champion(chosen.name if chosen else ""),
            seconds,
            seed=seed,
            include=include,
            exclude=exclude,
            segment=chosen,
            report=report,
        )
        if artifact_folder is not None:
            write_artifact(candidate.artifact, artifact_folder)
        report("logging to MLflow")
        cards = {f"card{suffix}": card_text(candidate.artifact, suffix) for suffix in (".html", ".md")}
        record = replace(candidate.record, documents={**candidate.record.documents, **cards})
        version = registry.log(candidate.artifact, record)
        if candidate.verdict.passed:
            registry.promote(version, champion_folder(), now(), "gate")
        else:
            registry.decline(version, now())
    for line in comparison_lines(candidate.verdict.records, history.origin):
        click.echo(line)
    for line in account_lines(candidate.artifact.classification):
        click.echo(line)
    if candidate.verdict.passed:
        of_what = f" of {chosen.name}" if chosen else ""
        click.echo(f"version {version} is champion{of_what}: {candidate.verdict.reason}")
    else:
        click.echo(f"version {version} stays challenger: {candidate.verdict.reason}")


@click.command("backtest")
@history_option
@click.option("--cutoffs", metavar="T1,T2,…", help="Instants to train and judge at, in order.")
@click.option(
    "--order-share",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Of a flat table with an order: train on this share of the rows, judge the rest.",
)
@click.option("--folds", type=FOLDS, metavar="KxR", help="Of a flat table: judge by K stratified folds, R times.")
@click.option("--group", metavar="COLUMN[,COLUMN]", help="With --folds: rows alike in these stay in one fold.")
@click.option("--out", type=FILE, required=True, help="File to write the records to (JSON).")
@click.option(
    "--horizons", default=",".join(str(h) for h in HORIZONS), show_default=True, help="Days ahead to judge at."
)
@seed_option
@include_option
@exclude_option
def backtest_command(
    source: Source,
    cutoffs: str | None,
    order_share: float | None,
    folds: tuple[int, int] | None,
    group: str | None,
    out: Path,
    horizons: str,
    seed: int,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
) -> None:
    """Judge learned probabilities beside fixed weights: at past instants, in order, or in folds."""
    if sum(asked is not None for asked in (cutoffs, order_share, folds)) != 1:
        raise click.UsageError("exactly one of --cutoffs, --order-share and --folds is needed")
    if group is not None and folds is None:
        raise click.UsageError("--group goes with --folds")
    instants = [INSTANT.convert(text.strip(), None, None) for text in cutoffs.split(",")] if cutoffs else []
    days = [_days(text) for text in horizons.split(",")]
    history = history_at(source)
    with Progress(folds[0] * folds[1] if folds else 8 * max(len(instants), 1)) as report:
        common: dict[str, Any] = {"seed": seed, "include": include, "exclude": exclude, "report": report}
        if cutoffs is not None:
            records = backtest(history, instants, horizons=days, **common)
        elif order_share is not None:
            records = backtest_order(history, order_share, **common)
        elif folds is not None:
            groups = [name.strip() for name in group.split(",")] if group else []
            records = backtest_folds(history, *folds, groups=groups, **common)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(records, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    for line in comparison_lines(records, history.origin):
        click.echo(line)
    click.echo(f"{len(records)} records in {out}")


def _days(text: str) -> float:
    try:
        days = float(text)
    except ValueError:
        days = 0.0
    if not 0 < days < 36_500:
        raise click.BadParameter(f"{text!r} is not a number of days above 0", param_hint="--horizons")
    return days
