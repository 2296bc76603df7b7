"""Compute how long a pendulum takes to swing back, by how far it is pulled aside."""

import argparse
import json
import math
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--angle", type=float, required=True, help="how far it is pulled aside, in degrees")
parser.add_argument("--length", type=float, default=1.0, help="in metres")
parser.add_argument("--storage_path", type=Path, required=True)
options = parser.parse_args()

# The period is an elliptic integral, which the arithmetic-geometric mean gives exactly.
mean, other = 1.0, math.cos(math.radians(options.angle) / 2)
while mean - other > 1e-15:
    mean, other = (mean + other) / 2, math.sqrt(mean * other)
period = 2 * math.pi * math.sqrt(options.length / 9.81) / mean
(options.storage_path / "metrics.json").write_text(json.dumps({"period": period, "slower": 100 * (1 / mean - 1)}))
