"""What follows from the evidence on a column: findings in words, and the verdict.

Timing counts more than statistics: a column is thrown out for what it predicts only where
no honest column could be so good, and the dates in it do not show that it was known before.

- *Predicts too well*: alone above 0.95, its lower bound above 0.90. Known-at-creation columns
  of real pipelines stay below 0.85; the best of a whole model is seldom above 0.90.
- *Better than all else together* that is known at creation: by 0.10 from bound to bound, and
  above 0.70. Enough against a column of unknown timing only; of one declared known at creation
  it is a remark.
- *Back-filled*: filled 30 points more often among closed than among open opportunities of the
  same age; or, where values are dated, a tenth recorded at or after the outcome as of before
  it, or half recorded after it, or half in the last twentieth of the time to it.
- *Knows the end*: a date on the day of the close for half of the closings, or a rank
  correlation of 0.90 with the days, stages or activities that an opportunity came to.
- *A duration, ratio or count* by name or values, of unknown timing: what grows while we sell
  is measured when we stop, unless somebody says otherwise.
- *Tells closed from open*: above 0.65, lower bound above 0.60, of the same age, unknown timing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from training.audit_evidence import STRONG, Evidence
from training.audit_power import FEWEST

Verdict = Literal["out", "suspect", "unknown", "in"]

TOO_WELL, TOO_WELL_LOW = 0.95, 0.90
WIDE_MARGIN = 0.10
FILL_GAP, FILL_GAP_LOW = 0.30, 0.15
BACK_FILLED, MOSTLY = 0.10, 0.50
FOLLOWS = 0.90
TELLS_OPEN, TELLS_OPEN_LOW = 0.65, 0.60
ALL_DIFFERENT, ONLY_TIME = 0.95, 0.95
NOTED_AT_CLOSE = 0.05

LEAKS = ("predicts_too_well", "back_filled", "filled_when_closed", "on_close_day", "follows_course")
"""Findings for which an attribute is left out of training although it is declared known at creation."""


@dataclass(frozen=True)
class Finding:
    """One piece of evidence as a sentence; a grave one makes a column suspect."""

    key: str
    grave: bool
    en: str
    zh: str


def findings_of(e: Evidence) -> tuple[Finding, ...]:
    """Draw every finding from the evidence on a column, the grave ones first."""
    found = [finding for rule in _RULES for finding in rule(e)]
    return tuple(sorted(found, key=lambda finding: not finding.grave))


def verdict_of(e: Evidence, findings: tuple[Finding, ...]) -> Verdict:
    """Conclude: ``out``, ``suspect``, ``unknown`` (left out until the mapping says more) or ``in``."""
    if e.column.measured == "close" or e.column.identifies:
        return "out"
    if any(finding.grave for finding in findings):
        return "suspect"
    return "unknown" if e.column.measured == "unknown" else "in"


def _declared(e: Evidence) -> Iterator[Finding]:
    if e.column.identifies:
        yield Finding("identifier", False, "the key of the table, never an input", "表的主键，从不作为输入")
    elif e.column.measured == "close":
        yield Finding("declared_close", False, "declared as measured at the close", "已声明为关闭时测得")
    elif e.column.measured == "unknown":
        said = ("the mapping leaves open", "映射未说明") if e.column.declared else ("no mapping says", "没有映射说明")
        yield Finding(
            "undeclared",
            False,
            f"{said[0]} when it is measured: left out until it says creation",
            f"{said[1]}其测得时间：在声明为 creation 之前不用于训练",
        )


def _predicts_too_well(e: Evidence) -> Iterator[Finding]:
    if not (e.power.auc > TOO_WELL and e.power.low > TOO_WELL_LOW):
        return
    shown = f"{e.power.auc:.3f} (90 %: {e.power.low:.3f}–{e.power.high:.3f})"
    if e.timing is not None and (e.timing.own_recorded > 0 or e.column.table == "activities"):
        yield Finding(
            "strong",
            False,
            f"alone it predicts with AUC {shown}, by what is dated before the outcome",
            f"仅凭结果之前的记录，单独预测 AUC 即达 {shown}",
        )
    else:
        yield Finding(
            "predicts_too_well",
            True,
            f"predicts too well to be known before: alone AUC {shown}",
            f"预测过准，不像事先已知：单独 AUC {shown}",
        )


def _better_than_all(e: Evidence) -> Iterator[Finding]:
    if e.power.auc > STRONG and e.power.low > e.others.high + WIDE_MARGIN:
        yield Finding(
            "better_than_all",
            e.column.measured == "unknown",
            f"alone (AUC {e.power.auc:.2f}) far better than all columns of creation together ({e.others.auc:.2f})",
            f"单独（AUC {e.power.auc:.2f}）远胜其余创建时列之和（{e.others.auc:.2f}）",
        )


def _told_by_name(e: Evidence) -> Iterator[Finding]:
    if e.told is None and not (e.looks_ratio and e.column.measured == "unknown"):
        return
    kind = e.told or "ratio"
    zh = {"duration": "时长", "ratio": "比例", "count": "次数"}[kind]
    by, by_zh = ("name", "名称") if e.told else ("values", "取值")
    if e.column.measured == "unknown":
        yield Finding(
            "grows_until_close",
            True,
            f"a {kind} by its {by}, of unknown timing: likely measured when the opportunity closed",
            f"按{by_zh}是{zh}，测得时间不明：很可能在关闭时才测得",
        )
    elif e.column.measured == "creation":
        yield Finding(
            "named_but_declared",
            False,
            f"a {kind} by its {by}; the mapping says that it is known at creation",
            f"按{by_zh}是{zh}；映射声明其在创建时已知",
        )


def _only_time(e: Evidence) -> Iterator[Finding]:
    if e.column.events is not None or e.column.kind == "date" or not e.distinct >= ALL_DIFFERENT:
        return
    by_time = abs(e.with_time) >= ONLY_TIME
    if not by_time and not (e.named_identifier and not e.column.identifies):
        return
    low, high = e.drift
    drift = f"; the share won goes from {low:.2f} to {high:.2f} along it" if low == low else ""
    drift_zh = f"；沿此列赢率由 {low:.2f} 变为 {high:.2f}" if low == low else ""
    yield Finding(
        "only_time",
        e.column.measured == "unknown",
        f"an identifier, at best a proxy for time (rank correlation with creation {e.with_time:.2f}){drift}",
        f"是标识符，至多是时间的替身（与创建时间的秩相关 {e.with_time:.2f}）{drift_zh}",
    )


def _tells_open(e: Evidence) -> Iterator[Finding]:
    if e.open_power.auc >= TELLS_OPEN and e.open_power.low > TELLS_OPEN_LOW:
        yield Finding(
            "tells_open",
            True,
            f"differs between closed and open opportunities of the same age (AUC {e.open_power.auc:.2f})",
            f"同期创建的已关闭与在途商机之间差异明显（AUC {e.open_power.auc:.2f}）",
        )


def _knows_the_end(e: Evidence) -> Iterator[Finding]:
    if e.close_day >= MOSTLY:
        yield Finding(
            "on_close_day",
            True,
            f"its date is the day of the close, give or take one, for {e.close_day:.0%} of closings",
            f"{e.close_day:.0%} 的关闭中，其日期就是关闭之日（±1 天）",
        )
    name, correlation = e.follows
    if abs(correlation) >= FOLLOWS:
        what, zh = {
            "days": ("days to the close", "至关闭的天数"),
            "stages": ("number of stages entered by the end", "直至结束所经阶段数"),
            "activities": ("number of activities by the end", "直至结束的活动数"),
        }[name]
        yield Finding(
            "follows_course",
            True,
            f"goes with the {what} (rank correlation {correlation:.2f}): known only then",
            f"与{zh}相随（秩相关 {correlation:.2f}）：到那时才可知",
        )


def _filled_when_closed(e: Evidence) -> Iterator[Finding]:
    if e.gap is not None and e.gap.gap >= FILL_GAP and e.gap.low > FILL_GAP_LOW:
        yield Finding(
            "filled_when_closed",
            True,
            f"back-filled: filled {e.gap.gap * 100:.0f} points more often among closed than among open of the same age",
            f"系回填：同期创建的商机中，已关闭者的填写率高出 {e.gap.gap * 100:.0f} 个百分点",
        )


def _dated(e: Evidence) -> Iterator[Finding]:
    timing = e.timing
    if timing is None or timing.rows < FEWEST:
        return
    grave = e.column.measured == "dated"
    if timing.at_or_after >= MOSTLY:
        yield Finding(
            "after_outcome",
            grave,
            f"{timing.at_or_after:.0%} of its rows were recorded at or after the outcome: only those before it count",
            f"{timing.at_or_after:.0%} 的记录在结果产生之时或之后：仅之前的有效",
        )
    if timing.back_filled >= BACK_FILLED:
        yield Finding(
            "back_filled",
            grave,
            f"back-filled: {timing.back_filled:.0%} of its rows are dated before the outcome and recorded at or "
            "after it",
            f"系回填：{timing.back_filled:.0%} 的记录日期在结果之前，录入却在结果之时或之后",
        )
    if timing.in_last_part >= MOSTLY:
        yield Finding(
            "just_before",
            grave and e.column.table != "activities",
            f"{timing.in_last_part:.0%} of its rows were recorded in the last 5 % of the time to the outcome",
            f"{timing.in_last_part:.0%} 的记录在临近结果的最后 5 % 时间内写入",
        )


def _dated_remarks(e: Evidence) -> Iterator[Finding]:
    timing = e.timing
    if timing is None:
        return
    if timing.own_recorded == 0:
        yield Finding(
            "no_recorded_at",
            False,
            "no recorded_at of its own: nothing shows when it became known",
            "没有自己的 recorded_at：无从得知何时已知",
        )
    if timing.changed_at_close >= NOTED_AT_CLOSE:
        yield Finding(
            "changes_at_close",
            False,
            f"set within a minute of the close in {timing.changed_at_close:.0%} of closings: only values before count",
            f"{timing.changed_at_close:.0%} 的关闭在一分钟内写入该列：仅之前的取值有效",
        )


_RULES: tuple[Callable[[Evidence], Iterator[Finding]], ...] = (
    _told_by_name,
    _filled_when_closed,
    _dated,
    _knows_the_end,
    _predicts_too_well,
    _better_than_all,
    _tells_open,
    _only_time,
    _declared,
    _dated_remarks,
)
