"""What changes in a project's state between two commits, or a commit and the working tree. Changes nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, partial

from qanat.domain import changes, deletions, new_runs, redaction, times
from qanat.domain.baseline import Verdict
from qanat.domain.changes import DefinitionChange
from qanat.domain.circumstances import Circumstances
from qanat.domain.condition import EVERY, Condition
from qanat.domain.new_runs import NewRuns
from qanat.domain.requests import Requests
from qanat.domain.run import Run
from qanat.errors import UsageError
from qanat.git import history, repository, revisions, worktree
from qanat.git.revisions import Range
from qanat.git.trees import Difference, Trees
from qanat.records.index import Index
from qanat.usecases.environment import recorded
from qanat.usecases.project import Project
from qanat.usecases.review import behind, stale
from qanat.usecases.review.baselines import Baselines
from qanat.usecases.review.chosen import choose
from qanat.usecases.review.definitions import Content, Definitions, directions, seeds, titles
from qanat.usecases.review.files import FileProblem, Sides, read_sides
from qanat.usecases.review.heirs import with_heirs
from qanat.usecases.review.other_code import OtherCode, other_code
from qanat.usecases.review.runs import OtherRunChange, ReplacedResults, RunChanges, RunWarning, classify_runs
from qanat.usecases.review.stale import Stale


@dataclass(frozen=True, slots=True)
class StateChanges:
    """Everything that changes; `base_has_state` and `head_has_state` say whether each side is a project at all.

    `programs` maps each experiment in `experiments` to its executable if that differs between the sides; `stale` are
    experiments that changed without new runs; `verdicts` are those of their baselines; `how` says by id what happened
    to every run; `migrated` counts records in a newer version of their schema than before; `left_out` counts records of
    the base that were too many to be read for comparison, `hidden_groups` those that a condition excludes.
    """

    range: Range
    base_has_state: bool
    head_has_state: bool
    warnings: tuple[RunWarning, ...]
    problems: tuple[FileProblem, ...]
    definitions: tuple[DefinitionChange, ...]
    moved: Mapping[str, tuple[str, int]]
    experiments: tuple[NewRuns, ...]
    programs: Mapping[str, str]
    stale: tuple[Stale, ...]
    verdicts: tuple[Verdict, ...]
    how: Mapping[str, str]
    other_code: tuple[OtherCode, ...]
    other_changes: tuple[OtherRunChange, ...]
    replaced: tuple[ReplacedResults, ...]
    migrated: int
    left_out: int
    hidden_groups: int

    @property
    def is_empty(self) -> bool:
        """Whether nothing changes at all."""
        parts = (self.warnings, self.problems, self.definitions, self.moved, self.experiments, self.other_changes)
        return not any(parts) and not self.stale and not self.migrated and not self.hidden_groups

    @property
    def fails_check(self) -> bool:
        """Whether any new result is behind a baseline, or an existing baseline could not be compared."""
        return any(verdict.is_unmet for verdict in self.verdicts)


def diff(
    project: Project, text: str | None, requests: Mapping[str, Requests], where: Condition = EVERY
) -> StateChanges:
    """Determine what changes between two states, given as in revisions.parse(); what looks like a secret is redacted.

    `requests` is what the options of each runner ask for. Only groups that meet the condition are among the new runs.

    Raises GitRefused for revisions that cannot be compared, UsageError if neither belongs to a project, and for a name
    in the condition that no new run has.
    """
    opened = repository.open_repository(project.location)
    span = revisions.parse(project.location, opened, text)
    trees = Trees(project.location, opened)
    if not (span.base is not None and trees.has_state(span.base)) and not trees.has_state(span.head):
        old, new = span.base_revision or "the beginning", span.head_revision or "the working tree"
        raise UsageError(
            f"neither {old} nor {new} has a .qanat folder",
            hint="choose two states of a project: qanat diff A..B",
        )
    differences = trees.differences(span.base, span.head, span.tip)
    with project.index() as index:
        sides = read_sides(trees, index, differences)
        earlier = _baselines(project, index, trees, span, differences)
        found = _changes(project, trees, span, sides, earlier, Definitions(index, trees, span), requests, where)
    clean: StateChanges = redaction.without(found, redaction.secrets_in(sides.contents()))
    return clean


def _changes(
    project: Project,
    trees: Trees,
    span: Range,
    sides: Sides,
    earlier: Baselines,
    known: Definitions,
    requests: Mapping[str, Requests],
    where: Condition,
) -> StateChanges:
    announced = cache(partial(_announced_deletions, project, span))
    runs = classify_runs(sides, known.is_renamed, announced, partial(_was_shared, project, trees, span))
    moved = _moved(runs)
    definitions = changes.compare_definitions(sides.old_definitions, sides.new_definitions, moved, requests)
    renamed = _renamed(definitions, moved)
    by_experiment = _by_experiment(project, span, runs, renamed)
    now = times.parse(project.clock.now())
    chosen = choose(by_experiment, where, now)
    of_run = {name: known.experiment(name) for name in by_experiment}
    experiments = [
        _summarise(project, span, name, own, of_run[name], renamed, earlier) for name, own in chosen.runs.items()
    ]
    judged = [
        verdict for name, own in by_experiment.items() for verdict in _judged(name, own, known, renamed, earlier, now)
    ]
    without_runs = _without_new_runs(project, span, known, definitions, by_experiment, renamed, earlier)
    return StateChanges(
        range=span,
        base_has_state=span.base is not None and trees.has_state(span.base),
        head_has_state=trees.has_state(span.head),
        warnings=tuple(runs.warnings),
        problems=tuple(sides.problems),
        definitions=tuple(with_heirs(trees, span, known, definitions)),
        moved=_counted(runs),
        experiments=tuple(experiments),
        programs=_changed_programs(trees, span, of_run),
        stale=tuple(without_runs),
        verdicts=tuple(judged),
        how={run.id: how for run, how in runs.reported},
        other_code=tuple(other_code(project.location, trees, span, chosen.runs, of_run)),
        other_changes=tuple(runs.others),
        replaced=tuple(runs.replaced),
        migrated=runs.migrated,
        left_out=earlier.left_out,
        hidden_groups=chosen.hidden_groups,
    )


def _was_shared(project: Project, trees: Trees, span: Range, path: str) -> bool:
    """Return whether a record of the base is in the newest commit that both sides have."""
    if span.shared is None:
        return revisions.is_shallow(project.location)  # the commit may be among those that are missing
    return span.shared == span.base or trees.entry(span.shared, path) is not None


def _announced_deletions(project: Project, span: Range) -> frozenset[str]:
    """Return the ids of the runs that the commits between the two states say are deleted."""
    messages = history.messages(project.location, span.base, span.head or span.tip or "HEAD")
    return deletions.run_ids_in(messages)


def _moved(runs: RunChanges) -> dict[str, str]:
    """Map the old names of experiments to the names that their runs moved to."""
    return {old: new for old, (new, _) in _counted(runs).items()}


def _counted(runs: RunChanges) -> dict[str, tuple[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for old, new in runs.moved:
        counts.setdefault(old, {})[new] = counts.get(old, {}).get(new, 0) + 1
    return {old: max(found.items(), key=lambda item: item[1]) for old, found in counts.items()}


def _renamed(definitions: list[DefinitionChange], moved: Mapping[str, str]) -> dict[str, str]:
    """Map the names of experiments to their names on the other side."""
    renamed = {new: old for old, new in moved.items()}
    kept = (c for c in definitions if c.renamed_from and c.definition.kind == "experiment")
    return renamed | {c.definition.name: c.renamed_from for c in kept}


def _by_experiment(project: Project, span: Range, runs: RunChanges, renamed: Mapping[str, str]) -> dict[str, list[Run]]:
    """Group the runs to report by the current name of their experiment, each group ordered by number."""
    called_now = {**(project.former_names if span.head is None else {}), **{old: new for new, old in renamed.items()}}
    found: dict[str, list[Run]] = {}
    for run in sorted((run for run, _ in runs.reported), key=lambda run: (run.number, run.uid)):
        found.setdefault(called_now.get(run.experiment, run.experiment), []).append(run)
    return dict(sorted(found.items()))


def _baselines(
    project: Project, index: Index, trees: Trees, span: Range, differences: Mapping[str, Difference]
) -> Baselines:
    """Open the base's runs: those that are also in the working tree are in the index."""

    def from_here() -> Mapping[str, Difference]:
        index.sync()
        if span.head is None:
            return differences
        return trees.differences(span.base, None, worktree.head(project.location))

    return Baselines(index, trees, from_here)


def _summarise(
    project: Project,
    span: Range,
    name: str,
    runs: Sequence[Run],
    definition: Content,
    renamed: Mapping[str, str],
    earlier: Baselines,
) -> NewRuns:
    """Summarise the new runs of an experiment."""
    others = earlier.find(_names(name, definition, renamed), runs, seeds(definition))
    summary = new_runs.summarise(name, runs, directions(definition), others, seeds(definition))
    complete = partial(_with_environments, project, span)
    before = tuple(one and replace(one, other=complete(one.other)) for one in summary.before)
    regressions = tuple(replace(one, other=complete(one.other)) for one in summary.regressions)
    return replace(summary, titles=titles(definition), before=before, regressions=regressions)


def _with_environments(project: Project, span: Range, other: Circumstances) -> Circumstances:
    """Return the same with how environments differ."""
    if not other.is_other_environment:
        return other
    commits = [str(commit) for commit in (span.head or span.tip, span.base) if commit]
    found = recorded.differences(project, *other.environments, commits)
    return replace(other, environment_differences=tuple(found or ()))


def _judged(
    name: str, runs: Sequence[Run], known: Definitions, renamed: Mapping[str, str], earlier: Baselines, now: datetime
) -> Iterator[Verdict]:
    """Judge the new runs of an experiment by the baselines of the base if it has some: a branch cannot change them."""
    here, before = known.experiment(name), known.in_base("experiment", renamed.get(name, name))
    is_new = not (before and before.get("baseline"))
    agreed = here if is_new or before is None else before
    return behind.verdicts(name, agreed, runs, _names(name, here, renamed), earlier, now, is_new=is_new)


def _names(name: str, definition: Content, renamed: Mapping[str, str]) -> list[str]:
    """List the names that an experiment has or had."""
    return list(dict.fromkeys((name, renamed.get(name, name), *definition.get("formerly", ()))))


def _without_new_runs(
    project: Project,
    span: Range,
    known: Definitions,
    definitions: Sequence[DefinitionChange],
    with_runs: Collection[str],
    renamed: Mapping[str, str],
    earlier: Baselines,
) -> Iterator[Stale]:
    """Yield the experiments whose program or data changed and that have no new runs."""
    found = {name: known.in_head("experiment", name) for name in known.experiments() if name not in with_runs}
    experiments = {name: content for name, content in found.items() if content}
    names = {name for content in experiments.values() for name in content.get("datasets", ())}
    datasets = {name: content for name in names if (content := known.in_head("dataset", name))}
    redefined = {
        (change.definition.kind, change.definition.name)
        for change in definitions
        if any(key.path[0] in ("executable", "datasets", "path") for key in change.keys)
    }

    def newest(name: str) -> Run | None:
        return earlier.newest(_names(name, experiments[name], renamed))

    return stale.find(project.location, span, experiments, datasets, redefined, newest)


def _changed_programs(trees: Trees, span: Range, known: Mapping[str, Content]) -> dict[str, str]:
    """Map experiments to their executables, if those differ between the two sides."""
    if span.base is None or span.tip is None:
        return {}
    programs = ((name, definition.get("executable", "")) for name, definition in known.items())
    return {name: file for name, file in programs if file and trees.is_changed(span.base, span.tip, file)}
