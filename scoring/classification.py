"""Active, potential or hidden: what class an open opportunity is in, and by what evidence.

*active*: intent is expressed: the need is confirmed by stage or by N, or the buyer began a
contact, and a sign of it is recent. *hidden*: no contact has identified a need, and the
probability that it will be confirmed is above a threshold. *potential*: every other open
opportunity. Recency and threshold are learned at each training and kept with the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.snapshot_table import Table, as_snapshots

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

NEED_HORIZON = 90.0
"""Days within which the need is to be confirmed."""

CLASSES = {
    "active": {"en": "active", "zh-CN": "活跃机会"},
    "potential": {"en": "potential", "zh-CN": "潜在机会"},
    "hidden": {"en": "hidden", "zh-CN": "隐性机会"},
}


@dataclass(frozen=True)
class Criteria:
    """Class criteria.

    Parameters
    ----------
    recent_days
        Within how many days a sign of intent counts as recent.
    need_threshold
        Probability of the need being confirmed in 90 days above which an unidentified
        opportunity is hidden; None when too little is known to tell.
    """

    recent_days: float = 30.0
    need_threshold: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Describe the criteria in JSON."""
        return asdict(self)


def criteria_from_dict(raw: Mapping[str, Any]) -> Criteria:
    """Read criteria that ``to_dict`` wrote; what was reported with them is passed over."""
    return Criteria(float(raw["recent_days"]), raw["need_threshold"])


@dataclass(frozen=True)
class Evidence:
    """One reason for a class: a code for programs, words for people."""

    code: str
    en: str
    zh: str


@dataclass(frozen=True)
class Signs:
    """Signs of intent of n opportunities.

    Each of the first three arrays is the days since the last sign of one sort, NaN when
    there is none. ``contacted`` tells whether there was two-way contact, NaN when unknown.
    """

    stage_days: Floats
    need_days: Floats
    buyer_days: Floats
    contacted: Floats

    @property
    def last_days(self) -> Floats:
        """Days since the last sign of any sort; infinite when there is none."""
        parts = np.stack([self.stage_days, self.need_days, self.buyer_days])
        last: Floats = np.where(np.isnan(parts), np.inf, parts).min(axis=0)
        return last


def signs_of(table: Table) -> Signs:
    """Read the signs of intent from snapshots.

    A confirmed need stays a sign for as long as the two sides talk: its days count from the
    confirmation, or from the last two-way contact if that was later. A need assessed as no
    counts for more than the stage.
    """
    snapshots = as_snapshots(table)
    column = {name: snapshots.numbers(name) for name in _COLUMNS}
    talked = column["days_since_two_way"]
    confirmed = (column["stage_need_confirmed"] == 1) & (column["need"] != 0)
    by_stage = np.where(confirmed, np.fmin(column["days_in_stage"], talked), np.nan)
    by_need = np.where(column["need"] == 2, np.fmin(column["need_age_days"], talked), np.nan)
    ever = column["two_way_ever"]
    contacted = np.where(np.isnan(ever) & np.isnan(talked), np.nan, (np.nan_to_num(ever) > 0) | ~np.isnan(talked))
    return Signs(by_stage, by_need, column["days_since_buyer_initiated"], contacted)


_COLUMNS = (
    "stage_need_confirmed",
    "days_in_stage",
    "need",
    "need_age_days",
    "days_since_two_way",
    "two_way_ever",
    "days_since_buyer_initiated",
)


def classify(signs: Signs, need_probability: Floats, criteria: Criteria) -> NDArray[np.object_]:
    """Give the class of each open opportunity, shape (n,).

    Parameters
    ----------
    need_probability
        Probability that the need is confirmed in 90 days, NaN when unknown, shape (n,).

    Examples
    --------
    >>> nan = np.full(3, np.nan)
    >>> signs = Signs(np.array([5.0, 99.0, np.nan]), nan, nan, np.array([1.0, 1.0, 0.0]))
    >>> classify(signs, np.array([0.9, 0.9, 0.9]), Criteria(30, 0.5))
    array(['active', 'potential', 'hidden'], dtype=object)
    """
    last = signs.last_days
    # Where contact is not recorded nobody can tell that intent has gone quiet.
    active = (last <= criteria.recent_days) | (~np.isinf(last) & np.isnan(signs.contacted))
    hidden = unidentified(signs) & _likely(need_probability, criteria)
    names = np.array(["potential", "hidden", "active"], dtype=object)
    return np.asarray(names[np.where(active, 2, hidden.astype(np.int64))])


def unidentified(signs: Signs) -> Bools:
    """Tell where no contact has identified a need; where contact is not recorded nobody can tell."""
    return np.asarray(np.isinf(signs.last_days) & (signs.contacted == 0))


def _likely(need_probability: Floats, criteria: Criteria) -> Bools:
    if criteria.need_threshold is None:
        return np.zeros(len(need_probability), dtype=bool)
    return np.asarray(need_probability > criteria.need_threshold)


def evidence_of(signs: Signs, need_probability: Floats, criteria: Criteria, row: int) -> list[Evidence]:
    """Say by what the class of one opportunity was found."""
    found = [*_intent(signs, row), *_quiet(signs, criteria, row)]
    if not found:
        found = [_contact(signs, row)]
        if unidentified(signs)[row]:
            found.append(need_evidence(float(need_probability[row]), criteria.need_threshold))
    return found


def ago(days: float) -> str:
    """Say how long ago, in English.

    Examples
    --------
    >>> ago(1.2), ago(3.0)
    ('1 day ago', '3 days ago')
    """
    return f"{days:.0f} day{'' if round(days) == 1 else 's'} ago"


def _intent(signs: Signs, row: int) -> list[Evidence]:
    sorts = (
        (
            signs.stage_days,
            "need_confirmed_by_stage",
            "the stage implies that the need is confirmed",
            "所处阶段意味着需求已确认",
        ),
        (signs.need_days, "need_confirmed", "the need (N) is assessed as yes", "需求(N)评估为“有”"),
        (signs.buyer_days, "buyer_initiated_contact", "the buyer began a contact", "客户主动联系"),
    )
    return [
        Evidence(code, f"{en}; last sign {ago(days[row])}", f"{zh}；最近迹象在{days[row]:.0f}天前")
        for days, code, en, zh in sorts
        if not np.isnan(days[row])
    ]


def _quiet(signs: Signs, criteria: Criteria, row: int) -> list[Evidence]:
    last, limit = signs.last_days[row], criteria.recent_days
    if np.isinf(last) or last <= limit:
        return []
    if np.isnan(signs.contacted[row]):
        return [Evidence("contact_not_recorded", "two-way contact is not recorded", "未记录双向沟通")]
    en = f"intent has gone quiet: {last:.0f} days, recent means {limit:.0f}"
    return [Evidence("gone_quiet", en, f"意向已沉默{last:.0f}天，近期标准为{limit:.0f}天")]


def _contact(signs: Signs, row: int) -> Evidence:
    if np.isnan(signs.contacted[row]):
        return Evidence("contact_not_recorded", "two-way contact is not recorded", "未记录双向沟通")
    if signs.contacted[row]:
        return Evidence("no_intent_yet", "there was contact, and no intent was expressed", "已有沟通，但尚未表达意向")
    return Evidence("no_contact_yet", "no two-way contact yet", "尚无双向沟通")


def need_evidence(probability: float, threshold: float | None) -> Evidence:
    """Say how likely the need is to be confirmed, against the threshold."""
    if np.isnan(probability):
        return Evidence("need_not_estimated", "too little is known to estimate the need", "数据不足，无法估计需求")
    chance = f"{100 * probability:.0f} %"
    en = f"the need is confirmed within 90 days with probability {chance}"
    zh = f"90天内确认需求的概率为{chance}"
    if threshold is None:
        return Evidence("need_probability", en, zh)
    side, zh_side = ("above", "高于") if probability > threshold else ("not above", "不高于")
    limit = f"{100 * threshold:.0f} %"
    return Evidence("need_probability", f"{en}, {side} {limit}", f"{zh}，{zh_side}{limit}")
