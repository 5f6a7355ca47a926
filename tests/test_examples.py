"""The examples for operators: what they run and what they set exists."""

from __future__ import annotations

import configparser
import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from api.cli import commands
from api.settings import Settings, listed

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "api" / "examples"
VARIABLES = {one.variable for one in listed(Settings())}


def _assert_parses(words: list[str]) -> None:
    """Let the command line read what follows ``dealodds``."""
    command: click.Command = commands
    while isinstance(command, click.Group):
        command = command.commands[words.pop(0)]
    command.make_context(str(command.name), words)


def _unit() -> dict[str, dict[str, str]]:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(EXAMPLES / "dealodds.service", encoding="utf-8")
    return {name: dict(parser[name]) for name in parser.sections()}


def _compose() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((EXAMPLES / "compose.yaml").read_text(encoding="utf-8"))
    return read


def _container() -> dict[str, list[str]]:
    text = (EXAMPLES / "Containerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line.split(maxsplit=1) for line in text.splitlines() if line.strip() and not line.startswith("#")]
    found: dict[str, list[str]] = {}
    for instruction, rest in lines:
        found.setdefault(instruction, []).append(rest.strip())
    return found


def test_the_unit_runs_a_command_that_exists_and_lets_it_finish() -> None:
    unit = _unit()
    program, *words = shlex.split(unit["Service"]["ExecStart"])
    assert program.endswith("/dealodds")
    _assert_parses(words)
    assert unit["Service"]["Environment"].partition("=")[0] in VARIABLES
    assert int(unit["Service"]["TimeoutStopSec"]) > Settings().shutdown_seconds


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_reads_the_unit(tmp_path: Path) -> None:
    program = tmp_path / "dealodds"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    text = (EXAMPLES / "dealodds.service").read_text(encoding="utf-8")
    unit = tmp_path / "dealodds.service"
    unit.write_text(text.replace("/opt/dealodds/.venv/bin/dealodds", str(program)), encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True)
    assert "dealodds.service" not in done.stderr, done.stderr
    assert done.returncode == 0, done.stderr


def test_the_container_is_built_of_what_is_there_and_runs_a_command_that_exists() -> None:
    found = _container()
    program, *words = json.loads(found["CMD"][0])
    assert program == "dealodds"
    _assert_parses(words)
    assert {text.partition("=")[0] for text in found["ENV"]} <= VARIABLES
    sources = [name for text in found["COPY"] for name in text.split()[:-1]]
    assert [name for name in sources if not (ROOT / name).exists()] == []
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages <= set(sources)
    assert found["USER"] == ["dealodds"]


def test_the_composition_runs_commands_that_exist_with_settings_that_exist() -> None:
    services = _compose()["services"]
    assert set(services) == {"database", "mlflow", "upgrade", "dealodds"}
    for name in ("upgrade", "dealodds"):
        program, *words = services[name]["command"]
        assert program == "dealodds"
        _assert_parses(words)
        assert set(services[name]["environment"]) <= VARIABLES
        assert (EXAMPLES / services[name]["build"]["context"] / services[name]["build"]["dockerfile"]).is_file()
        assert set(services[name]["build"]["args"]) == {text.partition("=")[0] for text in _container()["ARG"]}
    assert services["dealodds"]["depends_on"]["upgrade"]["condition"] == "service_completed_successfully"
    assert int(services["dealodds"]["stop_grace_period"].removesuffix("s")) > Settings().shutdown_seconds
    _, *words = services["mlflow"]["command"]
    mlflow = Path(sys.executable).with_name("mlflow")
    offered = subprocess.run([mlflow, words[0], "--help"], capture_output=True, text=True).stdout
    assert [word for word in words[1:] if word.partition("=")[0] not in offered] == []


@pytest.mark.parametrize("name", ["Containerfile", "compose.yaml"])
def test_images_are_variables_and_no_registry_is_named(name: str) -> None:
    text = (EXAMPLES / name).read_text(encoding="utf-8")
    images = re.findall(r"(?:^FROM|^ +image:) +(.+)$", text, re.MULTILINE)
    assert images
    assert [image for image in images if not image.startswith("${") and image != "dealodds"] == []
    assert re.findall(r"\b(?:docker|ghcr|quay|gcr)\.io\b", text) == []
