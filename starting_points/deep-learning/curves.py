"""Draw the accuracies of all groups of a run into curves.svg. An action gets --storage_path, the folder of the run."""

import argparse
import json
from pathlib import Path

COLOURS = ("#1f6feb", "#d9730d", "#2f8132", "#a333c8", "#b5a000", "#c0392b")

parser = argparse.ArgumentParser(description="Draw the accuracies of all groups of a run into curves.svg.")
parser.add_argument("--storage_path", type=Path, required=True)
folder = parser.parse_args().storage_path

lines = []
for number, file in enumerate(sorted(folder.rglob("metrics.jsonl"))):
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    widest = max(row["step"] for row in rows)
    points = " ".join(f"{20 + 360 * row['step'] / widest:.1f},{210 - 200 * row['acc']:.1f}" for row in rows)
    colour = COLOURS[number % len(COLOURS)]
    lines.append(
        f'<polyline points="{points}" fill="none" stroke="{colour}"><title>{file.parent.name}</title></polyline>'
    )
frame = '<rect x="20" y="10" width="360" height="200" fill="none" stroke="#888"/>'
picture = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 220" width="800">{frame}{"".join(lines)}</svg>\n'
(folder / "curves.svg").write_text(picture)
print(f"{len(lines)} curves in {folder / 'curves.svg'}")
