"""What happened before around an opportunity: its owner, account, source, product, and the season."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from features.feature import Feature
from features.instants import DAY
from features.past_results import CURRENCY, ENTITIES, EVERYTHING, MICRO_LOG, PastResults, Results, entity_values
from features.view import Bools, Floats, View

SHRINKAGE = 20
"""A rate counts as if this many more opportunities had closed at the overall rate."""

_SEASON_DAYS = 730
_YEAR_DAYS = 365.2425
_NAMES = {
    "owner": ("owner", "负责人"),
    "account": ("account", "客户"),
    "source": ("source", "来源"),
    "product": ("product", "产品"),
    "channel": ("channel", "渠道"),
    "team": ("team", "团队"),
}


def _feature(name: str, unit: str, en: str, zh: str, meaning: str) -> Feature:
    return Feature(name, "context", unit, en, zh, meaning)


FEATURES = (
    *(
        _feature(f"{entity}_win_lift", "log-odds", f"{en}'s past wins compared with the usual", f"{zh}历史赢单与常规相比", f"Log-odds of the {en}'s past win rate, shrunk, less those of all; 0 when unseen; missing when unknown.")
        for entity, (en, zh) in _NAMES.items()
    ),
    _feature("owner_closed", "count", "opportunities the owner closed", "负责人已关闭商机数", "Closed opportunities of the owner; missing when the owner is unknown."),
    _feature("account_wins", "count", "previous purchases", "客户既往成交次数", "Won opportunities of the account; missing when the account is unknown."),
    _feature("existing_customer", "yes/no", "existing customer", "老客户", "1 when the account has bought before; missing when the account is unknown."),
    _feature("pace", "number", "age compared with past wins", "商机时长与历史赢单相比", "Log of days since creation, plus one, less its mean over past wins; missing before the first win."),
    Feature("amount_to_usual", "commercial", "number", "amount compared with the usual in its currency", "金额与同币种常见金额相比", "Log of the amount, plus one, less its mean over closed opportunities of the same currency; missing without an amount or before the first closed."),
    _feature("season_sine", "number", "time of year (first or second half)", "一年中的时间（上半年或下半年）", "Sine of the time of year; missing until two years are on record."),
    _feature("season_cosine", "number", "time of year (turn or middle)", "一年中的时间（岁末年初或年中）", "Cosine of the time of year; missing until two years are on record."),
)  # fmt: skip


def compute(view: View, past: PastResults) -> dict[str, Floats]:
    """Compute the context features of each snapshot from results recorded strictly before it."""
    values = entity_values(view)
    overall = past.of(EVERYTHING, values[EVERYTHING], view.as_of)
    results = {name: past.of(name, values[name], view.as_of) for name in ENTITIES}
    known = {name: np.array([value is not None for value in values[name]], dtype=bool) for name in ENTITIES}
    lifts = _lifts([results[name] for name in ENTITIES], overall, [known[name] for name in ENTITIES])
    account_wins = np.where(known["account"], results["account"].won, np.nan)
    return {
        **{f"{name}_win_lift": lift for name, lift in zip(ENTITIES, lifts, strict=True)},
        "owner_closed": np.where(known["owner"], results["owner"].closed, np.nan),
        "account_wins": account_wins,
        "existing_customer": np.where(np.isnan(account_wins), np.nan, account_wins > 0),
        "pace": _pace(view, overall),
        "amount_to_usual": _amount_to_usual(view, past.of(CURRENCY, values[CURRENCY], view.as_of)),
        **_season(view, past),
    }


def _lifts(results: Sequence[Results], overall: Results, known: Sequence[Bools]) -> Floats:
    """Lift of each entity, shape (e, n)."""
    usual = (overall.won + 1) / (overall.closed + 2)
    won, closed = np.stack([of.won for of in results]), np.stack([of.closed for of in results])
    rate = (won + SHRINKAGE * usual) / (closed + SHRINKAGE)
    lifts = np.log(rate / (1 - rate)) - np.log(usual / (1 - usual))
    return np.where(np.stack(known), lifts, np.nan)


def _pace(view: View, overall: Results) -> Floats:
    usual = overall.log_days_to_win / np.maximum(overall.won, 1) / MICRO_LOG
    age = np.log1p(np.maximum(view.as_of - view.created, 0) / DAY)
    return np.where(overall.won > 0, age - usual, np.nan)


def _amount_to_usual(view: View, of_currency: Results) -> Floats:
    """Compare with what closed in the same currency: by the rules of past results, so never with itself."""
    amount = view.path("amount").last
    usual = of_currency.log_amount / np.maximum(of_currency.priced, 1) / MICRO_LOG
    return np.where(of_currency.priced > 0, np.log1p(np.where(amount >= 0, amount, np.nan)) - usual, np.nan)


def _season(view: View, past: PastResults) -> dict[str, Floats]:
    """A season must have been seen twice before it can be told from the passing of time."""
    seen = past.recorded_days(view.as_of) >= _SEASON_DAYS
    angle = 2 * np.pi * (view.as_of / DAY % _YEAR_DAYS) / _YEAR_DAYS
    return {
        "season_sine": np.where(seen, np.sin(angle), np.nan),
        "season_cosine": np.where(seen, np.cos(angle), np.nan),
    }
