from pathlib import Path

import pytest

from features.errors import MappingError
from features.history.mapping import read_mapping
from features.history.process import DEFAULT_PROCESS

SHIPPED = Path(__file__).parent.parent / "features" / "history" / "mappings"
GOOD = """
tables:
  opportunities:
    columns: {opportunity_id: id, created_at: opened}
"""
EVENTS = "  events: {columns: {opportunity_id: i, event: e, occurred_at: t}, meanings: "


def read(folder: Path, text: str) -> object:
    path = folder / "crm.yaml"
    path.write_text(text, encoding="utf-8")
    return read_mapping(path)


def complaint(folder: Path, text: str) -> MappingError:
    with pytest.raises(MappingError) as caught:
        read(folder, text)
    assert all((caught.value.found, caught.value.expected, caught.value.do))
    return caught.value


def test_four_lines_are_a_mapping_with_the_default_process(tmp_path: Path) -> None:
    path = tmp_path / "crm.yaml"
    path.write_text(GOOD, encoding="utf-8")
    mapping = read_mapping(path)
    assert mapping.processes == {"default": DEFAULT_PROCESS}
    assert mapping.tables.opportunities[0].columns["created_at"].column == ("opened",)


def test_words_that_yaml_would_change_stay_words(tmp_path: Path) -> None:
    path = tmp_path / "crm.yaml"
    path.write_text(GOOD + "    fields: {need: {column: n, dictionary: {no: [0, off], yes: [1]}}}\n", encoding="utf-8")
    field = read_mapping(path).tables.opportunities[0].fields["need"]
    assert field.dictionary == {"no": ("0", "off"), "yes": ("1",)}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (GOOD + "zones: UTC\n", "crm.yaml: zones, a key that is not known here (did you mean 'zone'?)"),
        (
            GOOD + "    colums: {}\n",
            "tables.opportunities.0.colums, a key that is not known here (did you mean 'columns'?)",
        ),
        (
            GOOD + "    stage: {column: s, closedat: c}\n",
            "tables.opportunities.0.stage.closedat, a key that is not known here (did you mean 'closed_at'?)",
        ),
        (
            GOOD.replace("created_at: opened", "created_at: {columm: opened}"),
            "columns.created_at.columm, a key that is not known here (did you mean 'column'?)",
        ),
        (
            GOOD.replace("opportunity_id: id", "opportunityid: id"),
            "tables.opportunities.0.columns.opportunityid, which table opportunities does not have"
            " (did you mean 'opportunity_id'?)",
        ),
        (GOOD.replace(", created_at: opened", ""), "tables.opportunities.0.columns without created_at"),
        (GOOD + "zone: Europa/Berlin\n", "crm.yaml: zone = 'Europa/Berlin'"),
        (GOOD + "dates: [ISO8601]\n", "crm.yaml: dates"),
        (GOOD + "    keep: last\n", "crm.yaml: tables.opportunities.0.keep = 'last'"),
        ("name: x\n", "crm.yaml: tables missing"),
        ("- a\n", "crm.yaml without keys"),
        ("a: [\n", "crm.yaml, which cannot be read as YAML"),
        (GOOD + "name: a\nname: b\n", "the key 'name' twice, again at line 6"),
        (
            GOOD + "    attributes: {region: {column: r, dictionary: plces}}\ndictionaries: {places: {north: n}}\n",
            "region uses the dictionary 'plces' (did you mean 'places'?)",
        ),
        (GOOD + "    attributes: {owner_id: o}\n", "tables.opportunities.0.attributes.owner_id"),
        (
            GOOD + "processes: [{name: p, stages: [{key: new}, {key: won, outcome: won}]}]\n",
            "processes: process 'p' without a stage that is lost",
        ),
        (
            GOOD + "processes: [{name: p, stages: [{key: new, wieght: 0.5}]}]\n",
            "crm.yaml: processes.0.stages.0.wieght, a key that is not known here (did you mean 'weight'?)",
        ),
        (
            GOOD + EVENTS + "{sent: {stage: propsal}}}\n",
            "tables.events.0.meanings.sent.stage = 'propsal' (did you mean 'proposal'?)",
        ),
        (
            GOOD + EVENTS + "{sent: {stag: proposal}}}\n",
            "tables.events.0.meanings.sent.stag, a key that is not known here (did you mean 'stage'?)",
        ),
        (
            GOOD + EVENTS + "{sent: skip}}\n",
            "tables.events.0.meanings.sent",
        ),
        (GOOD.replace("id, created", "{line: true, constant: x}, created"), "columns.opportunity_id"),
    ],
)
def test_a_wrong_mapping_is_told_with_its_place_and_what_was_meant(tmp_path: Path, text: str, found: str) -> None:
    assert found in complaint(tmp_path, text).found


def test_an_absent_mapping_is_told(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="no file"):
        read_mapping(tmp_path / "none.yaml")


@pytest.mark.parametrize("name", ["loan_applications", "dirty_export"])
def test_the_mappings_of_the_product_are_right(name: str) -> None:
    assert read_mapping(SHIPPED / f"{name}.yaml").name == name


def test_the_example_of_the_description_is_right(tmp_path: Path) -> None:
    example = (SHIPPED / "README.md").read_text("utf-8").split("```yaml")[1].split("```")[0]
    path = tmp_path / "crm.yaml"
    path.write_text(example, encoding="utf-8")
    assert read_mapping(path).tables.opportunities[0].attributes["region"].measured == "creation"
