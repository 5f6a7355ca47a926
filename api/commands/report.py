"""The command that writes what the pages show into one file to mail."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import pandas as pd

from api.commands.reports import Asked, reports_options, work_out, worth_of
from api.commands.scoring import model_for, segments_for
from api.history_source import Source, history_at, inputs_at, past_scores_at
from api.home import has_champion, home
from api.options import FILE, INSTANT, history_option
from api.progress import Progress
from features.as_of import known_as_of
from features.errors import ArtifactError, UnreadableSourceError
from models.kept_promotions import FILE as PROMOTIONS
from models.kept_promotions import kept_promotions
from scoring.accounts import score_accounts
from scoring.segments import score_by_segment
from scoring.standing import standing_at
from scoring.stated_inputs import currency_at

_SIMULATED = "simulated"


@click.command("report")
@history_option
@click.option("--as-of", type=INSTANT, required=True, help="Report as it was known at this instant.")
@click.option("--language", type=click.Choice(["en", "zh-CN"]), default="en", show_default=True)
@click.option("--out", type=FILE, required=True, help="File to write: .html.")
@click.option("--fixed-weights", is_flag=True, help="Report by the fixed weights where no model is in service.")
@reports_options
def report_command(
    source: Source, as_of: pd.Timestamp, language: str, out: Path, fixed_weights: bool, **asked: Any
) -> None:
    """Write what the pages show into one HTML file that fetches nothing: to mail, to print, to keep.

    Reports are worked out anew, which takes minutes; those of the pages stay as they are.
    """
    # Imported here: pages and pictures need libraries that other commands do without.
    from api.pages.mailed_report import Mailed, mailed_report

    if out.suffix != ".html":
        raise click.BadParameter(f"{out.suffix!r} is not .html", param_hint="--out")
    history, how = known_as_of(history_at(source), as_of), Asked(**asked)
    if not len(history.opportunities):
        raise UnreadableSourceError(f"no opportunity recorded by {as_of}", "at least one", "choose a later instant")
    if not (has_champion() or fixed_weights):
        # A forecast by the fixed weights that looks like a learned one would be believed.
        raise ArtifactError(
            f"no model in service in {home()}",
            "the home folder of an installation with a champion",
            "set DEALODDS_HOME, train a model, or say --fixed-weights if you mean it",
        )
    artifact = model_for(None, history)
    reports: dict[str, Mapping[str, Any]] = {}
    inputs, past = inputs_at(source), past_scores_at(source, as_of)
    with Progress(how.steps) as progress:
        work_out(history, inputs, past, as_of, how, reports.__setitem__, progress)
    is_simulated = _SIMULATED in (history.origin, artifact.training["origin"])
    accounts, decisions = score_accounts(history, as_of, artifact), kept_promotions(home() / PROMOTIONS)
    told = [one for one in decisions if one.when <= as_of]
    whole = standing_at(history, as_of)
    rates, standing = worth_of(whole, inputs, how.rates, currency_at(whole, inputs, how.currency)), whole.open()
    scores = score_by_segment(standing.history, standing.keys, artifact, segments_for(None, standing.history))
    mailed = Mailed(as_of, reports, artifact, told, accounts, is_simulated, standing, scores, rates)
    text = mailed_report(mailed, language)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, encoding="utf-8")
    click.echo(f"{'simulated: ' if is_simulated else ''}report by version {artifact.version} in {out}")
