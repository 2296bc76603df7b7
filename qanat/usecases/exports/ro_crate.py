"""Runs as a Process Run Crate: a folder or an archive with their results, and metadata that say where these are from.

A group is a CreateAction, whose instrument is the program at its commit. That is what the profile Process Run Crate
describes. Workflow Run Crate asks for a workflow with steps as a file of the crate, which a program is not.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qanat import __version__
from qanat.domain.parameters import ON, texts_by_name
from qanat.domain.run import Group, State, described
from qanat.git import bundles
from qanat.usecases.exports import targets
from qanat.usecases.exports.crate_context import CrateContext, person_of
from qanat.usecases.exports.graph import Graph, local_id
from qanat.usecases.exports.request import Exported, ExportRequest
from qanat.usecases.exports.results import ResultFile
from qanat.usecases.exports.selection import ExportedRun, Selection
from qanat.usecases.exports.targets import ARCHIVE, CRATE, Target

BUNDLE = "code.bundle"
_DONE, _FAILED = "CompletedActionStatus", "FailedActionStatus"
_STATUS = {
    State.QUEUED: "PotentialActionStatus",
    State.HELD: "PotentialActionStatus",
    State.RUNNING: "ActiveActionStatus",
    State.FINISHED: _DONE,
}
_QANAT = {"name": "qanat", "softwareVersion": __version__}
_NO_LICENSE = "No license was named: ask the authors before you use this."


def export(selection: Selection, request: ExportRequest, output: Path) -> Exported:
    """Write a crate."""
    as_folder = output.suffix.lower() != ARCHIVE
    targets.check(selection.project, output, force=request.force, as_folder=as_folder)
    done = Exported(request.format, str(output), paths=[output])
    graph = Graph(_root(selection))
    with targets.new_folder(output) if as_folder else targets.new_archive(output) as target:
        writing = _Writing(selection, request, target, graph, done, CrateContext(selection.project, graph))
        writing.write()
    return done


def _root(selection: Selection) -> dict[str, Any]:
    names = ", ".join(f"run {facts.number} of {facts.experiment}" for facts in [*selection.facts.values()][:20])
    more = len(selection.facts) - 20
    return {
        "name": selection.title,
        "description": f"Recorded by qanat: {names}{f' and {more:,} more' if more > 0 else ''}",
        "datePublished": selection.project.clock.now(),
    }


@dataclass
class _Writing:
    """One crate while it is written."""

    selection: Selection
    request: ExportRequest
    target: Target
    graph: Graph
    done: Exported
    context: CrateContext
    authors: dict[str, dict[str, str]] = field(default_factory=dict)
    commits: dict[str, str] = field(default_factory=dict)

    def write(self) -> None:
        """Write the files and then the metadata."""
        tags: dict[str, None] = {}
        for one in self.selection.runs(self.done):
            self._add_run(one)
            self.commits[one.run.id] = one.run.code.commit
            tags |= dict.fromkeys(one.run.tags)
        self.graph.set("author", [*self.authors.values()])
        self.graph.set("license", self._license())
        if tags:
            self.graph.set("keywords", ", ".join(tags))
        for path, data, about in self.context.files():
            self._add_bytes(path, data, about)
        if self.request.bundle:
            self._add_bundle()
        with self.target.writing(CRATE) as file:
            self.done.bytes += self.graph.write(file)
        self.done.files += 1

    # ---- runs and groups

    def _add_run(self, one: ExportedRun) -> None:
        run = one.run
        agent = self.authors.setdefault(run.author, person_of(self.graph, run.author))
        actions = [self._add_group(one, group, agent) for group in self.selection.groups(run)]
        whole = self.graph.add(
            f"#run-{run.id}",
            "OrganizeAction",
            {
                "name": f"Run {run.number} of {run.experiment}",
                "description": run.description,
                "identifier": run.id,
                "instrument": self.graph.add("#qanat", "SoftwareApplication", _QANAT),
                "agent": agent,
                "startTime": run.started or run.created,
                "endTime": run.ended,
                "result": actions,
            },
        )
        self.graph.mention([*actions, whole])

    def _add_group(self, one: ExportedRun, group: Group, agent: dict[str, str]) -> dict[str, str]:
        run, several = one.run, len(one.run.groups) > 1
        name = f"Run {run.number} of {run.experiment}{f', group {group.number}' if several else ''}"
        status, environment = _STATUS.get(group.state, _FAILED), self.context.environment_of(run)
        properties = {
            "name": name,
            "description": shlex.join([*run.command, *group.args]),
            "identifier": group.key,
            "instrument": self.context.program(run, one.experiment, environment),
            "agent": agent,
            "startTime": group.started,
            "endTime": group.ended,
            "actionStatus": f"http://schema.org/{status}",
            "error": described(group.state, group.reason, group.attempt) if status == _FAILED else "",
            "object": [*self.context.data(run), *self._parameters(group)],
            "result": [*self._measured(one, group), *self._results(one, group)],
            "environment": self.context.variables(environment),
            "containerImage": self.context.image(run),
        }
        # The profile has another kind of action for what created nothing.
        kind = "CreateAction" if properties["result"] else "ActivateAction"
        return self.graph.add(f"#run-{run.id}-{group.number}", kind, properties)

    def _parameters(self, group: Group) -> Iterator[dict[str, str]]:
        for name, text in texts_by_name(group.args).items():
            plain_name, value = name.lstrip("-") or name, text or ON
            yield self.graph.add(
                local_id("parameter", name, value),
                "PropertyValue",
                {"name": plain_name, "value": value, "alternateName": name if name != plain_name else ""},
            )

    def _measured(self, one: ExportedRun, group: Group) -> Iterator[dict[str, str]]:
        before = f"{one.run.id}-{group.number}"
        for name, value in group.metrics.items():
            if name in group.curves and value == group.curves[name].last.value:
                continue
            yield self.graph.add(
                local_id("metric", before, name),
                "PropertyValue",
                {"name": name, "value": value, "unitText": one.unit(name)},
            )
        for name, curve in group.curves.items():
            last, about = curve.last, f"the last of {curve.count:,} values, at step {curve.last.step:g}"
            properties = {"name": name, "value": last.value, "unitText": one.unit(name), "description": about}
            properties |= {"minValue": curve.min.value, "maxValue": curve.max.value}
            yield self.graph.add(local_id("curve", before, name), "PropertyValue", properties)

    # ---- files

    def _results(self, one: ExportedRun, group: Group) -> Iterator[dict[str, str]]:
        files = one.results.of(group.number)
        if self.request.without_results:
            one.check(files)
        for file in files:
            about = self._about(one, group, file)
            if self.request.without_results:
                place = one.results.place(file)
                yield self.graph.add(
                    f"#{place}", "CreativeWork", about | {"contentSize": str(file.size), "sha256": file.sha256}
                )
            elif found := self._copied(one, file, about):
                yield found

    def _about(self, one: ExportedRun, group: Group, file: ResultFile) -> dict[str, Any]:
        kind = "figure" if one.is_figure(file) else "curves" if file.path in group.curve_files else ""
        return {
            "name": file.name,
            "encodingFormat": file.media_type,
            "description": f"{kind} of run {one.run.number}" if kind else "",
            "dateModified": group.ended,
        }

    def _copied(self, one: ExportedRun, file: ResultFile, about: dict[str, Any]) -> dict[str, str] | None:
        place = one.results.place(file)
        with self.target.writing(place) as target:
            copy = one.results.copy(file, target)
        if copy is None:
            return None
        self.done.files += 1
        self.done.bytes += copy.bytes
        return self.graph.add_file(place, about | {"contentSize": str(copy.bytes), "sha256": copy.sha256})

    def _add_bytes(self, path: str, data: bytes, about: dict[str, Any]) -> None:
        with self.target.writing(path) as file:
            file.write(data)
        self.graph.add_file(path, about | {"contentSize": str(len(data))})
        self.done.files += 1
        self.done.bytes += len(data)

    def _add_bundle(self) -> None:
        with self.target.writing(BUNDLE) as file:
            size, sha256 = bundles.write(self.selection.project.location, self.commits, file)
        first = next(iter(self.commits))
        about = f"The code of the runs, as branches named after them: git clone -b {first} {BUNDLE}"
        properties = {"name": BUNDLE, "description": about, "encodingFormat": "application/x-git-bundle"}
        self.graph.add_file(BUNDLE, properties | {"contentSize": str(size), "sha256": sha256})
        self.done.files += 1
        self.done.bytes += size

    def _license(self) -> dict[str, str]:
        named = self.request.license
        if not named:
            return self.graph.add("#no-license", "CreativeWork", {"name": "No license", "description": _NO_LICENSE})
        address = named if "://" in named else f"https://spdx.org/licenses/{named}"
        return self.graph.add(address, "CreativeWork", {"name": named, "url": address})
