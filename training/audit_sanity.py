"""Whether the record as a whole makes sense: stages, dates, references, lateness, duplicates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.forgotten import FEWEST_CLOSED, TIMES, is_forgotten, limits_of
from features.history.history import History
from features.instants import DAY, micros
from training.audit_ends import Ends

Bools = NDArray[np.bool_]

_SHOWN = 3
_UNDATED = "closed without"

_EVENTS = ("stage_history", "field_history", "activities")


@dataclass(frozen=True)
class Check:
    """One check of the record: how many of how many it found, as a sentence, with examples."""

    key: str
    found: int
    of: int
    en: str
    zh: str
    examples: tuple[str, ...] = ()


def checks_of(history: History, ends: Ends, flags: pd.DataFrame | None = None) -> tuple[Check, ...]:
    """Run every check.

    Parameters
    ----------
    flags
        What the import assumed, with a column ``flag``; None when that is not known.
    """
    return (
        *_of_stages(history, ends),
        *_of_dates(history, ends, flags),
        *_orphans(history),
        *(check for name in _EVENTS for check in _lateness(history, name)),
        _duplicates(history),
    )


def _of_opportunities(history: History, key: str, where: Bools, en: str, zh: str) -> Check:
    ids = history.opportunities["opportunity_id"].to_numpy(dtype=object)[where]
    return Check(key, int(where.sum()), len(where), en, zh, tuple(str(one) for one in ids[:_SHOWN]))


def _of_stages(history: History, ends: Ends) -> Sequence[Check]:
    path, stages = ends.path, history.stage_history
    place = pd.Index(history.opportunities["opportunity_id"]).get_indexer(pd.Index(stages["opportunity_id"]))
    early = (place >= 0) & (micros(stages["occurred_at"]) < ends.created[place])
    before = np.zeros(len(ends.created), dtype=bool)
    before[place[early]] = True
    counted = (
        ("closed_before_created", ends.closed < ends.created, "closed before they were created", "关闭早于创建"),
        ("stage_before_creation", before, "entered a stage before they were created", "创建之前已进入某阶段"),
        ("no_stage", path.stage < 0, "have no stage at all", "没有任何阶段记录"),
        ("skipped", path.skipped > 0, "skipped a stage", "跳过阶段"),
        ("moved_back", path.backward > 0, "moved back a stage", "退回阶段"),
        ("reopened", path.reopened > 0, "were reopened", "重新打开"),
    )
    return [_of_opportunities(history, key, where, en, zh) for key, where, en, zh in counted]


def _of_dates(history: History, ends: Ends, flags: pd.DataFrame | None) -> Sequence[Check]:
    told = micros(history.opportunities["recorded_at"])
    surprise = ends.is_closed & (told >= ends.closed)
    return [
        _undated(history, ends, flags),
        _zombies(history, ends),
        _of_opportunities(
            history,
            "recorded_after_close",
            surprise,
            "were themselves recorded at or after their close",
            "商机本身在关闭之时或之后才录入",
        ),
    ]


def _undated(history: History, ends: Ends, flags: pd.DataFrame | None) -> Check:
    """Closes without a date: as the import flagged them, or all after the same time."""
    closed = ends.is_closed
    where = np.zeros(len(closed), dtype=bool)
    if closed.sum() >= FEWEST_CLOSED:
        lives = np.where(closed, ends.closed - ends.created, -1)
        values, count = np.unique(lives[closed], return_counts=True)
        if count.max() > closed.sum() / 2:
            where = closed & (lives == values[count.argmax()])
    en, zh = "closed without a date of their own: the close is made up", "关闭没有自己的日期：关闭时间系推定"
    if flags is not None:
        flagged = flags[flags["flag"].astype(str).str.startswith(_UNDATED)]
        single = flagged[flagged["line"] > 1]["key"].astype(str)
        where = where | (history.opportunities["opportunity_id"].isin(single).to_numpy() & closed)
    return _of_opportunities(history, "closed_without_date", where, en, zh)


def _zombies(history: History, ends: Ends) -> Check:
    limits = limits_of(history)
    if limits is None:
        en, zh = "too few have closed to say who is open for too long", "已关闭者过少，无法判断谁拖延过久"
        return Check("zombies", 0, 0, en, zh)
    days, times = limits.silent_days, f"{TIMES:g}"
    en = f"are open and silent for more than {days:,.0f} days, {times} times as long as 99 % of the closed ever were"
    zh = f"在途且已超过 {days:,.0f} 天没有任何记录，是 99 % 已关闭商机最长沉默期的 {times} 倍"
    return _of_opportunities(history, "zombies", is_forgotten(ends.view, limits), en, zh)


def _orphans(history: History) -> Sequence[Check]:
    ids = history.opportunities["opportunity_id"]
    checks = []
    for name, zh in zip(_EVENTS, ("阶段记录", "字段记录", "活动"), strict=True):
        frame = history.tables[name]
        named = frame[frame["opportunity_id"].notna()]
        lost = named[~named["opportunity_id"].isin(ids)]
        shown = tuple(str(one) for one in lost["opportunity_id"].unique()[:_SHOWN])
        en = f"rows of {name} belong to no known opportunity"
        checks.append(Check(f"orphans_{name}", len(lost), len(named), en, f"{zh}不属于任何已知商机", shown))
    return checks


def _lateness(history: History, name: str) -> Sequence[Check]:
    frame = history.tables[name]
    if name == "activities":
        frame = frame[~frame["planned"]]
    if not len(frame):
        return []
    delay = micros(frame["recorded_at"]) - micros(frame["occurred_at"])
    late, early = delay > 0, delay < 0
    checks = [
        Check(
            f"recorded_early_{name}",
            int(early.sum()),
            len(frame),
            f"rows of {name} were recorded before they happened",
            f"{name} 的记录早于发生",
        )
    ]
    if not (late | early).any():
        en = f"rows of {name} have no recorded_at of their own: taken to be known when they happened"
        same = Check(f"no_recorded_at_{name}", len(frame), len(frame), en, f"{name} 没有自己的记录时间：以发生时间代替")
        return [*checks, same]
    median = float(np.median(delay[late])) / DAY if late.any() else 0.0
    en = f"rows of {name} were recorded late, by {median:.1f} days in the median"
    return [*checks, Check(f"late_{name}", int(late.sum()), len(frame), en, f"{name} 补录，中位延迟 {median:.1f} 天")]


def _duplicates(history: History) -> Check:
    """Opportunities equal to an earlier one in every column but their key, fields and outcome included."""
    rows = history.opportunities
    made = _stands_for_order(rows["created_at"])
    compared = rows.drop(columns=["opportunity_id", *(("created_at", "recorded_at") if made else ())])
    last = history.field_history.sort_values("occurred_at", kind="stable")
    fields = last.drop_duplicates(["opportunity_id", "field"], keep="last")
    values = fields.pivot(index="opportunity_id", columns="field", values="value").add_prefix("@")
    stages = history.stage_history.sort_values("occurred_at", kind="stable")
    stage = stages.drop_duplicates("opportunity_id", keep="last").set_index("opportunity_id")["stage"]
    keyed = compared.set_axis(rows["opportunity_id"], axis=0).join(values).join(stage.rename("@stage"))
    again = keyed.duplicated().to_numpy()
    en = f"equal an earlier one in all {keyed.shape[1]} columns but the key"
    zh = f"除主键外 {keyed.shape[1]} 列与之前某条完全相同"
    return _of_opportunities(history, "duplicates", again, en, zh)


def _stands_for_order(created: pd.Series) -> bool:
    """Whether times of creation only number the rows: every step is as long as the next."""
    steps = np.diff(np.sort(micros(created)))
    return len(steps) >= _SHOWN and bool((steps == steps[0]).all()) and steps[0] > 0
