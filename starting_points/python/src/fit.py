"""Fit a polynomial to points, by gradient descent.

qanat adds --storage_path, the folder for results, and --dataset_path, the data.
"""

import argparse
import csv
import json
import random
from pathlib import Path

Point = tuple[float, float]


def read(path: Path) -> list[Point]:
    """Return the points in a CSV file."""
    with path.open(newline="") as file:
        return [(float(row["x"]), float(row["y"])) for row in csv.DictReader(file)]


def predict(weights: list[float], x: float) -> float:
    """Return the value of the polynomial at x."""
    return sum(weight * x**power for power, weight in enumerate(weights))


def loss(weights: list[float], points: list[Point]) -> float:
    """Return the mean squared error."""
    return sum((predict(weights, x) - y) ** 2 for x, y in points) / len(points)


def step(weights: list[float], points: list[Point], lr: float) -> list[float]:
    """Return the weights after one step of gradient descent."""
    slopes = [0.0] * len(weights)
    for x, y in points:
        error = 2 * (predict(weights, x) - y) / len(points)
        slopes = [slope + error * x**power for power, slope in enumerate(slopes)]
    return [weight - lr * slope for weight, slope in zip(weights, slopes, strict=True)]


def figure(weights: list[float], points: list[Point]) -> str:
    """Return the points and the polynomial as a picture in SVG."""
    dots = "".join(f'<circle cx="{150 + 140 * x:.1f}" cy="{100 - 60 * y:.1f}" r="2.5"/>' for x, y in points)
    curve = " ".join(f"{150 + 1.4 * i:.1f},{100 - 60 * predict(weights, i / 100):.1f}" for i in range(-100, 101, 4))
    line = f'<polyline points="{curve}" fill="none" stroke="#1f6feb" stroke-width="2"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 200" width="600">{dots}{line}</svg>\n'


def main() -> None:
    """Read the parameters, fit, and write the results."""
    parser = argparse.ArgumentParser(description="Fit a polynomial to points, by gradient descent.")
    parser.add_argument("--degree", type=int, default=3, help="degree of the polynomial")
    parser.add_argument("--lr", type=float, default=0.3, help="learning rate")
    parser.add_argument("--steps", type=int, default=200, help="steps of gradient descent")
    parser.add_argument("--seed", type=int, default=0, help="which points are for training")
    parser.add_argument("--dataset_path", type=Path, required=True)
    parser.add_argument("--storage_path", type=Path, required=True)
    options = parser.parse_args()

    points = read(options.dataset_path)
    random.Random(options.seed).shuffle(points)
    train, test = points[:40], points[40:]
    weights = [0.0] * (options.degree + 1)

    progress = (options.storage_path / "progress.txt").open("w", buffering=1)
    curves = (options.storage_path / "metrics.jsonl").open("w", buffering=1)
    print(f"count_total={options.steps}", file=progress)
    for number in range(1, options.steps + 1):
        weights = step(weights, train, options.lr)
        if number % 10 == 0 or number == options.steps:
            losses = {"train_loss": round(loss(weights, train), 6), "test_loss": round(loss(weights, test), 6)}
            print(json.dumps({"step": number, **losses}), file=curves)
        print(1, file=progress)

    results = {"train_loss": loss(weights, train), "test_loss": loss(weights, test)}
    (options.storage_path / "metrics.json").write_text(json.dumps(results))
    (options.storage_path / "fit.svg").write_text(figure(weights, points))
    print(f"degree {options.degree}: test loss {results['test_loss']:.4f}")


if __name__ == "__main__":
    main()
