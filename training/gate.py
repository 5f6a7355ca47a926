"""Whether a newly trained model may replace the champion: judged on later snapshots, open ones included."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.as_of import known_as_of
from features.exclusion import names_there_are
from features.history.history import History
from features.instants import micros
from features.segment import Segment
from features.snapshots import build_snapshots, catalogue_of
from models.artifact import Artifact
from models.incidence import Incidence
from scoring.classification import classify, signs_of
from scoring.score import need_probability
from training.backtest import methods
from training.criteria import choose_criteria, class_report
from training.dataset import Dataset, closing_instant
from training.differences import LEARNED, horizon_checks, horizon_records, likelihood_check, outcome_check
from training.evaluate import evaluate, resamples
from training.expected_wins import expected_wins_checks
from training.learning import learn, win_members
from training.need import learn_need
from training.pipeline import Material, prepare
from training.segments import in_segment
from training.verdict import CHAMPION, WHOLE, Check, Verdict

Ints = NDArray[np.int64]

SHARE = 0.7
"""Share of the closings by which the judged model's training ends."""
HORIZONS = (14.0, 30.0, 60.0, 90.0)

FEWEST_FRESH = 100
"""Opportunities that a champion must not have been trained on before it is compared."""

_MUST_BEAT = ("fixed_weights", "stage_rates", "constant", WHOLE)
_TOO_LITTLE = ("too little has closed to judge by", "已关闭的商机太少，无法评判")
_NOTHING_TO_JUDGE = Verdict((), [], {}, {}, None, None, _TOO_LITTLE)
TOO_FEW = ("too few opportunities were won and lost to learn from", "赢单和丢单太少，无从学习")


def judge(
    dataset: Dataset,
    champion: Artifact | None,
    seed: int,
    report: Callable[[str], None],
    *,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    segment: Segment | None = None,
) -> Verdict:
    """Train on what was known at an earlier instant, as one would have then, and judge on the later part.

    Parameters
    ----------
    dataset
        All snapshots up to the cutoff; with a segment those of the segment.
    champion
        The model in service; None or version 0 when nothing learned is.
    include, exclude
        As for ``training.pipeline.train``.
    segment
        When the model is of one: then a model of everything, trained up to the same instant,
        must be beaten on the segment's later snapshots too.
    """
    end = closing_instant(dataset, SHARE)
    later = dataset.between(end, dataset.until) if end is not None else None
    if end is None or later is None or not len(later.keys):
        return _NOTHING_TO_JUDGE
    material = earlier_material(dataset.history, end, include=include, exclude=exclude)
    past = material.dataset if segment is None else in_segment(material.dataset, segment)
    if not len(past.keys):
        return _NOTHING_TO_JUDGE
    report(f"judging on {len(later.keys):,} snapshots after {end:%Y-%m-%d}")
    asked = _as_asked(later, material)
    win = learn(past, win_members(seed), lambda line: None)
    answers = methods(win, past, asked.snapshots)
    if segment is not None:
        report(f"training on all {len(material.dataset.keys):,} snapshots to compare with")
        answers[WHOLE] = learn(material.dataset, win_members(seed), lambda line: None).predict(asked.snapshots)
    return _verdict(answers, past, later, asked, fresh_answers(champion, later), seed, report)


def earlier_material(
    history: History, end: pd.Timestamp, *, include: Sequence[str] = (), exclude: Sequence[str] = ()
) -> Material:
    """Prepare a training as it would have been done at an earlier instant.

    What the audit doubts, when an opportunity is forgotten and whether there are several
    currencies are learned anew from what was known then: with what came later the model that
    is judged would be another than anybody could have had.
    """
    known = known_as_of(history, end)
    there = names_there_are(exclude, catalogue_of(known, include), known.attributes.values())
    return prepare(known, end, include=include, exclude=there)


def _as_asked(later: Dataset, material: Material) -> Dataset:
    """Give the later snapshots with the features of the earlier model, which may be others."""
    if list(later.snapshots) == list(material.dataset.snapshots):
        return later
    return replace(later, snapshots=build_snapshots(later.history, later.keys, material.catalogue))


def fresh_answers(champion: Artifact | None, later: Dataset) -> tuple[Incidence, Ints] | None:
    """Answers of the champion for the later snapshots that it was not trained on, and their rows.

    On what it was trained on it would look better than it is. None when there are too few,
    or when the champion is of another origin: a simulated one says nothing of real data.
    """
    if champion is None or champion.training["origin"] != later.history.origin:
        return None
    seen_until = micros(pd.Index([learned_until(champion)]))[0]
    rows = np.flatnonzero(later.as_of >= seen_until)
    fresh = later.take(rows)
    if fresh.keys["opportunity_id"].nunique() < FEWEST_FRESH:
        return None
    snapshots = build_snapshots(fresh.history, fresh.keys, champion.catalogue)
    return champion.win.predict(snapshots), rows


def learned_until(champion: Artifact) -> pd.Timestamp:
    """Until when a champion has learned: its cutoff, or the last week that its level was learned from."""
    cutoff = pd.Timestamp(champion.training["cutoff"])
    level = champion.training.get("level", {}).get("until")
    return max(cutoff, pd.Timestamp(level)) if level else cutoff


def _verdict(
    answers: dict[str, Incidence],
    past: Dataset,
    later: Dataset,
    asked: Dataset,
    fresh: tuple[Incidence, Ints] | None,
    seed: int,
    report: Callable[[str], None],
) -> Verdict:
    labels, ids = later.labels(), later.keys["opportunity_id"].to_numpy(dtype=object)
    samples = resamples(ids, seed)
    checks = _against_rules(answers, later, samples)
    if fresh is not None:
        checks += _against_champion(answers[LEARNED], *fresh, later, seed)
    checks += expected_wins_checks(answers[LEARNED], later, seed)
    need = learn_need(past, seed, report)
    model, criteria = need.model if need is not None else None, choose_criteria(past, need)
    return Verdict(
        checks=tuple(checks),
        records=evaluate(answers, labels, ids, HORIZONS, seed) + horizon_records(answers, labels, samples, HORIZONS),
        classes=class_report(asked, model, criteria),
        answers=answers,
        later=later,
        later_classes=classify(signs_of(asked.snapshots), need_probability(model, asked.snapshots), criteria),
        trained_until=past.until,
        obstacle=None if "stage_rates" in answers else TOO_FEW,
    )


def _against_rules(answers: dict[str, Incidence], later: Dataset, samples: list[Ints]) -> list[Check]:
    """Rows on the rules that a learned model must beat, all on the same snapshots."""
    learned, labels = answers[LEARNED], later.labels()
    rules = {name: answers[name] for name in _MUST_BEAT if name in answers}
    checks = [likelihood_check(name, learned, rule, labels, samples) for name, rule in rules.items()]
    checks.append(outcome_check("constant", learned, rules["constant"], labels, samples))
    for name, rule in rules.items():
        checks += horizon_checks(name, learned, rule, labels, samples, HORIZONS)
    return checks


def _against_champion(learned: Incidence, champion: Incidence, rows: Ints, later: Dataset, seed: int) -> list[Check]:
    """Rows on the champion, on the snapshots that are new to it."""
    fresh, learned = later.take(rows), learned.take(rows)
    labels, samples = fresh.labels(), resamples(fresh.keys["opportunity_id"].to_numpy(dtype=object), seed)
    check = likelihood_check(CHAMPION, learned, champion, labels, samples)
    return [check, *horizon_checks(CHAMPION, learned, champion, labels, samples, HORIZONS)]
