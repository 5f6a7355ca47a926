"""Values, and what is usual, in words of both languages."""

from __future__ import annotations

import math
import re

import pytest

from features.catalogue import FEATURES
from features.feature import Feature
from features.history.process import DEFAULT_PROCESS
from scoring.usual import usual_share
from scoring.words import stage_names, value_words

STAGES = stage_names({"default": DEFAULT_PROCESS})
BY_NAME = {feature.name: feature for feature in FEATURES}
BY_NAME["source"] = Feature("source", "attribute", "category", "source", "来源", "")


@pytest.mark.parametrize(
    ("name", "value", "en", "zh"),
    [
        ("replies_7d", 2.0, "replies in 7 days: 2", "7天内回复2次"),
        ("replies_7d", 0.0, "replies in 7 days: 0", "7天内回复0次"),
        ("replies_7d", math.nan, "replies in 7 days: not known", "7天内回复次数：未知"),
        ("days_since_two_way", 1.2, "days of silence: 1", "沉默天数：1天"),
        ("usual_gap", 9.4, "usual gap between contacts: 9 days", "通常沟通间隔：9天"),
        ("usual_gap", 0.3, "usual gap between contacts: less than 1 day", "通常沟通间隔：不到1天"),
        ("days_to_stated_close", -12.0, "days to the stated close date: -12", "距预计成交天数：-12天"),
        ("amount", 1234567.0, "amount: 1,234,567", "金额：1,234,567"),
        ("open_rate", 0.254, "open rate: 25 %", "邮件打开率：25%"),
        ("dwell_7d", 725.0, "time on site in 7 days: 12 min", "7天内停留时间：12分钟"),
        ("dwell_7d", 5400.0, "time on site in 7 days: 1.5 h", "7天内停留时间：1.5小时"),
        ("money", 2.0, "money (M): yes", "资金 (M)：是"),
        ("money", None, "money (M): not known", "资金 (M)：未知"),
        ("met_user", 1.0, "met a user: yes", "已接触使用者：是"),
        (
            "owner_win_lift",
            0.5,
            "owner's past wins compared with the usual: 1.65 times the usual odds",
            "负责人历史赢单与常规相比：常规胜算的1.65倍",
        ),
        (
            "owner_win_lift",
            0.0,
            "owner's past wins compared with the usual: the usual odds",
            "负责人历史赢单与常规相比：常规胜算",
        ),
        ("stage", "proposal", "stage: proposal", "阶段：方案/报价"),
        ("stage", None, "stage: not known", "阶段：未知"),
        ("stage_position", 3.0, "place of the stage: 4", "阶段序号：4"),
        ("silence_to_gap", math.inf, "silence compared with the usual gap: not known", "沉默与通常间隔相比：未知"),
        (
            "silence_to_gap",
            2.5,
            "silence 2.5 times the usual gap between contacts and a day",
            "沉默时间为通常沟通间隔加一天的2.5倍",
        ),
        ("amount_to_usual", math.log(2.2), "amount 2.2 times the usual in its currency", "金额为同币种常见金额的2.2倍"),
        ("amount_to_first", 1.2, "amount 1.2 times the first amount", "金额为初始金额的1.2倍"),
        ("pace", math.log(1.4), "age 1.4 times that of past wins", "商机时长为历史赢单用时的1.4倍"),
        ("stages_per_day", 0.03, "pace through the stages: 0.03 stages a day", "阶段推进速度：每天0.03个阶段"),
        (
            "season_sine",
            -0.4,
            "time of year (first or second half): July to December",
            "一年中的时间（上半年或下半年）：7月至12月",
        ),
        (
            "season_cosine",
            0.9,
            "time of year (turn or middle): October to March",
            "一年中的时间（岁末年初或年中）：10月至次年3月",
        ),
        (
            "visit_intensity",
            3.2,
            "recent visits, the newest counting most: as much as 3.2 today",
            "近期访问（越近权重越高）：相当于今天3.2次",
        ),
        ("money_age_days", 12.0, "days since money (M) was assessed: 12", "距上次评估资金 (M)的天数：12天"),
        ("stage_need_confirmed", 1.0, "stage implies a confirmed need: yes", "所处阶段意味着需求已确认：是"),
    ],
)  # fmt: skip
def test_a_value_is_said_in_its_unit(name: str, value: object, en: str, zh: str) -> None:
    assert value_words(BY_NAME[name], value, STAGES) == (en, zh)


USUAL = {
    "all": [0.22, 900],
    "features": {
        "replies_7d": [[None, 1, 0.18, 400], [1, 3, 0.3, 90], [3, None, 0.41, 50], [None, None, 0.2, 60]],
        "days_in_stage": [[None, 12, 0.3, 300], [12, 40, 0.2, 300], [40, None, 0.1, 300]],
        "overdue": [[None, 1, 0.26, 300], [1, None, 0.14, 60]],
        "need": [[None, 1, 0.09, 100], [2, None, 0.33, 120]],
        "stage": [["proposal", None, 0.31, 90], *([word, None, 0.2, 90] for word in "abcd")],
        "amount_to_usual": [[None, -0.51, 0.16, 300], [-0.51, 0.59, 0.26, 300], [0.59, None, 0.3, 300]],
        "season_sine": [[None, -0.5, 0.16, 300], [-0.5, 0.5, 0.26, 300], [0.5, None, 0.3, 300]],
        "man_no": [[None, 1, 0.26, 300], [1, 3, 0.13, 60], [3, None, 0.04, 60]],
        "source": [["fair", None, 0.31, 90], ["web", None, 0.2, 90]],
        "owner_win_lift": [[None, -0.12, 0.16, 300], [-0.12, 0.13, 0.26, 300], [0.13, None, 0.3, 300]],
    },
}


@pytest.mark.parametrize(
    ("name", "value", "en", "zh"),
    [
        (
            "replies_7d",
            2.0,
            "with 1 to 2 are won in 30 % of cases, without any 18 %, with 3 or more 41 %, where it is not known 20 %",
            "1至2次的商机赢单30%，没有的18%，3及以上的41%，未知的20%",
        ),
        (
            "replies_7d",
            math.nan,
            "where it is not known are won in 20 % of cases, without any 18 %, with 1 to 2 30 %, with 3 or more 41 %",
            "未知的商机赢单20%，没有的18%，1至2次的30%，3及以上的41%",
        ),
        (
            "days_in_stage",
            12.0,
            "with 12 to 40 days are won in 20 % of cases, with less than 12 days 30 %, with 40 days or more 10 %",
            "12至40天的商机赢单20%，低于12天的30%，40天及以上的10%",
        ),
        ("overdue", 1.0, "where this is so are won in 14 % of cases, where not 26 %", "符合的商机赢单14%，不符合的26%"),
        (
            "need",
            2.0,
            "assessed as yes are won in 33 % of cases, assessed as no 9 %",
            "评估为“是”的商机赢单33%，评估为“否”的9%",
        ),
        ("stage", "proposal", "in proposal are won in 31 % of cases, all 22 %", "方案/报价的商机赢单31%，所有商机22%"),
        (
            "amount_to_usual",
            0.0,
            "with 0.6 to 1.8 times the usual in its currency are won in 26 % of cases, "
            "with less than 0.6 times the usual in its currency 16 %, "
            "with 1.8 times the usual in its currency or more 30 %",
            "同币种常见金额的0.6至1.8倍的商机赢单26%，低于同币种常见金额的0.6倍的16%，同币种常见金额的1.8倍及以上的30%",
        ),
        (
            "season_sine",
            0.9,
            "in February to May are won in 30 % of cases, in August to November 16 %, "
            "in December to January and June to July 26 %",
            "2月至5月的商机赢单30%，8月至11月的16%，12月至次年1月和6月至7月的26%",
        ),
        (
            "man_no",
            1.0,
            "with 1 to 2 are won in 13 % of cases, without any 26 %, with 3 or more 4 %",
            "1至2个的商机赢单13%，没有的26%，3及以上的4%",
        ),
        ("source", "fair", "with “fair” are won in 31 % of cases, with “web” 20 %", "“fair”的商机赢单31%，“web”的20%"),
        (
            "owner_win_lift",
            0.0,
            "with 0.89 to 1.14 times the usual odds are won in 26 % of cases, "
            "with less than 0.89 times the usual odds 16 %, with 1.14 times the usual odds or more 30 %",
            "常规胜算的0.89至1.14倍的商机赢单26%，低于常规胜算的0.89倍的16%，常规胜算的1.14倍及以上的30%",
        ),
    ],
)
def test_what_is_usual_is_said_of_the_own_group_first(name: str, value: object, en: str, zh: str) -> None:
    found = usual_share(BY_NAME[name], value, USUAL, STAGES)
    assert found is not None
    assert found.words == (f"open opportunities {en}", zh)


@pytest.mark.parametrize(("name", "value"), [("need", 1.0), ("need", None), ("stage", "z"), ("amount", 5.0)])
def test_a_group_that_was_too_small_says_nothing(name: str, value: object) -> None:
    assert usual_share(BY_NAME[name], value, USUAL, STAGES) is None


NUMBERS = (0.0, -0.0, 1.0, -1.0, 0.4999, 1e-12, 1e15, -1e15)


def test_every_feature_can_be_said_whatever_its_value() -> None:
    for feature in (*FEATURES, Feature("attribute_x", "attribute", "category", "x", "x", "")):
        numbers = () if feature.is_category else NUMBERS
        for value in (None, math.nan, math.inf, -math.inf, *numbers):
            said = value_words(feature, value, STAGES)
            assert not re.search("nan|inf|None|e[+-]", said.en.removeprefix(feature.en) + said.zh)
