"""A candidate for champion: the model trained on all, and the verdict on how it would have done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from features.errors import DataError
from features.history.history import History
from features.segment import Segment
from features.snapshots import build_snapshots
from models.artifact import Artifact
from models.training_record import TrainingRecord
from training.account_figures import account_checks
from training.card import card_of, later_figures
from training.flat_pipeline import judge_flat, train_flat
from training.gate import judge
from training.pipeline import Trained, train
from training.plots import importance_plot, reliability_plot
from training.reliability_documents import reliability_documents
from training.serving_checks import Timer, serving_checks
from training.verdict import CHAMPION, Verdict, judged_to_dict, verdict_to_dict

_EXAMPLE_ROWS = 5


@dataclass(frozen=True)
class Candidate:
    """A trained model, with the verdict in its artifact, and what MLflow should keep."""

    artifact: Artifact
    verdict: Verdict
    record: TrainingRecord


def make_candidate(
    history: History,
    cutoff: pd.Timestamp | None,
    champion: Artifact | None,
    timer: Timer,
    *,
    seed: int = 0,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    segment: Segment | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> Candidate:
    """Train on all that was known at the cutoff, after judging how an earlier training would have done.

    Parameters are those of ``training.pipeline.train``; ``champion`` is the model in service,
    None when nothing learned is; with a segment it is that segment's own. ``timer`` gives seconds
    of a clock that never goes back. It comes from the door, and what it measures is in the verdict
    but not in the artifact.
    """
    if history.is_flat:
        if segment is not None:
            raise DataError("a flat table", "a history with dates, to train a segment of", "leave out --segment")
        trained = train_flat(history, cutoff, seed=seed, include=include, exclude=exclude, report=report)
        verdict = judge_flat(trained, champion, seed, report, include=include, exclude=exclude)
    else:
        trained = train(history, cutoff, seed=seed, include=include, exclude=exclude, segment=segment, report=report)
        verdict = judge(trained.dataset, champion, seed, report, include=include, exclude=exclude, segment=segment)
    report("checking parity and latency")
    in_service = serving_checks(trained.artifact, trained.dataset, timer)
    beside = account_checks(trained.artifact.classification)
    verdict = replace(verdict, checks=(*verdict.checks, *in_service, *beside))
    artifact = replace(
        trained.artifact,
        classification={**trained.artifact.classification, "report": verdict.classes},
        training={**trained.artifact.training, "figures": _figures(verdict), "judged": judged_to_dict(verdict)},
        card=_card(trained, verdict, seed),
    )
    return Candidate(artifact, verdict, _record(trained, artifact, verdict))


def _card(trained: Trained, verdict: Verdict, seed: int) -> dict[str, Any]:
    catalogue, figures = trained.artifact.catalogue, None
    if verdict.later is not None:
        figures = later_figures(verdict.answers, verdict.later, catalogue, verdict.later_classes, seed)
    return card_of(trained.dataset, catalogue, judged_to_dict(verdict)["checks"], figures)


def _figures(verdict: Verdict) -> dict[str, dict[str, Any]]:
    """Final-outcome figures of each method, by method and metric.

    Nothing of the champion: what a model is does not depend on which was in service.
    """
    figures: dict[str, dict[str, Any]] = {}
    for record in verdict.records:
        if record["horizon"] is None and record["method"] != CHAMPION:
            kept = {key: record[key] for key in ("value", "low", "high", "n")}
            figures.setdefault(record["method"], {})[record["metric"]] = kept
    return figures


def _record(trained: Trained, artifact: Artifact, verdict: Verdict) -> TrainingRecord:
    dataset, origin = trained.dataset, str(artifact.training["origin"])
    plots = {}
    if verdict.later is not None:
        plots["reliability"] = reliability_plot(verdict.answers, verdict.later.labels(), origin)
    importance = importance_plot(artifact.win, artifact.catalogue, origin)
    if importance is not None:
        plots["importance"] = importance
    keys = dataset.keys.tail(_EXAMPLE_ROWS)
    summary = {name: value for name, value in artifact.training.items() if name not in ("figures", "judged")}
    blend = {f"weight_{m.name}": w for m, w in zip(artifact.win.members, artifact.win.blend.weights, strict=True)}
    return TrainingRecord(
        parameters={**summary, **blend, "level": artifact.win.blend.level},
        metrics=_metrics(verdict),
        table=verdict.records,
        verdict=verdict_to_dict(verdict),
        figures=plots,
        example=build_snapshots(dataset.history, keys, artifact.catalogue).reset_index(drop=True),
        documents=reliability_documents(artifact.card or {}),
    )


def _metrics(verdict: Verdict) -> dict[str, float]:
    """Figures with their intervals, named as MLflow lists them: method.metric.horizon."""
    metrics: dict[str, float] = {}
    for record in verdict.records:
        horizon = "final" if record["horizon"] is None else f"{record['horizon']:g}d"
        for part in ("value", "low", "high"):
            if record[part] is not None:
                suffix = "" if part == "value" else f".{part}"
                metrics[f"{record['method']}.{record['metric']}.{horizon}{suffix}"] = float(record[part])
    return metrics
