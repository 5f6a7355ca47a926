"""The command that says why a score changed."""

from __future__ import annotations

from pathlib import Path

import click
import pandas as pd

from api.commands.scoring import model_for, segments_for
from api.history_source import Source, history_at
from api.home import champion_folder
from api.options import FOLDER, INSTANT, history_option
from features.as_of import known_as_of
from features.errors import RequestError
from models.artifact import Artifact
from models.exported import former_champion
from scoring.change import Change, change_between
from scoring.difference import Step
from scoring.segments import artifact_for, check_could_answer, facts_of
from scoring.version_zero import version_zero


@click.command("change")
@history_option
@click.option("--opportunity", "opportunity_id", required=True, help="Id of the opportunity.")
@click.option("--from", "start", type=INSTANT, required=True, help="Instant of the former score.")
@click.option("--to", "end", type=INSTANT, required=True, help="Instant of the latter score.")
@click.option(
    "--from-version",
    help="Version that gave the former score, of all or of its segment; that of the latter when not given.",
)
@click.option("--model", type=FOLDER, help="Folder of the model of the latter score; the champion when not given.")
def change_command(
    source: Source,
    opportunity_id: str,
    start: pd.Timestamp,
    end: pd.Timestamp,
    from_version: str | None,
    model: Path | None,
) -> None:
    """Say why the score of an opportunity changed: time, data or a new model."""
    history = known_as_of(history_at(source), end)
    if not (history.opportunities["opportunity_id"] == opportunity_id).any():
        raise RequestError(f"opportunity {opportunity_id!r}", f"one recorded by {end}", "correct the id")
    whole, segments = model_for(model, history), segments_for(model, history)
    asked = pd.Series([opportunity_id])
    after = artifact_for(facts_of(history, asked, segments)[0], whole, segments)
    known = {one.version: one for one in (whole, after)}
    before = after if from_version is None else known.get(from_version) or _former(from_version, after, model)
    if before is not whole and before is not after:
        check_could_answer(before, facts_of(history, asked, [before])[0])
    change = change_between(history, opportunity_id, start, end, before, after)
    simulated = "simulated" in (history.origin, after.training["origin"])
    click.echo("\n".join(change_lines(change, "simulated: " if simulated else "")))


def _former(version: str, after: Artifact, model: Path | None) -> Artifact:
    if version == "0":
        return version_zero(after.processes)
    return former_champion(model if model is not None else champion_folder(), version)


def change_lines(change: Change, origin: str = "") -> list[str]:
    """Lay out a change: both scores, then each step with what it is made of, English and Chinese."""
    difference = change.after_shown - change.before_shown
    head = (
        f"{origin}{change.opportunity_id}: {change.before_shown:.1f} % as of {change.start.date()} (version "
        f"{change.before_version}), {change.after_shown:.1f} % as of {change.end.date()} (version "
        f"{change.after_version}): {difference:+.1f} points"
    )
    return [head, *(line for step in change.steps for line in _step_lines(step))]


def _step_lines(step: Step) -> list[str]:
    lines = [f"{step.shown:+6.1f}  {step.words.en}", f"        {step.words.zh}"]
    lines += [f"{'':8}{part.shown:+6.1f}  {part.names.en} · {part.names.zh}" for part in step.groups if part.shown]
    lines += [
        f"{'':16}{moved.part.shown:+6.1f}  {moved.before.en} → {moved.after.en} · {moved.before.zh} → {moved.after.zh}"
        for moved in step.features
    ]
    return lines
