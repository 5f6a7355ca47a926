"""From a history to a model: what a training does, in order."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from features.as_of import known_as_of
from features.errors import NotEnoughDataError
from features.forgotten import limits_of
from features.history.directory import description_of
from features.history.history import History
from features.outcomes import CENSORED, LOST, WON
from features.past_results import freeze, recorded_results
from features.segment import Segment
from features.snapshots import Catalogue
from models.artifact import Artifact
from training.account_need import AccountNeed, learn_account_need
from training.criteria import choose_criteria
from training.dataset import Dataset, build_dataset
from training.grid import training_grid
from training.learned_features import learned_features
from training.learning import learn, win_members
from training.need import learn_need
from training.segments import segment_dataset
from training.usual import usual_of

Report = Callable[[str], None]


@dataclass(frozen=True)
class Material:
    """What was known at a cutoff, and the snapshots and features to train on.

    ``left_out`` has the attributes that the audit doubts, each with the reason; ``excluded`` what
    the user left out, as named.
    """

    known: History
    catalogue: Catalogue
    dataset: Dataset
    left_out: Mapping[str, str]
    excluded: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trained:
    """A model and what it was trained on."""

    artifact: Artifact
    dataset: Dataset


def prepare(
    history: History,
    cutoff: pd.Timestamp | None = None,
    *,
    most: int | None = None,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    report: Report = lambda line: None,
) -> Material:
    """Cut a history at an instant and build the snapshots to train on; parameters are those of ``train``."""
    until = cutoff if cutoff is not None else history.observed_until
    known = known_as_of(history, until)
    if not len(known.opportunities):
        raise NotEnoughDataError(f"no opportunity recorded by {until}", "at least one", "choose a later cutoff")
    catalogue, left_out = learned_features(known, include, exclude, report)
    report(f"building snapshots of {len(known.opportunities):,} opportunities")
    limits = limits_of(known)
    if limits is not None and limits.count:
        report(
            f"{limits.count:,} open opportunities are forgotten: nothing was recorded of them for more than "
            f"{limits.silent_days:.0f} days; from then on they are not learned from"
        )
    dataset = build_dataset(known, training_grid(known, until, most, limits), catalogue, until, limits)
    return Material(known, catalogue, dataset, left_out, tuple(sorted(set(exclude))))


def train(
    history: History,
    cutoff: pd.Timestamp | None = None,
    *,
    seed: int = 0,
    most: int | None = None,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    segment: Segment | None = None,
    report: Report = lambda line: None,
) -> Trained:
    """Train a model on what was known at an instant.

    Parameters
    ----------
    history
        The recorded past; what was recorded after the cutoff is not used.
    cutoff
        End of training; the end of the history when None.
    seed
        Seed of everything drawn: the same history, cutoff and seed give the same model.
    most
        Most snapshots to train on; as ``training_grid`` chooses when None.
    include
        Attributes measured at an unknown time, or doubted by the audit, to train on all the same.
    exclude
        Attributes, features or groups of features to learn nothing from.
    segment
        Learn from the opportunities of this segment alone; from all when None.
    report
        Called with a line for each step.

    Raises
    ------
    NotEnoughDataError
        Nothing was recorded before the cutoff, or the segment has too little of its own.
    SchemaError
        There is nothing of that name to exclude, or it cannot be.
    """
    material = prepare(history, cutoff, most=most, include=include, exclude=exclude, report=report)
    if segment is not None:
        material = replace(material, dataset=segment_dataset(material.dataset, segment))
    dataset = material.dataset
    win = learn(dataset, win_members(seed), report)
    need = learn_need(dataset, seed, report)
    criteria = choose_criteria(dataset, need)
    kinds, unseen = material.catalogue.custom_kinds, material.catalogue.excluded
    accounts = AccountNeed(None, {})
    if segment is None:  # accounts without an open opportunity are in no segment
        accounts = learn_account_need(material.known, kinds, dataset.until, criteria.recent_days, seed, report, unseen)
    report("counting what is usual")
    artifact = Artifact(
        win=win,
        need=need.model if need is not None else None,
        account_need=accounts.model,
        catalogue=material.catalogue,
        processes=material.known.processes,
        past=freeze(recorded_results(material.known), dataset.until),
        classification={**criteria.to_dict(), "accounts": accounts.criteria},
        training=summary_of(material, seed) | ({"segment": segment.name} if segment is not None else {}),
        usual=usual_of(dataset, win, material.catalogue),
    )
    return Trained(artifact, dataset)


def summary_of(material: Material, seed: int) -> dict[str, Any]:
    """Say what a model is trained on: cutoff, origin, counts, fingerprints."""
    known, dataset = material.known, material.dataset
    labels = dataset.labels()
    ids = dataset.keys["opportunity_id"].to_numpy(dtype=object)
    seen = {name: len(set(ids[labels.outcome == code])) for name, code in (("won", WON), ("lost", LOST))}
    return {
        "cutoff": dataset.until.isoformat(),
        "origin": known.origin,
        "seed": seed,
        "opportunities": len(known.opportunities),
        "snapshots": len(dataset.keys),
        **seen,
        "open": len(set(ids[labels.outcome == CENSORED])),
        "data_fingerprint": data_fingerprint(known),
        "feature_fingerprint": material.catalogue.fingerprint,
        "left_out": dict(material.left_out),
        "excluded": list(material.excluded),
        "forgotten": None if dataset.limits is None else asdict(dataset.limits),
    }


def data_fingerprint(history: History) -> str:
    """Digest of every row of a history, whatever their order, and of what is said of the tables.

    Examples
    --------
    >>> from features.history.history import build_history
    >>> len(data_fingerprint(build_history({})))
    16
    """
    digest = hashlib.sha256(json.dumps(description_of(history), sort_keys=True).encode())
    for name, frame in sorted(history.tables.items()):
        words = frame.astype({c: "str" for c in frame.columns if frame[c].dtype == object})
        rows = np.sort(pd.util.hash_pandas_object(words, index=False).to_numpy())
        digest.update(name.encode() + rows.tobytes())
    return digest.hexdigest()[:16]
