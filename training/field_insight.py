"""What each column and feature tells on its own: win rate by value, how often it is known, whether it is trained on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.as_of import known_as_of
from features.catalogue import Catalogue
from features.errors import NotEnoughDataError
from features.feature import Feature
from features.history.history import Attribute, History
from training.dataset import build_dataset
from training.draws import Draws, draw_opportunities, ratio_interval, widen_certain
from training.grid import training_grid
from training.groupings import NOT_RECORDED, most_frequent
from training.learned_features import learned_features
from training.reliability import FEWEST, judged_at, opportunities_by_group

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Words = NDArray[np.object_]

QUANTILE_BINS = 4

REASONS = {
    "known": ("known as of the snapshot", "快照时刻已知"),
    "creation": ("known when the opportunity was created", "创建商机时即已知"),
    "chosen": ("when it was measured is unknown; taken because you said so", "测量时间不明，按指定采用"),
    "unknown": (
        "when it was measured is unknown: it may have been filled in after the outcome",
        "测量时间不明：可能在结果已知后才填写",
    ),
    "close": ("measured when the opportunity closed: it knows the outcome", "关闭时才测量：已包含结果信息"),
    "doubted": ("the audit doubts that it was known so early", "审计怀疑当时尚未知晓"),
    "currencies": ("amounts are in several currencies", "金额含多种币种"),
    "excluded": ("left out by choice", "按指定不采用"),
    "never": ("never recorded in these data", "数据中从未记录"),
    "constant": ("has one value only", "只有一个取值"),
}
"""Why a field is trained on, or not, English and Chinese."""


def field_insight(
    history: History,
    as_of: pd.Timestamp | None = None,
    *,
    include: Sequence[str] = (),
    seed: int = 0,
    report: Callable[[str], None] = lambda line: None,
) -> list[dict[str, Any]]:
    """Say of each column of the customer's own and of each feature what it tells of winning.

    Parameters
    ----------
    history
        The recorded past; what was recorded after ``as_of`` is not used.
    as_of
        The end of the history when None.
    include
        Attributes of unknown timing, or doubted by the audit, that would be trained on all the same.

    Returns
    -------
    Records ``{field, group, en, zh, used, reason, reason_zh, coverage, information, bins}``,
    the customer's own columns first, then by ``information``: what the bins tell of winning
    in nats, of those that closed. ``coverage`` is the share of snapshots that have a value.
    Each bin is ``{value, n, opportunities, win_rate, low, high, enough}`` with bounds of 90 %;
    numbers are cut at their quartiles, of words the 8 most frequent are told apart, and the
    value ``""`` stands for not recorded.

    Raises
    ------
    NotEnoughDataError
        Nothing that was seen open had closed by ``as_of``.
    """
    until = as_of if as_of is not None else history.observed_until
    known = known_as_of(history, until)
    trained, left_out = learned_features(known, include)
    everything = replace(trained, attributes=tuple(known.attributes.values()))
    report(f"building snapshots of {len(known.opportunities):,} opportunities")
    dataset = build_dataset(known, training_grid(known, until), everything, until)
    judged = judged_at(dataset.labels(), None)
    if not len(judged.rows):
        raise NotEnoughDataError(
            f"nothing that closed by {until}", "at least one opportunity", "choose a later instant"
        )
    closed = dataset.take(judged.rows)
    draws = draw_opportunities(closed.keys["opportunity_id"].to_numpy(dtype=object), seed)
    records = [
        _describe(feature, dataset.snapshots, closed.snapshots, judged.won, draws)
        | _use(feature, known, trained, left_out)
        for feature in everything.features
    ]
    for record in records:
        _note_emptiness(record)
    return sorted(records, key=lambda r: (r["group"] != "attribute", -r["information"]))


def _describe(
    feature: Feature, all_rows: pd.DataFrame, closed: pd.DataFrame, won: Floats, draws: Draws
) -> dict[str, Any]:
    values = closed[feature.name]
    ids = draws.place.astype(str).astype(object)
    code, names = category_bins(values, ids) if feature.is_category else number_bins(values.to_numpy(np.float64))
    bins = _win_rates(code, names, won, draws)
    return {
        "field": feature.name,
        "group": feature.group,
        "en": feature.en,
        "zh": feature.zh,
        "coverage": float(all_rows[feature.name].notna().mean()),
        "information": information(code, len(names), won),
        "bins": bins,
    }


def number_bins(values: Floats) -> tuple[Ints, list[str]]:
    """Cut numbers at their quartiles; missing is a bin of its own, and ties share one.

    Examples
    --------
    >>> number_bins(np.array([0.0, 0.0, 1.0, 5.0, np.nan]))
    (array([0, 0, 1, 2, 3]), ['0', '1', '5', ''])
    """
    there = ~np.isnan(values)
    shares = np.linspace(0, 1, QUANTILE_BINS + 1)[1:-1]
    cuts: Floats = np.unique(np.quantile(values[there], shares)) if there.any() else np.empty(0)
    code = np.searchsorted(cuts, values, side="left")
    used = [place for place in range(len(cuts) + 1) if (there & (code == place)).any()]
    names = [_span(values[there & (code == place)]) for place in used]
    renumbered = {place: at for at, place in enumerate(used)}
    missing = len(names)
    found = [
        renumbered[place] if known else missing for place, known in zip(code.tolist(), there.tolist(), strict=True)
    ]
    return np.array(found, dtype=np.int64), names if there.all() else [*names, NOT_RECORDED]


def _span(values: Floats) -> str:
    low, high = float(values.min()), float(values.max())
    return f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"


def category_bins(values: pd.Series, opportunities: Words) -> tuple[Ints, list[str]]:
    """Tell the most frequent words apart; missing is a bin of its own, the rest have none."""
    words = np.array([None if pd.isna(value) else str(value) for value in values], dtype=object)
    kept = most_frequent(words, opportunities)
    names = sorted({str(word) for word in kept if word is not None}, key=lambda word: (word == NOT_RECORDED, word))
    place = {name: at for at, name in enumerate(names)}
    return np.array([-1 if word is None else place[str(word)] for word in kept], dtype=np.int64), names


def information(code: Ints, size: int, won: Floats) -> float:
    """Mutual information of bin and winning in nats; 0 when the bins tell nothing.

    Examples
    --------
    >>> round(information(np.array([0, 1]), 2, np.array([0.0, 1.0])), 3)
    0.693
    """
    kept = code >= 0
    table = np.stack([np.bincount(code[kept], part[kept], minlength=size) for part in (won, 1 - won)])
    share = table / max(table.sum(), 1)
    by_chance = share.sum(axis=0, keepdims=True) * share.sum(axis=1, keepdims=True)
    there = share > 0
    return float((share[there] * np.log(share[there] / by_chance[there])).sum())


def _win_rates(code: Ints, names: list[str], won: Floats, draws: Draws) -> list[dict[str, Any]]:
    size, kept = len(names), code >= 0
    n = np.bincount(code[kept], minlength=size)
    rate = np.bincount(code[kept], won[kept], minlength=size) / np.maximum(n, 1)
    opportunities = opportunities_by_group(code, draws, size)
    bounds = ratio_interval(draws.sums(won, code, size), draws.sums(np.ones(len(won)), code, size))
    low, high = widen_certain(*bounds, rate, opportunities)
    return [
        {
            "value": names[i],
            "n": int(n[i]),
            "opportunities": int(opportunities[i]),
            "win_rate": float(rate[i]),
            "low": float(low[i]),
            "high": float(high[i]),
            "enough": bool(opportunities[i] >= FEWEST),
        }
        for i in range(size)
    ]


def _use(feature: Feature, known: History, trained: Catalogue, left_out: Mapping[str, str]) -> dict[str, Any]:
    used = feature.name in {f.name for f in trained.learned}
    reason = "known" if used else "currencies"
    if feature.group == "attribute":
        name = feature.name.removeprefix("attribute_")
        reason = "doubted" if name in left_out else _timing(known.attributes[name], used)
    return {"used": used, "reason": REASONS[reason][0], "reason_zh": REASONS[reason][1]}


def _timing(attribute: Attribute, used: bool) -> str:
    if attribute.measured == "unknown" and used:
        return "chosen"
    return attribute.measured


def _note_emptiness(record: dict[str, Any]) -> None:
    """What has no value, or one only, is given to the model and tells it nothing."""
    if not record["used"]:
        return
    reason = "never" if record["coverage"] == 0 else "constant" if len(record["bins"]) < 2 else None
    if reason is not None:
        record |= {"used": False, "reason": REASONS[reason][0], "reason_zh": REASONS[reason][1]}
