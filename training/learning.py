"""Fitting the members and their blend, forward in time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.outcomes import LOST, WON, Labels
from models.blend import Blend, censored_log_likelihood, learn_blend, superseded, usual_weights
from models.constant import Constant
from models.fixed_weights import FixedWeights
from models.hazard_blend import HazardBlend
from models.incidence import Floats, Incidence
from models.lightgbm_hazards import CANDIDATE_ROUNDS, ROUNDS, LightGBMHazards
from models.member import Member
from models.periods import choose_edges
from models.ridge_hazards import RidgeHazards
from models.stage_rates import StageRates
from training.dataset import Dataset, closing_instant

FOLDS = (0.5, 0.75)
"""Shares of the closings by which the folds' training ends; each is judged up to the next."""

NEEDED = {"stage_rates": 1, "ridge_hazards": 12, "lightgbm_hazards": 40}
"""Opportunities won, and as many lost, that a member needs before it enters."""

MemberMaker = Callable[[], Member]


def win_members(seed: int) -> tuple[MemberMaker, ...]:
    """Name the members of the win probability, the fixed weights first."""
    return (FixedWeights, StageRates, RidgeHazards, lambda: LightGBMHazards(seed, CANDIDATE_ROUNDS[-1]))


def need_members(seed: int) -> tuple[MemberMaker, ...]:
    """Name the members of the probability that the need is confirmed, the constant first."""
    return (Constant, RidgeHazards, lambda: LightGBMHazards(seed, CANDIDATE_ROUNDS[-1]))


@dataclass(frozen=True)
class ForwardAnswers:
    """What models trained up to the end of a fold answered for the snapshots after it, one answer a member.

    ``usual`` are the weights that the members usually deserve after so much training.
    """

    later: Dataset
    members: tuple[Incidence, ...]
    usual: tuple[float, ...]


@dataclass(frozen=True)
class Learned:
    """A model, and by which answers forward in time its blend was learned; none when there was too little."""

    model: HazardBlend
    forward: tuple[ForwardAnswers, ...]


def learn(
    dataset: Dataset,
    members: Sequence[MemberMaker],
    report: Callable[[str], None],
    folds: Sequence[float] = FOLDS,
) -> HazardBlend:
    """Fit the members on all snapshots, as ``learn_with_proof`` does."""
    return learn_with_proof(dataset, members, report, folds).model


def learn_with_proof(
    dataset: Dataset,
    members: Sequence[MemberMaker],
    report: Callable[[str], None],
    folds: Sequence[float] = FOLDS,
    causes: Sequence[int] = (WON, LOST),
) -> Learned:
    """Fit the members on all snapshots, blended by what they proved forward in time.

    Each fold trains on what was known at its end and answers for the snapshots after it, up
    to the next fold; the rounds of LightGBM, the weights and the level are learned from these
    answers. Then every member is fitted again on all.

    Parameters
    ----------
    dataset
        Snapshots and labels up to ``dataset.until``.
    members
        Makers of the members, in the order in which they enter: rules first, then what is learned from features.
    report
        Called with a line for each step.
    folds
        Shares of the closings by which the folds' training ends, ascending.
    causes
        Outcomes that can happen; each must have happened often enough for a member to enter.
    """
    labels = dataset.labels()
    edges = choose_edges(labels)
    judged = [fold for fold in _folds(dataset, folds) if len(fold[1].keys)]
    blend, rounds, forward = _prove(judged, members, edges, report, causes)
    fitted = []
    for maker in _entered(dataset, labels, members, causes):
        member = maker()
        if isinstance(member, LightGBMHazards):
            member.rounds = rounds
        report(f"fitting {member.name} on {len(dataset.keys):,} snapshots")
        fitted.append(member.fit(dataset.learned, labels, edges))
    won = _won(dataset)
    usual = usual_weights([member.name for member in fitted], won)
    return Learned(HazardBlend(tuple(fitted), _completed(blend, usual), won=won), forward)


def _prove(
    judged: Sequence[tuple[Dataset, Dataset]],
    members: Sequence[MemberMaker],
    edges: Floats,
    report: Callable[[str], None],
    causes: Sequence[int],
) -> tuple[Blend, int, tuple[ForwardAnswers, ...]]:
    """Blend of the members that could be judged in every fold, the rounds of LightGBM, and the answers."""
    entering = min((len(_entered(past, past.labels(), members, causes)) for past, _ in judged), default=1)
    if entering <= 1:
        return Blend((1.0,)), ROUNDS, ()
    fitted: list[list[Member]] = []
    for past, future in judged:
        report(f"judging {entering} members on {len(future.keys):,} later snapshots")
        labels = past.labels()
        fitted.append([maker().fit(past.learned, labels, edges) for maker in members[:entering]])
    later = [future for _, future in judged]
    labels = _joined_labels([future.labels() for future in later])
    rounds = _choose_rounds(fitted, later, labels)
    names = [member.name for member in fitted[0]]
    forward = tuple(
        ForwardAnswers(future, tuple(_answer(m, future, rounds) for m in models), usual_weights(names, _won(past)))
        for models, (past, future) in zip(fitted, judged, strict=True)
    )
    answers = [_joined([fold.members[place] for fold in forward]) for place in range(entering)]
    opportunities = pd.concat([future.keys for future in later])["opportunity_id"].nunique()
    blend = learn_blend(answers, labels, opportunities, forward[-1].usual, unweighted=superseded(names))
    return blend, rounds, forward


def _won(dataset: Dataset) -> int:
    """Count the opportunities won among those seen."""
    ids = dataset.keys["opportunity_id"].to_numpy(dtype=object)
    return len(set(ids[dataset.labels().outcome == WON]))


def _completed(judged: Blend, usual: Sequence[float]) -> Blend:
    """Give members that could not be judged their usual weights; the judged ones share the rest as they proved."""
    entering = len(judged.weights)
    others = tuple(usual[entering:])
    rest = 1 - sum(others)
    if not others:
        return judged
    if entering == 1:
        return Blend(tuple(usual))
    weights, clocks = (tuple(rest * w for w in proved) + others for proved in (judged.weights, judged.clocks))
    return Blend(weights, judged.level, clocks)


def _answer(member: Member, future: Dataset, rounds: int) -> Incidence:
    if isinstance(member, LightGBMHazards):
        return member.predict(future.snapshots, rounds)
    return member.predict(future.snapshots)


def _choose_rounds(fitted: Sequence[Sequence[Member]], later: Sequence[Dataset], labels: Labels) -> int:
    """Rounds after which the boosters' answers were likeliest on later snapshots."""
    boosters = [m for models in fitted for m in models if isinstance(m, LightGBMHazards)]
    if not boosters:
        return ROUNDS
    likelihood = []
    for rounds in CANDIDATE_ROUNDS:
        answers = [m.predict(future.snapshots, rounds) for m, future in zip(boosters, later, strict=True)]
        likelihood.append(float(censored_log_likelihood(_joined(answers), labels).mean()))
    return CANDIDATE_ROUNDS[int(np.argmax(likelihood))]


def _folds(dataset: Dataset, shares: Sequence[float]) -> list[tuple[Dataset, Dataset]]:
    ends = [closing_instant(dataset, share) for share in shares]
    known = [end for end in ends if end is not None]
    ends_of_judging = [*known[1:], dataset.until] if known else []
    return [
        (dataset.before(end), dataset.between(end, following))
        for end, following in zip(known, ends_of_judging, strict=True)
    ]


def _entered(
    dataset: Dataset, labels: Labels, members: Sequence[MemberMaker], causes: Sequence[int]
) -> Sequence[MemberMaker]:
    """Members for which enough was won and lost; they enter in order, so none leaves a gap."""
    ids = dataset.keys["opportunity_id"].to_numpy(dtype=object)
    fewest = min(len(set(ids[labels.outcome == outcome])) for outcome in causes)
    enough = [NEEDED.get(maker().name, 0) <= fewest for maker in members]
    return members[: enough.index(False)] if False in enough else members


def _joined(parts: Sequence[Incidence]) -> Incidence:
    return Incidence(
        parts[0].edges,
        np.concatenate([part.win for part in parts]),
        np.concatenate([part.win_clock for part in parts]),
        np.concatenate([part.loss_clock for part in parts]),
    )


def _joined_labels(parts: Sequence[Labels]) -> Labels:
    return Labels(
        np.concatenate([part.days for part in parts]),
        np.concatenate([part.outcome for part in parts]),
        np.concatenate([part.watched for part in parts]),
    )
