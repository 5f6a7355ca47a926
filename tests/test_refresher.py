"""The work list follows what is written, is rebuilt daily and for a new model, and is kept by one worker at a time."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from sqlalchemy import func, select

from api.background.lease import LeaseLostError
from api.background.part import Models
from api.background.refresher import OvertakenError, StoppedError
from api.background.scoring import score_known
from api.champion import load_champion
from api.store.erasure import erase
from api.store.tables import LISTED, LISTS, SCORES
from api.store.work_list import begin_list, current_list
from features.history.database.changes import Touched, touched_between
from features.history.database.description import Description, read_description, write_description
from features.history.database.engine import Database, last_commit
from features.history.database.reads import Cut, opportunity_known
from features.history.process import DEFAULT_PROCESS
from features.instants import instant
from tests.pipelines import Pipeline, of_version


@pytest.fixture
def pipeline(database: Database) -> Pipeline:
    return Pipeline(database)


def listed(pipeline: Pipeline) -> dict[str, dict[str, Any]]:
    with pipeline.database.reading() as connection:
        current = current_list(connection)
        assert current is not None
        asked = select(LISTED).where(LISTED.c.list_id == current.list_id)
        return {row["opportunity_id"]: dict(row) for row in connection.execute(asked).mappings()}


def history(pipeline: Pipeline, name: str, is_shadow: bool = False) -> list[Any]:
    asked = select(SCORES).where(SCORES.c.opportunity_id == name, SCORES.c.is_shadow == is_shadow)
    with pipeline.database.reading() as connection:
        return list(connection.execute(asked.order_by(SCORES.c.as_of)).all())


def test_a_full_list_has_what_is_open_with_its_columns(pipeline: Pipeline) -> None:
    pipeline.open("a", "proposal", 1000.0, team="north", owner_id="kim", account_id="x", currency="EUR")
    pipeline.open("b", "contacted")
    pipeline.open("c", "won")
    assert pipeline.refresher().refresh() == "built"
    rows = listed(pipeline)
    assert sorted(rows) == ["a", "b"]
    kept = ("probability", "expected_value", "amount", "stage", "team", "owner_id", "account_id", "currency", "outcome")
    assert [rows["a"][name] for name in kept] == [0.5, 500, 1000, "proposal", "north", "kim", "x", "EUR", "open"]
    assert [rows["b"][name] for name in kept] == [0.25, None, None, "contacted", None, None, None, None, "open"]
    assert {row["trend"] for row in rows.values()} == {"not_enough_information"}
    assert pipeline.told.take() == {"a": (0.5, "open"), "b": (0.25, "open")}
    assert history(pipeline, "c") == []


def test_a_write_is_followed_and_nothing_is_done_without_one(pipeline: Pipeline) -> None:
    refresher = pipeline.refresher()
    pipeline.open("a", "contacted")
    pipeline.open("b", "contacted")
    assert refresher.refresh() == "built"
    pipeline.told.take()
    assert refresher.refresh() == "nothing"
    before = listed(pipeline)
    pipeline.now.pass_by(seconds=60)
    pipeline.tell({"type": "stage_change", "opportunity_id": "a", "stage": "negotiation"})
    pipeline.open("n", "proposal")
    assert refresher.refresh() == "followed"
    rows = listed(pipeline)
    assert {name: row["probability"] for name, row in rows.items()} == {"a": 0.75, "b": 0.25, "n": 0.5}
    assert rows["b"] == before["b"]
    assert rows["a"]["as_of"] > before["a"]["as_of"]
    assert pipeline.told.take() == {"a": (0.75, "open"), "n": (0.5, "open")}
    with pipeline.database.reading() as connection:
        current = current_list(connection)
        assert current is not None
        assert current.through_seq == last_commit(connection)[0]
    assert refresher.refresh() == "nothing"


def test_what_closes_leaves_the_list_and_is_told_and_reopening_brings_it_back(pipeline: Pipeline) -> None:
    refresher = pipeline.refresher()
    pipeline.open("a", "negotiation")
    refresher.refresh()
    pipeline.told.take()
    for stage, told in (("won", (None, "won")), ("proposal", (0.5, "open"))):
        pipeline.now.pass_by(seconds=60)
        pipeline.tell({"type": "stage_change", "opportunity_id": "a", "stage": stage})
        assert refresher.refresh() == "followed"
        assert pipeline.told.take() == {"a": told}
        assert ("a" in listed(pipeline)) is (told[1] == "open")
    assert [row.outcome for row in history(pipeline, "a")] == ["open", "won", "open"]


def test_what_closed_while_nobody_looked_is_told_by_the_next_full_list(pipeline: Pipeline) -> None:
    pipeline.open("a", "negotiation")
    pipeline.refresher().refresh()
    pipeline.told.take()
    pipeline.tell({"type": "stage_change", "opportunity_id": "a", "stage": "lost"})
    pipeline.models = Models(of_version("2"))
    assert pipeline.refresher().refresh() == "built"
    assert pipeline.told.take() == {"a": (None, "lost")}
    pipeline.now.pass_by(days=1)
    assert pipeline.refresher().refresh() == "built"
    assert pipeline.told.take() == {}
    assert [row.outcome for row in history(pipeline, "a")] == ["open", "lost"]


def test_the_list_is_rebuilt_within_a_day_and_for_a_new_model_and_never_has_two_versions(pipeline: Pipeline) -> None:
    refresher = pipeline.refresher()
    pipeline.open("a")
    refresher.refresh()
    pipeline.now.pass_by(days=0.95)
    assert refresher.refresh() == "nothing"
    pipeline.now.pass_by(days=0.04)
    assert refresher.refresh() == "built"
    pipeline.models = Models(of_version("2"))
    pipeline.tell({"type": "stage_change", "opportunity_id": "a", "stage": "negotiation"})
    assert refresher.refresh() == "built"
    with pipeline.database.reading() as connection:
        found = connection.execute(select(LISTS.c.model_version, LISTS.c.state)).all()
        assert [tuple(row) for row in found] == [("2", "current")]
        assert connection.execute(select(func.count()).select_from(LISTED)).scalar() == 1
    assert pipeline.told.champions == [("1", "2")]


def test_a_new_description_rebuilds_the_list(pipeline: Pipeline) -> None:
    refresher = pipeline.refresher()
    pipeline.open("a")
    refresher.refresh()
    with pipeline.database.writing("test", "description", pipeline.now) as writing:
        write_description(writing, Description(processes={"default": DEFAULT_PROCESS}))
        writing.rows = 1
    assert refresher.refresh() == "built"
    assert refresher.refresh() == "nothing"


def test_the_history_stays_small_a_row_when_something_changed_and_one_a_day(pipeline: Pipeline) -> None:
    refresher = pipeline.refresher()
    pipeline.open("a", "contacted")
    refresher.refresh()
    for hour in range(1, 49):
        pipeline.now.pass_by(seconds=3600)
        pipeline.tell({"type": "field_change", "opportunity_id": "a", "field": "amount", "value": hour})
        refresher.refresh()
    rows = history(pipeline, "a")
    assert 2 <= len(rows) <= 4
    assert {row.probability for row in rows} == {0.25}
    assert listed(pipeline)["a"]["amount"] == 48


def test_a_kept_score_is_computed_again_exactly_from_its_commit_and_instant(pipeline: Pipeline) -> None:
    refresher = pipeline.refresher()
    pipeline.open("a", "contacted")
    refresher.refresh()
    for stage in ("proposal", "negotiation"):
        pipeline.now.pass_by(days=1)
        pipeline.tell({"type": "stage_change", "opportunity_id": "a", "stage": stage})
        refresher.refresh()
    rows = history(pipeline, "a")
    assert [row.probability for row in rows if row.probability] == [0.25, 0.5, 0.75]
    with pipeline.database.reading() as connection:
        for row in rows:
            cut = Cut(row.as_of, row.through_seq)
            known = opportunity_known(connection, "a", cut)
            assert known is not None
            description = read_description(connection, cut.recorded_by, cut.through_seq)
            (again,) = score_known(pipeline.models.champion, [known], description, instant(row.as_of))
            assert (again.score.win_probability, *(again.score.interval or ())) == (row.probability, row.low, row.high)


def test_an_account_touches_its_opportunities_also_through_merges_moves_and_people(pipeline: Pipeline) -> None:
    for name, account in (("a", "x"), ("b", "y"), ("c", "z"), ("d", None)):
        pipeline.open(name, None, account_id=account)

    def touched(*bodies: dict[str, Any]) -> tuple[set[str], set[str]]:
        with pipeline.database.reading() as connection:
            before = last_commit(connection)[0]
        pipeline.tell(*bodies)
        with pipeline.database.reading() as connection:
            found = touched_between(connection, before, last_commit(connection)[0])
        return set(found.opportunities), set(found.accounts)

    pipeline.tell({"type": "activity", "account_id": "x", "kind": "site_visit"})
    pipeline.tell({"type": "field_change", "opportunity_id": "d", "field": "account_id", "value": "z"})
    assert touched({"type": "activity", "account_id": "x", "kind": "site_visit"}) == ({"a"}, {"x"})
    assert touched({"type": "activity", "account_id": "z", "kind": "site_visit"}) == ({"c", "d"}, {"z"})
    assert touched({"event_id": "m", "type": "merge", "account_id": "x", "into": "y"}) == ({"a", "b"}, {"x", "y"})
    assert touched({"type": "activity", "account_id": "y", "kind": "site_visit"}) == ({"a", "b"}, {"x", "y"})
    assert touched({"type": "retraction", "retracts": "m"}) == ({"a", "b"}, {"x", "y"})
    assert touched({"type": "stage_change", "opportunity_id": "d", "stage": "proposal"}) == ({"d"}, {"z"})


def test_an_account_told_of_later_and_a_new_role_of_a_stranger_touch_what_they_are_read_with(
    pipeline: Pipeline,
) -> None:
    pipeline.open("a", None, account_id="x")
    pipeline.open("b", None, account_id="y")
    pipeline.account("y")  # what is told of for the first time touches everything
    pipeline.contact("stranger", role="user")
    pipeline.tell({"type": "activity", "opportunity_id": "b", "kind": "call", "contact_id": "stranger"})
    with pipeline.database.reading() as connection:
        start = last_commit(connection)[0]
    pipeline.account("x", region="north")
    pipeline.tell({"type": "field_change", "contact_id": "stranger", "field": "role", "value": "decision_maker"})
    with pipeline.database.reading() as connection:
        assert touched_between(connection, start, start + 1).opportunities == {"a"}
        assert touched_between(connection, start + 1, start + 2).opportunities == {"b"}


def test_one_worker_keeps_the_list_and_another_takes_over_when_its_lease_lapses(pipeline: Pipeline) -> None:
    one, other = pipeline.refresher("one"), pipeline.refresher("other")
    pipeline.open("a")
    assert [one.refresh(), other.refresh()] == ["built", "waiting"]
    pipeline.now.pass_by(seconds=20)
    assert [one.refresh(), other.refresh()] == ["nothing", "waiting"]
    pipeline.now.pass_by(seconds=31)
    assert [other.refresh(), one.refresh()] == ["nothing", "waiting"]
    other.give_up()
    assert [one.refresh(), other.refresh()] == ["nothing", "waiting"]


def test_who_has_lost_the_lease_writes_nothing(pipeline: Pipeline) -> None:
    one, other = pipeline.refresher("one"), pipeline.refresher("other")
    pipeline.open("a", "contacted")
    one.refresh()
    with pipeline.database.reading() as connection:
        current, moment = current_list(connection), one._moment(connection)
    assert current is not None
    pipeline.tell({"type": "stage_change", "opportunity_id": "a", "stage": "negotiation"})
    pipeline.now.pass_by(seconds=31)
    assert other.refresh() == "followed"
    with pytest.raises(LeaseLostError):
        one._follow(current, Touched(frozenset("a")), pipeline.models, moment)
    assert listed(pipeline)["a"]["probability"] == 0.75


def test_a_service_that_goes_down_while_building_leaves_the_old_list(pipeline: Pipeline) -> None:
    pipeline.open("a")
    pipeline.refresher().refresh()
    before = listed(pipeline)
    pipeline.models = Models(of_version("2"))
    refresher = pipeline.refresher()
    refresher.stopping.set()
    with pytest.raises(StoppedError):
        refresher.refresh()
    assert listed(pipeline) == before
    assert pipeline.refresher().refresh() == "built"
    with pipeline.database.reading() as connection:
        assert connection.execute(select(func.count()).select_from(LISTS)).scalar() == 1


def test_what_was_erased_after_it_was_read_is_not_written(pipeline: Pipeline) -> None:
    refresher = pipeline.refresher()
    pipeline.open("a")
    pipeline.open("b")
    refresher.refresh()
    with pipeline.database.reading() as connection:
        current, moment = current_list(connection), refresher._moment(connection)
    assert current is not None
    with pipeline.database.writing("test", "erasure", pipeline.now) as writing:
        erase(writing, "opportunity", "a")
    with pytest.raises(OvertakenError):
        refresher._follow(current, Touched(frozenset("ab")), pipeline.models, moment)
    assert sorted(listed(pipeline)) == ["b"]
    assert history(pipeline, "a") == []
    assert refresher.refresh() == "built"
    assert sorted(listed(pipeline)) == ["b"]
    assert history(pipeline, "a") == []


def test_a_list_by_a_model_that_was_replaced_meanwhile_is_not_finished(pipeline: Pipeline) -> None:
    pipeline.open("a")
    refresher = pipeline.refresher()
    first = pipeline.models
    refresher.models = iter([first, Models(of_version("2"))]).__next__
    with pytest.raises(OvertakenError):
        refresher.refresh()
    with pipeline.database.reading() as connection:
        assert current_list(connection) is None


def test_what_is_left_of_a_list_that_was_not_finished_is_removed(pipeline: Pipeline) -> None:
    with pipeline.database.changing() as connection:
        begin_list(connection, "1", 1, 1)
        begin_list(connection, "1", 1, 1)
        assert connection.execute(select(func.count()).select_from(LISTS)).scalar() == 1


def test_without_a_model_nothing_is_done(pipeline: Pipeline, tmp_path: Any) -> None:
    (tmp_path / "champion").mkdir()
    pipeline.models = Models(load_champion(tmp_path / "champion"))
    assert pipeline.models.champion.model is None
    assert pipeline.refresher().refresh() == "waiting"


def test_an_opportunity_that_the_model_cannot_read_does_not_keep_the_others_off_the_list(pipeline: Pipeline) -> None:
    pipeline.open("a")
    pipeline.open("b")
    another = {"default": DEFAULT_PROCESS, "other": DEFAULT_PROCESS.__class__("other", DEFAULT_PROCESS.stages)}
    with pipeline.database.writing("test", "description", pipeline.now) as writing:
        write_description(writing, Description(processes=another))
        writing.rows = 1
    pipeline.open("strange", process="other")
    assert pipeline.refresher().refresh() == "built"
    assert sorted(listed(pipeline)) == ["a", "b"]


def test_the_trend_is_in_the_list_once_scores_tell_of_it(pipeline: Pipeline) -> None:
    refresher = pipeline.refresher()
    pipeline.open("a", "contacted")
    refresher.refresh()
    for stage in ("contacted", "contacted", "negotiation", "negotiation", "negotiation"):
        pipeline.now.pass_by(days=3)
        pipeline.tell({"type": "stage_change", "opportunity_id": "a", "stage": stage})
        refresher.refresh()
    assert listed(pipeline)["a"]["trend"] == "improving"
    assert pd.Timestamp(listed(pipeline)["a"]["as_of"], unit="us", tz="UTC") >= pipeline.now()


def test_many_touched_opportunities_are_scored_again_without_a_new_list(
    monkeypatch: pytest.MonkeyPatch, pipeline: Pipeline
) -> None:
    monkeypatch.setattr("api.background.refresher._FEW", 1)
    refresher = pipeline.refresher()
    for name in "abcdef":
        pipeline.open(name, "contacted")
    assert refresher.refresh() == "built"
    for name in "ab":
        pipeline.tell({"type": "stage_change", "opportunity_id": name, "stage": "negotiation"})
    assert refresher.refresh() == "followed"
    found = {name: row["probability"] for name, row in listed(pipeline).items()}
    assert found == {"a": 0.75, "b": 0.75} | dict.fromkeys("cdef", 0.25)
