"""MAN and the other assessments: what a person said of the opportunity, and how long ago."""

from __future__ import annotations

import numpy as np

from features.activity_counts import ActivityCounts
from features.feature import Feature
from features.history.schema import ASSESSED_FIELDS
from features.rows import ROLES
from features.view import Floats, View

_NAMES = {
    "money": ("money (M)", "资金 (M)"),
    "authority": ("authority (A)", "决策权 (A)"),
    "need": ("need (N)", "需求 (N)"),
    "solution_fit": ("solution fit", "方案匹配度"),
    "competitive_advantage": ("competitive advantage", "竞争优势"),
    "sponsor": ("sponsor", "内部支持者"),
    "track_record": ("track record", "合作记录"),
    "cultural_fit": ("cultural fit", "文化契合度"),
    "competitor": ("competitor present", "存在竞争对手"),
}
_MAN = ("money", "authority", "need")
_ROLE_NAMES = {
    "decision_maker": ("decision maker", "决策者"),
    "technical_evaluator": ("technical evaluator", "技术评估者"),
    "purchaser": ("purchaser", "采购者"),
    "user": ("user", "使用者"),
}


def _feature(name: str, unit: str, en: str, zh: str, meaning: str) -> Feature:
    return Feature(name, "qualification", unit, en, zh, meaning)


def _level(field: str) -> Feature:
    en, zh = _NAMES[field]
    return _feature(field, "level", en, zh, f"{ASSESSED_FIELDS[field]}: 0 no, 1 partly, 2 yes; missing when unknown.")


def _of_man(field: str) -> tuple[Feature, Feature]:
    en, zh = _NAMES[field]
    return (
        _feature(f"{field}_age_days", "days", f"days since {en} was assessed", f"距上次评估{zh}的天数", "Since it was last assessed, with the same result or another; missing when unknown."),
        _feature(f"{field}_changes", "count", f"changes in how {en} is assessed", f"{zh}评估变化次数", "Changes from one known assessment to the next; missing when the field is not collected."),
    )  # fmt: skip


FEATURES = (
    *(_level(field) for field in ASSESSED_FIELDS),
    *(feature for field in _MAN for feature in _of_man(field)),
    _feature("man_yes", "count", "of money, authority and need (MAN): confirmed", "资金、决策权、需求（MAN）中已确认项数", "Letters assessed as yes; missing when none is collected."),
    _feature("man_no", "count", "of money, authority and need (MAN): denied", "资金、决策权、需求（MAN）中已否认项数", "Letters assessed as no; missing when none is collected."),
    _feature("man_unknown", "count", "of money, authority and need (MAN): not assessed", "资金、决策权、需求（MAN）中未评估项数", "Letters not assessed; missing when none is collected."),
    *(
        _feature(f"met_{role}", "yes/no", f"met a {en}", f"已接触{zh}", f"1 when a {en} took part in two-way contact.")
        for role, (en, zh) in _ROLE_NAMES.items()
    ),
    _feature("roles_met", "count", "buying-centre roles met", "已接触的采购角色数", "Different roles that took part in two-way contact."),
)  # fmt: skip


def compute(counts: ActivityCounts) -> dict[str, Floats]:
    """Compute the qualification features of each snapshot; an unknown assessment is NaN, not no."""
    view = counts.view
    columns: dict[str, Floats] = {}
    for field in ASSESSED_FIELDS:
        path = view.path(field)
        columns[field] = path.last
        if field in _MAN:
            columns[f"{field}_age_days"] = np.where(np.isnan(path.last), np.nan, view.days_since(path.said_at))
            columns[f"{field}_changes"] = np.where(view.observed([field]), path.ups + path.downs, np.nan)
    return columns | _letters(view, columns) | _roles(counts)


def _letters(view: View, columns: dict[str, Floats]) -> dict[str, Floats]:
    letters, collected = np.stack([columns[field] for field in _MAN]), view.observed(_MAN)
    counted = {"man_yes": letters == 2, "man_no": letters == 0, "man_unknown": np.isnan(letters)}
    return {name: np.where(collected, found.sum(axis=0), np.nan) for name, found in counted.items()}


def _roles(counts: ActivityCounts) -> dict[str, Floats]:
    """Tell which roles took part in two-way contact, as known."""
    met, collected = counts.roles_met(), counts.view.observed(["contacts"])
    each = np.where(collected[:, None], met, np.nan)
    columns = {f"met_{name}": each[:, place] for place, name in enumerate(ROLES)}
    return columns | {"roles_met": np.where(collected, met.sum(axis=1), np.nan)}
