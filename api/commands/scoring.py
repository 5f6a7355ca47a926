"""The command that scores a history."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pandas as pd

from api.history_source import Source, history_at
from api.home import champion_folder, has_champion
from api.options import FILE, FOLDER, INSTANT, history_option
from features.as_of import known_as_of
from features.errors import ArtifactError, UnreadableSourceError
from features.history.history import History
from models.artifact import Artifact, read_artifact
from models.exported import exported_segments
from scoring.accounts import account_score_to_dict, score_accounts
from scoring.reasons import reasons_to_dict
from scoring.score_row import score_to_dict
from scoring.segments import score_by_segment
from scoring.version_zero import version_zero

_SIMULATED = "simulated"

_WRITERS = {
    ".csv": lambda frame, out: frame.to_csv(out, index=False, encoding="utf-8-sig"),
    ".json": lambda frame, out: frame.to_json(out, orient="records", force_ascii=False, indent=1),
    ".jsonl": lambda frame, out: frame.to_json(out, orient="records", lines=True, force_ascii=False),
    ".parquet": lambda frame, out: frame.to_parquet(out, index=False),
    ".xlsx": lambda frame, out: frame.to_excel(out, index=False),
}


def model_for(folder: Path | None, history: History) -> Artifact:
    """Read the model named, else the champion, else version 0 with the history's processes."""
    if folder is not None:
        return read_artifact(folder)
    if not has_champion():
        return version_zero(history.processes)
    champion = read_artifact(champion_folder())
    if champion.training["origin"] == _SIMULATED != history.origin:
        raise ArtifactError(
            "a champion trained on simulated data",
            f"one trained on real data, to score {history.origin}",
            "train on this history, or name the model with --model if you mean it",
        )
    return champion


def segments_for(folder: Path | None, history: History) -> list[Artifact]:
    """Read the models of segments that may answer beside the champion; none beside a model that was named."""
    segments, errors = exported_segments(champion_folder()) if folder is None else ([], [])
    for error in errors:
        click.echo(f"the model of all answers for a segment: {error}", err=True)
    # One trained on simulated data says nothing of real ones.
    return [s for s in segments if s.training["origin"] != _SIMULATED or history.origin == _SIMULATED]


@click.command("score")
@history_option
@click.option("--as-of", type=INSTANT, required=True, help="Score as it was known at this instant.")
@click.option("--out", type=FILE, required=True, help="File to write: .csv, .json, .jsonl, .parquet or .xlsx.")
@click.option("--model", type=FOLDER, help="A model's folder; the champion when not given.")
@click.option("--accounts", type=FILE, help="Also rank the accounts without an open opportunity, into this file.")
@click.option("--all", "everything", is_flag=True, help="Also list what is closed.")
@click.option("--reasons", is_flag=True, help="Also list what raises and lowers each estimate most, three of each.")
def score_command(
    source: Source,
    as_of: pd.Timestamp,
    out: Path,
    model: Path | None,
    accounts: Path | None,
    everything: bool,
    reasons: bool,
) -> None:
    """Score the opportunities open at an instant, and the accounts that have none."""
    for option, file in (("--out", out), ("--accounts", accounts)):
        if file is not None and file.suffix not in _WRITERS:
            raise click.BadParameter(f"{file.suffix!r} is none of {', '.join(_WRITERS)}", param_hint=option)
    history = known_as_of(history_at(source), as_of)
    if not len(history.opportunities):
        raise UnreadableSourceError(f"no opportunity recorded by {as_of}", "at least one", "choose a later instant")
    artifact = model_for(model, history)
    keys = pd.DataFrame({"opportunity_id": history.opportunities["opportunity_id"], "as_of": as_of})
    scores = score_by_segment(history, keys, artifact, segments_for(model, history), reasons=reasons)
    chosen = [score for score in scores if everything or score.outcome == "open"]
    rows = [score_to_dict(score) | (reasons_to_dict(score.reasons) if reasons else {}) for score in chosen]
    _write(rows, out)
    origin = "simulated: " if _SIMULATED in (history.origin, artifact.training["origin"]) else ""
    click.echo(f"{origin}{len(rows):,} opportunities scored by version {artifact.version} in {out}")
    if accounts is not None:
        found = score_accounts(history, as_of, artifact)
        _write([account_score_to_dict(score) for score in found], accounts)
        hidden = sum(score.account_class == "hidden" for score in found)
        click.echo(f"{origin}{len(found):,} accounts without an open opportunity, {hidden:,} hidden, in {accounts}")


def _write(rows: list[dict[str, Any]], out: Path) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    _WRITERS[out.suffix](pd.DataFrame(rows), out)
