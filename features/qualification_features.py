"""MAN and the other assessments: what a person said of the opportunity, and how long ago."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.activity_events import superseded
from features.feature import Feature
from features.history.schema import ASSESSED_FIELDS, ASSESSMENTS
from features.instants import micros
from features.view import Floats, View
from features.windows import EVER, group_events, window_aggregates

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
ROLES = {
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
        _feature(f"{field}_age_days", "days", f"age of {en}", f"{zh}评估天数", "Since it was last assessed, with the same result or another; missing when unknown."),
        _feature(f"{field}_changes", "count", f"changes of {en}", f"{zh}变化次数", "Changes from one known assessment to the next; missing when the field is not collected."),
    )  # fmt: skip


FEATURES = (
    *(_level(field) for field in ASSESSED_FIELDS),
    *(feature for field in _MAN for feature in _of_man(field)),
    _feature("man_yes", "count", "MAN letters confirmed", "MAN 已确认项数", "Letters assessed as yes; missing when none is collected."),
    _feature("man_no", "count", "MAN letters denied", "MAN 已否认项数", "Letters assessed as no; missing when none is collected."),
    _feature("man_unknown", "count", "MAN letters unknown", "MAN 未知项数", "Letters not assessed; missing when none is collected."),
    *(
        _feature(f"met_{role}", "yes/no", f"met a {en}", f"已接触{zh}", f"1 when a {en} took part in two-way contact.")
        for role, (en, zh) in ROLES.items()
    ),
    _feature("roles_met", "count", "buying-centre roles met", "已接触的采购角色数", "Different roles that took part in two-way contact."),
)  # fmt: skip


def compute(view: View) -> dict[str, Floats]:
    """Compute the qualification features of each snapshot; an unknown assessment is NaN, not no."""
    columns: dict[str, Floats] = {}
    for field in ASSESSED_FIELDS:
        # Without its word, "unknown" is a missing value like one that was cleared.
        path = view.levels(field, [word for word in ASSESSMENTS if word != "unknown"])
        columns[field] = path.last
        if field in _MAN:
            columns[f"{field}_age_days"] = np.where(np.isnan(path.last), np.nan, view.days_since(path.said_at))
            changes = (path.ups + path.downs).astype(np.float64)
            columns[f"{field}_changes"] = np.where(view.observed([field]), changes, np.nan)
    return columns | _letters(view, columns) | _roles(view)


def _letters(view: View, columns: dict[str, Floats]) -> dict[str, Floats]:
    letters, collected = np.stack([columns[field] for field in _MAN]), view.observed(_MAN)
    counted = {"man_yes": letters == 2, "man_no": letters == 0, "man_unknown": np.isnan(letters)}
    return {name: np.where(collected, found.sum(axis=0), np.nan) for name, found in counted.items()}


def _roles(view: View) -> dict[str, Floats]:
    """Tell which roles took part in two-way contact, as known."""
    people = view.history.contacts[["contact_id", "role", "recorded_at"]]
    people = people.assign(superseded=superseded(people, "contact_id"))
    people = people[people["role"].isin(list(ROLES))]
    events = view.two_way_contacts.merge(people, on="contact_id", suffixes=("", "_of_role"))
    grouped = group_events(
        events["key"].to_numpy(np.int64),
        micros(events["occurred_at"]),
        # A contact counts while both the activity and the person's role are known.
        np.maximum(micros(events["recorded_at"]), micros(events["recorded_at_of_role"])),
        n_groups=len(view.history.opportunities),
        kind=pd.Index(list(ROLES)).get_indexer(pd.Index(events["role"])).astype(np.int64),
        superseded=events[["superseded", "superseded_of_role"]].min(axis=1).to_numpy(np.int64),
    )
    seen = window_aggregates(grouped, view.opportunity, view.as_of, n_kinds=len(ROLES), windows=[EVER]).count[:, :, 0]
    collected = view.observed(["contacts"])
    met = {f"met_{name}": np.where(collected, seen[:, i] > 0, np.nan) for i, name in enumerate(ROLES)}
    return met | {"roles_met": np.where(collected, (seen > 0).sum(axis=1), np.nan)}
