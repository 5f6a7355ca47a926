"""Targets, commits, teams and rates: known from when they were told, in sums of one currency, in a calendar."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.errors import DataError, SchemaError, UnreadableSourceError
from features.history.dated_inputs import commit_for, inputs_of, target_for, teams_at
from features.history.dated_inputs_file import read_inputs_file
from features.history.exchange import in_one_currency, rate_between
from features.reporting_calendar import ReportingCalendar
from tests.histories import at

FIRST, LAST = date(2026, 1, 1), date(2026, 3, 31)
QUARTER = {"period_start": "2026-01-01", "period_end": "2026-03-31"}


def _rates(*rows: tuple[str, str, float | None, float, float]) -> pd.DataFrame:
    names = ["currency", "to_currency", "rate"]
    frame = pd.DataFrame([row[:3] for row in rows], columns=names)
    return frame.assign(valid_from=[at(row[3]) for row in rows], recorded_at=[at(row[4]) for row in rows])


def _targets(*rows: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame([QUARTER | {"name": None, "currency": "CNY", "valid_from": at(0)} | row for row in rows])


def test_a_target_told_later_counts_from_when_it_was_told() -> None:
    told = _targets(
        {"scope": "company", "amount": 500.0, "recorded_at": at(1)},
        {"scope": "company", "amount": 700.0, "recorded_at": at(9)},
    )
    inputs = inputs_of({"targets": told})
    amounts = [target_for(inputs, "company", None, FIRST, LAST, at(day)) for day in (0, 1, 8.9, 9)]
    assert [None if found is None else found.amount for found in amounts] == [None, 500, 500, 700]


def test_what_is_not_stated_is_not_zero() -> None:
    inputs = inputs_of({"targets": _targets({"scope": "team", "name": "north", "wins": 4.0, "recorded_at": at(0)})})
    north = target_for(inputs, "team", "north", FIRST, LAST, at(5))
    assert north is not None
    assert (north.amount, north.wins) == (None, 4)
    assert target_for(inputs, "team", "south", FIRST, LAST, at(5)) is None
    assert target_for(inputs, "team", "north", FIRST, date(2026, 1, 31), at(5)) is None
    assert commit_for(inputs, "o1", FIRST, LAST, at(5)) is None


def test_the_team_of_an_owner_is_that_of_the_instant_as_it_was_known() -> None:
    rows = {"owner_id": ["a", "a", "a"], "team": ["north", "south", None]}
    instants = {"valid_from": [at(0), at(10), at(20)], "recorded_at": [at(0), at(12), at(12)]}
    inputs = inputs_of({"teams": pd.DataFrame(rows | instants)})
    owners, when = pd.Series(["a", "a", "a", "b", None]), pd.Series([at(5), at(11), at(25), at(5), at(5)])
    assert teams_at(inputs, owners, when, at(30)).fillna("-").tolist() == ["north", "south", "-", "-", "-"]
    assert teams_at(inputs, owners, when, at(11)).fillna("-").tolist() == ["north", "north", "north", "-", "-"]


def test_sums_are_in_one_currency_by_the_rate_that_held_and_was_known() -> None:
    inputs = inputs_of({"rates": _rates(("EUR", "CNY", 8.0, 0, 0), ("EUR", "CNY", 10.0, 5, 7))})
    amounts, codes = np.array([1.0, 100.0, np.nan]), pd.Series(["EUR", "CNY", "EUR"])
    before, _ = in_one_currency(amounts, codes, inputs, at(6), "CNY")
    after, currency = in_one_currency(amounts, codes, inputs, at(7), "CNY")
    assert (before[:2].tolist(), after[:2].tolist(), currency) == ([8, 100], [10, 100], "CNY")
    assert np.isnan(after[2])


def test_a_missing_rate_is_refused_and_named() -> None:
    inputs = inputs_of({"rates": _rates(("EUR", "CNY", 8.0, 0, 0), ("EUR", "CNY", None, 5, 5))})
    assert rate_between(inputs, "CNY", "EUR", at(1)) == 0.125
    with pytest.raises(DataError, match="no exchange rate from EUR to CNY at 2026-01-07"):
        rate_between(inputs, "EUR", "CNY", at(6))
    with pytest.raises(DataError, match="amounts in CNY, EUR"):
        in_one_currency(np.array([1.0, 2.0]), pd.Series(["EUR", "CNY"]), inputs, at(1))
    with pytest.raises(DataError, match="without a currency"):
        in_one_currency(np.array([1.0, 2.0]), pd.Series(["EUR", None]), inputs, at(1))


def test_one_currency_needs_no_rate() -> None:
    amounts = np.array([1.0, 2.0])
    assert in_one_currency(amounts, pd.Series(["EUR", "EUR"]), None, at(1))[1] == "EUR"
    assert in_one_currency(amounts, pd.Series([None, None]), None, at(1))[1] is None


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"scope": "village", "amount": 1.0}, "scope 'village'"),
        ({"scope": "team", "amount": 1.0}, "name"),
        ({"scope": "company", "amount": -1.0}, "amount -1"),
        ({"scope": "company", "amount": 1.0, "currency": None}, "without a currency"),
        ({"scope": "company", "period_end": "2025-12-31"}, "the period 2026-01-01 to 2025-12-31"),
    ],
)
def test_a_row_that_makes_no_sense_is_refused(row: dict[str, object], said: str) -> None:
    with pytest.raises(SchemaError, match=said):
        inputs_of({"targets": _targets(row | {"recorded_at": at(0)})})


def test_a_month_in_shanghai_ends_at_16_00_utc() -> None:
    march = ReportingCalendar("Asia/Shanghai").period_of(pd.Timestamp("2026-03-15T00:00Z"), "month")
    assert (march.start.isoformat(), march.end.isoformat()) == (
        "2026-02-28T16:00:00+00:00",
        "2026-03-31T16:00:00+00:00",
    )


def test_the_fiscal_year_starts_where_it_is_said_to() -> None:
    calendar = ReportingCalendar("Europe/London", "04-06")
    at_end = pd.Timestamp("2026-04-05T12:00Z")
    assert calendar.period_of(at_end, "year").name == "2025-04-06/2026-04-05"
    assert calendar.period_of(at_end, "quarter").name == "2026-01-06/2026-04-05"
    assert calendar.period_of(at_end, "month").name == "2026-03-06/2026-04-05"
    weeks = calendar.periods(at_end, at_end + pd.Timedelta(days=8), "week")
    assert [week.name for week in weeks] == ["2026-03-30/2026-04-05", "2026-04-06/2026-04-12", "2026-04-13/2026-04-19"]
    assert weeks[0].end == weeks[1].start


def test_a_file_is_read_with_chinese_headers_in_the_zone_of_the_reports(tmp_path: Path) -> None:
    file = tmp_path / "目标.csv"
    text = '范围,名称,开始日期,结束日期,金额,币种,生效时间\nteam,一队,2026-01-01,2026-03-31,"500,000",CNY,2026-01-01\n'
    file.write_bytes(text.encode("gb18030"))
    [row] = read_inputs_file(file, "targets", "Asia/Shanghai").to_dict("records")
    assert (row["amount"], row["name"], row["valid_from"].isoformat()) == (500_000, "一队", "2025-12-31T16:00:00+00:00")


def test_a_file_that_cannot_be_used_names_the_line(tmp_path: Path) -> None:
    file = tmp_path / "rates.csv"
    file.write_text("currency,to_currency,rate\nEUR,CNY,7.8\nUSD,CNY,seven\n", encoding="utf-8")
    with pytest.raises(SchemaError, match="'seven' in line 3 of rates.csv"):
        read_inputs_file(file, "rates", "UTC")
    with pytest.raises(SchemaError, match="column 'currency' in rates.csv"):
        read_inputs_file(file, "teams", "UTC")
    with pytest.raises(UnreadableSourceError):
        read_inputs_file(tmp_path / "none.csv", "teams", "UTC")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("ann,2026-04-01,2026-03-31,5,CNY", "the period 2026-04-01 to 2026-03-31 in line 3 of commits.csv"),
        ("ann,2026-04-01,2026-04-30,-5,CNY", "amount -5 in line 3 of commits.csv"),
        ("ann,2026-04-01,2026-04-30,5,", "an amount without a currency in line 3 of commits.csv"),
        (",2026-04-01,2026-04-30,5,CNY", "no value of owner_id in line 3 of commits.csv"),
        ("ann,soon,2026-04-30,5,CNY", "the period soon to 2026-04-30 in line 3 of commits.csv"),
    ],
)
def test_a_row_that_makes_no_sense_is_named_by_its_line_in_the_spreadsheet(tmp_path: Path, row: str, said: str) -> None:
    file = tmp_path / "commits.csv"
    header = "owner_id,period_start,period_end,amount,currency"
    file.write_text(f"{header}\nbob,2026-04-01,2026-04-30,1,CNY\n{row}\n", encoding="utf-8")
    with pytest.raises(SchemaError) as refused:
        read_inputs_file(file, "commits", "UTC")
    assert refused.value.found == said


def test_other_headers_of_people_and_of_our_own_tables_are_understood(tmp_path: Path) -> None:
    file = tmp_path / "承诺.csv"
    for header in ("负责人,起始日期,截止日期,承诺金额,货币", "Owner,Period start,Period end,Commit,Currency"):
        file.write_text(f"{header}\nann,2026/4/1,2026年4月30日,5,CNY\n", encoding="utf-8")
        [row] = read_inputs_file(file, "commits", "UTC").to_dict("records")
        assert row == {
            "owner_id": "ann",
            "period_start": "2026-04-01",
            "period_end": "2026-04-30",
            "amount": 5.0,
            "currency": "CNY",
        }
    file.write_text("范围,名称,开始日期,结束日期,赢单数量\n公司,,2026-04-01,2026-04-30,5\n", encoding="utf-8")
    [row] = read_inputs_file(file, "targets", "UTC").to_dict("records")
    assert (row["scope"], row["wins"]) == ("company", 5)


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("谁,开始日期,结束日期,金额,币种", "column '谁' in commits.csv"),
        ("开始日期,结束日期,金额,币种", "no column owner_id in commits.csv"),
        ("负责人,开始日期,结束日期,金额,承诺", "two columns amount in commits.csv"),
    ],
)
def test_a_header_that_is_not_understood_is_answered_with_both_names_and_an_example(
    tmp_path: Path, header: str, found: str
) -> None:
    file = tmp_path / "commits.csv"
    file.write_text(f"{header}\n{'1,' * header.count(',')}1\n", encoding="utf-8")
    with pytest.raises(SchemaError) as refused:
        read_inputs_file(file, "commits", "UTC")
    assert refused.value.found == found
    assert "owner_id (负责人), period_start (开始日期)" in refused.value.expected
    assert "owner_03,2026-04-01,2026-04-30,80000,CNY" in refused.value.do
