"""Take the pictures of the page of `qanat report`: of real runs of a small sweep, in Chromium.

python docs/pictures.py [FOLDER]    writes them to FOLDER, or to docs/pictures/

Times, ids, commits and job numbers are replaced by fixed ones, so that the same pages give the same pictures.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from qanat.web.page import page

PICTURES = Path(__file__).parent / "pictures"
QANAT = Path(sys.executable).with_name("qanat")
WIDTH, HEIGHT = 1200, 640
COLOURS, ALIKE = 128, 10
BYTES_MAX = 100_000
FIRST = datetime(2026, 11, 2, 9, 12, tzinfo=UTC)
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--hide-scrollbars"]
PROGRAM = '''\
"""Pretend to train a network: numbers that depend on the options alone."""

import argparse
import json
import math
import random
import sys
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--optimizer")
parser.add_argument("--lr", type=float)
parser.add_argument("--seed", type=int)
parser.add_argument("--epochs", type=int, default=60)
parser.add_argument("--storage_path", type=Path)
options = parser.parse_args()
best_lr, ceiling = {"adam": (0.002, 0.93), "sgd": (0.05, 0.91), "rmsprop": (0.003, 0.9)}[options.optimizer]
distance = abs(math.log10(options.lr / best_lr))
noise = random.Random(f"{options.optimizer} {options.lr} {options.seed}")
top = ceiling - 0.13 * distance**1.5 + noise.gauss(0, 0.004)
with open(options.storage_path / "metrics.jsonl", "w") as file:
    for epoch in range(1, options.epochs + 1):
        if distance > 1.4 and options.lr > best_lr and epoch > 7:
            sys.exit(f"epoch {epoch}: the loss is nan; lower --lr")
        speed = 4 + 9 * distance
        accuracy = top * (1 - math.exp(-epoch / speed)) + noise.gauss(0, 0.012)
        loss = 2.3 * math.exp(-epoch / speed) + 3.2 * (1 - top) ** 1.6 + abs(noise.gauss(0, 0.012))
        print(json.dumps({"step": epoch, "accuracy": round(accuracy, 4), "loss": round(loss, 4)}), file=file)
print(f"accuracy {accuracy:.3f}")
'''
EXPERIMENT = f"""\
schema: experiment/1
name: train
executable: train.py
executable_command: {json.dumps(shlex.quote(sys.executable))}
seed: seed
metrics:
  - file: metrics.jsonl
    better: {{accuracy: higher, loss: lower}}
"""
SWEEP = [
    (optimizer, lr) for optimizer in ("sgd", "rmsprop", "adam") for lr in ("0.0005", "0.002", "0.01", "0.05", "0.3")
]


@dataclass(frozen=True)
class Picture:
    """A view of the page, by its address, and what must be there before the picture is taken."""

    view: str
    ready: str
    selected: Sequence[int] = field(default=())
    opened: int = 0


VIEWS = {
    "table": Picture("", ".row .best"),
    "scatter": Picture(
        "where=state%3Dfinished&tab=scatter&x=lr&y=metric.accuracy&colour=optimizer&lines=yes", ".points"
    ),
    "curves": Picture("tab=curves&metric=accuracy&smooth=5", ".curve", selected=(12, 4, 9, 2)),
    "parallel": Picture("tab=parallel", "canvas[data-drawn]"),
    "failed": Picture("where=state%3Dfailed", "pre.error", opened=10),
}


def main(folder: Path) -> None:
    """Run the sweep, and take all pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="qanat-pictures-") as temporary:
        content = fixed(swept(Path(temporary)))
        file = Path(temporary) / "report.html"
        file.write_text(page(json.dumps(content), "train"))
        with sync_playwright() as playwright:
            program = shutil.which("chromium-headless-shell") or shutil.which("chromium")
            browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
            for name, picture in VIEWS.items():
                shown = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, timezone_id="UTC")
                shown.goto(file.as_uri() + address_of(picture, content))
                take(shown, picture, folder / f"{name}.png")
            browser.close()


def swept(folder: Path) -> dict[str, Any]:
    """Return the data of a report on a real sweep in a new project."""
    root = folder / "digits"
    root.mkdir()
    (folder / ".gitconfig").write_text("[user]\n\tname = Ada Lovelace\n\temail = ada@example.org\n")
    own = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "QANAT_"))}
    env = {**own, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}

    def qanat(*words: str, code: int | None = 0) -> str:
        done = subprocess.run([QANAT, *words], cwd=root, env=env, capture_output=True, text=True, check=False)
        if code is not None and done.returncode != code:
            raise SystemExit(f"qanat {' '.join(words)}: {done.stderr}")
        return done.stdout

    qanat("init", "--yes")
    (root / "train.py").write_text(PROGRAM)
    (root / ".qanat/experiments").mkdir(exist_ok=True)
    (root / ".qanat/experiments/train.yaml").write_text(EXPERIMENT)
    for words in (["add", "--all"], ["commit", "--quiet", "--message", "Train on digits"]):
        subprocess.run(["git", *words], cwd=root, env=env, check=True)
    for optimizer, lr in SWEEP:
        qanat("run", "train", "-j", "2", "--optimizer", optimizer, "--lr", lr, "-R", "--seed 0,1,2", code=None)
    found: dict[str, Any] = json.loads(qanat("report", "--json"))
    return found


def fixed(content: dict[str, Any]) -> dict[str, Any]:
    """Return the data with fixed times, ids, commits and job numbers."""
    runs = sorted(content["runs"], key=lambda run: run["number"])
    commit = hashlib.sha1(b"digits", usedforsecurity=False).hexdigest()
    texts = {
        run["id"]: f"{run['number']}-{hashlib.sha256(str(run['number']).encode()).hexdigest()[:6]}" for run in runs
    }
    texts |= {run["commit"]: commit for run in runs}
    text = json.dumps(content | {"created": _at(days=1)})
    for before, now in texts.items():
        text = text.replace(before, now)
    known: dict[str, Any] = json.loads(text)
    for run in known["runs"]:
        _place(run)
    return known


def _place(run: dict[str, Any]) -> None:
    """Give a run and its groups the times and jobs that a run with this number always has."""
    number = run["number"]
    took = 95 + 37 * number % 61
    begins = {"minutes": 11 * number}
    run |= {"created": _at(**begins), "started": _at(**begins, seconds=1), "ended": _at(**begins, seconds=took)}
    run["details"].pop("options", None)
    for group in run["groups"]:
        group |= {"started": run["started"], "ended": run["ended"], "host": "workstation"}
    for place, group in enumerate(run["details"]["groups"]):
        group["job"] = str(20_000 + 10 * number + place)
    run["details"]["command"] = "python3 train.py"
    run.pop("host", None)


def _at(**later: int) -> str:
    return (FIRST + timedelta(**later)).isoformat(timespec="seconds")


def address_of(picture: Picture, content: Mapping[str, Any]) -> str:
    """Return the part of an address that names a view."""
    ids = {run["number"]: run["id"] for run in content["runs"]}
    opened = [f"open={ids[picture.opened]}"] if picture.opened else []
    return "#" + "&".join([picture.view, *opened, *(f"selected={ids[number]}" for number in picture.selected)])


def take(shown: Page, picture: Picture, file: Path) -> None:
    """Save what a page shows. Raises SystemExit if the file is too large."""
    shown.wait_for_selector(picture.ready, timeout=120_000)
    shown.screenshot(path=file)
    with Image.open(file) as image:
        with_few_colours(image.convert("RGB")).save(file, optimize=True)
    if file.stat().st_size > BYTES_MAX:
        raise SystemExit(f"{file} has {file.stat().st_size:,} bytes, more than {BYTES_MAX:,}")


def with_few_colours(image: Image.Image) -> Image.Image:
    """Return a picture with its most frequent colours, none like another; edges of letters get the nearest."""
    found: list[tuple[int, Any]] = sorted(image.getcolors(image.width * image.height) or [], reverse=True)
    chosen: list[tuple[int, ...]] = []
    for _, colour in found:
        if len(chosen) < COLOURS and all(_distance(colour, other) > ALIKE for other in chosen):
            chosen.append(colour)
    palette = Image.new("P", (1, 1))
    palette.putpalette([part for colour in chosen for part in colour])
    return image.quantize(palette=palette, dither=Image.Dither.NONE)


def _distance(one: Sequence[int], other: Sequence[int]) -> int:
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES)
