"""From a flat table to a model, and whether it may be champion."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.as_of import known_as_of
from features.history.history import History
from features.instants import micros
from features.outcomes import WON
from features.past_results import FrozenResults, freeze, recorded_results
from features.snapshots import build_snapshots
from models.artifact import Artifact
from models.incidence import Incidence, certain_clock
from scoring.classification import Criteria
from training.currencies import currencies_of
from training.dataset import Dataset
from training.differences import LEARNED, likelihood_check
from training.evaluate import evaluate, resamples
from training.expected_wins import expected_wins_checks
from training.flat import EDGES, NEEDED, Plan, flat_columns, flat_dataset, learn_flat, left_out
from training.flat_backtest import held_out_answers, known_before, later_answers
from training.gate import FEWEST_FRESH, SHARE, TOO_FEW, learned_until
from training.learned_features import learned_features
from training.pipeline import Material, Trained, summary_of
from training.verdict import CHAMPION, Verdict

Report = Callable[[str], None]

_FOLDS = 5
_MUST_BEAT = ("fixed_weights", "constant")


def train_flat(
    history: History,
    cutoff: pd.Timestamp | None = None,
    *,
    seed: int = 0,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    report: Report = lambda line: None,
) -> Trained:
    """Train a model on the closed rows of a flat table; parameters are those of ``training.pipeline.train``.

    The artifact's summary has ``timing``, and ``left_out``: columns not used, with the reason.
    """
    until = cutoff if cutoff is not None else history.observed_until
    known = known_as_of(history, until)
    catalogue, doubted = learned_features(known, include, exclude, report)
    report(f"building {len(known.opportunities):,} rows")
    dataset = flat_dataset(known, catalogue)
    ordered = known.timing == "order"
    columns = flat_columns(catalogue, ordered, len(currencies_of(known)))
    useless = left_out(dataset.snapshots, columns)
    for name, reason in useless.items():
        report(f"of {name} only whether it is filled is used: {reason}")
    unused = doubted | useless
    win = learn_flat(dataset.snapshots[columns], dataset.labels(), Plan(ordered, seed), report)
    own = {"timing": known.timing, "open": len(known.opportunities) - len(dataset.keys)}
    artifact = Artifact(
        win=win,
        need=None,
        catalogue=catalogue,
        processes=known.processes,
        past=freeze(recorded_results(known), until) if ordered else FrozenResults(until, {}, 0),
        classification=Criteria().to_dict(),
        training=summary_of(Material(known, catalogue, dataset, unused, tuple(sorted(set(exclude)))), seed) | own,
    )
    return Trained(artifact, dataset)


def judge_flat(
    trained: Trained,
    champion: Artifact | None,
    seed: int,
    report: Report,
    *,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
) -> Verdict:
    """Judge on rows that were held out: the last in order of creation, or each fifth in turn.

    The learned probability must beat the constant, and the fixed weight where there is one, by
    log loss, and be no worse than a champion on rows created after its training.
    """
    dataset, catalogue = trained.dataset, trained.artifact.catalogue
    won = dataset.labels().outcome == WON
    if min(won.sum(), (~won).sum()) < _FOLDS:
        return Verdict((), [], {}, {}, None, None, TOO_FEW)
    if dataset.history.timing == "order":
        answers, later = later_answers(dataset.history, SHARE, seed, report, include, exclude)
    else:
        parts = held_out_answers(dataset, catalogue, Plan(False, seed), _FOLDS, seed, report)
        later = _joined_rows(dataset, [held for _, held in parts])
        answers = _joined([found for found, _ in parts])
    return _verdict(answers, later, fresh_flat_answers(champion, later), seed)


def _joined_rows(dataset: Dataset, parts: Sequence[Dataset]) -> Dataset:
    place = pd.Index(dataset.keys["opportunity_id"])
    return dataset.take(place.get_indexer(pd.concat([p.keys for p in parts])["opportunity_id"]).astype(np.int64))


def _joined(parts: Sequence[dict[str, Incidence]]) -> dict[str, Incidence]:
    """Answers of the methods that answered in every fold, fold after fold."""
    names = [name for name in parts[0] if all(name in part for part in parts)]
    return {name: certain_clock(EDGES, np.concatenate([part[name].win for part in parts])) for name in names}


def _verdict(
    answers: dict[str, Incidence], later: Dataset, fresh: tuple[Incidence, NDArray[np.int64]] | None, seed: int
) -> Verdict:
    labels, ids = later.labels(), later.keys["opportunity_id"].to_numpy(dtype=object)
    learned, samples = answers[LEARNED], resamples(ids, seed)
    rules = [name for name in _MUST_BEAT if name in answers]
    checks = [likelihood_check(name, learned, answers[name], labels, samples) for name in rules]
    if fresh is not None:
        champion, rows = fresh
        drawn = resamples(ids[rows], seed)
        checks.append(likelihood_check(CHAMPION, learned.take(rows), champion, labels.take(rows), drawn))
    checks += expected_wins_checks(learned, later, seed)
    return Verdict(
        checks=tuple(checks),
        records=evaluate(answers, labels, ids, (), seed),
        classes={},
        answers=answers,
        later=later,
        trained_until=later.until,
        obstacle=None if set(NEEDED) & set(answers) else TOO_FEW,
    )


def fresh_flat_answers(champion: Artifact | None, later: Dataset) -> tuple[Incidence, NDArray[np.int64]] | None:
    """Answers of a champion of the same origin for the rows created after its training; None with too few.

    It is given the past results that the challenger is given: those known before the later rows.
    """
    if champion is None or champion.training["origin"] != later.history.origin or later.history.timing != "order":
        return None
    seen_until = micros(pd.Index([learned_until(champion)]))[0]
    rows = np.flatnonzero(later.as_of >= seen_until)
    if len(rows) < FEWEST_FRESH:
        return None
    keys = later.keys.iloc[rows]
    return champion.win.predict(build_snapshots(later.history, keys, champion.catalogue, known_before(later))), rows
