"""Scores of past instants worked out now give a trend, and are never taken for what was served then."""

from __future__ import annotations

import pandas as pd
import pytest
from sqlalchemy import select

from api.background.candidates import all_opportunities, worth_scoring
from api.background.earlier_scores import record_earlier_scores
from api.background.lease import REFRESHING, Lease, LeaseLostError
from api.champion import load_champion
from api.rebuild import rebuild
from api.store.erasure import erase
from api.store.figures import live_calibration
from api.store.outbox import EVENTS, tell_from_now_on
from api.store.past_scores import past_scores
from api.store.scores import append_scores, kept_scores, last_scores, trends
from api.store.tables import SCORES, TOLD, WEBHOOKS
from api.store.webhooks import make_webhook
from features.history.database.description import read_description
from features.history.database.engine import Database, last_commit
from features.history.database.import_history import write_into
from features.history.database.reads import Cut
from features.history.simulated import simulate
from features.instants import DAY, micros_of
from tests.services import live_service

NOW = pd.Timestamp("2025-09-10", tz="UTC")
WEEKS = [NOW - pd.Timedelta(weeks=back) for back in (9, 3, 2, 1)]


def test_scores_worked_out_later_give_a_trend_and_are_no_scores_of_then(database: Database) -> None:
    with database.writing("test", "import", lambda: NOW) as writing:
        write_into(writing, simulate(120, seed=4))
    champion = load_champion(None)
    kept = record_earlier_scores(database, champion, WEEKS, lambda: NOW)
    with database.reading() as connection:
        rows = [dict(row) for row in connection.execute(select(SCORES)).mappings()]
        newest = [row | {"as_of": micros_of(NOW)} for row in rows if row["as_of"] == micros_of(WEEKS[-1])]
        assert len(rows) == kept > 20
        assert {"steady", "improving"} & set(trends(connection, newest).values())
        assert len(past_scores(connection, NOW)) == 0
        assert {row["was_served"] for row in kept_scores(connection, rows[0]["opportunity_id"], None, 9)} == {False}
    assert {found.verdict for found in rebuild(database, champion)} == {"equal"}


def test_scores_worked_out_later_do_not_bring_back_what_is_erased_meanwhile(database: Database) -> None:
    with database.writing("test", "import", lambda: NOW) as writing:
        write_into(writing, simulate(120, seed=4))
    champion, asked = load_champion(None), []
    with database.reading() as connection:
        cut = Cut(micros_of(WEEKS[-1]), last_commit(connection)[0])
        processes = read_description(connection).processes
        ids = worth_scoring(connection, all_opportunities(connection, cut), processes, cut)

    def clock() -> pd.Timestamp:
        asked.append(1)
        if len(asked) == 2:  # they have been read, and are about to be written
            with database.writing("test", "erase", lambda: NOW) as writing:
                erase(writing, "opportunity", ids[0])
        return NOW

    kept = record_earlier_scores(database, champion, WEEKS[-1:], clock)
    with database.reading() as connection:
        found = set(connection.execute(select(SCORES.c.opportunity_id)).scalars())
    assert len(asked) == 2
    assert (ids[0] in found, len(found), kept) == (False, len(ids) - 1, len(ids) - 1)


def test_scores_worked_out_later_leave_the_lease_free_and_are_not_written_while_another_has_it(
    database: Database,
) -> None:
    with database.writing("test", "import", lambda: NOW) as writing:
        write_into(writing, simulate(20, seed=4))
    record_earlier_scores(database, load_champion(None), WEEKS[-1:], lambda: NOW)
    other = Lease(REFRESHING)
    with database.changing() as connection:
        other.keep(connection, micros_of(NOW))
    with pytest.raises(LeaseLostError):
        record_earlier_scores(database, load_champion(None), WEEKS[-1:], lambda: NOW)


def test_scores_worked_out_later_are_no_baseline_of_what_is_told(database: Database) -> None:
    with database.writing("test", "import", lambda: NOW) as writing:
        write_into(writing, simulate(120, seed=4))
    champion = load_champion(None)
    record_earlier_scores(database, champion, WEEKS, lambda: NOW)
    with database.reading() as connection:
        name = connection.execute(select(SCORES.c.opportunity_id).order_by(SCORES.c.as_of.desc())).scalars().first()
        assert name is not None
    with database.writing("test", "webhook", lambda: NOW) as writing:
        make_webhook(writing, "https://93.184.216.34/", EVENTS, 0.01)
    with live_service(database, clock=lambda: NOW) as client:
        assert client.get(f"/v1/opportunities/{name}/score").json()["earlier"] is None
        assert client.get(f"/v1/opportunities/{name}/score/change").status_code == 404
    with database.reading() as connection:
        assert connection.execute(select(TOLD)).all() == []
        assert last_scores(connection, [name]) == {}
        (row,) = (
            dict(row)
            for row in connection.execute(select(SCORES).where(SCORES.c.opportunity_id == name).limit(1)).mappings()
        )
    served = row | {"as_of": micros_of(NOW - pd.Timedelta(days=1)), "was_served": True}
    with database.changing() as connection:
        append_scores(connection, [served])
        tell_from_now_on(connection, connection.execute(select(WEBHOOKS.c.webhook_id)).scalar_one())
    with database.reading() as connection:
        assert [row.opportunity_id for row in connection.execute(select(TOLD))] == [name]
        assert last_scores(connection, [name]) == {name: served}


def test_live_calibration_judges_only_what_was_served(database: Database) -> None:
    with database.writing("test", "import", lambda: NOW) as writing:
        write_into(writing, simulate(20, seed=4))
    at = micros_of(NOW)

    def said(name: str, days: float, **more: object) -> dict[str, object]:
        empty = dict.fromkeys(("outcome", "probability", "low", "high", "opportunity_class", "segment"))
        row = {"opportunity_id": name, "as_of": int(at + days * DAY), "model_version": "0", "through_seq": 1}
        return empty | row | {"status": "ok", "is_shadow": False, "was_served": True} | more

    rows = [
        said("later", -35, probability=0.9, was_served=False),
        said("later", 40, outcome="won"),
        said("served", 1, probability=0.4),
        said("served", 40, outcome="won"),
    ]
    with database.changing() as connection:
        append_scores(connection, rows)
    with database.reading() as connection:
        found = live_calibration(connection, NOW + pd.Timedelta(days=41))
        assert list(past_scores(connection, NOW + pd.Timedelta(days=2))["opportunity_id"]) == ["served"]
    assert (found.opportunities, found.expected_wins) == (1, 0.4)
