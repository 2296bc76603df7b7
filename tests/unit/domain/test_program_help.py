"""The options of programs, as argparse, click and typer print them."""

from __future__ import annotations

import pytest

from qanat.domain.program_help import ProgramOption, examples, missing, options_in, reads_help

ARGPARSE = """\
usage: h.py [-h] [--lr LR] [-n NUM_EPOCHS] [--mode {a,b}] [--flag] data

positional arguments:
  data

options:
  -h, --help            show this help message and exit
  --lr LR               learning rate (default: 0.1)
  -n NUM_EPOCHS, --num-epochs NUM_EPOCHS
                        number of epochs, about which there is so much to say that --this is
                        on a second line (default: 10)
  --mode {a,b}
  --flag                (default: False)
  --nums NUMS [NUMS ...]
  --model MODEL         (default: None)
  --storage_path STORAGE_PATH

see --more in the manual
"""
CLICK = """\
Usage: c.py [OPTIONS]

Options:
  --lr FLOAT            Learning rate.  [default: 0.1]
  --shout / --no-shout
  -v, --verbose
  --mode [a|b]
  --seed INTEGER        [required]
  --help                Show this message and exit.
"""
TYPER = """\
 Usage: t.py [OPTIONS] DATA

╭─ Options ──────────────────────────────────────────────────────────╮
│ *  --lr                        FLOAT    Learning rate [default:    │
│                                         0.1]                       │
│    --shout       --no-shout             [default: no-shout]        │
│    --mode    -m                [a|b]    Mode. [default: a]         │
│    --num                       INTEGER                             │
│    --help                               Show this message and exit.│
╰────────────────────────────────────────────────────────────────────╯
"""


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        (
            ARGPARSE,
            [
                ProgramOption("--lr", "LR", "0.1", (), "learning rate"),
                ProgramOption(
                    "--num-epochs",
                    "NUM_EPOCHS",
                    "10",
                    (),
                    "number of epochs, about which there is so much to say that --this is on a second line",
                ),
                ProgramOption("--mode", "{a,b}", "", ("a", "b")),
                ProgramOption("--flag"),
                ProgramOption("--nums", "NUMS [NUMS ...]"),
                ProgramOption("--model", "MODEL"),
                ProgramOption("--storage_path", "STORAGE_PATH"),
            ],
        ),
        (
            CLICK,
            [
                ProgramOption("--lr", "FLOAT", "0.1", (), "Learning rate."),
                ProgramOption("--shout"),
                ProgramOption("--verbose"),
                ProgramOption("--mode", "[a|b]", "", ("a", "b")),
                ProgramOption("--seed", "INTEGER", "", (), "[required]"),
            ],
        ),
        (
            TYPER,
            [
                ProgramOption("--lr", "FLOAT", "0.1", (), "Learning rate"),
                ProgramOption("--shout"),
                ProgramOption("--mode", "[a|b]", "a", ("a", "b"), "Mode."),
                ProgramOption("--num", "INTEGER"),
            ],
        ),
        ("", []),
        ("epoch 1\n  - loss 3\n-- done --\n", []),
        ("Traceback (most recent call last):\n  File 'a.py', line 1\nValueError: --x\n", []),
    ],
)
def test_options_are_read_from_the_help(printed: str, expected: list[ProgramOption]) -> None:
    assert options_in(printed) == expected


def test_a_long_help_is_read_in_bounded_work() -> None:
    assert len(options_in("".join(f"  --option-{i} X  text\n" for i in range(5_000)))) == 200
    assert options_in(f"  --{'a' * 100} X  text\n") == []


def test_examples_try_a_run_groups_and_a_range() -> None:
    assert examples(options_in(CLICK)) == [
        ("--lr", "0.1"),
        ("-g", "--lr 0.1", "-g", "--lr 0.2"),
        ("-R", "--seed 0 3 1"),
    ]
    assert examples([ProgramOption("--mode", "X", "", ("a b", "c")), ProgramOption("--epochs", "N", "10")]) == [
        ("--mode", "a b"),
        ("-g", "--mode 'a b'", "-g", "--mode c"),
        ("-R", "--epochs 10,20"),
    ]
    unknown = [ProgramOption("--lr", "LR"), ProgramOption("--model", "M", "None"), ProgramOption("--seed", "SEED")]
    assert examples(unknown) == [(), ("-R", "--seed 0 3 1")]
    assert examples([ProgramOption("--big", "N", "9" * 5_000)])[0] == ("--big", "9" * 5_000)
    assert (
        examples([ProgramOption("--storage_path", "DIR"), ProgramOption("--out-dir", "DIR"), ProgramOption("-x")]) == []
    )


def test_what_qanat_passes_and_the_program_lacks_is_said() -> None:
    options = [ProgramOption("--output-dir", "DIR"), ProgramOption("--data", "PATH")]
    assert missing(options, reads_datasets=True) == [
        "lacks --storage_path, the option by which qanat passes the directory for its results; "
        "--output-dir may be the option to rename",
        "lacks --dataset_path, the option by which qanat passes the path of each dataset; "
        "--data may be the option to rename",
    ]
    assert missing([ProgramOption("--storage_path", "DIR")], reads_datasets=False) == []


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        (b"import argparse", True),
        (b"import click", True),
        (b"while getopts ab: option; do", True),
        (b"if sys.argv[1] == '--help':", True),
        (b"for i in range(10): train()", False),
        (b"# clicked, fires", False),
    ],
)
def test_a_program_that_may_not_read_help_is_known_by_its_text(text: bytes, reads: bool) -> None:
    assert reads_help(text) is reads
