"""What is excluded by choice is not learned from, is said, and may still be sent."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from api.card.model_card import card_text
from api.champion import score_live
from api.cli import main
from features.errors import SchemaError
from features.exclusion import excluded_features
from features.history.directory import write_history
from features.history.history import Attribute
from features.history.simulated import simulate
from features.snapshots import Catalogue
from models.artifact import Artifact, read_artifact, write_artifact
from models.lightgbm_hazards import LightGBMHazards
from models.ridge_hazards import RidgeHazards
from tests.services import NOW, service
from training.card import card_of
from training.pipeline import Trained, prepare, train

CUTOFF = pd.Timestamp("2025-09-01", tz="UTC")
CHOICE = ("qualification", "overdue", "segment", "visits_7d")


@pytest.fixture(scope="module")
def trained() -> Trained:
    return train(simulate(400, 1), CUTOFF, exclude=CHOICE)


@pytest.fixture(scope="module")
def artifact(trained: Trained) -> Artifact:
    return trained.artifact


def test_nothing_is_learned_from_what_is_excluded_and_something_from_the_rest(artifact: Artifact) -> None:
    blends = [blend for blend in (artifact.win, artifact.need, artifact.account_need) if blend is not None]
    learners = [m for blend in blends for m in blend.members if isinstance(m, RidgeHazards | LightGBMHazards)]
    assert learners
    seen = {name for member in learners for name in member.encoding.features[0]}
    assert {"money", "man_unknown", "overdue", "attribute_segment", "visits_7d"} <= set(artifact.catalogue.excluded)
    assert seen & set(artifact.catalogue.excluded) == set()
    assert {"days_in_stage", "visits_30d"} <= seen


def test_the_choice_is_in_the_artifact_its_fingerprint_and_what_is_read_back(
    artifact: Artifact, tmp_path: Path
) -> None:
    assert artifact.training["excluded"] == sorted(CHOICE)
    everything = replace(artifact.catalogue, excluded=())
    assert artifact.training["feature_fingerprint"] == artifact.catalogue.fingerprint != everything.fingerprint
    write_artifact(artifact, tmp_path / "model")
    again = read_artifact(tmp_path / "model")
    assert again.catalogue == artifact.catalogue
    assert again.training["excluded"] == sorted(CHOICE)


def test_a_request_may_send_what_is_excluded_and_rules_read_it_while_the_probability_does_not(
    artifact: Artifact,
) -> None:
    created = CUTOFF - pd.Timedelta(days=20)
    plain = {"opportunity_id": "o", "created_at": created, "stage": "contacted", "expected_close_date": None}
    yes = {"value": "yes", "assessed_at": created}
    said = plain | {
        "assessments": {"money": yes, "authority": yes, "need": {"value": "no", "assessed_at": created}},
        "attributes": {"segment": "b2b"},
    }
    (without, _), (with_them, _) = (score_live(artifact, [asked], CUTOFF, [30])[0] for asked in (plain, said))
    assert (without.man.code, with_them.man.code) == ("???", "MAn")
    assert without.win_probability == with_them.win_probability


def test_the_service_and_the_card_say_what_was_left_out_by_choice(trained: Trained, tmp_path: Path) -> None:
    made = trained.artifact
    card = card_of(trained.dataset, made.catalogue, [], None)
    assert {a["name"]: a["used"] for a in card["attributes"]}["segment"] is False
    whole = replace(made, card=card)
    text = card_text(whole, ".md")
    assert "Left out by choice: overdue, qualification, segment, visits" in text
    assert "按指定不采用：overdue、qualification、segment、visits" in text
    write_artifact(whole, tmp_path / "model")
    with service(tmp_path / "model", NOW) as client:
        answer = client.get("/v1/models/champion").json()
    assert answer["excluded"] == sorted(CHOICE)
    assert answer["features"] == len(made.catalogue.learned) < len(made.catalogue.features)
    assert "segment" in answer["attributes"]


OWN = [Attribute("grade", "category", "unknown"), Attribute("email", "flag", "creation")]


def test_a_name_is_a_column_first_then_a_feature_then_a_group() -> None:
    known = Catalogue((), (OWN[1],))
    assert excluded_features(["email"], known, OWN) == ("attribute_email",)
    assert excluded_features(["overdue"], known, OWN) == ("overdue",)
    assert "replies_ever" in excluded_features(["email"], Catalogue(), [])
    assert excluded_features(["grade"], known, OWN) == ()


@pytest.mark.parametrize(
    ("name", "found", "do"),
    [
        ("gade", "nothing called 'gade' to exclude", "did you mean 'grade'?"),
        ("Contacts", "nothing called 'Contacts' to exclude", "did you mean 'contact'?"),
        ("zzzz", "nothing called 'zzzz' to exclude", "correct the name"),
        ("stage", "stage to be excluded, with stage", "name features of the group stage other than"),
        ("fixed_weight", "fixed_weight to be excluded, with fixed_weight", "name features of the group stage other"),
    ],
)
def test_what_cannot_be_excluded_is_said_in_three_parts(name: str, found: str, do: str) -> None:
    with pytest.raises(SchemaError) as raised:
        excluded_features([name], Catalogue(), OWN)
    assert raised.value.found == found
    assert raised.value.do.startswith(do)
    if "nothing" in found:
        assert "grade, email" in raised.value.expected
        assert "qualification" in raised.value.expected


def test_a_column_cannot_be_taken_in_and_left_out() -> None:
    with pytest.raises(SchemaError, match="included and excluded"):
        prepare(simulate(50, 1), include=["segment"], exclude=["segment"])


def test_a_misspelt_column_is_not_taken_in_either() -> None:
    known = simulate(50, 1)
    with pytest.raises(SchemaError) as raised:
        prepare(known, include=["fit_scor"])
    assert raised.value.found == "no column of your own called 'fit_scor' to include"
    assert "fit_score" in raised.value.expected
    assert raised.value.do == "did you mean 'fit_score'?"
    with pytest.raises(SchemaError, match="correct the name"):
        prepare(known, include=["xyzzy"])
    assert prepare(known, include=["fit_score", "amount"]).excluded == ()


@pytest.mark.parametrize("command", [("train",), ("backtest", "--cutoffs", "2025-06-01", "--out", "out.json")])
def test_both_commands_refuse_an_unknown_name_and_tell_the_nearest(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_history(simulate(60, 1), tmp_path / "crm")
    monkeypatch.setenv("DEALODDS_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(
        sys,
        "argv",
        ["dealodds", *command, "--history", str(tmp_path / "crm"), "--exclude", "email", "--exclude", "segmnt"],
    )
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert "did you mean 'segment'?" in capsys.readouterr().err


def test_plain_amounts_of_several_currencies_are_not_learned_from_unless_asked_for() -> None:
    clean = simulate(60, 1)
    assert prepare(clean).catalogue.excluded == ()
    money = pd.Series(["EUR", "JPY"] * 30, dtype=clean.opportunities["currency"].dtype)
    mixed = replace(clean, tables={**clean.tables, "opportunities": clean.opportunities.assign(currency=money)})
    found = prepare(mixed)
    assert found.catalogue.excluded == ("amount",)
    assert found.left_out["amount"].startswith("amounts are in 2 currencies")
    assert "amount" not in found.dataset.learned
    assert "amount_to_usual" in found.dataset.learned
    assert prepare(mixed, include=["amount"]).catalogue.excluded == ()
