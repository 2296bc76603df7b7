"""Draw what a trained network separates, from its last checkpoint, into boundary.svg in the folder of its group.

An action gets --storage_path: the folder of the group that `qanat action --group` names.
"""

import argparse
import csv
import json
import sys
from pathlib import Path

sys.path.insert(0, "src")
from network import build  # of the starting point

CELLS = 40
COLOURS = {0: "#d9730d", 1: "#1f6feb"}

parser = argparse.ArgumentParser(description="Draw what a trained network separates into boundary.svg.")
parser.add_argument("--storage_path", type=Path, required=True)
parser.add_argument("--data", type=Path, default=Path("data/moons.csv"))
options = parser.parse_args()

state = json.loads((options.storage_path / "checkpoint/state.json").read_text())
network = build(hidden=len(state["network"]["layer"]), lr=0.0, seed=0)
network.load(state["network"])
with options.data.open(newline="") as file:
    rows = [(float(row["x"]), float(row["y"]), int(row["label"])) for row in csv.DictReader(file)]

left, right = min(x for x, _, _ in rows) - 0.3, max(x for x, _, _ in rows) + 0.3
low, high = min(y for _, y, _ in rows) - 0.3, max(y for _, y, _ in rows) + 0.3
scale = 400 / (right - left)
height = (high - low) * scale
step_x, step_y = (right - left) / CELLS, (high - low) / CELLS

shapes = []
for i in range(CELLS):
    for j in range(CELLS):
        x, y = left + (i + 0.5) * step_x, low + (j + 0.5) * step_y
        side = int(network.accuracy([(x, y, 1)]))
        place = f'x="{i * 400 / CELLS:.1f}" y="{height - (j + 1) * height / CELLS:.1f}"'
        size = f'width="{400 / CELLS:.1f}" height="{height / CELLS:.1f}"'
        shapes.append(f'<rect {place} {size} fill="{COLOURS[side]}" fill-opacity="0.25"/>')
for x, y, label in rows:
    place = f'cx="{(x - left) * scale:.1f}" cy="{height - (y - low) * scale:.1f}"'
    shapes.append(f'<circle {place} r="3" fill="{COLOURS[label]}" stroke="#fff" stroke-width="0.5"/>')
picture = (
    f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 {height:.0f}" width="800">{"".join(shapes)}</svg>\n'
)
(options.storage_path / "boundary.svg").write_text(picture)
print(f"boundary of the network after epoch {state['epoch']} in {options.storage_path / 'boundary.svg'}")
