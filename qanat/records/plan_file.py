"""Files of plans: what a run would execute, with a digest that an edited file no longer has."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from qanat.domain.group_key import SharedKey
from qanat.domain.key_path import in_words
from qanat.domain.layout import PLAN
from qanat.domain.run import RunnerChoice
from qanat.domain.run_plan import PlannedKey, RunPlan
from qanat.domain.standing import Standing
from qanat.errors import InputInvalid
from qanat.records import data_rows, environments, run_codec, schemas, yaml_io
from qanat.records.record_reader import Reader

_FLOW = frozenset(
    {
        "options",
        "command",
        "arguments",
        "datasets",
        "data",
        "environment",
        "container",
        "checkpoint",
        "submission",
        "key",
        "groups",
    }
)


def to_mapping(plan: RunPlan) -> dict[str, Any]:
    """Return a plan as the mapping in its file, in the order of the schema."""
    content: dict[str, Any] = {
        "experiment": plan.experiment,
        "created": plan.created,
        "options": dict(plan.options),
        "arguments": list(plan.arguments),
        "commit": plan.commit,
        "command": list(plan.command),
        "datasets": dict(plan.datasets),
        "data": [state.as_mapping() for state in plan.data],
        **({"environment": plan.environment.as_mapping()} if plan.environment else {}),
        **({"container": plan.container.as_mapping()} if plan.container else {}),
        **({"checkpoint": plan.checkpoint.as_mapping()} if plan.checkpoint else {}),
        **({"submission": _submission(plan.choice)} if plan.choice else {}),
        "key": plan.key.as_mapping(),
        "groups": [_row(number, group) for number, group in enumerate(plan.groups)],
    }
    return {"schema": schemas.name_of(PLAN), "digest": digest(content), **content}


def digest(content: dict[str, Any]) -> str:
    """Return the SHA-256 of the JSON of a plan without its schema and digest, with sorted keys and no spaces."""
    known = {key: value for key, value in content.items() if key not in ("schema", "digest")}
    text = json.dumps(known, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode(), usedforsecurity=False).hexdigest()


def encode(plan: RunPlan) -> bytes:
    """Return the bytes of the file of a plan."""
    return yaml_io.dump(to_mapping(plan), flow=_FLOW)


def decode(data: bytes, source: str) -> RunPlan:
    """Parse the file of a plan. Raises InputInvalid, also if it was edited."""
    content = yaml_io.load(data, source)
    schemas.check_version(content, PLAN, source)
    if problems := schemas.problems(content, PLAN):
        where = in_words(problems[0].path)
        raise InputInvalid(f"{source}: {f'{where}: ' if where else ''}{problems[0].problem}")
    if digest(content) != content["digest"]:
        raise InputInvalid(
            f"{source} was edited: its digest does not match", hint="make a new plan with: qanat plan NAME … --out FILE"
        )
    top = Reader(content, source, "")
    return RunPlan(
        experiment=content["experiment"],
        created=content["created"],
        options=content["options"],
        arguments=tuple(content["arguments"]),
        commit=content["commit"],
        command=tuple(content["command"]),
        datasets=content["datasets"],
        data=data_rows.read(content["data"], source, "data"),
        key=SharedKey(**content["key"]),
        groups=tuple(map(_group, content["groups"])),
        environment=environments.environment_from(top.inner("environment")) if top.has("environment") else None,
        container=run_codec.container_from(top.inner("container")) if top.has("container") else None,
        checkpoint=run_codec.checkpoint_from(top.inner("checkpoint")) if top.has("checkpoint") else None,
        choice=run_codec.runner_from(top.inner("submission")) if top.has("submission") else None,
    )


def _submission(choice: RunnerChoice) -> dict[str, Any]:
    found: dict[str, Any] = {"name": choice.name, "template": choice.template, "options": dict(choice.options)}
    found |= {"retry": choice.retry.as_mapping()} if choice.retry else {}
    return found | ({"transfer": choice.transfer} if choice.transfer is not None else {})


def _row(number: int, group: PlannedKey) -> dict[str, Any]:
    return {"group": number, "args": list(group.args), "key": group.key, **group.standing.as_mapping()}


def _group(row: dict[str, Any]) -> PlannedKey:
    standing = Standing(
        row["status"], row.get("run", ""), row.get("run_group"), tuple(row.get("differs", ())), row.get("why", "")
    )
    return PlannedKey(tuple(row["args"]), row["key"], standing)
