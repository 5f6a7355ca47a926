"""Past results around an opportunity: recorded strictly before, never its own, taken back by a reopening."""

from __future__ import annotations

import json
from math import log, log1p
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.past_results import FrozenResults, freeze, recorded_results
from features.snapshots import build_snapshots
from tests.histories import Row, at, history, keys, opportunity, over_days, snapshot, stage, table, value

NAN = float("nan")


def deal(name: str, end: str, day: float, told: float | None = None, **more: Any) -> list[Row]:
    """An opportunity of ann's that began on day 0 and ended."""
    return [
        opportunity(name, **({"owner_id": "ann"} | more)),
        stage("identified", 0, of=name),
        stage(end, day, told, name),
    ]


def lift(won: int, closed: int, all_won: int, all_closed: int) -> float:
    usual = (all_won + 1) / (all_closed + 2)
    rate = (won + 20 * usual) / (closed + 20)
    return log(rate / (1 - rate)) - log(usual / (1 - usual))


OPEN = (opportunity(owner_id="ann", account_id="x"), stage("identified", 0))
COURSE = history(
    *OPEN,
    *deal("o2", "won", 4, account_id="x"),
    *deal("o3", "lost", 6, told=9, account_id="x"),
    *deal("o4", "won", 10, owner_id="bob"),
    stage("proposal", 12, of="o2"),
    stage("lost", 14, of="o2"),
)
DAYS = (4, 5, 9, 9.5, 11, 13, 15)


@pytest.fixture(scope="module")
def course() -> pd.DataFrame:
    return table(COURSE, *DAYS)


@pytest.mark.parametrize(
    ("feature", "found"),
    [
        ("owner_closed", [0, 1, 1, 2, 2, 1, 2]),
        ("account_wins", [0, 1, 1, 1, 1, 0, 0]),
        ("existing_customer", [0, 1, 1, 1, 1, 0, 0]),
        (
            "owner_win_lift",
            [
                0, lift(1, 1, 1, 1), lift(1, 1, 1, 1), lift(1, 2, 1, 2),
                lift(1, 2, 2, 3), lift(0, 1, 1, 2), lift(0, 2, 1, 3),
            ],
        ),
        (
            "pace",
            [
                NAN, log1p(5) - log1p(4), log1p(9) - log1p(4), log1p(9.5) - log1p(4),
                log1p(11) - (log1p(4) + log1p(10)) / 2, log1p(13) - log1p(10), log1p(15) - log1p(10),
            ],
        ),
    ],
)  # fmt: skip
def test_seven_instants_with_a_late_record_and_a_reopening(
    course: pd.DataFrame, feature: str, found: list[float]
) -> None:
    assert list(course[feature]) == pytest.approx(found, abs=1e-6, nan_ok=True)


def test_a_result_counts_strictly_after_it_was_recorded() -> None:
    known = history(*OPEN, *deal("o2", "won", 4, told=6))
    assert over_days(known, "owner_closed", 5, 6, 6.00001) == [0, 0, 1]


def test_the_own_outcome_is_never_in_the_own_rates_while_open() -> None:
    known = history(*OPEN, stage("won", 3), stage("proposal", 5), *deal("o2", "lost", 4))
    assert over_days(known, "owner_closed", 2, 6) == [0, 1]
    assert over_days(known, "account_wins", 2, 6) == [0, 0]


def test_a_result_stays_with_the_owner_of_its_closing() -> None:
    known = history(
        *OPEN,
        *deal("o2", "won", 4, owner_id="bob"),
        value("owner", "ann", 2, of="o2"),
        value("owner", "bob", 8, of="o2"),
    )
    assert over_days(known, "owner_closed", 5, 9) == [1, 1]


def test_an_unseen_owner_is_as_good_as_the_usual_and_an_unknown_one_is_missing() -> None:
    rows = [*deal("o2", "won", 1), *deal("o3", "won", 1, owner_id="bob")]
    unseen = snapshot(history(opportunity(owner_id="new"), stage("identified", 0), *rows), 5)
    assert (unseen["owner_win_lift"], unseen["owner_closed"]) == (0, 0)
    unknown = snapshot(history(opportunity(), stage("identified", 0), *rows), 5)
    assert np.isnan([unknown[name] for name in ("owner_win_lift", "owner_closed", "account_wins")]).all()


def test_results_of_unknown_owners_are_not_those_of_an_owner_called_nan() -> None:
    known = history(opportunity(owner_id="nan"), opportunity("o2"), stage("won", 1, of="o2"))
    assert snapshot(known, 3)["owner_closed"] == 0


@pytest.mark.parametrize("column", ["source", "product", "channel", "team"])
def test_each_value_of_a_column_has_results_of_its_own(column: str) -> None:
    same: dict[str, Any] = {column: "a"}
    known = history(opportunity(**same), *deal("o2", "won", 1, **same), *deal("o3", "lost", 1))
    assert snapshot(known, 3)[f"{column}_win_lift"] == pytest.approx(lift(1, 1, 1, 2))


def priced(name: str, amount: str, currency: str | None, end: str | None = None, day: float = 4) -> list[Row]:
    rows = [opportunity(name, currency=currency), stage("identified", 0, of=name), value("amount", amount, 0, of=name)]
    return rows if end is None else [*rows, stage(end, day, of=name)]


def test_an_amount_is_compared_with_what_closed_before_in_its_own_currency() -> None:
    known = history(
        *priced("o1", "99", "EUR"), *priced("yen", "9999", "JPY"), *priced("none", "9", None),
        *priced("o2", "9", "EUR", "won"), *priced("o3", "999", "EUR", "lost", 6),
        *priced("o4", "999999", "JPY", "lost"), stage("proposal", 8, of="o3"), value("amount", "9999", 9, of="o3"),
    )  # fmt: skip
    usual = over_days(known, "amount_to_usual", 4, 5, 7, 8.5)
    assert usual == pytest.approx([NAN, log(10), 0, log(10)], abs=1e-5, nan_ok=True)
    assert over_days(known, "amount_to_usual", 5, of="yen") == pytest.approx([-log(100)], abs=1e-5)
    assert np.isnan(snapshot(known, 9, of="none")["amount_to_usual"])
    # Reopened: what it was closed with is taken back, and it is never compared with itself.
    assert over_days(known, "amount_to_usual", 10, of="o3") == pytest.approx([log(1000)], abs=1e-5)


def test_the_same_deals_in_another_currency_look_the_same() -> None:
    def world(currency: str, rate: int) -> list[Row]:
        rows = [priced(f"c{i}{currency}", str(1000 * (i + 1) * rate), currency, "won", 3 + i) for i in range(4)]
        return [row for deal in rows for row in deal] + priced(currency, str(5000 * rate), currency)

    known = history(*world("EUR", 1), *world("JPY", 160))
    euro, yen = (snapshot(known, 9, of=name)["amount_to_usual"] for name in ("EUR", "JPY"))
    assert euro == pytest.approx(yen, abs=1e-3)
    frozen = freeze(recorded_results(known), at(9))
    live = build_snapshots(history(*priced("JPY", "800000", "JPY")), keys(("JPY", 30)), past=frozen)
    assert live["amount_to_usual"].iloc[0] == pytest.approx(yen, abs=1e-9)


def test_the_season_is_known_once_two_years_are_on_record() -> None:
    sine = over_days(history(*OPEN), "season_sine", 729.9, 730)
    assert np.isnan(sine[0])
    assert -1 <= sine[1] <= 1


def test_frozen_results_say_at_any_time_what_was_known_when_they_were_frozen() -> None:
    frozen = freeze(recorded_results(COURSE), at(11))
    then = snapshot(COURSE, 11)
    later = build_snapshots(COURSE, keys(("o1", 30)), past=frozen).iloc[0]
    for name in ("owner_closed", "account_wins", "owner_win_lift", "account_win_lift", "season_sine"):
        assert later[name] == pytest.approx(then[name], nan_ok=True), name


def test_frozen_results_come_back_from_json_the_same() -> None:
    frozen = freeze(recorded_results(COURSE), at(20))
    tables = json.loads(json.dumps(frozen.tables))
    again = FrozenResults(frozen.as_of, tables, frozen.first)
    assert tables["owner"] == {"ann": [2, 0, 0, 0, 0], "bob": [1, 1, 2397895, 0, 0]}
    one, other = (build_snapshots(COURSE, keys(("o1", 30)), past=past) for past in (frozen, again))
    pd.testing.assert_frame_equal(one, other, check_exact=True)
