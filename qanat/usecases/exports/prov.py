"""Runs as W3C PROV in JSON: a bundle for each run, so that only one of them is in memory."""

from __future__ import annotations

import json
import math
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from qanat import __version__
from qanat.domain.json_text import to_json
from qanat.domain.parameters import ON, texts_by_name
from qanat.domain.run import Group, Run
from qanat.usecases import packages
from qanat.usecases.exports import targets
from qanat.usecases.exports.names import digest, image_name, name_of
from qanat.usecases.exports.request import Exported, ExportRequest
from qanat.usecases.exports.selection import ExportedRun, Selection

if TYPE_CHECKING:
    from prov.model import ProvBundle, ProvDocument

NAMESPACE = "urn:qanat:"
_INT_MAX = 2**31 - 1
_QANAT = f"qanat:software/qanat-{quote(__version__)}"


def export(selection: Selection, request: ExportRequest, output: Path) -> Exported:
    """Write a document with a bundle for each run, and who made these bundles. Raises PackageMissing."""
    targets.check(selection.project, output, force=request.force)
    done, whole = Exported(request.format, str(output), files=1, paths=[output]), _new_document()
    whole.agent(_QANAT, _software(whole))
    with targets.new_file(output) as file:
        before = f'{{"prefix": {to_json(_content(whole)["prefix"])},\n"bundle": {{'
        for one in selection.runs(done):
            name = f"qanat:record/{one.run.id}"
            whole.entity(name, {"prov:type": _type("prov:Bundle", whole)})
            whole.wasAttributedTo(name, _QANAT)
            document = _new_document()
            _Bundle(document.bundle(name), one.run).fill(one, selection)
            text = to_json(_content(document)["bundle"][name])
            done.bytes += file.write(f"{before}\n{json.dumps(name)}: {text}".encode("utf-8", "backslashreplace"))
            before = ","
        rest = {key: value for key, value in _content(whole).items() if key not in ("prefix", "bundle")}
        done.bytes += file.write(f"}},\n{to_json(rest)[1:]}\n".encode())
    return done


class _Bundle:
    """What is known of a run, as statements of a bundle."""

    def __init__(self, bundle: ProvBundle, run: Run) -> None:
        self._bundle, self._run = bundle, run
        self._run_id = f"qanat:run/{run.id}"
        self._person = f"qanat:person/{digest(run.author)}"
        self._plan = f"qanat:program/{digest(*run.command, run.code.commit)}"
        self._shared: list[str] = []

    def fill(self, one: ExportedRun, selection: Selection) -> None:
        """Add the run, what it used, and its groups."""
        run, bundle = self._run, self._bundle
        bundle.agent(self._person, {"prov:type": _type("prov:Person", bundle), "qanat:name": name_of(run.author)})
        bundle.agent(_QANAT, _software(bundle))
        about = {
            "qanat:experiment": run.experiment,
            "qanat:description": run.description,
            "qanat:runner": run.runner.name,
        }
        tags = [("qanat:tag", tag) for tag in run.tags]
        kind = ("prov:type", _type("qanat:Run", bundle))
        bundle.activity(self._run_id, run.started or run.created, run.ended, [kind, *_known(about), *tags])
        self._add_inputs()
        bundle.wasAssociatedWith(self._run_id, self._person, self._plan)
        bundle.wasAssociatedWith(self._run_id, _QANAT)
        bundle.actedOnBehalfOf(_QANAT, self._person, self._run_id)
        for earlier in [*([run.rerun_of] if run.rerun_of else []), *(after.run for after in run.after)]:
            bundle.wasInformedBy(self._run_id, f"qanat:run/{earlier}")
        for group in selection.groups(run):
            self._add_group(one, group)

    def _add_inputs(self) -> None:
        run, code = self._run, f"qanat:commit/{self._run.code.commit}"
        self._entity(code, "qanat:Commit", {"qanat:commit": run.code.commit, "qanat:tree": run.code.tree})
        self._entity(self._plan, "prov:Plan", {"qanat:command": shlex.join(run.command)})
        self._bundle.wasDerivedFrom(self._plan, code)
        self._shared = [code]
        known = {state.name for state in run.data if not state.is_input}
        states = [state.as_mapping() for state in run.data]
        states += [{"name": name} for name in run.datasets if name not in known]
        for state in states:
            about = {f"qanat:{key}": value for key, value in state.items()}
            self._shared.append(self._entity(f"qanat:data/{digest(*state.items())}", "qanat:Data", about))
        if run.environment:
            self._shared.append(self._entity(f"qanat:environment/{run.environment}", "qanat:Environment", {}))
        if box := run.container:
            about = {"qanat:image": image_name(box.image), "qanat:identity": box.identity}
            self._shared.append(self._entity(f"qanat:image/{digest(box.image, box.identity)}", "qanat:Image", about))

    def _add_group(self, one: ExportedRun, group: Group) -> None:
        name, bundle = f"{self._run_id}/group/{group.number}", self._bundle
        about = {
            "qanat:state": group.state.value,
            "qanat:reason": group.reason,
            "qanat:exit_code": group.exit_code,
            "qanat:key": group.key,
            "qanat:command": shlex.join([*self._run.command, *group.args]),
        }
        kind = ("prov:type", _type("qanat:Group", bundle))
        bundle.activity(name, group.started, group.ended, [kind, *_known(about)])
        bundle.wasStartedBy(name, starter=self._run_id, time=group.started)
        bundle.wasAssociatedWith(name, self._person, self._plan)
        for parameter, text in texts_by_name(group.args).items():
            value = {"qanat:name": parameter, "prov:value": text or ON}
            self._use(name, [self._entity(f"qanat:parameter/{digest(parameter, text)}", "qanat:Parameter", value)])
        self._use(name, self._shared)
        self._add_attempts(name, group)
        self._add_results(name, one, group)

    def _add_attempts(self, name: str, group: Group) -> None:
        """Add the attempts of a group that has several, each informed by the one before."""
        ends = [(e.attempt, e.started, e.ended, e.described) for e in group.earlier]
        if ends:
            ends.append((group.attempt, group.started, group.ended, group.state.value))
        before = ""
        for number, started, ended, how in ends:
            attempt = f"{name}/attempt/{number}"
            kind = ("prov:type", _type("qanat:Attempt", self._bundle))
            self._bundle.activity(attempt, started, ended, [kind, ("qanat:end", how)])
            self._bundle.wasStartedBy(attempt, starter=name, time=started)
            if before:
                self._bundle.wasInformedBy(attempt, before)
            before = attempt

    def _add_results(self, name: str, one: ExportedRun, group: Group) -> None:
        where = f"{self._run.id}/{group.number}"
        about: dict[str, Any]
        last = {name: curve.last.value for name, curve in group.curves.items()}
        for metric, value in {**last, **group.metrics}.items():
            about = {"qanat:name": metric, "prov:value": _number(value), "qanat:unit": one.unit(metric)}
            self._made(name, f"qanat:metric/{where}/{digest(metric)}", "qanat:Metric", about, group)
        files = one.results.of(group.number)
        one.check(files)
        for file in files:
            about = {"qanat:path": file.name, "qanat:bytes": file.size, "qanat:media_type": file.media_type}
            about |= {"qanat:sha256": file.sha256} if file.sha256 else {}
            self._made(name, f"qanat:file/{where}/{quote(file.name)}", "qanat:File", about, group)

    def _made(self, activity: str, name: str, kind: str, about: Mapping[str, Any], group: Group) -> None:
        self._bundle.wasGeneratedBy(self._entity(name, kind, about), activity, group.ended)

    def _use(self, activity: str, entities: Iterable[str]) -> None:
        for entity in entities:
            self._bundle.used(activity, entity)

    def _entity(self, name: str, kind: str, about: Mapping[str, Any]) -> str:
        """Add an entity, unless it is there, and return its name."""
        if not self._bundle.get_record(name):
            self._bundle.entity(name, [("prov:type", _type(kind, self._bundle)), *_known(about)])
        return name


def _new_document() -> ProvDocument:
    try:
        from prov.model import ProvDocument
    except ImportError:
        raise packages.missing("PROV requires", "prov", extra="prov") from None
    document = ProvDocument()
    document.add_namespace("qanat", NAMESPACE)
    return document


def _content(document: ProvDocument) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(document.serialize(format="json") or "{}")
    return found


def _type(name: str, bundle: ProvBundle) -> Any:
    """Return the name of a type, as the library takes it for a value."""
    return bundle.valid_qualified_name(name)


def _software(bundle: ProvBundle) -> dict[str, Any]:
    return {"prov:type": _type("prov:SoftwareAgent", bundle), "qanat:name": "qanat", "qanat:version": __version__}


def _known(about: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [(name, _value(value)) for name, value in about.items() if value not in (None, "")]


def _value(value: Any) -> Any:
    """Return a value as the library takes it, which calls every whole number an xsd:int, whatever its size."""
    if isinstance(value, int) and abs(value) > _INT_MAX:
        from prov.constants import XSD_LONG
        from prov.model import Literal

        return Literal(str(value), XSD_LONG)
    return value


def _number(value: float) -> float | str:
    return value if math.isfinite(value) else to_json(value).strip('"')
