"""The simulated opportunities as they are when they begin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.history.simulated_world import (
    ASSESSED,
    DAYS,
    DILIGENCE,
    LEVEL_SHARE,
    OWNERS,
    PRODUCT_SHARE,
    REGIONS,
    ROLE_SHARE,
    ROLES,
    SEGMENT_AMOUNT,
    SEGMENT_EFFECT,
    SEGMENT_SHARE,
    SOURCE_EFFECT,
    SOURCE_SHARE,
    Flags,
    Floats,
    Integers,
)

ACCOUNTS_PER_OPPORTUNITY = 0.65
IDLE_ACCOUNTS_PER_OPPORTUNITY = 0.05
"""Accounts that visit the site and never become an opportunity."""


@dataclass(frozen=True)
class Population:
    """One entry an opportunity, in order of creation; times are days since the start.

    ``levels`` and ``assess_at`` have one row for each of ``ASSESSED``: the true level
    (0 no, 1 partly, 2 yes), which nobody sees, and when it is first assessed
    (infinite: never).
    """

    created: Floats
    account: Integers
    accounts: int
    account_created: Floats
    account_segment: Integers
    region: Integers
    has_role: Flags
    owner: Integers
    source: Integers
    product: Integers
    fit_score: Floats
    levels: Integers
    assess_at: Floats
    temper: Floats
    base: Floats
    amount: Floats
    due: Floats
    has_proxy: Flags
    has_scanner: Flags

    @property
    def all_accounts(self) -> int:
        """Count the accounts, those without an opportunity included."""
        return len(self.account_created)

    def __len__(self) -> int:
        """Count the opportunities."""
        return len(self.created)


def draw_population(opportunities: int, rng: np.random.Generator) -> Population:
    """Draw opportunities created at a steady rate over the two years."""
    n = opportunities
    created = np.sort(rng.uniform(0, DAYS, n))
    accounts = max(1, round(ACCOUNTS_PER_OPPORTUNITY * n))
    account = rng.integers(0, accounts, n)
    owner = rng.integers(0, OWNERS, n)
    source = rng.choice(len(SOURCE_SHARE), n, p=SOURCE_SHARE)
    everyone = accounts + round(IDLE_ACCOUNTS_PER_OPPORTUNITY * n)
    account_segment = rng.choice(len(SEGMENT_SHARE), everyone, p=SEGMENT_SHARE)
    segment = account_segment[account]
    fit_score = rng.normal(size=n)
    product = rng.choice(len(PRODUCT_SHARE), n, p=PRODUCT_SHARE)
    return Population(
        created=created,
        account=account,
        accounts=accounts,
        account_created=_accounts_created(created, account, everyone, rng),
        account_segment=account_segment,
        region=rng.integers(0, len(REGIONS), everyone),
        has_role=rng.random((everyone, len(ROLES))) < ROLE_SHARE,
        owner=owner,
        source=source,
        product=product,
        fit_score=fit_score,
        levels=np.stack([rng.choice(3, n, p=share) for share in LEVEL_SHARE]),
        assess_at=_first_assessments(created, owner, rng),
        temper=rng.normal(0, 0.6, n),
        base=SOURCE_EFFECT[source] + SEGMENT_EFFECT[segment] + 0.3 * fit_score,
        amount=SEGMENT_AMOUNT[segment] * (1 + 0.5 * product) * np.exp(rng.normal(0, 0.6, n)),
        due=np.floor(created + 75 * np.exp(rng.normal(0, 0.35, n))),
        has_proxy=(rng.random(accounts) < 0.3)[account],
        has_scanner=(rng.random(accounts) < 0.1)[account],
    )


def _accounts_created(created: Floats, account: Integers, everyone: int, rng: np.random.Generator) -> Floats:
    """Accounts are known some weeks before their first opportunity."""
    first = rng.uniform(0, DAYS, everyone)
    np.minimum.at(first, account, created)
    return first - rng.uniform(60, 400, everyone)


def _first_assessments(created: Floats, owner: Integers, rng: np.random.Generator) -> Floats:
    n = len(created)
    at = created + rng.exponential(20, (len(ASSESSED), n))
    at[rng.random(at.shape) > 0.65] = np.inf
    at[:3] = created + rng.exponential(6, n)
    at[:3, rng.random(n) > DILIGENCE[owner]] = np.inf
    return at
