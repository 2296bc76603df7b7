"""Draw the periods of all groups of a run: as a picture of LaTeX, and as SVG."""

import argparse
import json
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--storage_path", type=Path, required=True)
folder = parser.parse_args().storage_path

periods = [json.loads(file.read_text())["period"] for file in sorted(folder.glob("group_*/metrics.json"))]
least = min(periods)
heights = [round(100 * (period / least - 1) + 1, 1) for period in periods]
bars = [f"\\put({10 * place},0){{\\rule{{6mm}}{{{height}mm}}}}" for place, height in enumerate(heights)]
size = f"({10 * len(heights)},{max(heights)})"
picture = "\n".join(["\\setlength{\\unitlength}{1mm}", f"\\begin{{picture}}{size}", *bars, "\\end{picture}", ""])
(folder / "periods.tex").write_text(picture)

width, height = 40 * len(heights), max(heights) * 4
rows = [
    f'<rect x="{40 * place}" y="{height - 4 * bar:.1f}" width="24" height="{4 * bar:.1f}" fill="#4269d0"/>'
    for place, bar in enumerate(heights)
]
svg = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height:.0f}">', *rows, "</svg>", ""]
(folder / "periods.svg").write_text("\n".join(svg))
