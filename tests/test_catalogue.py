"""Every word of the pages is translated, and what is shipped is what is written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

PAGES = Path(__file__).parents[1] / "api" / "pages"
SHIPPED = PAGES / "locales" / "zh_Hans_CN" / "LC_MESSAGES"
PLACE = re.compile(r"%\(\w+\)s")


@pytest.fixture(scope="module")
def words() -> set[str]:
    """Every word that templates and code mark for translation."""
    with (PAGES / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    keywords = dict(DEFAULT_KEYWORDS) | {"N_": None, "say": None}
    return {str(found[2]) for found in extract_from_dir(str(PAGES), methods, options, keywords=keywords)}


@pytest.fixture(scope="module")
def catalogue() -> Catalog:
    with (SHIPPED / "pages.po").open("rb") as file:
        return read_po(file, locale="zh_CN")


def test_every_word_is_translated_and_none_is_left_over(words: set[str], catalogue: Catalog) -> None:
    translated = {str(message.id) for message in catalogue if message.id and message.string and not message.fuzzy}
    assert len(words) > 100
    assert words - translated == set()
    assert translated - words == set()


def test_every_place_for_a_value_is_in_the_translation(catalogue: Catalog) -> None:
    for message in catalogue:
        assert sorted(PLACE.findall(str(message.id))) == sorted(PLACE.findall(str(message.string))), message.id


def test_the_compiled_catalogue_is_that_of_the_text(catalogue: Catalog) -> None:
    with (SHIPPED / "pages.mo").open("rb") as file:
        compiled = read_mo(file)
    said = {str(message.id): message.string for message in catalogue if message.id}
    assert {str(message.id): message.string for message in compiled if message.id} == said
