"""The command that writes a model card."""

from __future__ import annotations

from pathlib import Path

import click

from api.home import champion_folder, has_champion
from api.options import FILE, FOLDER
from models.artifact import read_artifact
from scoring.version_zero import version_zero

_SUFFIXES = (".html", ".md")
_BOTH = "both"


@click.command("card")
@click.option("--model", "folder", type=FOLDER, help="A model's folder; the champion when not given.")
@click.option("--out", type=FILE, help="File to write, .html or .md; Markdown on the output when not given.")
@click.option("--language", type=click.Choice(["en", "zh-CN", _BOTH]), default=_BOTH, show_default=True)
def card_command(folder: Path | None, out: Path | None, language: str) -> None:
    """Say of a model what a person needs to know before trusting it, what is bad first."""
    # Imported here: the pictures need matplotlib, which other commands do without.
    from api.card.document import LANGUAGES
    from api.card.model_card import card_text

    if out is not None and out.suffix not in _SUFFIXES:
        raise click.BadParameter(f"{out.suffix!r} is none of {', '.join(_SUFFIXES)}", param_hint="--out")
    if folder is None and not has_champion():
        artifact = version_zero()
    else:
        artifact = read_artifact(folder if folder is not None else champion_folder())
    text = card_text(artifact, out.suffix if out else ".md", LANGUAGES if language == _BOTH else (language,))
    if out is None:
        click.echo(text, nl=False)
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, encoding="utf-8")
    click.echo(f"card of version {artifact.version} in {out}")
