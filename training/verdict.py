"""The verdict on a challenger: every check is a row with its figure, its interval, its limit and whether it passed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.incidence import Incidence
from training.dataset import Dataset

CHAMPION = "champion"
WHOLE = "whole"
"""A model of everything, beside that of a segment."""

LIKELIHOOD, OUTCOME, HORIZON = "log_likelihood", "outcome_log_likelihood", "horizon_log_loss"
EXPECTED, PARITY, LATENCY = "expected_over_actual", "parity", "latency"
ACCOUNTS = "account_need_confirmed"

_KINDS = {
    LIKELIHOOD: ("better than {of}", "优于{of}"),
    OUTCOME: ("better than {of} at telling won from lost", "区分赢单与丢单优于{of}"),
    HORIZON: ("log loss of a win within {days} days, less that of {of}", "{days}天内赢单的对数损失，减去{of}"),
    EXPECTED: ("expected over actual wins{of}", "预期与实际赢单之比{of}"),
    ACCOUNTS: (
        "accounts {of} the threshold of an earlier model whose need was confirmed in 90 days, share",
        "{of}早先模型阈值的客户中90天内需求得到确认的比例",
    ),
    PARITY: ("answers that differ alone or read from disk", "单独计算或从磁盘读回后不一致的结果数"),
    LATENCY: ("seconds to score one opportunity (shortest of several)", "单个商机评分耗时（秒，多次中最短）"),
}
_METHODS = {
    "fixed_weights": ("fixed weights", "固定权重"),
    "stage_rates": ("stage rates", "阶段赢率"),
    "constant": ("the constant", "常数"),
    CHAMPION: ("the champion", "现役模型"),
    WHOLE: ("the model of all", "整体模型"),
    "above": ("above", "高于"),
    "below": ("below", "低于"),
}
_NO_WORSE = ("no worse than the champion", "不差于现役模型")
_FAILED = {
    LIKELIHOOD: ("no better than {of}", "不优于{of}"),
    OUTCOME: ("no better than {of} at telling won from lost", "区分赢单与丢单不优于{of}"),
}
_NOT_SHOWN = ("not shown to be no worse than the champion", "未能证明不差于现役模型")

Words = tuple[str, str]


@dataclass(frozen=True)
class Check:
    """One row of a verdict.

    Parameters
    ----------
    kind
        What was checked; one of the kinds of this file.
    figure
        What was measured; None when there is none.
    limit
        What the figure, or its interval, must keep to, as printed; empty when it is only reported.
    passed
        None when the figure is reported beside the others and decides nothing.
    subject
        The method compared with, or the segment judged, such as ``source=fair``.
    horizon
        Days ahead; None for the whole course.
    low, high
        Bounds of the 90 % interval; None when there is none.

    Examples
    --------
    >>> Check("log_likelihood", -0.02, "high < 0", True, "stage_rates", low=-0.03, high=-0.01).words
    ('better than stage rates', '优于阶段赢率')
    """

    kind: str
    figure: float | None
    limit: str
    passed: bool | None
    subject: str = ""
    horizon: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def name(self) -> str:
        """Code of the row, unique in its verdict."""
        days = "" if self.horizon is None else f"{self.horizon:g}d"
        return ".".join(part for part in (self.kind, days, self.subject) if part)

    @property
    def words(self) -> Words:
        """What was checked, in English and Chinese."""
        if self.kind == LIKELIHOOD and self.subject == CHAMPION:
            return _NO_WORSE
        return self._filled(_KINDS[self.kind])

    @property
    def failure(self) -> Words:
        """What is wrong when the row did not pass, with its figures, in English and Chinese."""
        if self.kind == LIKELIHOOD and self.subject == CHAMPION:
            said = _NOT_SHOWN
        else:
            said = self._filled(_FAILED.get(self.kind, _KINDS[self.kind]))
        figures = "–" if self.figure is None else f"{self.figure:+.4f}" if "<" in self.limit else f"{self.figure:.3g}"
        if self.low is not None and self.high is not None:
            figures += f" (90 %: {self.low:+.4f} – {self.high:+.4f})"
        return f"{said[0]}: {figures}, limit {self.limit}", f"{said[1]}：{figures}，限值 {self.limit}"

    def _filled(self, templates: Words) -> Words:
        segment = (f", {self.subject}", f"，{self.subject}") if self.subject else ("", "")
        of = _METHODS.get(self.subject, segment)
        days = "" if self.horizon is None else f"{self.horizon:g}"
        english, chinese = (t.format(of=o, days=days) for t, o in zip(templates, of, strict=True))
        return english, chinese

    def to_dict(self) -> dict[str, Any]:
        """Describe the row in JSON, with its words in both languages."""
        english, chinese = self.words
        return {
            "name": self.name,
            "en": english,
            "zh-CN": chinese,
            "figure": self.figure,
            "low": self.low,
            "high": self.high,
            "limit": self.limit,
            "passed": self.passed,
        }


@dataclass(frozen=True)
class Verdict:
    """Whether a challenger earns to be champion, and by which figures.

    Parameters
    ----------
    checks
        Every row.
    records
        Those of ``evaluate`` on the later snapshots.
    classes
        What became of each class there.
    answers
        Answers of each method for the later snapshots.
    later
        The snapshots judged on; None when nothing could be judged.
    trained_until
        Where the judged model's training ended; None likewise.
    obstacle
        Why nothing can be proved, in English and Chinese; None when it can.
    later_classes
        Class of each snapshot judged on, shape (n,); None when it was not found.
    """

    checks: tuple[Check, ...]
    records: list[dict[str, Any]]
    classes: Mapping[str, Any]
    answers: Mapping[str, Incidence]
    later: Dataset | None
    trained_until: pd.Timestamp | None
    obstacle: Words | None = None
    later_classes: NDArray[np.object_] | None = None

    @property
    def failed(self) -> tuple[Check, ...]:
        """The rows that did not pass."""
        return tuple(check for check in self.checks if check.passed is False)

    @property
    def passed(self) -> bool:
        """Tell whether every check passed, and something was proved at all."""
        return self.obstacle is None and not self.failed

    @property
    def reason(self) -> str:
        """Why it passed or not, in English."""
        return self._reasons()[0]

    @property
    def reason_zh(self) -> str:
        """Why it passed or not, in Chinese."""
        return self._reasons()[1]

    def _reasons(self) -> Words:
        if self.obstacle is not None:
            return self.obstacle
        if self.failed:
            english, chinese = zip(*(check.failure for check in self.failed), strict=True)
            return "; ".join(english), "；".join(chinese)
        if any(check.subject == CHAMPION for check in self.checks):
            beside = ("and no worse than the champion", "且不差于现役模型")
        else:
            beside = ("with no champion to compare on data new to it", "没有可在新数据上比较的现役模型")
        of_segment = any(check.subject == WHOLE for check in self.checks)
        segment = (", and than the model of all", "，且优于整体模型") if of_segment else ("", "")
        return (
            f"better than fixed weights, stage rates and the constant{segment[0]}, {beside[0]}",
            f"优于固定权重、阶段赢率和常数{segment[1]}，{beside[1]}",
        )


def verdict_to_dict(verdict: Verdict) -> dict[str, Any]:
    """Describe a verdict in JSON."""
    return {
        "passed": verdict.passed,
        "reason": verdict.reason,
        "reason_zh": verdict.reason_zh,
        "trained_until": None if verdict.trained_until is None else verdict.trained_until.isoformat(),
        "checks": [check.to_dict() for check in verdict.checks],
    }


def judged_to_dict(verdict: Verdict) -> dict[str, Any]:
    """Describe in JSON what was judged, for the artifact: the same data give the same words.

    Nothing of the champion, for what a model is does not depend on which was in service, and
    nothing that was measured with a clock.
    """
    kept = [check for check in verdict.checks if check.kind != LATENCY and check.subject != CHAMPION]
    later = verdict.later
    return {
        "trained_until": None if verdict.trained_until is None else verdict.trained_until.isoformat(),
        "judged_until": None if later is None else later.until.isoformat(),
        "snapshots": 0 if later is None else len(later.keys),
        "opportunities": 0 if later is None else int(later.keys["opportunity_id"].nunique()),
        "checks": [check.to_dict() for check in kept],
        "refitted_on_all": True,
    }
