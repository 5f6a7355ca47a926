"""What is said of accounts without an open opportunity: how likely a need is, and whether it is hidden."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from features.account_results import idle_accounts
from features.account_snapshots import build_account_snapshots
from features.history.history import History
from features.instants import micros
from models.artifact import Artifact
from scoring.account_classification import (
    FEWEST_CONFIRMED,
    AccountCriteria,
    account_criteria_from_dict,
    account_evidence,
    is_hidden,
)
from scoring.classification import Evidence
from scoring.score import need_probability

AccountStatus = Literal["ok", "little_data"]


@dataclass(frozen=True)
class AccountScore:
    """What is said of one account.

    ``need_probability`` is that of the need of an opportunity being confirmed in 90 days, None
    while it is not learned. ``account_class`` is ``hidden``, or None: watch it. ``rank`` is 1 for
    the most probable need of those scored together, None without a probability. ``origin`` is
    that of the model's data, such as ``simulated``.
    """

    account_id: str
    as_of: pd.Timestamp
    status: AccountStatus
    status_reason: tuple[str, str] | None
    need_probability: float | None
    account_class: str | None
    evidence: tuple[Evidence, ...]
    model_version: str
    origin: str
    rank: int | None = None


def score_accounts(
    history: History, as_of: pd.Timestamp, artifact: Artifact, *, results_known: bool = True
) -> list[AccountScore]:
    """Score every account that is known and has no open opportunity at an instant.

    Parameters
    ----------
    history
        What is recorded of the accounts; later records have no effect.
    as_of
        The instant.
    artifact
        The model.
    results_known
        Whether the history has the accounts' earlier opportunities.

    Returns
    -------
    One score an account, the most probable need first, then by id.

    Examples
    --------
    >>> from features.history.history import build_history
    >>> from scoring.version_zero import version_zero
    >>> accounts = pd.DataFrame({"account_id": ["x"], "created_at": ["2026-01-01"]})
    >>> history, as_of = build_history({"accounts": accounts}), pd.Timestamp("2026-02-01", tz="UTC")
    >>> [(s.account_id, s.status, s.need_probability) for s in score_accounts(history, as_of, version_zero())]
    [('x', 'little_data', None)]
    """
    keys = idle_accounts(history, micros(pd.Index([as_of])))
    if not len(keys):
        return []
    kinds = artifact.catalogue.custom_kinds
    snapshots = build_account_snapshots(history, keys, kinds, results_known=results_known)
    probability = need_probability(artifact.account_need, snapshots)
    criteria = account_criteria_from_dict(artifact.classification)
    status, reason = _status(artifact, criteria)
    hidden = is_hidden(snapshots, probability, criteria)
    scores = [
        AccountScore(
            account_id=str(keys["account_id"].iloc[row]),
            as_of=as_of,
            status=status,
            status_reason=reason,
            need_probability=None if np.isnan(probability[row]) else float(probability[row]),
            account_class="hidden" if hidden[row] else None,
            evidence=tuple(account_evidence(snapshots.iloc[row], float(probability[row]), criteria)),
            model_version=artifact.version,
            origin=str(artifact.training["origin"]),
        )
        for row in range(len(keys))
    ]
    return ranked(scores)


def ranked(scores: Sequence[AccountScore]) -> list[AccountScore]:
    """Order accounts by the probability of a need, highest first; unknown last, then by id."""
    in_order = sorted(scores, key=lambda score: (-(score.need_probability or 0), score.account_id))
    return [
        replace(score, rank=place if score.need_probability is not None else None)
        for place, score in enumerate(in_order, start=1)
    ]


def _status(artifact: Artifact, criteria: AccountCriteria) -> tuple[AccountStatus, tuple[str, str] | None]:
    missing = max(FEWEST_CONFIRMED - criteria.confirmed, 0)
    if missing:
        en = f"the model needs {missing} more accounts whose need was confirmed"
        return "little_data", (en, f"模型还需要{missing}个已确认需求的客户")
    if artifact.account_need is None or criteria.threshold is None:
        en = "too few accounts were watched for 90 days after the training to choose a threshold"
        return "little_data", (en, "训练后观察满90天的客户太少，无法确定阈值")
    return "ok", None


def account_score_to_dict(score: AccountScore) -> dict[str, Any]:
    """Flatten a score into one row of a table: instants as text, languages side by side."""
    reason = score.status_reason or (None, None)
    return {
        "rank": score.rank,
        "account_id": score.account_id,
        "as_of": score.as_of.isoformat(),
        "status": score.status,
        "status_reason": reason[0],
        "status_reason_zh": reason[1],
        "need_probability_90d": score.need_probability,
        "class": score.account_class,
        "evidence": "; ".join(evidence.en for evidence in score.evidence) or None,
        "evidence_zh": "；".join(evidence.zh for evidence in score.evidence) or None,
        "model_version": score.model_version,
        "origin": score.origin,
    }
