"""A score as one row of a table."""

from __future__ import annotations

from typing import Any

from scoring.score import Score


def score_to_dict(score: Score) -> dict[str, Any]:
    """Flatten a score into one row of a table: instants as text, languages side by side."""
    flat = {
        "opportunity_id": score.opportunity_id,
        "as_of": score.as_of.isoformat(),
        "status": score.status,
        "status_reason": score.status_reason[0] if score.status_reason else None,
        "outcome": score.outcome,
        "win_probability": score.win_probability,
        "win_probability_low": score.interval[0] if score.interval else None,
        "win_probability_high": score.interval[1] if score.interval else None,
        "fixed_weight_probability": score.fixed_weight_probability,
        "expected_close": score.expected_close.isoformat() if score.expected_close else None,
        "class": score.opportunity_class,
        "evidence": "; ".join(evidence.en for evidence in score.evidence) or None,
        "evidence_zh": "；".join(evidence.zh for evidence in score.evidence) or None,
        "man": score.man.code,
        "man_advice": score.man.en,
        "man_advice_zh": score.man.zh,
        "model_version": score.model_version,
        "segment": score.segment,
        "origin": score.origin,
    }
    for at in score.horizons:
        flat[f"win_by_{at.days:g}d"] = at.win_probability
        flat[f"loss_by_{at.days:g}d"] = at.loss_probability
    return flat
