"""The figures of a report: found where runs have their results, through no link, and within limits."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from qanat.domain.run import Run
from qanat.errors import NotFound
from qanat.system import walking
from qanat.usecases.launch.looking import refreshed
from qanat.usecases.report import figures
from qanat.usecases.report.content import ReportRequest, content_of
from qanat.usecases.report.figures import Figures
from tests.support.world import World
from tests.unit.records.example import RUN
from tests.unit.usecases.runs.test_listing import recorded

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"/>'


def defined(world: World, *patterns: str) -> None:
    """Define an experiment with these figures."""
    listed = ", ".join(f"'{pattern}'" for pattern in patterns)
    text = f"schema: experiment/1\nname: train\nexecutable: train.py\nfigures: [{listed}]\n"
    folder = world.root / ".qanat/experiments"
    folder.mkdir(exist_ok=True)
    (folder / "train.yaml").write_text(text)


def left(run: Run, world: World, files: dict[str, bytes]) -> Path:
    """Write files into the storage directory of a run."""
    storage = world.root / run.storage
    for path, data in files.items():
        (storage / path).parent.mkdir(parents=True, exist_ok=True)
        (storage / path).write_bytes(data)
    return storage


def shown(world: World, found: Figures | None = None) -> tuple[dict[str, list[str]], list[str]]:
    """Return the names of figures by run and group, and the notes of a report."""
    with refreshed(world.project, world) as (index, result):
        content = content_of(world.project, index, result, ReportRequest(), found)
    groups = {f"{run['number']}.{g['number']}": g.get("figures", []) for run in content["runs"] for g in run["groups"]}
    return {key: [each["name"] for each in own] for key, own in groups.items() if own}, content["notes"]


def of_group(world: World, found: Figures) -> list[dict[str, Any]]:
    """Return the figures of the first group of the only run."""
    with refreshed(world.project, world) as (index, result):
        content = content_of(world.project, index, result, ReportRequest(), found)
    return list(content["runs"][0]["groups"][0]["figures"])


def one_group(world: World, number: int = 1, **changes: Any) -> Run:
    """Record a run with a single group."""
    return recorded(world, number, groups=RUN.groups[:1], **changes)


def test_groups_have_the_figures_that_the_experiment_names(world: World) -> None:
    defined(world, "plots/*.png", "loss.svg")
    files = {f"group_0/plots/f{n}.png": PNG for n in (10, 2, 1)}
    left(recorded(world, 1), world, files | {"group_0/loss.svg": SVG, "group_1/plots/f.png": PNG, "group_1/x.png": PNG})
    names = ["loss.svg", "plots/f1.png", "plots/f2.png", "plots/f10.png"]
    assert shown(world) == ({"1.0": names, "1.1": ["plots/f.png"]}, [])


def test_a_figure_has_its_size_and_can_be_read_by_its_image(world: World) -> None:
    defined(world, "*.png")
    run = one_group(world)
    storage = left(run, world, {"a.png": PNG})
    os.utime(storage / "a.png", (1.5, 1.5))
    found = Figures(world.project)
    (figure,) = of_group(world, found)
    modified, image = "1970-01-01T00:00:01.500+00:00", f"{run.id}-0-{hashlib.sha256(b'a.png').hexdigest()[:12]}.png"
    assert figure == {"name": "a.png", "bytes": len(PNG), "modified": modified, "image": image}
    assert found.read(image) == ("image/png", PNG)
    with pytest.raises(NotFound, match="there is no figure"):
        found.read("../info.yaml")
    (storage / "a.png").write_text("<script>alert(1)</script>")
    with pytest.raises(NotFound):
        found.read(image)
    (storage / "a.png").unlink()
    (storage / "a.png").symlink_to(left(run, world, {"b.png": PNG}) / "b.png")
    with pytest.raises(NotFound):
        found.read(image)


def test_no_link_leads_to_a_figure(world: World) -> None:
    defined(world, "**")
    outside = world.root.parent / "photos"
    outside.mkdir()
    (outside / "me.png").write_bytes(PNG)
    storage = left(one_group(world), world, {"plots/real.png": PNG})
    (storage / "linked").symlink_to(outside)
    (storage / "plots/me.png").symlink_to(outside / "me.png")
    (storage / "plots/up").symlink_to(storage)
    os.mkfifo(storage / "plots/pipe.png")
    assert shown(world) == ({"1.0": ["plots/real.png"]}, [])


def test_a_record_cannot_show_the_images_of_another_directory(world: World) -> None:
    defined(world, "**/*.png")
    photos = world.root.parent / "photos"
    photos.mkdir()
    (photos / "me.png").write_bytes(PNG)
    run = one_group(world, storage=str(photos))
    note = "no figures of run 1: nothing shows that qanat made its directory"
    assert shown(world) == ({}, [note])
    (photos / "info.yaml").write_text(f"run_id: 1\nid: {run.id}\n")
    assert shown(world) == ({"1.0": ["me.png"]}, [])
    (photos.parent / "way").symlink_to(photos.parent)
    usual = world.root / "results/train/run_2"
    usual.parent.mkdir(parents=True, exist_ok=True)
    usual.symlink_to(photos)
    one_group(world, 2)
    assert shown(world)[0] == {"1.0": ["me.png"]}


def test_what_is_no_image_or_too_large_is_left_out_and_said(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "BYTES_MAX", 100)
    monkeypatch.setattr(figures, "EACH_GROUP_MAX", 2)
    defined(world, "*")
    texts = {"a.png": b"<html>", "b.jpg": PNG, "large.png": PNG + bytes(100), "scores.json": b"{}"}
    left(one_group(world), world, texts | {f"f{n}.png": PNG for n in range(4)} | {"attempts/1/old.png": PNG})
    assert shown(world) == (
        {"1.0": ["f0.png", "f1.png"]},
        [
            "2 figures are left out: the page has the first 2 of a group",
            "1 figure is left out: larger than 100 B (run 1: large.png)",
            "2 figures are left out: not the kind of image that the name says (run 1: a.png, run 1: b.jpg)",
        ],
    )


def test_figures_of_the_newest_groups_are_shown(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "GROUPS_MAX", 1)
    defined(world, "*.png")
    for number in (1, 2, 3):
        run = one_group(world, number, created=f"2026-11-2{number}T00:00:00+00:00")
        left(run, world, {"a.png": PNG})
    names, notes = shown(world, Figures(world.project, times=2))
    assert list(names) == ["3.0", "2.0"]
    assert notes == ["1 older group is here without figures; choose fewer runs"]


def test_a_search_for_figures_ends(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "ENTRIES_MAX", 4)
    monkeypatch.setattr(walking, "DEPTH_MAX", 2)
    defined(world, "**")
    storage = left(one_group(world), world, {"a.png": PNG, "1/2/3/4/deep.png": PNG})
    assert shown(world) == ({"1.0": ["a.png"]}, [])
    (storage / "notes.txt").write_text("…")
    (storage / "1/notes.txt").write_text("…")
    assert shown(world)[1] == ["figures were looked for in 4 files and folders, and not in the others"]


def test_an_experiment_without_figures_is_not_searched(world: World) -> None:
    left(one_group(world), world, {"a.png": PNG})
    assert shown(world) == ({}, [])
    defined(world, "*.png")
    one_group(world, 2, storage="results/train/run_2")
    assert shown(world)[0] == {"1.0": ["a.png"]}
