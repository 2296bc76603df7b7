"""What runs of a crate have in common: people, programs and their packages, data, images of containers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

from qanat.domain.container import Container
from qanat.domain.data import DataState, counted_files
from qanat.domain.environment import Environment
from qanat.domain.experiment import Experiment
from qanat.domain.run import Run
from qanat.domain.web_pages import WebPages
from qanat.records import environments
from qanat.records.environments import Described
from qanat.usecases.environment import recorded
from qanat.usecases.exports.graph import Graph, local_id
from qanat.usecases.exports.names import image_name, name_of
from qanat.usecases.project import Project
from qanat.usecases.review import pages

_HOMES = {"python": "https://www.python.org/", "r": "https://www.r-project.org/", "julia": "https://julialang.org/"}
_KINDS = "https://w3id.org/ro/terms/workflow-run#"
_SHA256 = re.compile(r"sha256:([0-9a-f]{64})\Z")
_YAML = "application/yaml"

Reference = dict[str, str]


def person_of(graph: Graph, author: str) -> Reference:
    """Add an author, without the address."""
    return graph.add(local_id("person", author), "Person", {"name": name_of(author)})


class CrateContext:
    """Adds what runs have in common, each once."""

    def __init__(self, project: Project, graph: Graph) -> None:
        self._project, self._graph = project, graph
        self._environments: dict[str, Environment | None] = {}
        self._files: dict[str, tuple[Described, str]] = {}

    def environment_of(self, run: Run) -> Environment | None:
        """Return the environment of a run, whose file and that of its machines become files of the crate."""
        for each in run.machines:
            if each not in self._files and (machine := recorded.read_machine(self._project, each)):
                self._files[each] = environments.encode_machine(machine), "A machine that runs were on"
        name = run.environment
        if name is not None and name not in self._environments:
            found = self._environments[name] = recorded.read(self._project, name)
            if found:
                self._files[name] = environments.encode(found), "The software that programs found"
        return self._environments.get(name) if name else None

    def files(self) -> Iterator[tuple[str, bytes, dict[str, Any]]]:
        """Yield the files of environments and machines: their paths, contents and properties."""
        for file, about in self._files.values():
            path = f"environments/{PurePosixPath(file.path).name}"
            yield path, file.data, {"name": file.hash, "description": about, "encodingFormat": _YAML}

    def program(self, run: Run, experiment: Experiment | None, environment: Environment | None) -> Reference:
        """Add the program of a run at its commit, in its environment."""
        path, commit = run.command[-1].removeprefix("./"), run.code.commit
        page = self._pages.file(commit, path) if self._pages else None
        return self._graph.add(
            local_id("program", *run.command, commit, run.environment),
            "SoftwareSourceCode",
            {
                "name": path,
                "description": experiment.description if experiment else "",
                "version": commit,
                "identifier": run.code.tree,
                "codeRepository": self._pages.root if self._pages else "",
                "url": page or "",
                "softwareRequirements": self._requirements(environment),
            },
        )

    def data(self, run: Run) -> list[Reference]:
        """Add the data of a run by what identifies them; they are not in the crate, and their paths are not told."""
        known = {state.name for state in run.data if not state.is_input}
        return [
            *(self._data(state) for state in run.data),
            *(self._data(DataState(name, "")) for name in run.datasets if name not in known),
        ]

    def variables(self, environment: Environment | None) -> list[Reference]:
        """Add the variables of an environment."""
        found = environment.variables if environment else {}
        return [
            self._graph.add(local_id("variable", name, value), "PropertyValue", {"name": name, "value": value})
            for name, value in found.items()
        ]

    def image(self, run: Run) -> Reference | None:
        """Add the image that the programs of a run worked in; None without a container."""
        return self._image(run.container) if run.container else None

    @cached_property
    def _pages(self) -> WebPages | None:
        return pages.find(self._project.location)

    def _requirements(self, environment: Environment | None) -> list[Reference]:
        if environment is None:
            return []
        found = []
        if language := environment.interpreter:
            properties = {"name": language.described, "softwareVersion": language.version}
            properties["url"] = _HOMES.get(language.language, "")
            found.append(self._graph.add(local_id("language", *properties.values()), "SoftwareApplication", properties))
        is_python = bool(language and language.language == "python")
        for name, version in environment.distributions.items():
            page = f"https://pypi.org/project/{name}/{version}/" if is_python else ""
            found.append(self._package(name, version, page))
        return [*found, *(self._package(name, version, "") for name, version in environment.conda.items())]

    def _package(self, name: str, version: str, page: str) -> Reference:
        properties = {"name": name, "softwareVersion": version, "url": page}
        return self._graph.add(page or local_id("package", name, version), "SoftwareApplication", properties)

    def _data(self, state: DataState) -> Reference:
        about = [counted_files(state.files)] if state.files is not None else []
        about += ["with changes since that version"] if state.changed else []
        about += [state.problem] if state.problem else []
        properties = {
            "name": state.name,
            "identifier": state.id,
            "description": ", ".join(about),
            "contentSize": None if state.bytes is None else str(state.bytes),
            "dateModified": state.newest,
        }
        return self._graph.add(local_id("data", *state.as_mapping().items()), "CreativeWork", properties)

    def _image(self, container: Container) -> Reference:
        named = image_name(container.image)
        is_file = container.image.endswith((".sif", ".sqfs"))
        before, _, tag = named.rpartition(":") if not is_file else (named, "", "")
        sha256 = _SHA256.match(container.identity)
        host = named.split("/")[0]
        properties = {
            "name": before or named,
            "tag": tag if before else "",
            "additionalType": {"@id": f"{_KINDS}{'SIFImage' if is_file else 'DockerImage'}"},
            "registry": host if "." in host and "/" in named else "",
            "sha256": sha256[1] if sha256 else "",
            "identifier": container.identity,
        }
        return self._graph.add(local_id("image", container.image, container.identity), "ContainerImage", properties)
