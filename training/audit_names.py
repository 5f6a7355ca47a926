"""What the name of a column says of it: a duration, a ratio, a count, an identifier."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

Told = Literal["duration", "ratio", "count"]

_UNITS = ("day", "days", "hour", "hours", "minute", "minutes", "week", "weeks", "month", "months")

_WORDS: dict[Told, tuple[frozenset[str], tuple[str, ...]]] = {
    "ratio": (
        frozenset(("ratio", "ratios", "proportion", "percent", "percentage", "pct", "fraction")),
        ("比例", "占比", "比率", "比值", "百分比"),
    ),
    "duration": (
        frozenset((*_UNITS, "duration", "elapsed", "age", "aging", "ageing", "cycle", "velocity", "dwell", "time")),
        ("天数", "时长", "耗时", "用时", "历时", "周期", "时间", "小时", "停留", "账龄"),
    ),
    "count": (
        frozenset(("count", "counts", "times", "changes")),
        ("次数", "计数", "频次", "轮次", "变更数"),
    ),
}
"""Words and, in Chinese, parts of words."""

_OF_THE_CUSTOMER = frozenset(["employee", "employees", "staff", "headcount", "inhabitants", "population"])
_OF_THE_CUSTOMER_ZH = ("员工", "人数", "人口")
"""A count of these is the customer's size, not something that grows while we sell."""

_IDENTIFIERS = frozenset(["id", "ids", "number", "no", "nr", "key", "code", "uuid", "guid"])
_IDENTIFIERS_ZH = ("编号", "编码", "序号", "单号")


def told_by_name(names: Iterable[str]) -> Told | None:
    """Tell whether a column's names say that it is a duration, a ratio or a count of the process.

    Examples
    --------
    >>> told_by_name(["Elapsed Days In Sales Stage"]), told_by_name(["stageChangeCount"]), told_by_name(["跟进次数"])
    ('duration', 'count', 'count')
    >>> told_by_name(["Client Size By Employee Count"]), told_by_name(["Region"])
    (None, None)
    """
    for name in names:
        words = _words(name)
        if words & _OF_THE_CUSTOMER or any(part in name for part in _OF_THE_CUSTOMER_ZH):
            continue
        for told, (english, chinese) in _WORDS.items():
            if words & english or any(part in name for part in chinese) or (told == "count" and _number_of(name)):
                return told
    return None


def names_identifier(names: Iterable[str]) -> bool:
    """Tell whether a column's names say that it identifies a row.

    Examples
    --------
    >>> names_identifier(["Opportunity Number"]), names_identifier(["商机编号"]), names_identifier(["Amount"])
    (True, True, False)
    """
    return any(_words(name) & _IDENTIFIERS or any(part in name for part in _IDENTIFIERS_ZH) for name in names)


def _number_of(name: str) -> bool:
    return re.search(r"\b(number|no|nr|num) of\b", " ".join(_in_order(name))) is not None


def _words(name: str) -> frozenset[str]:
    return frozenset(_in_order(name))


def _in_order(name: str) -> list[str]:
    return re.sub(r"[\W_]+", " ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)).casefold().split()
