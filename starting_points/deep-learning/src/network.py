"""A network with one hidden layer, in plain Python: what train.py trains.

To use PyTorch, write a class with the same methods, and let build() return it; README.md shows one.
"""

from __future__ import annotations

import math
import random
from typing import Any

Row = tuple[float, float, int]


def build(hidden: int, lr: float, seed: int) -> Network:
    """Return the network that is trained."""
    return Network(hidden, lr, seed)


class Network:
    """Two inputs, a hidden layer of tanh, and the probability of class 1."""

    def __init__(self, hidden: int, lr: float, seed: int) -> None:
        self._random = random.Random(seed)
        self._lr = lr
        self._layer = [[self._random.gauss(0, 1) for _ in range(3)] for _ in range(hidden)]
        self._out = [self._random.gauss(0, 1) / math.sqrt(hidden) for _ in range(hidden + 1)]

    def train(self, rows: list[Row]) -> float:
        """Learn from each row once, in a random order; return the mean loss."""
        total = 0.0
        for x, y, label in self._random.sample(rows, len(rows)):
            hidden, score = self._forward(x, y)
            total += math.log1p(math.exp(-score if label else score))
            error = self._lr * (_sigmoid(score) - label)
            for i, value in enumerate(hidden):
                slope = error * self._out[i] * (1 - value * value)
                self._out[i] -= error * value
                for j, given in enumerate((x, y, 1)):
                    self._layer[i][j] -= slope * given
            self._out[-1] -= error
        return total / len(rows)

    def accuracy(self, rows: list[Row]) -> float:
        """Return the part of the rows whose class is found."""
        return sum((self._forward(x, y)[1] > 0) == bool(label) for x, y, label in rows) / len(rows)

    def state(self) -> dict[str, Any]:
        """Return all that a checkpoint needs."""
        version, numbers, gauss = self._random.getstate()
        return {"layer": self._layer, "out": self._out, "random": [version, list(numbers), gauss]}

    def load(self, state: dict[str, Any]) -> None:
        """Continue from a checkpoint."""
        version, numbers, gauss = state["random"]
        self._layer, self._out = state["layer"], state["out"]
        self._random.setstate((version, tuple(numbers), gauss))

    def _forward(self, x: float, y: float) -> tuple[list[float], float]:
        hidden = [math.tanh(a * x + b * y + c) for a, b, c in self._layer]
        return hidden, sum(w * h for w, h in zip(self._out, hidden, strict=False)) + self._out[-1]


def _sigmoid(score: float) -> float:
    return 0.5 * (1 + math.tanh(score / 2))
