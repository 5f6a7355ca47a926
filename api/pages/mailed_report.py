"""What the pages show as one HTML file to mail: nothing in it is fetched, and nothing leads out of it."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from api.card.document import Picture
from api.card.model_card import model_card
from api.kept_reports import CLASSES, COMPARISON, CUTS, PEOPLE, forecast_name, funnel_name
from api.pages.classes_page import outcome_table
from api.pages.comparison_page import comparison_shown
from api.pages.forecast_page import forecast_heading, forecast_shown, measure_of
from api.pages.funnel_page import funnel_shown
from api.pages.language import N_, Language, language
from api.pages.mailed_pipeline import mailed_pipeline
from api.pages.model import promotion_table
from api.pages.people_page import people_shown
from api.pages.rendering import asset, part, whole
from api.pages.stages import StageNames
from api.routes.accounts import account_answer
from api.routes.reports import FunnelQuery
from models.artifact import Artifact
from models.promotions import Decision
from scoring.account_classification import account_criteria_from_dict
from scoring.accounts import AccountScore
from scoring.opportunity_score import Score
from scoring.standing import Standing

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_MOST_ACCOUNTS = 30
_PERIOD = "quarter"
_PERIODS = ("quarter", "month", "next-quarter", "next-month")
"""Forecasts in their order."""
_ID = re.compile(r'(\sid="|\shref="#)')
_LABEL = re.compile(r'\saria-labelledby="[^"]*"')


@dataclass(frozen=True)
class Mailed:
    """What is told in a report.

    Parameters
    ----------
    as_of
        The instant that it is asked of.
    reports
        Reports by their names, as ``dealodds reports`` works them out.
    artifact
        The model that answered.
    decisions
        The promotion log, in the order of time.
    accounts
        Scores of accounts without an open opportunity; empty when the need was not learned.
    is_simulated
        Whether the history or the model is.
    standing, scores
        What is open, and the scores of it in the same order.
    rates
        What one unit of each currency is worth in that of the report; None where there is only one.
    """

    as_of: pd.Timestamp
    reports: Mapping[str, Mapping[str, Any]]
    artifact: Artifact
    decisions: Sequence[Decision]
    accounts: Sequence[AccountScore]
    is_simulated: bool
    standing: Standing
    scores: Sequence[Score]
    rates: Mapping[str, float] | None = None


@dataclass(frozen=True)
class Shown:
    """A part of the file; without a text it could not be worked out."""

    key: str
    name: str
    text: str | None


def mailed_report(mailed: Mailed, tag: str) -> str:
    """Write the file in one language, what is bad first."""
    chosen = language(tag)
    shown = list(_parts(mailed, chosen))
    findings = mailed.reports.get(COMPARISON, {}).get("findings", [])
    return whole(
        "mailed.html",
        chosen,
        title=chosen.say(N_("Pipeline report")),
        policy=_POLICY,
        style=asset("pages.css")[0].decode(),
        as_of=mailed.as_of,
        version=mailed.artifact.version,
        is_simulated=mailed.is_simulated,
        bad=model_card(mailed.artifact).sections[0],
        lost=[one for one in findings if one["by"] is None and one["lost"]],
        headlines=_headlines(mailed, chosen),
        missing=[one.name for one in shown if one.text is None],
        parts=[one for one in shown if one.text is not None],
    )


def _headlines(mailed: Mailed, chosen: Language) -> list[dict[str, Any]]:
    """Totals of the periods under way: by amount, by number where amounts are not known."""
    found = []
    for period in ("month", "quarter"):
        report = mailed.reports.get(forecast_name(period, None))
        if report is not None:
            measure = measure_of(report, "amount")
            about = {"name": forecast_heading(report, period, chosen), "total": report["totals"][measure]}
            found.append(about | {"currency": report["currency"] if measure == "amount" else None})
    return found


def _parts(mailed: Mailed, chosen: Language) -> Iterator[Shown]:
    stages = StageNames(mailed.artifact.processes, chosen)
    found = mailed_pipeline(mailed.standing, mailed.scores, mailed.rates, stages, chosen)
    about = None if found is None else found | {"version": mailed.artifact.version}
    yield _shown("pipeline", chosen.say(N_("Pipeline")), "mailed_pipeline.html", chosen, about)
    yield from _forecasts(mailed, chosen)
    comparison = mailed.reports.get(COMPARISON)
    shown = None if comparison is None else comparison_shown(comparison, chosen)
    yield _shown("learned-vs-fixed", chosen.say(N_("Learned vs fixed")), "comparison.html", chosen, shown)
    yield from _funnels(mailed, chosen)
    classes = mailed.reports.get(CLASSES)
    shown = None if classes is None else {"found": {"outcomes": classes}, "outcomes": outcome_table(classes, chosen)}
    yield _shown("classes", chosen.say(N_("Classes")), "classes.html", chosen, shown)
    people = mailed.reports.get(PEOPLE)
    shown = None if people is None else people_shown(people, chosen)
    yield _shown("people", chosen.say(N_("People")), "people.html", chosen, shown)
    if any(score.need_probability is not None for score in mailed.accounts):
        yield _shown(
            "hidden-accounts", chosen.say(N_("Hidden accounts")), "hidden_accounts.html", chosen, _accounts(mailed)
        )
    yield _shown("model", chosen.say(N_("Model")), "model.html", chosen, _model(mailed, chosen))


def _forecasts(mailed: Mailed, chosen: Language) -> Iterator[Shown]:
    """What is under way first, the longest before the others; each by the first cut that the history has."""
    stages = StageNames(mailed.artifact.processes, chosen)
    for period in _PERIODS:
        by = next((cut for cut in CUTS if forecast_name(period, cut) in mailed.reports), None)
        found = mailed.reports.get(forecast_name(period, by))
        shown = None if found is None else forecast_shown(found, "amount", by, stages, chosen)
        name = forecast_heading(found, period, chosen)
        if shown is not None:
            shown |= {"heading": name}
            if period != _PERIOD:  # the stated dates are the same
                shown |= {"slippage": [], "passed": []}
        yield _shown(f"forecast-{period}", name, "forecast.html", chosen, shown)


def _funnels(mailed: Mailed, chosen: Language) -> Iterator[Shown]:
    """The funnel of each process, by the first cut that tells anything apart."""
    found, name = mailed.reports.get(funnel_name(_PERIOD)), chosen.say(N_("Funnel"))
    if found is None:
        yield Shown("funnel", name, None)
        return
    for place, process in enumerate(found["processes"]):
        shown = funnel_shown(found, place, FunnelQuery(), chosen)
        own = f"{name} {process['funnel']['process']}" if len(found["processes"]) > 1 else name
        yield _shown(f"funnel-{place}", own, "funnel.html", chosen, shown)


def _accounts(mailed: Mailed) -> dict[str, Any]:
    rows = [account_answer(score).model_dump(mode="json", by_alias=True) for score in mailed.accounts[:_MOST_ACCOUNTS]]
    limit = account_criteria_from_dict(mailed.artifact.classification).threshold
    state = {"as_of": mailed.as_of, "model_version": mailed.artifact.version, "commits_behind": 0}
    return {"rows": rows, "count": len(mailed.accounts), "list": state, "chosen": None, "threshold": limit}


def _model(mailed: Mailed, chosen: Language) -> dict[str, Any]:
    card = model_card(mailed.artifact)
    pictures = [block for section in card.sections for block in section.blocks if isinstance(block, Picture)]

    def drawn(number: int) -> str:
        return f"data:image/svg+xml;base64,{base64.b64encode(pictures[number].draw(chosen.tag).encode()).decode()}"

    return {"card": card, "log": promotion_table(list(mailed.decisions), chosen), "picture_address": drawn}


def _shown(key: str, name: str, template: str, chosen: Language, about: Mapping[str, Any] | None) -> Shown:
    """Render a part; what it points to within itself gets its key, for other parts use the same names."""
    if about is None:
        return Shown(key, name, None)
    text = _ID.sub(rf"\g<1>{key}-", part(template, chosen, **about))
    return Shown(key, name, _LABEL.sub("", text))
