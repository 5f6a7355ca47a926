"""Reads a mapping file, and says exactly where it is wrong and what was meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from features.errors import MappingError, ProcessError
from features.history.mapping_format import (
    ColumnSpec,
    EventSource,
    OpportunitySource,
    allowed_columns,
    required_columns,
)
from features.history.mapping_format import (
    Mapping_ as Mapping_,
)
from features.history.schema import TABLES


class _TextLoader(yaml.SafeLoader):
    """YAML whose scalars stay text: ``no`` is a word here, and ``2026-01-01`` is not yet a date."""

    yaml_implicit_resolvers: dict[str, Any] = {}

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Refuse a key written twice, of which plain YAML would silently keep the last."""
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise MappingError(
                    f"the key {key.value!r} twice, again at line {key.start_mark.line + 1}",
                    "each key once",
                    "put the two together",
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_mapping(path: Path) -> Mapping_:
    """Read a mapping file.

    Raises
    ------
    MappingError
        The file is absent, is not YAML, has a key or value that the format does not
        know (with its path inside the file, and what was probably meant), or names a
        stage, process or dictionary that it does not describe.

    Examples
    --------
    >>> import tempfile
    >>> text = '''
    ... tables:
    ...   opportunities:
    ...     columns: {opportunity_id: id, created_at: opened}
    ...     stage: status
    ... '''
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "crm.yaml"
    ...     _ = path.write_text(text, encoding="utf-8")
    ...     mapping = read_mapping(path)
    >>> mapping.tables.opportunities[0].stage.column
    ('status',)
    """
    raw = _read_yaml(path)
    try:
        mapping = Mapping_.model_validate(raw)
    except ValidationError as problem:
        raise _explained(problem, path.name) from None
    _check_processes(mapping)
    for place, table, source in _sources(mapping):
        _check_columns(place, table, source.columns)
        _check_dictionaries(place, mapping, source)
        if isinstance(source, OpportunitySource):
            _check_attributes(place, source)
        if isinstance(source, EventSource):
            _check_meanings(place, mapping, source)
    return mapping


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `` (did you mean 'x'?)`` for the nearest known word, or nothing.

    Examples
    --------
    >>> did_you_mean("colums", ["columns", "file"])
    " (did you mean 'columns'?)"
    """
    near = difflib.get_close_matches(word.casefold(), list(known), n=1, cutoff=0.6)
    return f" (did you mean {near[0]!r}?)" if near else ""


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        raw = _TextLoader(path.read_text(encoding="utf-8")).get_single_data()
    except FileNotFoundError:
        raise MappingError(f"no file {path}", "a mapping in YAML", "correct the path, or draft a mapping") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as problem:
        raise MappingError(
            f"{path.name}, which cannot be read as YAML: {' '.join(str(problem).split())}",
            "a mapping in YAML, UTF-8",
            "correct the file",
        ) from problem
    if not isinstance(raw, dict):
        raise MappingError(f"{path.name} without keys", "at least the key tables", "see the format's description")
    return raw


def _explained(problem: ValidationError, file: str) -> MappingError:
    error = min(problem.errors(), key=_depth_last)
    place = [part for part in error["loc"] if not _is_type_name(part)]
    where = f"{file}: {'.'.join(map(str, place))}"
    if error["type"] == "extra_forbidden":
        known = _known_keys(place, Mapping_)
        word = str(place[-1])
        return MappingError(
            f"{where}, a key that is not known here{did_you_mean(word, known)}",
            f"only {', '.join(known)}" if known else "only the keys that the format describes",
            "correct or remove the key",
        )
    if error["type"] == "missing":
        return MappingError(f"{where} missing", "this key, which is required", "add it")
    message = str(error["msg"]).removeprefix("Value error, ")
    shown = f" = {error['input']!r}" if isinstance(error["input"], str | int | float) else ""
    return MappingError(f"{where}{shown}", message, "correct it")


def _depth_last(error: Any) -> int:
    """Unknown keys first: a misspelt key usually causes the other complaints."""
    return 0 if error["type"] == "extra_forbidden" else 1


def _is_type_name(part: int | str) -> bool:
    """Tell the names of union members, which pydantic puts into a place, from our keys."""
    return isinstance(part, str) and (
        part in ("str", "Meaning") or part.startswith(("dict[", "literal[", "function-", "tuple["))
    )


def _known_keys(place: list[int | str], whole: type[BaseModel]) -> list[str]:
    """Keys allowed beside the last part of a place, by following the models along it."""
    annotation: Any = whole
    for part in place[:-1]:
        if isinstance(part, str):
            annotation = _below(annotation, part)
    model = _container(annotation)
    fields = getattr(model, "model_fields", {})
    return sorted(field.alias or name for name, field in fields.items())


def _below(annotation: Any, key: str) -> Any:
    """Return what is written under a key of a model or of a dictionary."""
    container = _container(annotation)
    if get_origin(container) is dict:
        return get_args(container)[1]
    fields = getattr(container, "model_fields", {})
    return next((field.annotation for name, field in fields.items() if key == (field.alias or name)), None)


def _container(annotation: Any) -> Any:
    """Find the model or dictionary inside an annotation such as ``tuple[Model, ...] | None``."""
    if hasattr(annotation, "model_fields") or get_origin(annotation) is dict:
        return annotation
    return next((found for inner in get_args(annotation) if (found := _container(inner)) is not None), None)


def _sources(mapping: Mapping_) -> Iterator[tuple[str, str, Any]]:
    for table in (*TABLES, "events"):
        for i, source in enumerate(mapping.tables.of(table)):
            yield f"tables.{table}.{i}", table, source


def _check_processes(mapping: Mapping_) -> None:
    try:
        _ = mapping.processes
    except ProcessError as problem:
        raise MappingError(f"processes: {problem.found}", problem.expected, problem.do) from problem


def _check_columns(place: str, table: str, columns: dict[str, ColumnSpec]) -> None:
    allowed = allowed_columns(table)
    for name in columns:
        if name not in allowed:
            raise MappingError(
                f"{place}.columns.{name}, which table {table} does not have{did_you_mean(name, allowed)}",
                f"only {', '.join(allowed)}",
                "correct the name; a column of your own goes under attributes, a dated value under fields",
            )
    for name in required_columns(table):
        if name not in columns:
            raise MappingError(
                f"{place}.columns without {name}", f"{', '.join(required_columns(table))}", f"say where {name} is"
            )


def _check_dictionaries(place: str, mapping: Mapping_, source: Any) -> None:
    specs = [*source.columns.items()]
    if isinstance(source, OpportunitySource):
        specs += [*source.fields.items(), *source.attributes.items()]
        specs += [("stage", source.stage)] if source.stage else []
    for name, spec in specs:
        if isinstance(spec.dictionary, str) and spec.dictionary not in mapping.dictionaries:
            raise MappingError(
                f"{place}: {name} uses the dictionary {spec.dictionary!r}"
                f"{did_you_mean(spec.dictionary, mapping.dictionaries)}",
                f"one of {', '.join(mapping.dictionaries) or 'dictionaries (there are none)'}",
                "describe it under dictionaries",
            )


def _check_attributes(place: str, source: OpportunitySource) -> None:
    for name in source.attributes:
        if name in allowed_columns("opportunities"):
            raise MappingError(
                f"{place}.attributes.{name}", "a name that is not a column of ours", f"move {name} to columns"
            )


def _check_meanings(place: str, mapping: Mapping_, source: EventSource) -> None:
    stages = mapping.stage_spellings()
    for event, meaning in source.meanings.items():
        stage = meaning.stage if not isinstance(meaning, str) else None
        if stage is not None and stage not in stages:
            raise MappingError(
                f"{place}.meanings.{event}.stage = {stage!r}{did_you_mean(stage, stages)}",
                f"a stage of the process: {', '.join(stages)}",
                "correct the stage, or add it to the process",
            )
