"""Converting definitions (experiments, datasets, templates, settings) from YAML mappings to domain values."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from qanat.domain import time_limits
from qanat.domain.checkpoint import Checkpoint
from qanat.domain.config import ASK, EACH, RESULT_DIR, Config, Grace, template_sections
from qanat.domain.container import ContainerRequest
from qanat.domain.data import STAT
from qanat.domain.experiment import Action, Dataset, Experiment, MetricSource, Program, Template
from qanat.domain.keeping import Keep
from qanat.domain.layout import is_for_results
from qanat.domain.retry_policy import RetryPolicy
from qanat.domain.shipment import FILE
from qanat.domain.shortening import quoted
from qanat.domain.time_limits import NONE
from qanat.errors import InputInvalid
from qanat.records import migrations, schemas, yaml_io

if TYPE_CHECKING:
    from qanat.domain.pack import Pack

HOW_TO_PLACE_RESULTS = f"use {RESULT_DIR}, which may be a link to another place: ln -s /scratch/me {RESULT_DIR}"


def experiment_from(content: dict[str, Any]) -> Experiment:
    """Return the experiment that a valid mapping describes."""
    return Experiment(
        name=content["name"],
        program=Program(content["executable"], content.get("executable_command", "")),
        description=content.get("description", ""),
        path=content.get("path", ""),
        tags=tuple(content.get("tags", ())),
        datasets=tuple(content.get("datasets", ())),
        workdir=content.get("workdir"),
        actions={name: _action(name, parts) for name, parts in content.get("actions", {}).items()},
        seeds=seeds_from(content),
        code_paths=tuple(posixpath.normpath(path) for path in content.get("code", {}).get("paths", ())),
        metrics=tuple(map(_metric_source, content.get("metrics", ()))),
        container=_container(content["container"]) if "container" in content else None,
        figures=tuple(content.get("figures", ())),
        retry=_retry(content),
        transfer=content.get("transfer", False),
        checkpoint=Checkpoint.from_content(content["checkpoint"]) if "checkpoint" in content else None,
    )


def _retry(content: Mapping[str, Any]) -> RetryPolicy | None:
    return RetryPolicy.from_mapping(content["retry"]) if "retry" in content else None


def _container(content: str | dict[str, Any]) -> ContainerRequest:
    parts: dict[str, Any] = {"image": content} if isinstance(content, str) else content
    return ContainerRequest(
        image=parts["image"],
        engine=parts.get("engine"),
        binds=tuple(parts.get("binds", ())),
        gpu=parts.get("gpu", False),
        options=tuple(parts.get("options", ())),
    )


def _metric_source(parts: dict[str, Any]) -> MetricSource:
    texts = (parts.get(key, {}) for key in ("better", "label", "unit"))
    return MetricSource(str(PurePosixPath(parts["file"])), tuple(parts.get("keys", ())), *texts)


def seeds_from(content: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Return the seeds that the mapping of an experiment names; None if it does not say."""
    named = content.get("seed")
    return None if named is None else _names(named)


def _action(name: str, parts: dict[str, Any]) -> Action:
    return Action(name, Program(parts["executable"], parts.get("executable_command", "")), parts.get("description", ""))


def former_names(data: bytes, source: str) -> list[str]:
    """Return the former names in the text of an experiment. Raises InputInvalid."""
    content = yaml_io.load(data, source) if b"formerly" in data else None
    content = schemas.current(content, "experiment", source)
    before = content.get("formerly") if isinstance(content, dict) else None
    return [str(name) for name in (before if isinstance(before, list) else ())]


def dataset_from(content: dict[str, Any]) -> Dataset:
    """Return the dataset that a valid mapping describes."""
    return Dataset(
        name=content["name"],
        path=content["path"],
        description=content.get("description", ""),
        tags=tuple(content.get("tags", ())),
        track=content.get("track", STAT),
        command=content.get("command", ""),
        check=content.get("check", True),
        writable=content.get("writable", False),
        transfer=content.get("transfer", FILE),
    )


def template_from(content: dict[str, Any]) -> Template:
    """Return the template that a valid mapping describes."""
    return Template(
        name=content["name"],
        runner=content["runner"],
        options=content.get("options", {}),
        description=content.get("description", ""),
        retry=_retry(content),
        extends=_names(content.get("extends", ())),
        hosts=_names(content.get("when", {}).get("host", ())),
        transfer=content.get("transfer"),
    )


def pack_from(content: dict[str, Any]) -> Pack:
    """Return the pack that a valid mapping describes."""
    from qanat.domain.pack import Pack, PackedTemplate  # most projects have none

    packed = ((*key.partition("/")[::2], sha256) for key, sha256 in content["templates"].items())
    return Pack(
        name=content["name"],
        url=content["url"],
        description=content.get("description", ""),
        ref=content.get("ref"),
        commit=content.get("commit"),
        templates=tuple(PackedTemplate(runner, name, sha256) for runner, name, sha256 in packed),
    )


def _names(value: str | list[str]) -> tuple[str, ...]:
    """Return a list of names, of which a single one may be written without the list."""
    return (value,) if isinstance(value, str) else tuple(value)


def config_from(content: dict[str, Any], source: str) -> Config:
    """Return the settings that a valid mapping describes. Raises InputInvalid, naming the file and the key."""
    folder = content.get("result_dir", RESULT_DIR)
    if not is_for_results(folder):
        raise InputInvalid(
            f"{source}: result_dir: {quoted(folder)} is not a folder inside the project", hint=HOW_TO_PLACE_RESULTS
        )
    return Config(
        result_dir=folder,
        editor=content.get("default_editor", ""),
        records=_committed(content.get("records", {})),
        untracked=content.get("untracked", ASK),
        time_limit=_time_limit(content.get("local", {}).get("time_limit", NONE), source),
        grace=Grace(**content.get("grace", {})),
        keep=_keep(content.get("keep", {})),
        templates=template_sections(content),
    )


def _time_limit(text: str, source: str) -> str:
    try:
        return text if text == NONE or time_limits.seconds(text) else NONE
    except InputInvalid as error:
        raise InputInvalid(f"{source}: local.time_limit: {error.message}", hint=error.hint) from None


def _keep(content: dict[str, Any]) -> Keep:
    return Keep(tuple(content.get("tags", ())), content.get("newest"), content.get("failed_days"))


def _committed(records: dict[str, Any]) -> str:
    """Return when records are committed; `auto` is what EACH was called before."""
    named: str = records.get("commit", EACH)
    return EACH if named == "auto" else named


def config_mapping(config: Config) -> dict[str, Any]:
    """Return the settings as the mapping that would say all of them, without templates."""
    return {
        "default_editor": config.editor or "vi",
        "grace": asdict(config.grace),
        **({"keep": kept} if (kept := config.keep.as_mapping()) else {}),
        "local": {"time_limit": config.time_limit},
        "records": {"commit": config.records},
        "result_dir": config.result_dir,
        "untracked": config.untracked,
    }


def ordered(content: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return content with `schema` first, the other keys in the schema's order, and unknown ones last."""
    known = [key for key in schemas.schema(kind)["properties"] if key in content]
    rest = [key for key in content if key not in known]
    return {"schema": schemas.name_of(kind)} | {key: content[key] for key in (*known, *rest) if key != "schema"}


def convert_v0(content: Any, kind: str) -> Any:
    """Convert a mapping in the form of qanat 0.x to today's; anything else is returned unchanged.

    That form had no `schema`, an experiment's actions were a list of mappings with one key each, a list of tags or
    datasets could be null, and a template consisted only of its options.
    """
    if not isinstance(content, dict) or "schema" in content:
        return content
    kept = {key: value for key, value in content.items() if value is not None}
    if kind == "document" and "compile_script" in kept:
        return ordered(migrations.upgraded(_document_v0(kept), kind, 1), kind)
    if isinstance(kept.get("actions"), list):
        kept["actions"] = _actions_from_list(kept["actions"])
    for key, item in kept.get("actions", {}).items() if isinstance(kept.get("actions"), dict) else ():
        if isinstance(item, dict):
            kept["actions"][key] = {k: v for k, v in item.items() if k != "name"}
    if kind == "template" and "options" not in kept and "extends" not in kept:
        kept = {"options": kept}
    return ordered(kept, kind)


def _document_v0(content: dict[str, Any]) -> dict[str, Any]:
    """Return a document of qanat 0.x as document/1, whose scripts are relative to the root, and which has no make."""
    content = {"compile_command": content.pop("compile_script_command", "make"), **content}
    folder = str(content.get("path", "."))
    for key in ("compile_script", "view_script"):
        path = content.get(key)
        if isinstance(path, str) and not PurePosixPath(path).is_relative_to(PurePosixPath(folder)):
            content[key] = str(PurePosixPath(folder) / path)
    return content


def with_exact_parameters(content: dict[str, Any], data: bytes) -> dict[str, Any]:
    """Return a document whose numbers among parameters are as they are written in its file: 1e-4 is not 0.0001."""
    rows = content.get("dependencies")
    if not isinstance(rows, list) or not any(isinstance(row, dict) and "parameters" in row for row in rows):
        return content
    written = yaml_io.load(data, "", text=True).get("dependencies")
    if not isinstance(written, list):  # of an earlier version, which had no parameters
        return content
    exact = [
        {key: _exact(value, text.get(key)) if key == "parameters" else value for key, value in row.items()}
        if isinstance(row, dict) and isinstance(text, dict)
        else row
        for row, text in zip(rows, written, strict=True)
    ]
    return content | {"dependencies": exact}


def _exact(value: Any, text: Any) -> Any:
    if isinstance(value, dict):
        return {key: _exact(inner, text[key]) for key, inner in value.items()}
    if isinstance(value, list):
        return [_exact(*pair) for pair in zip(value, text, strict=True)]
    return text if isinstance(value, float) and str(value) != text else value


def _actions_from_list(items: list[Any]) -> Any:
    actions: dict[str, Any] = {}
    for item in items:
        if not isinstance(item, dict) or not item:
            return items
        named = {str(item["name"]): item} if "executable" in item and "name" in item else item
        actions |= named
    return actions
