"""Write moons.csv: two half circles with noise, as classes 0 and 1."""

import math
import random
from pathlib import Path

random.seed(1)
rows = ["x,y,label"]
for number in range(240):
    label, angle = number % 2, math.pi * random.random()
    x, y = (1 - math.cos(angle), 0.5 - math.sin(angle)) if label else (math.cos(angle), math.sin(angle))
    rows.append(f"{x + random.gauss(0, 0.25):.3f},{y + random.gauss(0, 0.25):.3f},{label}")
Path(__file__).with_name("moons.csv").write_text("\n".join(rows) + "\n")
