"""Converting runs between records (YAML mappings) and values of the domain.

Decoding checks every value that it uses, so that a record from anywhere yields a Run or an error message; the other
rules of the schema are checked by `qanat validate` and the hook.
"""

from __future__ import annotations

import json
import re
from dataclasses import fields
from typing import Any

from qanat.domain.checkpoint import ATTEMPTS_MAX, Checkpoint, is_inside
from qanat.domain.container import Container
from qanat.domain.group_key import UNKNOWN, SharedKey
from qanat.domain.json_text import NAMES, from_named
from qanat.domain.layout import record_path
from qanat.domain.order import After
from qanat.domain.origin import Origin
from qanat.domain.run import Code, RequestedParameters, Run, RunnerChoice, SubmissionFacts
from qanat.domain.shortening import quoted
from qanat.domain.template_source import PackOrigin, TemplateSource
from qanat.errors import InputInvalid
from qanat.records import data_rows, group_rows, retry_rows, schemas, yaml_io
from qanat.records.group_rows import STATES, present
from qanat.records.record_reader import Reader

FLOW = frozenset(
    {
        "tags",
        "after",
        "container",
        "checkpoint",
        "datasets",
        "data",
        "key",
        "parameters",
        "runner",
        "submission",
        "imported",
        "origin",
        "results",
        "groups",
    }
)
_NUMBER = re.compile(r"[1-9][0-9]{0,8}\Z")
_UID = re.compile(r"[0-9a-f]{6}\Z")
_INTENT = re.compile(r"[0-9a-f]+\Z")


def path_of(run: Run) -> str:
    """Return the path of a run's record relative to the project's root."""
    return record_path(run.experiment, run.number, run.uid)


def encode(run: Run) -> bytes:
    """Return a run as the bytes of its record."""
    return yaml_io.dump(to_mapping(run), flow=FLOW)


def to_mapping(run: Run) -> dict[str, Any]:
    """Return the record's keys and values, in the record's order."""
    code: dict[str, Any] = {
        "commit": run.code.commit,
        "tree": run.code.tree,
        "branch": run.code.branch,
        "snapshot": run.code.snapshot,
        "workdir": run.code.workdir,
    }
    if run.code.changed_while_running is not None:
        code["changed_while_running"] = run.code.changed_while_running
    if run.code.untracked:
        code["untracked"] = run.code.untracked
    request = run.requested
    requested: dict[str, Any] = {"args": request.args, "groups": request.groups, "ranges": request.ranges}
    requested |= present(
        param_file=request.param_file,
        parameters_file=request.parameters_file,
        already_run=dict(request.already_run) or None,
    )
    record: dict[str, Any] = {
        "schema": schemas.name_of("run"),
        "id": run.id,
        "experiment": run.experiment,
        "description": run.description,
        "tags": run.tags,
        "created": run.created,
        "author": run.author,
        "host": run.host,
        "code": code,
        "command": run.command,
        **present(
            container=run.container.as_mapping() if run.container else None,
            checkpoint=run.checkpoint.as_mapping() if run.checkpoint else None,
        ),
        "datasets": dict(run.datasets),
        **present(
            data=[state.as_mapping() for state in run.data] or None, environment=run.environment, machine=run.machine
        ),
        "parameters": requested,
        **present(key=run.key.as_mapping() or None),
        "runner": {"name": run.runner.name}
        | present(template=run.runner.template)
        | {"options": dict(run.runner.options)}
        | present(
            retry=run.runner.retry.as_mapping() if run.runner.retry else None,
            sources=[source.as_mapping() for source in run.runner.sources] or None,
            transfer=run.runner.transfer or None,
        ),
        "storage": run.storage,
        **present(results={"removed": run.results_removed} if run.results_removed else None),
        "submission": _submission_row(run.submission),
        "state": run.state.value,
        "started": run.started,
        "ended": run.ended,
    }
    record |= present(rerun_of=run.rerun_of, after=[one.as_mapping() for one in run.after] or None)
    record |= present(imported=dict(run.imported) or None, origin=run.origin.as_mapping() if run.origin else None)
    record["groups"] = [group_rows.to_row(group) for group in run.groups]
    return record


def _submission_row(facts: SubmissionFacts) -> dict[str, Any]:
    return {"intent": facts.intent} | present(
        submitted=facts.submitted,
        pid=facts.pid,
        process_start=facts.process_start,
        checkout=facts.checkout,
        max_running=facts.max_running,
        per_job=facts.per_job,
        at_once=facts.at_once,
        time_limit=facts.time_limit,
        changed=dict(facts.changed) or None,
        inputs=facts.inputs or None,
        data=[state.as_mapping() for state in facts.data] or None,
        environment=facts.environment,
        details=dict(facts.details) or None,
    )


def decode(data: bytes, source: str) -> Run:
    """Parse a record; `source` is its path, for messages. Raises InputInvalid."""
    return from_mapping(yaml_io.load(data, source), source)


def from_index(text: str, source: str = "a record in the index") -> Run:
    """Return the run that a record in the index describes."""
    return from_mapping(mapping_from_index(text), source)


def mapping_from_index(text: str) -> dict[str, Any]:
    """Return the mapping of a record in the index, where metrics that JSON does not have are texts."""
    content: dict[str, Any] = json.loads(text)
    if any(f'"{name}"' in text for name in NAMES):
        for row in content["groups"]:
            row |= {key: from_named(row[key]) for key in ("metrics", "curves") if key in row}
    return content


def from_mapping(content: Any, source: str) -> Run:
    """Return the run that a record's mapping describes, in any version up to the newest.

    Raises InputInvalid naming the key that is wrong, VersionTooNew.
    """
    top = Reader(schemas.current(content, "run", source), source, "")
    top.text("schema")  # without it nobody knows which version the keys belong to
    number, _, uid = top.text("id").partition("-")
    if not (_NUMBER.match(number) and _UID.match(uid)):
        raise InputInvalid(f"{source}: id: {quoted(top.text('id'))} is not a run id", hint="ids look like 4-7f3a9c")
    code, requested, runner = top.inner("code"), top.inner("parameters"), top.inner("runner")
    groups = top.take("groups", list)
    if not groups:
        raise InputInvalid(f"{source}: groups: is empty")
    run = Run(
        number=int(number),
        uid=uid,
        experiment=top.name("experiment"),
        description=top.text("description"),
        tags=top.texts("tags"),
        created=top.timestamp("created"),
        author=top.text("author"),
        host=top.text("host"),
        code=Code(
            code.text("commit"),
            code.text("tree"),
            code.optional("branch", str),
            code.take("snapshot", bool),
            code.text("workdir"),
            code.optional("changed_while_running", bool),
            code.texts("untracked") if code.has("untracked") else (),
        ),
        command=top.texts("command"),
        datasets=top.text_map("datasets"),
        requested=RequestedParameters(
            requested.texts("args"),
            requested.texts("groups"),
            requested.texts("ranges"),
            requested.optional("param_file", str),
            requested.optional("parameters_file", str),
            _counts(requested.optional("already_run", dict) or {}, requested),
        ),
        runner=runner_from(runner),
        storage=top.path("storage"),
        submission=_submission(top.inner("submission")),
        groups=tuple(group_rows.from_row(row, source, i) for i, row in enumerate(groups)),
        rerun_of=top.optional("rerun_of", str),
        after=_after(top.optional("after", list) or [], top),
        data=data_rows.read(top.optional("data", list), source, "data"),
        key=_key(top.inner("key")) if top.has("key") else UNKNOWN,
        environment=top.hash("environment"),
        machine=top.hash("machine"),
        imported=top.optional("imported", dict) or {},
        container=container_from(top.inner("container")) if top.has("container") else None,
        checkpoint=checkpoint_from(top.inner("checkpoint")) if top.has("checkpoint") else None,
        origin=_origin(top.inner("origin")) if top.has("origin") else None,
        results_removed=top.inner("results").timestamp("removed") if top.has("results") else None,
    )
    _check_summary(top, run)
    return run


def _check_summary(top: Reader, run: Run) -> None:
    """Raise InputInvalid if the groups are misnumbered, or the run's state and times are not those of its groups."""
    if [group.number for group in run.groups] != list(range(len(run.groups))):
        raise top.wrong("groups", "are not numbered 0, 1, 2, …")
    if (state := top.text("state")) not in STATES:
        raise top.wrong("state", f"{quoted(state)} is not a state")
    if state != run.state:
        raise top.wrong(
            "state", f"{quoted(state)} does not match the groups, whose states give {quoted(run.state.value)}"
        )
    for key, expected in (("started", run.started), ("ended", run.ended)):
        if key == "started" and top.optional_timestamp(key) == _last_start(run):
            continue  # as it was written when the last attempts alone counted
        if (found := top.optional_timestamp(key)) != expected:
            shown = [repr(time) if time else "nothing" for time in (found, expected)]
            raise top.wrong(key, f"{shown[0]} does not match the groups, whose times give {shown[1]}")


def _last_start(run: Run) -> str | None:
    """Return when the first of the last attempts at groups started."""
    return min((group.started for group in run.groups if group.started), default=None)


def _submission(row: Reader) -> SubmissionFacts:
    if not _INTENT.match(row.text("intent")):
        raise row.wrong("intent", "does not consist of hexadecimal digits")
    return SubmissionFacts(
        intent=row.text("intent"),
        submitted=row.optional_timestamp("submitted"),
        pid=row.optional("pid", int),
        process_start=row.optional("process_start", str),
        checkout=row.optional("checkout", str),
        max_running=row.optional("max_running", int),
        per_job=row.optional("per_job", int),
        at_once=row.optional("at_once", int),
        time_limit=row.optional("time_limit", str),
        changed=row.text_map("changed") if row.has("changed") else {},
        inputs=row.texts("inputs") if row.has("inputs") else (),
        data=data_rows.read(row.optional("data", list), row.source, "submission.data"),
        environment=row.hash("environment"),
        details=row.optional("details", dict) or {},
    )


def runner_from(row: Reader) -> RunnerChoice:
    """Return what started jobs, as a mapping describes it. Raises InputInvalid."""
    sources = row.optional("sources", list) or ()
    return RunnerChoice(
        name=row.text("name"),
        template=row.optional("template", str),
        options=row.take("options", dict),
        retry=retry_rows.read(row.inner("retry")) if row.has("retry") else None,
        sources=tuple(
            _template_source(Reader(source, row.source, f"runner.sources.{i}.")) for i, source in enumerate(sources)
        ),
        transfer=row.optional("transfer", bool),
    )


def _template_source(row: Reader) -> TemplateSource:
    pack = None
    if row.has("pack"):
        edited = row.optional("edited", bool) or False
        pack = PackOrigin(row.text("pack"), row.text("url"), row.optional("commit", str), edited)
    return TemplateSource(row.text("template"), row.text("file"), row.texts("options"), pack)


def container_from(row: Reader) -> Container:
    """Return the container that a row describes. Raises InputInvalid."""
    return Container(
        image=row.text("image"),
        engine=row.name("engine"),
        identity=row.text("identity"),
        binds=row.texts("binds") if row.has("binds") else (),
        gpu=row.optional("gpu", bool) or False,
        options=row.texts("options") if row.has("options") else (),
    )


def _after(rows: list[Any], top: Reader) -> tuple[After, ...]:
    found = []
    for place, row in enumerate(rows):
        reader = Reader(row, top.source, f"after.{place}.")
        number, _, uid = reader.text("run").partition("-")
        if not (_NUMBER.match(number) and _UID.match(uid)):
            raise reader.wrong("run", f"{quoted(reader.text('run'))} is not a run id")
        found.append(After(reader.text("run"), reader.optional("any", bool) or False))
    return tuple(found)


def checkpoint_from(row: Reader) -> Checkpoint:
    """Return what the keys of `checkpoint` describe. Raises InputInvalid."""
    code, file, attempts = row.optional("exit_code", int), row.optional("file", str), row.take("attempts", int)
    if not 1 <= attempts <= ATTEMPTS_MAX:
        raise row.wrong("attempts", f"{quoted(attempts)} is not from 1 to {ATTEMPTS_MAX:,}")
    if file is not None and not is_inside(file):
        raise row.wrong("file", f"{quoted(file)} is not a path in a storage directory")
    return Checkpoint(code, file, attempts)


def _origin(row: Reader) -> Origin:
    parent = row.optional("parent", str)
    return Origin(row.name("tool"), row.text("source"), row.text("id"), row.timestamp("imported"), parent)


def _counts(counts: dict[str, Any], row: Reader) -> dict[str, int]:
    if any(type(count) is not int for count in counts.values()):
        raise row.wrong("already_run", "has a value that is not a whole number")
    return counts


def _key(row: Reader) -> SharedKey:
    return SharedKey(*(row.optional(part.name, str) for part in fields(SharedKey)))
