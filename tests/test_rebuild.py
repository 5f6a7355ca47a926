"""Every score that was kept is recomputed from the recorded past, to the last bit; on both databases."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import func, insert, select, update

from api.champion import Champion, load_champion
from api.cli import main
from api.live_segments import score_live_by_segment
from api.rebuild import rebuild
from api.store.erasure import erase, erased_after
from api.store.tables import SCORES
from api.stored import cut_at, request_at
from features.history.database.engine import Database, last_commit
from features.history.database.import_history import write_into
from features.history.database.reads import Cut
from features.history.database.tables import ACCOUNTS, CONTACTS, EVENTS, OPPORTUNITIES
from features.history.database.writes import append_events
from features.history.history import History
from features.history.simulated import simulate
from features.instants import instant, micros
from models.artifact import write_artifact
from models.exported import export_artifact
from training.grid import open_at
from training.pipeline import train

FIRST, SECOND = pd.Timestamp("2025-06-01", tz="UTC"), pd.Timestamp("2025-08-01", tz="UTC")


@pytest.fixture(scope="module")
def known() -> History:
    return simulate(400, seed=3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, known: History) -> Path:
    """Version 1, and version 2 in service after it."""
    found = tmp_path_factory.mktemp("installation") / "champion"
    for version, cutoff in (("1", FIRST), ("2", SECOND)):
        made = found.with_name("made")
        write_artifact(train(known, cutoff, seed=0, most=1_000).artifact, made)
        export_artifact(made, found, version)
    return found


@pytest.fixture
def kept(database: Database, known: History, folder: Path) -> Database:
    """A history, and scores of thirty opportunities by both models, written as the refresher does."""
    with database.writing("test", "import", lambda: SECOND) as writing:
        write_into(writing, known)
    champion = load_champion(folder)
    names = open_at(known, micros(pd.Index([FIRST])))["opportunity_id"].tolist()[:30]
    for version, at in (("1", FIRST), ("2", SECOND)):
        keep(database, Champion(champion.of_version(version)), names, at)
    return database


def keep(database: Database, champion: Champion, names: list[str], at: pd.Timestamp) -> None:
    with database.reading() as connection:
        cut = Cut(int(micros(pd.Index([at]))[0]), last_commit(connection)[0])
        asked = [request_at(connection, name, cut, champion.artifact) for name in names]
    rows = []
    for score, _ in score_live_by_segment(champion, asked, instant(cut.recorded_by), [30.0]):
        low, high = score.interval or (None, None)
        row = {"opportunity_id": score.opportunity_id, "as_of": cut.recorded_by, "through_seq": cut.through_seq}
        said = {"status": score.status, "outcome": score.outcome, "probability": score.win_probability}
        more = {"low": low, "high": high, "opportunity_class": score.opportunity_class, "segment": score.segment}
        rows.append(row | said | more | {"model_version": score.model_version, "is_shadow": False})
    with database.changing() as connection:
        connection.execute(insert(SCORES), rows)


def verdicts(database: Database, folder: Path, opportunity: str | None = None) -> Counter[str]:
    return Counter(one.verdict for one in rebuild(database, load_champion(folder), opportunity_id=opportunity))


def one_open(database: Database) -> str:
    with database.reading() as connection:
        asked = select(SCORES.c.opportunity_id).where(SCORES.c.outcome == "open", SCORES.c.model_version == "2")
        return str(connection.execute(asked.order_by(SCORES.c.opportunity_id).limit(1)).scalar())


def told_late(name: str) -> list[dict[str, object]]:
    """What happened before the scores, and is told after them."""
    of_it = {"opportunity_id": name, "occurred_at": (FIRST - pd.Timedelta(days=1)).to_pydatetime()}
    return [
        of_it | {"type": "activity", "event_id": "late-1", "kind": "meeting", "direction": "inbound"},
        of_it | {"type": "stage_change", "event_id": "late-2", "stage": "lost"},
    ]


def test_what_comes_late_changes_no_score_that_was_kept(kept: Database, folder: Path) -> None:
    name = one_open(kept)
    with kept.writing("crm", "events", lambda: SECOND + pd.Timedelta(days=1)) as writing:
        assert all(written.error is None for written in append_events(writing, told_late(name)))
    assert verdicts(kept, folder) == {"equal": 60}
    with kept.reading() as connection:
        now = cut_at(connection, SECOND + pd.Timedelta(days=2))
        raw = request_at(connection, name, now, load_champion(folder).artifact)
    [(score, _)] = score_live_by_segment(load_champion(folder), [raw], instant(now.recorded_by), [30.0])
    assert score.outcome == "lost", "and yet it is known now"


def test_scores_are_read_by_the_page_each_once(kept: Database, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.rebuild._PAGE", 7)
    found = [(one.model_version, one.opportunity_id, one.as_of) for one in rebuild(kept, load_champion(folder))]
    with kept.reading() as connection:
        assert len(found) == connection.execute(select(func.count()).select_from(SCORES)).scalar()
    assert found == sorted(set(found))


def test_a_row_that_was_tampered_with_is_found(kept: Database, folder: Path) -> None:
    name = one_open(kept)
    newest = select(func.max(EVENTS.c.occurred_at)).where(EVENTS.c.opportunity_id == name, EVENTS.c.kind == "stage")
    of_it = (EVENTS.c.opportunity_id == name, EVENTS.c.kind == "stage")
    with kept.changing() as connection:
        first = connection.execute(select(func.min(EVENTS.c.occurred_at)).where(*of_it)).scalar()
        assert connection.execute(newest).scalar() is not None
        tampered = (
            update(EVENTS).where(*of_it, EVENTS.c.occurred_at == first).values(name="lost", occurred_at=first + 1)
        )
        assert connection.execute(tampered).rowcount >= 1
    found = [one for one in rebuild(kept, load_champion(folder)) if one.verdict != "equal"]
    assert {one.opportunity_id for one in found} == {name}
    assert {one.verdict for one in found} == {"different"}
    assert all(one.differs for one in found)


def test_a_score_that_was_tampered_with_is_found(kept: Database, folder: Path) -> None:
    name = one_open(kept)
    with kept.changing() as connection:
        of_it = (SCORES.c.opportunity_id == name, SCORES.c.model_version == "2")
        connection.execute(update(SCORES).where(*of_it).values(probability=SCORES.c.probability * (1 + 1e-15)))
    [found] = [one for one in rebuild(kept, load_champion(folder)) if one.verdict != "equal"]
    assert (found.opportunity_id, found.verdict, list(found.differs)) == (name, "different", ["probability"])


def test_a_model_that_is_gone_is_said_and_is_no_difference(kept: Database, folder: Path) -> None:
    with kept.changing() as connection:
        connection.execute(update(SCORES).where(SCORES.c.model_version == "1").values(model_version="7"))
    assert verdicts(kept, folder) == {"equal": 30, "no model": 30}


def test_a_score_by_the_fixed_weights_is_recomputed(kept: Database, folder: Path) -> None:
    name = one_open(kept)
    keep(kept, Champion(load_champion(folder).of_version("0")), [name], SECOND + pd.Timedelta(hours=1))
    assert verdicts(kept, folder, name) == {"equal": 3}


def person_met(database: Database) -> tuple[str, str]:
    """A person who was met before the first scores, and an opportunity that was scored with it."""
    with database.reading() as connection:
        joined = select(EVENTS.c.contact_id, EVENTS.c.opportunity_id).join(
            SCORES, SCORES.c.opportunity_id == EVENTS.c.opportunity_id
        )
        met = (EVENTS.c.contact_id.is_not(None), EVENTS.c.kind == "activity", EVENTS.c.occurred_at < SCORES.c.as_of)
        is_open = (SCORES.c.outcome == "open", SCORES.c.model_version == "2")
        found = connection.execute(joined.where(*met, *is_open).order_by(EVENTS.c.contact_id).limit(1)).one()
        return str(found[0]), str(found[1])


def test_an_erasure_marks_scores_that_had_known_it_and_nothing_else(kept: Database, folder: Path) -> None:
    person, name = person_met(kept)
    later = SECOND + pd.Timedelta(days=1)
    with kept.writing("test", "erase contact", lambda: later) as writing:
        done = erase(writing, "contact", person)
    found = {(one.opportunity_id, one.as_of): one for one in rebuild(kept, load_champion(folder))}
    marked = {key[0] for key, one in found.items() if one.verdict == "erased since"}
    assert not [one for one in found.values() if one.verdict == "different"]
    assert marked <= set(done.belongings.touched)
    assert name in done.belongings.touched
    keep(kept, Champion(load_champion(folder).artifact), [name], later + pd.Timedelta(days=1))
    [after] = [one for one in rebuild(kept, load_champion(folder), opportunity_id=name) if one.as_of > later]
    assert after.verdict == "equal", "what is given after the erasure is recomputed for ever"
    tamper(kept, name)
    assert [one.verdict for one in rebuild(kept, load_champion(folder), opportunity_id=name) if one.as_of > later] == [
        "different"
    ]


def tamper(database: Database, name: str) -> None:
    with database.changing() as connection:
        connection.execute(update(OPPORTUNITIES).where(OPPORTUNITIES.c.opportunity_id == name).values(created_at=1))


def test_an_erased_account_leaves_all_other_scores_equal(kept: Database, folder: Path) -> None:
    name = one_open(kept)
    with kept.reading() as connection:
        asked = select(OPPORTUNITIES.c.account_id).where(OPPORTUNITIES.c.opportunity_id == name)
        account = str(connection.execute(asked).scalar())
        before = last_commit(connection)[0]
    with kept.writing("test", "erase account", lambda: SECOND + pd.Timedelta(days=1)) as writing:
        done = erase(writing, "account", account)
    assert name in done.belongings.opportunities
    assert verdicts(kept, folder) == {"equal": 60 - done.deleted["scores"]}
    with kept.reading() as connection:
        assert erased_after(connection, before, "opportunity", [name, "another"]) == {name}
        assert erased_after(connection, writing.seq, "opportunity", [name]) == set()
        assert erased_after(connection, before, "account", [account]) == {account}
        for table in (ACCOUNTS, CONTACTS):
            asked = select(table.c.account_id).where(table.c.account_id == account)
            assert connection.execute(asked).first() is None


def run(*words: object) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["dealodds", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
    return int(ended.value.code or 0)


def test_the_command_says_what_differs_and_ends_with_one(
    kept: Database, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = kept.engine.url.render_as_string(hide_password=False)
    words = ("rebuild", "--database", url, "--model", folder)
    assert run(*words) == 0
    assert "60 equal, 0 different, 0 no model, 0 erased since" in capsys.readouterr().out
    assert run(*words, "--as-of", FIRST.isoformat()) == 0
    assert "30 equal, 0 different" in capsys.readouterr().out
    name = one_open(kept)
    with kept.changing() as connection:
        connection.execute(update(SCORES).where(SCORES.c.opportunity_id == name).values(opportunity_class="none"))
    assert run(*words, "--opportunity", name) == 1
    said = capsys.readouterr().out
    assert "0 equal, 2 different" in said
    assert "opportunity_class: 'none' kept" in said
