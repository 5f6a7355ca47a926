"""Names of the cuts and of their values, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping

from features.history.process import Process
from scoring.classification import CLASSES
from scoring.priority import PRIORITIES
from scoring.words import UNKNOWN, Words, stage_names

CUT_NAMES = {
    "team": Words("team", "团队"),
    "owner": Words("owner", "负责人"),
    "product": Words("product", "产品"),
    "process": Words("process", "销售流程"),
    "customer_type": Words("customer type", "客户类型"),
    "region": Words("region", "地区"),
    "priority": Words("customer priority", "客户优先级"),
    "repeat_purchase": Words("repeat purchase", "重复购买"),
    "competitor": Words("competitor present", "有竞争对手"),
    "sponsor": Words("sponsor", "内部支持者"),
    "source": Words("source", "来源"),
    "class": Words("opportunity class", "销售机会分类"),
}

_LEVELS = {"no": Words("no", "否"), "partly": Words("partly", "部分"), "yes": Words("yes", "是")}
_VALUES: dict[str, Mapping[str, Words]] = {
    "customer_type": {"new": Words("new customer", "新客户"), "existing": Words("existing customer", "老客户")},
    "repeat_purchase": {"first": Words("first purchase", "首次购买"), "repeat": Words("repeat purchase", "重复购买")},
    "priority": PRIORITIES,
    "competitor": _LEVELS,
    "sponsor": _LEVELS,
    "class": {key: Words(names["en"], names["zh-CN"]) for key, names in CLASSES.items()},
}


def value_name(cut: str, value: str | None) -> Words:
    """Name a value of a cut; None is not known.

    Examples
    --------
    >>> value_name("customer_type", "new"), value_name("team", "north"), value_name("team", None)
    (Words(en='new customer', zh='新客户'), Words(en='north', zh='north'), Words(en='not known', zh='未知'))
    """
    if value is None:
        return UNKNOWN
    return _VALUES.get(cut, {}).get(value, Words(value, value))


def stage_name(process: Process, key: str) -> Words:
    """Name a stage of a process."""
    return stage_names({process.name: process})[key]
