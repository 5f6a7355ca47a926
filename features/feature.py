"""What a feature is: a named quantity of an opportunity at an instant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Group = Literal[
    "stage", "site_visits", "email", "contact", "qualification", "commercial", "context", "activity", "attribute"
]

GROUPS: dict[Group, dict[str, str]] = {
    "stage": {"en": "stage and age", "zh-CN": "阶段与时长"},
    "site_visits": {"en": "site visits", "zh-CN": "网站访问"},
    "email": {"en": "e-mail", "zh-CN": "电子邮件"},
    "contact": {"en": "two-way contact", "zh-CN": "双向沟通"},
    "qualification": {"en": "qualification", "zh-CN": "资格评估"},
    "commercial": {"en": "amount and dates", "zh-CN": "金额与日期"},
    "context": {"en": "beside past results", "zh-CN": "与历史业绩相比"},
    "activity": {"en": "other activity", "zh-CN": "其他活动"},
    "attribute": {"en": "the customer's own columns", "zh-CN": "自定义属性"},
}
"""Both names of each group, in the order in which people read them."""


@dataclass(frozen=True)
class Feature:
    """A quantity of an opportunity as of an instant.

    Parameters
    ----------
    name
        Column name in a snapshot.
    group
        The family; families are masked and explained as one.
    unit
        ``days``, ``count``, ``share``, ``seconds``, ``amount``, ``level``, ``log-odds``,
        ``yes/no``, ``category`` or ``number``.
    en, zh
        What a person reads.
    meaning
        What exactly is measured, and when it is missing.
    """

    name: str
    group: Group
    unit: str
    en: str
    zh: str
    meaning: str

    @property
    def is_category(self) -> bool:
        """Whether its values are words rather than numbers."""
        return self.unit == "category"
