"""List the groups of a run, the best first. An action gets --storage_path, the folder of the run."""

import argparse
import json
from pathlib import Path

parser = argparse.ArgumentParser(description="List the groups of a run, the best first.")
parser.add_argument("--storage_path", type=Path, required=True)
folder = parser.parse_args().storage_path

found = [(json.loads(file.read_text())["test_loss"], file.parent.name) for file in folder.rglob("metrics.json")]
lines = [f"{loss:.4f}  {name}" for loss, name in sorted(found)]
print("\n".join(["test loss", *lines]))
(folder / "summary.txt").write_text("".join(f"{line}\n" for line in lines))
