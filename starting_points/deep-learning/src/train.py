"""Train a network on two moons; continue from a checkpoint after a stop on the way.

qanat adds --storage_path, the folder for results, and --dataset_path, the data.
"""

import argparse
import csv
import json
import os
import signal
import sys
from pathlib import Path

from network import Row, build

CONTINUE = 85  # as `checkpoint` in .qanat/experiments/train.yaml has it


def read(path: Path) -> list[Row]:
    """Return the rows of a CSV file."""
    with path.open(newline="") as file:
        return [(float(row["x"]), float(row["y"]), int(row["label"])) for row in csv.DictReader(file)]


def parsed() -> argparse.Namespace:
    """Return the parameters."""
    parser = argparse.ArgumentParser(description="Train a network on two moons.")
    parser.add_argument("--lr", type=float, default=0.05, help="learning rate")
    parser.add_argument("--hidden", type=int, default=8, help="units of the hidden layer")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--stop-after", type=int, default=10**9, help="stop after so many epochs, and continue later")
    parser.add_argument("--dataset_path", type=Path, required=True)
    parser.add_argument("--storage_path", type=Path, required=True)
    return parser.parse_args()


def save(checkpoint: Path, content: object) -> None:
    """Replace a checkpoint; one that is written when the program is killed does not count."""
    draft = checkpoint.with_suffix(".new")
    draft.write_text(json.dumps(content))
    draft.replace(checkpoint)


def main() -> None:
    """Train, and write curves, progress, checkpoints and results."""
    options = parsed()
    rows = read(options.dataset_path)
    train, test = rows[:180], rows[180:]
    network = build(options.hidden, options.lr, options.seed)

    stops: list[int] = []
    for number in (signal.SIGTERM, signal.SIGUSR1):  # a scheduler warns before it ends a job
        signal.signal(number, lambda which, _: stops.append(which))

    checkpoint = Path(os.environ.get("QANAT_CHECKPOINT", options.storage_path), "state.json")
    done = 0
    if checkpoint.exists():
        saved = json.loads(checkpoint.read_text())
        done = saved["epoch"]
        network.load(saved["network"])
        print(f"continuing after epoch {done}")

    curves = (options.storage_path / "metrics.jsonl").open("a", buffering=1)
    first = done
    for epoch in range(done + 1, options.epochs + 1):
        loss = network.train(train)
        accuracy = network.accuracy(test)
        print(json.dumps({"step": epoch, "loss": round(loss, 5), "acc": round(accuracy, 4)}), file=curves)
        (options.storage_path / "progress.txt").write_text(f"{epoch}/{options.epochs}\n")
        save(checkpoint, {"epoch": epoch, "network": network.state()})
        if epoch < options.epochs and (stops or epoch - first >= options.stop_after):
            print(f"stopping after epoch {epoch}, to continue later")
            sys.exit(CONTINUE)

    results = {"acc": network.accuracy(test), "train_acc": network.accuracy(train)}
    (options.storage_path / "metrics.json").write_text(json.dumps(results))
    print(f"accuracy {results['acc']:.3f}")


if __name__ == "__main__":
    main()
