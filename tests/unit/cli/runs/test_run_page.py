"""The page of a run says why its groups wait."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from qanat.cli.runs.run_page import run_page
from qanat.domain.run import Group, RunnerChoice, State
from qanat.domain.template_source import PackOrigin, TemplateSource
from qanat.usecases.definitions.init import init_project, plan_init
from qanat.usecases.project import Project, open_project
from tests.unit.records.example import RUN


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return a new project."""
    init_project(plan_init(tmp_path, "vi", "results"), {})
    return open_project(tmp_path)


def test_groups_that_wait_are_counted_by_their_reasons_below_the_status(project: Project) -> None:
    reasons = ["Priority", "Resources", "Priority", ""]
    groups = tuple(Group(number, (), State.QUEUED, reason=reason) for number, reason in enumerate(reasons))
    lines = run_page(project, replace(RUN, groups=groups)).splitlines()
    (place,) = (place for place, line in enumerate(lines) if "Status:" in line)
    assert lines[place : place + 3] == [
        "  - 🔍 Status: ⏳ queued (4 queued)",
        "        ◾ 2 groups queued: Priority",
        "        ◾ 1 group queued: Resources",
    ]
    assert "Started" in lines[place + 3]


def test_the_reason_of_a_single_group_is_part_of_the_status(project: Project) -> None:
    page = run_page(project, replace(RUN, groups=(Group(0, (), State.QUEUED, reason="Priority"),)))
    assert "Status: ⏳ queued (Priority)\n  - 📆 Started" in page


def test_the_page_says_from_where_a_pack_of_templates_was_copied(project: Project) -> None:
    pack = PackOrigin("alpha", "https://git.example.org/t.git", "3f1c0e2a5b7d4c6e8f9a0b1c2d3e4f5a6b7c8d9e")
    sources = (TemplateSource("alpha-gpu", "a.yaml", ("-p",), pack), TemplateSource("gpu", "b.yaml", ("-t",)))
    runner = RunnerChoice("slurm", "gpu", {"-p": "gpu", "-t": 5}, sources=sources)
    lines = run_page(project, replace(RUN, runner=runner)).splitlines()
    assert [line.strip() for line in lines if "◾" in line and "iris" not in line] == [
        "◾ --submit-template: gpu",
        "◾ alpha-gpu: a.yaml, from https://git.example.org/t.git at 3f1c0e2a5b",
    ]


def test_the_page_says_how_many_groups_share_a_job_and_that_jobs_do_not_see_the_disk(project: Project) -> None:
    submission = replace(RUN.submission, per_job=100, at_once=4)
    run = replace(RUN, submission=submission, runner=RunnerChoice("slurm", "gpu", transfer=True))
    lines = run_page(project, run).splitlines()
    place = lines.index("  - 📓 Runner options:")
    assert [line.strip() for line in lines[place + 1 : place + 5]] == [
        "◾ --submit-template: gpu",
        "◾ --per-job: 100",
        "◾ --n-threads: 4",
        "- 🚚 Transfer: jobs get copies of code and data",
    ]
