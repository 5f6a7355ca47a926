"""MAN codes, the time quadrant, patterns of owners, surprise wins, stated beside learned: counted by hand."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from scoring.diagnosis import CAUTION, PATTERNS, Diagnosis, Limits, diagnoses
from scoring.man_counts import man_counts
from scoring.quadrant import quadrant
from scoring.qualification import ADVICE
from scoring.stated_and_learned import StatedAndLearned, _at_least, _stands_out, _Tally, stated_and_learned
from scoring.surprise_wins import surprise_wins
from tests.histories import Row, activity, value
from tests.pipelines_of_rows import days, deal, pipeline, scored


def _assessed(name: str, day: float, **levels: str) -> list[Row]:
    return [value(field, level, day, of=name) for field, level in levels.items()]


def test_all_eight_codes_are_counted_with_their_advice_and_what_became_of_them() -> None:
    yes = {"money": "yes", "authority": "yes", "need": "yes"}
    deals = [
        deal(name, ("identified", 0), *end, amount=10)
        for name, end in (("a", ()), ("b", (("won", 40),)), ("c", (("lost", 40),)), ("d", ()))
    ]
    others = [row for name in "abc" for row in _assessed(name, 1, **yes)]
    others += _assessed("c", 20, money="no")
    found = {one.code: one for one in man_counts(pipeline(deals, 100, others=others))}
    assert list(found)[:8] == list(ADVICE)
    assert {code: one.count for code, one in found.items() if one.count} == {"MAN": 1, "???": 1}
    man, without = found["MAN"].rate, found["mAN"].rate
    assert (man.began, man.won, man.lost, man.still_open) == (3, 1, 1, 1)
    assert (without.began, without.lost, without.raw) == (1, 1, 0)
    assert found["man"].advice.zh == "非潜在客户，停止接触"
    assert found["???"].advice.en == "find out first: money, authority, need"


def test_a_code_that_was_told_after_the_close_teaches_nothing() -> None:
    rows = _assessed("b", 1, need="yes")
    late = [(table, row | {"recorded_at": row["occurred_at"] + pd.Timedelta(days=60)}) for table, row in rows]
    deals = [deal("b", ("identified", 0), ("won", 40))]
    assert [one.code for one in man_counts(pipeline(deals, 100, others=rows))][8:] == ["??N"]
    with_late = {one.code: one.rate for one in man_counts(pipeline(deals, 100, others=late))}
    assert "??N" not in with_late
    assert with_late["???"].won == 1


def test_the_quadrant_is_by_expected_value_and_days_to_close() -> None:
    deals = [
        deal(name, ("identified", 0), amount=amount)
        for name, amount in (("a", 1000), ("b", 10), ("c", 1000), ("d", 10))
    ] + [deal("x", ("identified", 0))]
    scores = scored(
        ("a", 0.5, 110, "active"),
        ("b", 0.5, 110, "active"),
        ("c", 0.5, 300, "active"),
        ("d", 0.5, 300, "active"),
        ("x", 0.5, 110, "active"),
    )
    found = quadrant(pipeline(deals, 100, scores), large=100, soon_days=30)
    assert {one.letter: one.opportunity_ids for one in found.quarters} == {
        "A": ("a",),
        "B": ("b",),
        "C": ("c",),
        "D": ("d",),
    }
    assert (found.unplaced, found.quarters[0].expected_value) == (1, 500)
    assert [one.advice.en for one in found.quarters] == [
        "all out",
        "limit the time",
        "watch for change, keep warm",
        "last",
    ]
    medians = quadrant(pipeline(deals, 100, scores))
    assert (medians.large, medians.soon_days) == ((5 + 500) / 2, 105)
    empty = quadrant(pipeline(deals, 100))
    assert (empty.large, [one.count for one in empty.quarters], empty.unplaced) == (None, [0, 0, 0, 0], 5)


def _one(owner: str, deals: list[list[Row]], day: float = 100, **more: Any) -> Diagnosis:
    limits = more.pop("limits", Limits())
    return next(one for one in diagnoses(pipeline(deals, day, **more), limits) if one.owner == owner)


def _codes(found: Diagnosis) -> list[str]:
    return [pattern.code for pattern in found.patterns]


def _many(owner: str, count: int, amount: float = 10, **more: Any) -> list[list[Row]]:
    return [deal(f"{owner}{i}", ("identified", 50), amount=amount, owner_id=owner, **more) for i in range(count)]


def test_fewer_than_15_in_hand_is_told_with_the_number() -> None:
    few, enough = _one("few", _many("few", 14)), _one("enough", _many("enough", 15))
    assert (_codes(few), few.patterns[0].figures) == (["few_in_hand"], {"in_hand": 14, "limit": 15})
    assert (_codes(enough), enough.caution) == ([], CAUTION)


@pytest.mark.parametrize(
    ("wins", "is_told"),
    [
        ([200, 210, 215], True),
        ([200, 210, 215, 395], False),
        ([200, 210], False),
        ([60, 120, 200, 230, 290, 330], False),
    ],
)
def test_a_burst_and_then_months_of_none(wins: list[float], is_told: bool) -> None:
    deals = [deal(f"w{i}", ("identified", 0), ("won", day), owner_id="o") for i, day in enumerate(wins)]
    found = _one("o", deals + _many("o", 15), 400)
    assert ("burst_then_drought" in _codes(found)) is is_told
    if is_told:
        # 400 − 215 = 185 days: six whole windows of 30 days without a win.
        assert found.patterns[0].figures == {"burst": 3, "wins": 3, "days_without": 180}
        assert sum(found.wins) == 3


def test_much_activity_and_few_likely_to_close() -> None:
    deals = _many("busy", 15) + _many("usual", 15) + _many("other", 15)
    chances = [("busy", 0.1), ("usual", 0.4), ("other", 0.4)]
    scores = scored(*((f"{who}{i}", chance, 120, "active") for who, chance in chances for i in range(15)))
    counts = [("busy", 10), ("usual", 4), ("other", 4)]
    done = [activity("call", 90, of=f"{who}0", direction="outbound") for who, count in counts for _ in range(count)]
    unlike = [
        activity("email_opened", 90, of="usual0"),
        activity("call", 90, of="usual0", direction="inbound"),
        activity("call", 20, of="usual0"),
        activity("meeting", 90, of="usual0", planned=True),
    ]
    found = _one("busy", deals, scores=scores, others=done + unlike * 5)
    assert found.patterns[0].figures == {"activities": 10, "usual": 4, "real": 0, "in_hand": 15}
    assert _codes(_one("usual", deals, scores=scores, others=done + unlike * 5)) == []


def test_only_large_ones_are_told_against_the_median_of_all() -> None:
    deals = _many("large", 15, 500) + _many("mixed", 16, 10)
    found = _one("large", deals)
    assert found.patterns[0].figures == {"smallest": 500, "median_of_all": 10, "in_hand": 15}
    assert _codes(_one("mixed", deals)) == []


def test_patterns_are_about_work_and_in_both_languages() -> None:
    assert all(name.en and name.zh for name in PATTERNS.values())
    [found] = diagnoses(pipeline(_many("o", 3)))
    said = found.to_dict()
    assert said["patterns"][0]["name"] == {"en": "few opportunities in hand", "zh-CN": "在手商机偏少"}
    assert "no judgement of a person" in said["caution"]["en"]


def test_a_surprise_win_was_not_on_the_funnel_30_days_before() -> None:
    deals = [
        deal("known", ("identified", 0), ("won", 40), amount=100, account_id="x"),
        deal("sudden", ("identified", 30), ("won", 40), amount=300, account_id="y"),
        deal("told", ("identified", 0), ("won", 45), amount=None, told=44, account_id="z"),
        deal("beside", ("identified", 0), amount=1, account_id="y"),
    ]
    found = surprise_wins(pipeline(deals), days(31, 60))
    assert (found.won, found.won_value, found.surprises, found.surprise_value) == (3, 400, 2, 300)
    assert (found.share, found.share_of_wins) == (0.75, pytest.approx(2 / 3))
    assert [(one.opportunity_id, one.days_on_funnel, one.account_was_on_funnel) for one in found.wins] == [
        ("sudden", 10, True),
        ("told", 1, False),
    ]
    assert found.said.en == "75 % of the won amount (67 % of the wins) was not on the funnel 30 days before"
    assert surprise_wins(pipeline(deals), days(0, 10)).share is None
    assert surprise_wins(pipeline(deals, 39), days(31, 60)).won == 0


def closed_by(owner: str, stage: str, outcome: str, count: int) -> list[list[Row]]:
    """Opportunities of an owner that closed from a stage."""
    names = (f"{owner}-{stage}-{outcome}-{i}" for i in range(count))
    first = [("identified", 0.0)] if stage == "identified" else [("identified", 0.0), (stage, 60.0)]
    return [deal(name, *first, (outcome, 70), owner_id=owner) for name in names]


def pattern_of(owner: str, found: tuple[StatedAndLearned, ...]) -> StatedAndLearned:
    return next(one for one in found if one.owner == owner)


def test_who_wins_from_low_stages_far_more_often_than_the_others_is_told() -> None:
    usual = closed_by("p", "negotiation", "won", 20) + closed_by("q", "negotiation", "won", 20)
    found = stated_and_learned(pipeline(usual + closed_by("o", "identified", "won", 6)))
    low = pattern_of("o", found)
    assert (low.wins, low.low_wins, low.others_low_wins, low.pattern) == (6, 1, 0, "cautious")
    assert {pattern_of(other, found).pattern for other in ("p", "q")} == {None}
    few = stated_and_learned(pipeline(usual + closed_by("o", "identified", "won", 4)))
    assert pattern_of("o", few).pattern is None
    # Where all do so, nobody stands out.
    assert {one.pattern for one in stated_and_learned(pipeline(closed_by("o", "identified", "won", 9)))} == {None}
    all_low = closed_by("o", "identified", "won", 9) + closed_by("p", "identified", "won", 9)
    assert {one.pattern for one in stated_and_learned(pipeline(all_low))} == {None}


def test_with_few_others_nobody_stands_out_and_thousands_can_be_counted() -> None:
    few = closed_by("p", "negotiation", "won", 1) + closed_by("o", "identified", "won", 5)
    assert {one.pattern for one in stated_and_learned(pipeline(few))} == {None}
    many = _Tally(1200, 2000)
    assert _stands_out(many, _Tally(20, 100))
    assert not _stands_out(_Tally(3, 6), _Tally(20, 100))
    assert _at_least(_Tally(5, 5), 0.5) == pytest.approx(0.5**5)
    assert _at_least(_Tally(0, 5), 0.5) == pytest.approx(1)


def test_who_loses_far_more_from_high_stages_than_the_others_is_told() -> None:
    usual = closed_by("p", "negotiation", "won", 15) + closed_by("p", "negotiation", "lost", 5)
    found = stated_and_learned(pipeline(usual + closed_by("o", "negotiation", "lost", 8)))
    high = pattern_of("o", found)
    assert (high.high_losses, high.others_high_losses, high.pattern) == (1, 0.25, "hopeful")
    assert pattern_of("p", found).pattern is None


def test_what_is_open_is_held_against_the_others_in_the_same_stages_and_not_against_fixed_weights() -> None:
    def here(owner: str) -> list[list[Row]]:
        return [deal(f"{owner}{i}", ("identified", 0), owner_id=owner) for i in range(16)]

    dates = [value("expected_close_date", "2026-06-30", 1, of=f"o{i}") for i in range(16)]
    deals = here("o") + here("p") + here("q")
    low = [(f"o{i}", 0.02, 120.0, "active") for i in range(16)]
    others = [(f"{name}{i}", 0.2, 120.0, "active") for name in "pq" for i in range(16)]
    found = stated_and_learned(pipeline(deals, 100, scored(*low, *others), others=dates))
    mine, theirs = pattern_of("o", found), pattern_of("p", found)
    assert (mine.mean_stated, mine.mean_learned, mine.mean_usual) == (0.25, 0.02, pytest.approx(0.2))
    assert mine.date_gap_days == 60  # 30 June is day 180.
    assert mine.pattern == "doubtful"
    # All are below the fixed weight of 25 %: that says something of the weight.
    assert (theirs.mean_usual, theirs.pattern) == (pytest.approx(0.11), None)
    alone = stated_and_learned(pipeline(here("o"), 100, scored(*low)))
    assert (alone[0].mean_usual, alone[0].pattern) == (None, None)


def test_wins_that_were_recorded_just_before_were_not_on_the_list() -> None:
    rows = [deal(f"a{i}", ("proposal", 0), ("won", 29.9), owner_id="o") for i in range(3)]
    rows += [deal(f"b{i}", ("proposal", 0), ("won", 30), owner_id="o") for i in range(3)]
    assert stated_and_learned(pipeline(rows))[0].off_list_wins == 0.5
    assert stated_and_learned(pipeline(rows[:4]))[0].off_list_wins is None


def test_early_wins_and_moves_back_are_counted() -> None:
    course = [("identified", 0), ("proposal", 5), ("contacted", 8), ("negotiation", 20), ("won", 30)]
    rows = [deal(f"a{i}", *course, owner_id="o") for i in range(5)]
    dates = [value("expected_close_date", "2026-03-02", 1, of=f"a{i}") for i in range(5)]  # day 60
    [found] = stated_and_learned(pipeline(rows, 100, others=dates))
    assert (found.early_wins, found.low_wins, found.off_list_wins, found.moves) == (1, 0, 0, 1)


def test_a_habit_of_winning_from_a_stage_below_the_usual_is_told_whatever_its_weight() -> None:
    usual = closed_by("p", "negotiation", "won", 20) + closed_by("q", "negotiation", "won", 20)
    found = stated_and_learned(pipeline(usual + closed_by("o", "proposal", "won", 9)))
    assert (pattern_of("o", found).low_wins, pattern_of("o", found).pattern) == (1, "cautious")
