"""What the gate reports of the model of accounts beside its decision, which it does not change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from training.verdict import ACCOUNTS, Check

_PARTS = ("above", "below")


def account_checks(classification: Mapping[str, Any]) -> list[Check]:
    """Report how often accounts above and below a threshold had a need confirmed; none where it was not learned.

    Threshold and weights are those of an earlier model, and these are snapshots after it. There
    is no rule to beat: the fixed weights say nothing of accounts. So nothing is decided by it.

    Parameters
    ----------
    classification
        As a model keeps it.

    Examples
    --------
    >>> above = {"enough": True, "snapshots": 40, "share_confirmed_in_90_days": 0.3}
    >>> report = {"above": above, "below": {"enough": False}}
    >>> [(c.name, c.figure, c.passed) for c in account_checks({"accounts": {"report": report}})]
    [('account_need_confirmed.above', 0.3, None), ('account_need_confirmed.below', None, None)]
    """
    report = (classification.get("accounts") or {}).get("report")
    if report is None:
        return []
    shares = {part: report[part]["share_confirmed_in_90_days"] if report[part]["enough"] else None for part in _PARTS}
    return [Check(ACCOUNTS, share, "", None, part) for part, share in shares.items()]


def account_lines(classification: Mapping[str, Any]) -> list[str]:
    """Say the same in words, English and Chinese, one line for each part of which there is enough."""
    said = [(check.words, check.figure) for check in account_checks(classification) if check.figure is not None]
    return [f"not judged 不参与评判: {en} · {zh}: {100 * share:.0f} %" for (en, zh), share in said]
