"""From what happened in the simulated world to the tables in which it was recorded.

Here the truth is bent as people bend it: a share of events is recorded late, some
owners report one stage behind, and what would be recorded after the end is not there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.history.simulated_columns import delays, instants, names, words
from features.history.simulated_journal import Column
from features.history.simulated_population import Population
from features.history.simulated_state import State
from features.history.simulated_world import (
    AMOUNT,
    ASSESSED,
    CHANNELS,
    DAYS,
    DIRECTIONS,
    DUE,
    FIELDS,
    INDUSTRIES,
    KINDS,
    LEVELS,
    LOST_REASONS,
    MEETS_DECISION_MAKER,
    OWNER,
    OWNERS,
    PRODUCTS,
    REASON,
    REGIONS,
    REPORTS_BEHIND,
    ROLES,
    SEGMENTS,
    SERVICES,
    SOURCES,
    STAGES,
    START,
    TEAMS,
    TOPICS,
    WON,
    Floats,
    Integers,
)

_OWNER_NAMES = tuple(f"owner_{index + 1:02d}" for index in range(OWNERS))
_TEAM_NAMES = tuple(f"team_{index + 1}" for index in range(TEAMS))
_DATES = tuple(pd.date_range(START, periods=DAYS + 1200).strftime("%Y-%m-%d"))
_ACTIVITY = ("opportunity", "account", "at", "kind", "inbound", "duration", "topic", "value", "role")
_PLANS = ("meeting", "planned_at", "automated")


@dataclass(frozen=True)
class Writer:
    """Writes one chunk of the simulated world.

    ``first_opportunity`` and ``first_account`` number the chunk's rows; ``opened`` and
    ``closed`` are the days by which each opportunity and its close are recorded late.
    """

    population: Population
    state: State
    first_opportunity: int
    rng: np.random.Generator
    opened: Floats
    closed: Floats

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables of this chunk, without what was recorded after the end."""
        tables = {
            "accounts": self._accounts(),
            "contacts": self._contacts(),
            "opportunities": self._opportunities(),
            "stage_history": self._stage_history(),
            "field_history": self._field_history(),
            "activities": self._activities(),
        }
        end = START + pd.Timedelta(days=DAYS)
        return {name: frame[frame["recorded_at"] <= end] for name, frame in tables.items()}

    def _account_names(self, accounts: Column) -> pd.Series:
        return names("a", accounts + self.first_opportunity)

    def _opportunity_names(self, opportunities: Column) -> pd.Series:
        return names("o", opportunities + self.first_opportunity)

    def _accounts(self) -> pd.DataFrame:
        p, count = self.population, self.population.all_accounts
        at = instants(p.account_created)
        return pd.DataFrame(
            {
                "account_id": self._account_names(np.arange(count)),
                "created_at": at,
                "recorded_at": at,
                "name": names("Account ", np.arange(count) + self.first_opportunity),
                "industry": words(self.rng.integers(0, len(INDUSTRIES), count), INDUSTRIES),
                "region": words(p.region, REGIONS),
                "size": words(p.account_segment, SEGMENTS),
            }
        )

    def _contacts(self) -> pd.DataFrame:
        account, role = np.nonzero(self.population.has_role)
        at = instants(self.population.account_created[account] + role)
        return pd.DataFrame(
            {
                "contact_id": self._contact_names(account, role),
                "account_id": self._account_names(account),
                "created_at": at,
                "recorded_at": at,
                "role": words(role, ROLES),
            }
        )

    def _contact_names(self, accounts: Column, roles: Column) -> pd.Series:
        return names("c", len(ROLES) * (accounts + self.first_opportunity) + roles)

    def _opportunities(self) -> pd.DataFrame:
        p = self.population
        return pd.DataFrame(
            {
                "opportunity_id": self._opportunity_names(np.arange(len(p))),
                "account_id": self._account_names(p.account),
                "process": "default",
                "owner_id": words(p.owner, _OWNER_NAMES),
                "team": words(p.owner * TEAMS // OWNERS, _TEAM_NAMES),
                "product": words(p.product, PRODUCTS),
                "service": words(self.rng.integers(-1, len(SERVICES), len(p)), SERVICES),
                "source": words(p.source, SOURCES),
                "channel": words((p.source == SOURCES.index("partner")).astype(np.int64), CHANNELS),
                "currency": "EUR",
                "created_at": instants(p.created),
                "recorded_at": instants(p.created + self.opened),
                "fit_score": np.round(50 + 15 * p.fit_score, 1),
                "segment": words(p.account_segment[p.account], SEGMENTS),
            }
        )

    def _recorded(self, opportunities: Integers, at: Floats, own_delay: Floats) -> Floats:
        """Nothing of an opportunity is recorded before the opportunity itself."""
        known = self.population.created[opportunities] + self.opened[opportunities]
        return np.maximum(at + own_delay, known)

    def _stage_history(self) -> pd.DataFrame:
        stages = self.state.journal.columns("stages", ("opportunity", "at", "stage", "owner"))
        order = np.lexsort((stages["at"], stages["opportunity"]))
        who, at, true, owner = (stages[name][order].astype(float) for name in ("opportunity", "at", "stage", "owner"))
        opportunity = who.astype(np.int64)
        behind = REPORTS_BEHIND[owner.astype(np.int64)] & (true > 0) & (true < WON)
        reported = true - behind
        repeated = np.r_[False, (opportunity[1:] == opportunity[:-1]) & (reported[1:] == reported[:-1])]
        delay = np.where(true >= WON, self.closed[opportunity], delays(len(at), self.rng))
        delay[at == self.population.created[opportunity]] = 0
        recorded = self._recorded(opportunity, at, delay)
        frame = self._events(opportunity, at, recorded, stage=words(reported, STAGES))
        kept: pd.DataFrame = frame[~repeated]
        return kept

    def _events(self, who: Integers, at: Floats, recorded: Floats, **columns: pd.Series) -> pd.DataFrame:
        return pd.DataFrame(
            {
                "opportunity_id": self._opportunity_names(who),
                **columns,
                "occurred_at": instants(at),
                "recorded_at": instants(recorded),
            }
        )

    def _field_history(self) -> pd.DataFrame:
        rows = self.state.journal.columns("fields", ("opportunity", "at", "field", "value"))
        at, which, value = rows["at"].astype(float), rows["field"].astype(np.int64), rows["value"].astype(float)
        who = rows["opportunity"].astype(np.int64)
        delay = np.where(which == REASON, self.closed[who], delays(len(at), self.rng))
        recorded = self._recorded(who, at, delay)
        return self._events(who, at, recorded, field=words(which, FIELDS), value=_texts(which, value))

    def _activities(self) -> pd.DataFrame:
        rows = self.state.journal.columns("activities", _ACTIVITY + _PLANS)
        rows = {name: values.astype(float) for name, values in rows.items()}
        recorded = self._recorded_activities(rows)
        keep = np.isnan(rows["planned_at"]) | (recorded < rows["at"])
        rows = {name: values[keep] for name, values in rows.items()} | {"recorded": recorded[keep]}
        account = self._accounts_of(rows)
        return pd.DataFrame(
            {
                "activity_id": self._activity_names(rows["meeting"]),
                "opportunity_id": self._opportunity_names(rows["opportunity"]),
                "account_id": self._account_names(account),
                "contact_id": self._contact_names(account, self._roles(rows, account)),
                "kind": words(rows["kind"], KINDS),
                "direction": words(1 - rows["inbound"], DIRECTIONS),
                "occurred_at": instants(rows["at"]),
                "recorded_at": instants(rows["recorded"]),
                "duration": rows["duration"],
                "topic": words(rows["topic"], TOPICS),
                "value": rows["value"],
                "planned": ~np.isnan(rows["planned_at"]),
                "automated": rows["automated"] == 1,
            }
        )

    def _recorded_activities(self, rows: dict[str, Column]) -> Floats:
        who, of_account = rows["opportunity"], np.isnan(rows["opportunity"])
        at = np.where(np.isnan(rows["planned_at"]), rows["at"], rows["planned_at"])
        recorded = at + delays(len(at), self.rng)
        known = (self.population.created + self.opened)[np.where(of_account, 0, who).astype(np.int64)]
        return np.where(of_account, recorded, np.maximum(recorded, known))

    def _accounts_of(self, rows: dict[str, Column]) -> Column:
        of_account = np.isnan(rows["opportunity"])
        of_opportunity = self.population.account[np.where(of_account, 0, rows["opportunity"]).astype(np.int64)]
        return np.where(of_account, rows["account"], of_opportunity)

    def _activity_names(self, meetings: Column) -> pd.Series:
        """A meeting and its plan share a name; every other activity has its own."""
        first = 64 * self.first_opportunity
        single = np.isnan(meetings)
        numbers = np.where(single, np.cumsum(single), meetings) + first
        return names("e", 2 * numbers + single)

    def _roles(self, rows: dict[str, Column], account: Column) -> Column:
        """Who was met: the decision maker the more often, the more authority there is."""
        draw, who = rows["role"], np.nan_to_num(rows["opportunity"]).astype(np.int64)
        share = MEETS_DECISION_MAKER[self.population.levels[ASSESSED.index("authority"), who]]
        other = 1 + np.floor((len(ROLES) - 1) * (draw - share) / (1 - share))
        role = np.where(draw < share, 0, other)
        known = ~np.isnan(role)
        known[known] = self.population.has_role[account[known].astype(np.int64), role[known].astype(np.int64)]
        return np.where(known, role, np.nan)


def _texts(which: Integers, value: Floats) -> pd.Series:
    """Values of ``field_history`` as text, each as its field is written."""
    vocabulary: tuple[str, ...] = ("unknown", *LEVELS)
    codes = np.where(which < AMOUNT, value + 1, -1.0)
    for field_index, entries in ((DUE, _DATES), (OWNER, _OWNER_NAMES), (REASON, LOST_REASONS)):
        codes = np.where(which == field_index, value + len(vocabulary), codes)
        vocabulary += entries
    texts = words(codes, vocabulary)
    amounts = names("", np.where(which == AMOUNT, value, np.nan)).str.lstrip("0")
    return texts.where(which != AMOUNT, amounts)
