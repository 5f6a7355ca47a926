"""Words of the pages for a reader without the documentation: both languages, once each, with what they count."""

from __future__ import annotations

from typing import Any

import pandas as pd

from api.card.document import Text
from api.card.unjudged_segments import unjudged_segments
from api.pages.language import language
from api.pages.model import promotion_table
from api.pages.people_page import findings_of, readings_of
from api.pages.sales_tables import trend_table
from api.pages.tables import shown
from models.artifact import Artifact
from models.promotions import Decision
from scoring.qualification import man_of
from scoring.version_zero import version_zero

ENGLISH, CHINESE = language("en"), language("zh-CN")


def test_the_promotion_log_gives_the_gates_reason_in_the_language_and_a_persons_as_it_is() -> None:
    at = pd.Timestamp("2026-03-01", tz="UTC")
    log = [
        Decision(at, "1", "0", "promoted", "gate", "it was better", reason_zh="更好"),
        Decision(at, "0", "1", "rolled back", "hand", "figures fell"),
    ]
    assert [row[-1] for row in promotion_table(log, CHINESE).rows] == ["figures fell", "更好"]
    assert [row[-1] for row in promotion_table(log, ENGLISH).rows] == ["figures fell", "it was better"]


def test_a_percent_sign_stands_next_to_its_number_in_chinese() -> None:
    words = Text("90 % interval", "90 %区间")
    assert (words.of("en"), words.of("zh-CN")) == ("90 % interval", "90%区间")


def test_money_that_changes_from_period_to_period_is_written_as_money() -> None:
    name = {"en": "rising", "zh-CN": "上升"}
    sales = {key: {"name": name, "slope": 74633.333} for key in ("total", "mean", "median", "mean_days", "median_days")}
    table = trend_table(sales | {"currency": "EUR"}, ENGLISH)
    first, last = list(table.rows)[0], list(table.rows)[-1]
    cells = [shown(value, column.kind, ENGLISH) for value, column in zip(first, table.columns, strict=True)]
    assert cells == ["Amount won", "rising", "€74,633", "–"]
    assert shown(last[3], table.columns[3].kind, ENGLISH) == "74,633.3"


def test_need_that_the_stage_implies_is_told_and_stays_unknown() -> None:
    nan = float("nan")
    told = man_of(nan, nan, nan, stage_implies_need=True)
    assert told.code == "???"
    assert (
        told.en == "find out first: money, authority; need is not stated, but the stage implies it: have it confirmed"
    )
    assert "所处阶段意味着需求已确认" in told.zh
    assert man_of(nan, nan, 0.0, stage_implies_need=True).en == "find out first: money, authority"


def test_owners_with_the_same_finding_stand_together_in_order_of_the_figures() -> None:
    def few_in_hand(count: int) -> dict[str, Any]:
        said = {"en": f"{count} in hand", "zh-CN": f"在手{count}个"}
        return {"code": "few_in_hand", "said": said, "figures": {"in_hand": float(count), "limit": 15.0}}

    owners = [{"owner": name, "patterns": [few_in_hand(count)]} for name, count in zip("abc", (9, 4, 9), strict=True)]
    owners.append({"owner": "d", "patterns": []})
    stated = [{"owner": name, "pattern": "hopeful" if name != "c" else None} for name in "abc"]
    found = {"owners": owners, "stated": stated}
    few, *others = findings_of(found, ENGLISH)
    assert [*few["said"].items()] == [("4 in hand", ["b"]), ("9 in hand", ["a", "c"])]
    assert [one["said"] for one in others] == [{}, {}, {}]
    assert few["rule"].en.startswith("fewer than 15")
    assert list(readings_of(found, CHINESE).values()) == [["a", "b"]]


def test_segments_without_a_limit_are_counted_and_named() -> None:
    whole: Artifact = version_zero()
    segments = [{"by": "source", "group": "fair"}, {"by": "source", "group": "web"}, {"by": "source", "group": None}]
    checks = [{"name": "expected_over_actual.source=web"}]
    object.__setattr__(whole, "card", {"segments": segments, "checks": checks})
    told = unjudged_segments(whole)
    assert told is not None
    assert told.en.startswith("Of 2 segments 1 are judged by a limit. The other 1 have fewer than 100 wins")
    assert told.en.endswith("source “fair”.")
    assert told.zh.endswith("来源“fair”。")
