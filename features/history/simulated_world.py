"""The simulated world: who sells, what is sold, and what makes a sale likely.

All figures here are the same for every seed; only the draws differ. A model fitted
on one seed therefore describes the world of any other.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

START: Final = pd.Timestamp("2024-01-01", tz="UTC")
END: Final = pd.Timestamp("2026-01-01", tz="UTC")
DAYS: Final = (END - START).days

OWNERS: Final = 30
TEAMS: Final = 5
_OWNER_DRAW = np.random.default_rng(7).normal(size=OWNERS)
OWNER_SKILL: Final[Floats] = 0.45 * (_OWNER_DRAW - _OWNER_DRAW.mean()) / _OWNER_DRAW.std()
"""What an owner adds to the readiness of each of his or her opportunities, log scale."""
REPORTS_BEHIND: Final[Flags] = np.arange(OWNERS) % 5 == 2
"""20 % of the owners report one stage behind the true one."""
DILIGENCE: Final[Floats] = np.clip(0.65 + 0.12 * np.random.default_rng(8).normal(size=OWNERS), 0.4, 0.9)
"""The share of opportunities whose MAN an owner assesses at all."""

SOURCES: Final = ("website", "referral", "trade_show", "outbound", "partner")
SOURCE_SHARE: Final[Floats] = np.array([0.35, 0.15, 0.15, 0.25, 0.10])
SOURCE_EFFECT: Final[Floats] = np.array([0.0, 0.45, 0.0, -0.35, 0.1])
PRODUCTS: Final = ("basic", "plus", "suite")
PRODUCT_SHARE: Final[Floats] = np.array([0.45, 0.35, 0.20])
SERVICES: Final = ("training", "maintenance")
CHANNELS: Final = ("direct", "reseller")
REGIONS: Final = ("north", "south", "east", "west")
INDUSTRIES: Final = ("machinery", "electronics", "chemicals", "services", "public")
SEGMENTS: Final = ("small", "medium", "large")
SEGMENT_SHARE: Final[Floats] = np.array([0.5, 0.35, 0.15])
SEGMENT_EFFECT: Final[Floats] = np.array([0.15, 0.0, -0.3])
SEGMENT_AMOUNT: Final[Floats] = np.array([8_000.0, 20_000.0, 60_000.0])
REPEAT_EFFECT: Final = 0.6
"""What an earlier purchase of the same account adds."""

ASSESSED: Final = ("money", "authority", "need", "sponsor", "competitor", "solution_fit")
LEVELS: Final = ("no", "partly", "yes")
LEVEL_SHARE: Final[Floats] = np.array(
    [
        [0.25, 0.30, 0.45],
        [0.30, 0.30, 0.40],
        [0.20, 0.30, 0.50],
        [0.40, 0.25, 0.35],
        [0.35, 0.25, 0.40],
        [0.2, 0.4, 0.4],
    ]
)
LEVEL_EFFECT: Final[Floats] = np.array(
    [[-1.3, 0.0, 0.5], [-1.2, 0.0, 0.3], [-1.3, 0.0, 0.5], [-0.4, 0.0, 0.8], [0.4, 0.0, -0.7], [-0.3, 0.0, 0.2]]
)
"""What no, partly and yes of each field in ``ASSESSED`` add."""
CONTACT_EFFECT: Final[Floats] = np.array([0.0, 0.8, 1.5])
"""What recent two-way contact adds when authority is no, partly, yes: the interaction."""
ADDITIVE_CONTACT_EFFECT: Final[Floats] = np.full(3, 0.84)
"""The same in the world without interactions: their mean, whatever the authority."""

ROLES: Final = ("decision_maker", "technical_evaluator", "purchaser", "user")
ROLE_SHARE: Final[Floats] = np.array([0.95, 0.7, 0.7, 0.85])
MEETS_DECISION_MAKER: Final[Floats] = np.array([0.08, 0.25, 0.5])
"""The share of contacts that are with the decision maker when authority is no, partly, yes."""

KINDS: Final = (
    "site_visit",
    "email_sent",
    "email_opened",
    "email_clicked",
    "email_replied",
    "call",
    "meeting",
    "demo",
    "quote",
)
DIRECTIONS: Final = ("inbound", "outbound")
TOPICS: Final = ("home", "product", "pricing", "documentation", "references")
FIELDS: Final = (*ASSESSED, "amount", "expected_close_date", "owner", "lost_reason")
AMOUNT, DUE, OWNER, REASON = range(len(ASSESSED), len(FIELDS))
STAGES: Final = ("identified", "contacted", "needs_confirmed", "proposal", "negotiation", "won", "lost")
WON, LOST = 5, 6
LOST_REASONS: Final = ("competitor", "price", "budget cut", "project cancelled", "no answer")

LEVEL_CHANGES: Final = 0.015
"""Chance a day that one of the true levels moves by one, up or down."""
INTENT_EFFECT: Final = 0.5
INTENT_RETURNS: Final = 0.03
INTENT_MOVES: Final = 0.17
"""The latent intent: its effect, the share of the way back to its mean a day, its move a day."""
WRONG_ASSESSMENTS: Final = 0.12
"""Share of assessments that are a guess."""
PUSH_EFFECT: Final = -0.15
"""What each of the first two pushes of the closing date adds."""

STAGE_PACE: Final[Floats] = np.array([0.0840, 0.0680, 0.0560, 0.0560, 0.0])
"""Moves forward a day from each open stage at readiness 0."""
PACE_EFFECT: Final = 0.42
"""What readiness adds to the pace, log scale."""
BACK_EFFECT: Final = 1.2
BACK_PACE: Final = 0.027
"""Moves back a day from needs_confirmed on, at readiness 0, and what readiness takes from them, log scale."""
WIN_EFFECT: Final = 0.95
LOSS_EFFECT: Final = 0.35
"""What readiness adds to the win hazard, and takes from the loss hazard, log scale."""
WIN_HAZARD: Final[Floats] = np.array([0.0000125, 0.000069, 0.000365, 0.00125, 0.0046])
"""Wins a day in each true stage at readiness 0 and age 0."""
WIN_FADES: Final = 120.0
"""Days in which the win hazard falls to 1/e."""
LOSS_HAZARD: Final[Floats] = np.array([0.00187, 0.00153, 0.00100, 0.00077, 0.00055])
"""Losses a day in each true stage at readiness 0 and age 0."""
LOSS_RISE: Final = 3.0
"""What an age of 180 days or more adds to the loss hazard, log scale."""
SILENCE_EFFECT: Final = 0.5
OVERDUE_EFFECT: Final = 0.25
"""What 60 days without two-way contact, and 30 days overdue, take from winning and add to losing."""
SKIPS: Final = 0.08
REOPENED: Final = 0.04
"""Share of moves forward that skip a stage; share of lost opportunities that reopen, once."""
DRIFT: Final = -0.5
"""What is added to readiness from the start to the end of the two years."""

LATE_SHARE: Final = 0.111
LATE_MEDIAN: Final = 3.0
LATE_SPREAD: Final = 0.9
"""Share of events recorded late by themselves; days late, median and log standard deviation.

Some more are late because their opportunity was: together they are 12 %."""
