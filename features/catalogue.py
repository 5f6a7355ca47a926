"""Which features a model is given: those every history has, and those of this one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from features import (
    activity_features,
    commercial_features,
    contact_features,
    context_features,
    email_features,
    lost_reason_features,
    qualification_features,
    site_visit_features,
    stage_features,
)
from features.feature import Feature
from features.history.history import Attribute, History
from features.history.schema import ACTIVITY_KINDS, TABLES

FEATURES: tuple[Feature, ...] = (
    *stage_features.FEATURES,
    *lost_reason_features.FEATURES,
    *site_visit_features.FEATURES,
    *email_features.FEATURES,
    *contact_features.FEATURES,
    *qualification_features.FEATURES,
    *commercial_features.FEATURES,
    *context_features.FEATURES,
    *activity_features.FEATURES,
)
"""The features of every history, in order."""

_UNITS = {"numeric": "number", "category": "category", "flag": "yes/no"}


_STANDARD = {
    "account_id": ("account", "客户"),
    "owner_id": ("owner", "负责人"),
    "team": ("team", "团队"),
    "product": ("product", "产品"),
    "service": ("service", "服务"),
    "source": ("source", "来源"),
    "channel": ("channel", "渠道"),
    "currency": ("currency", "币种"),
}
"""Columns of opportunities that a flat table has as categories: it has little else to go by."""


@dataclass(frozen=True)
class Catalogue:
    """The features of one model: the standard ones, and those of the source's own kinds and columns.

    ``excluded`` names features that a snapshot has and nothing is learned from: rules such as
    the class criteria and the MAN code read them all the same, and a request may send them.
    """

    custom_kinds: tuple[str, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    excluded: tuple[str, ...] = ()

    @cached_property
    def features(self) -> tuple[Feature, ...]:
        """Every feature in the order of a snapshot's columns."""
        of_kinds = [f for kind in self.custom_kinds for f in activity_features.custom_features(kind)]
        return (*FEATURES, *of_kinds, *(_attribute_feature(a) for a in self.attributes))

    @property
    def own_attributes(self) -> tuple[Attribute, ...]:
        """The attributes that are no standard columns of an opportunity."""
        return tuple(a for a in self.attributes if a.name not in TABLES["opportunities"].column_names)

    @property
    def learned(self) -> tuple[Feature, ...]:
        """The features that models learn from."""
        return tuple(feature for feature in self.features if feature.name not in self.excluded)

    @property
    def fingerprint(self) -> str:
        """Digest of what the features are; models of another fingerprint cannot be mixed."""
        described = [[f.name, f.group, f.unit, f.meaning] for f in self.features]
        if self.excluded:
            described.append(["excluded", *self.excluded])
        return hashlib.sha256(json.dumps(described, ensure_ascii=False).encode()).hexdigest()[:16]


def catalogue_of(history: History, include: Sequence[str] = ()) -> Catalogue:
    """List the features that a history can deliver.

    Parameters
    ----------
    include
        Attributes to take although they were measured at an unknown time. One measured
        at the close is never taken.

    Examples
    --------
    >>> from features.history.history import build_history
    >>> catalogue_of(build_history({})).custom_kinds
    ()
    """
    kinds = sorted(set(history.activities["kind"].unique()) - set(ACTIVITY_KINDS))
    used = [
        a
        for a in history.attributes.values()
        if a.measured == "creation" or (a.measured == "unknown" and a.name in include)
    ]
    return Catalogue(tuple(kinds), (*_standard_categories(history), *used))


def _standard_categories(history: History) -> list[Attribute]:
    rows = history.opportunities
    filled = [name for name in _STANDARD if history.is_flat and rows[name].notna().any()]
    return [Attribute(n, "category", "creation", dict(zip(("en", "zh-CN"), _STANDARD[n], strict=True))) for n in filled]


def _attribute_feature(attribute: Attribute) -> Feature:
    en = attribute.names.get("en", attribute.name.replace("_", " "))
    zh = attribute.names.get("zh-CN", en)
    meaning = f"The customer's own column {attribute.name}, as known; missing when empty."
    return Feature(f"attribute_{attribute.name}", "attribute", _UNITS[attribute.type], en, zh, meaning)
