"""What a real program receives: the arguments as typed, which are the same in every file about the run."""

from __future__ import annotations

import json
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from qanat.domain.parameters import by_name
from tests.support.sandbox import Result, Sandbox

DUMP = """\
import json
import sys
from pathlib import Path

args = sys.argv[1:]
last = len(args) - 1 - args[::-1].index("--storage_path")
Path(args[last + 1], "argv.json").write_text(json.dumps(args))
"""
NASTY = [
    "a b",
    "  ",
    "",
    "it's",
    'say "hi"',
    "'\"'\"'",
    "line\nbreak\n",
    "tab\tback\\slash",
    ";",
    "$(touch touched)",
    "`touch touched`",
    "; touch touched #",
    "&& touch touched",
    "| tee touched",
    "> touched",
    "$HOME",
    "${PATH}",
    "~",
    "*",
    "?[a-z]",
    "{a,b}",
    "!!",
    "%s%n",
    "#5",
    "größe 日本 🏁",
    "e\u0301\u202eabc",
    "\x1b[31mred\x07",
    "-",
    "---",
    "-x",
    "-lr",
    "0.1",
    "-5",
    "-.5",
    "-1e-3",
    "--flag",
    "--key=value=more",
    "-t",
    "-h",
    "-j4",
    "-gx",
    "null",
    "yes",
    "1_000",
    "007",
    "1e-4",
    "5.0",
    "2026-11-23",
    "10:30",
    "@file",
    "<<",
    "!tag",
    "x" * 3000,
]
DOCUMENTED = """\
fixed_args:
  options:
    --mean: '10, -50'
varying_args:
  range:
    options:
      --n_samples: [5, 51, 10]
  groups:
  - options:
      --cov: '1, 0.8, 0.8, 1'
    positional:
      0: 10
  - options:
      --cov: '1, 0.4, 0.4, 1'
    positional:
      0: 10
      1: 500
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Return a project with a program that writes down its arguments; with two datasets, and without any."""
    sandbox = Sandbox.make(tmp_path_factory.mktemp("house") / "my project")
    sandbox.write("data/iris set/a.csv", "1\n")
    sandbox.write(".qanat/datasets/iris.yaml", "schema: dataset/1\nname: iris\npath: data/iris set\n")
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    sandbox.write(".qanat/datasets/far.yaml", f"schema: dataset/1\nname: far\npath: {elsewhere}\n")
    sandbox.python_experiment("dump", DUMP)
    sandbox.python_experiment(
        "acting", DUMP, actions={"plot": {"executable": "dump.py", "executable_command": "python"}}
    )
    sandbox.python_experiment("reader", DUMP, datasets=["iris", "far"])
    return sandbox


class Ran:
    """An ended run: its record, its directory, and the arguments that each group's program received."""

    def __init__(self, sandbox: Sandbox, result: Result) -> None:
        self.result = result
        self.record = max(sandbox.records(), key=lambda record: int(record["id"].partition("-")[0]))
        self.folder = sandbox.root / self.record["storage"]
        count = len(self.record["groups"])
        self.folders = [self.folder if count == 1 else self.folder / f"group_{i}" for i in range(count)]
        self.received: list[list[str]] = [json.loads((f / "argv.json").read_text()) for f in self.folders]

    @property
    def words(self) -> list[list[str]]:
        """What each program received before its storage path, which must be its own directory."""
        tails = [["--storage_path", str(folder)] for folder in self.folders]
        assert [words[-2:] for words in self.received] == tails
        return [words[:-2] for words in self.received]

    @property
    def info(self) -> dict[str, Any]:
        """The run's info.yaml."""
        loaded: dict[str, Any] = yaml.safe_load((self.folder / "info.yaml").read_text())
        return loaded


def run(sandbox: Sandbox, *words: str, cwd: Path | None = None) -> Ran:
    """Run `qanat run` with these arguments."""
    return Ran(sandbox, sandbox.qanat("run", *words, cwd=cwd))


def dry(sandbox: Sandbox, *words: str) -> list[list[str]]:
    """List the arguments of the groups that a run would have."""
    groups = sandbox.qanat("run", "--dry_run", "--json", *words).json
    assert [group["group"] for group in groups] == list(range(len(groups)))
    return [group["args"] for group in groups]


def refused(sandbox: Sandbox, *words: str) -> Result:
    """Run `qanat run` with arguments that are refused; nothing may be recorded or created."""
    before = sandbox.record_files(), sorted((sandbox.root / "results").rglob("*"))
    result = sandbox.qanat("run", *words, code=2)
    assert (sandbox.record_files(), sorted((sandbox.root / "results").rglob("*"))) == before
    assert result.out == ""
    return result


# ---- the program's own words


def test_nasty_words_reach_the_program_as_they_were_typed_and_every_file_says_so(house: Sandbox) -> None:
    ran = run(house, "dump", "--", *NASTY)
    assert ran.words == [NASTY]
    assert ran.record["parameters"]["args"] == NASTY
    assert [group["args"] for group in ran.record["groups"]] == [NASTY]
    command = [sys.executable, "dump.py", *NASTY, "--storage_path", str(ran.folder)]
    assert [shlex.split(text) for text in ran.info["commands"]] == [command]
    assert ran.info["groups_of_parameters"] == [by_name(NASTY)]
    assert not list(house.root.rglob("touched"))
    assert house.qanat("validate").out.endswith("no problems found\n")


def test_nasty_words_of_a_group_reach_the_program_and_its_group_info(house: Sandbox) -> None:
    ran = run(house, "dump", "--fixed", "-g", shlex.join(NASTY), "-g", "'one word'")
    expected = [["--fixed", *NASTY], ["--fixed", "one word"]]
    assert ran.words == expected
    assert [group["args"] for group in ran.record["groups"]] == expected
    assert ran.record["parameters"] == {"args": ["--fixed"], "groups": [shlex.join(NASTY), "'one word'"], "ranges": []}
    assert ran.info["groups_of_parameters"] == [by_name(args) for args in expected]
    assert ran.info["repertories"] == [str(folder) for folder in ran.folders]
    for folder, args, command in zip(ran.folders, expected, ran.info["commands"], strict=True):
        info = yaml.safe_load((folder / "group_info.yaml").read_text())
        assert info == {"command": command, "parameters": by_name(args)}
        assert shlex.split(info["command"]) == [sys.executable, "dump.py", *args, "--storage_path", str(folder)]
    assert not list(house.root.rglob("touched"))


def ends_with_groups(printed: str, count: str) -> bool:
    """Return whether a dry run ends with so many groups, which are counted as new beside earlier runs."""
    return bool(re.search(rf"\n{count} groups( \({count} new\))?; nothing was run or written\n\Z", printed))


def test_a_dry_run_shows_the_very_command_that_is_run(house: Sandbox) -> None:
    words = ["dump", "-g", shlex.join(NASTY), "-g", "2", "-R", "--seed 0 2 1"]
    shown = house.qanat("run", *words, "--dry_run", "--json").json
    printed = house.qanat("run", *words, "--dry_run").out
    ran = run(house, *words)
    assert [group["args"] for group in shown] == ran.words
    assert [group["command"] for group in shown] == [[sys.executable, "dump.py", *words] for words in ran.received]
    assert [group["storage"] for group in shown] == [str(folder) for folder in ran.folders]
    assert ends_with_groups(printed, "4")


def test_words_of_the_program_that_look_like_qanats(house: Sandbox) -> None:
    ran = run(house, "dump", "--l", "1", "2", "3", "-t", "5", "-x=y", "--descriptions", "z", "--", "--tag=y", "-j4")
    assert ran.words == [["--l", "1", "2", "3", "-t", "5", "-x=y", "--descriptions", "z", "--tag=y", "-j4"]]
    assert ran.record["tags"] == []


@pytest.mark.parametrize("word", ["--dry-rnu", "--dry_rnu", "--dryrun", "--dry-run=1", "--dry-run=false", "-dry-run"])
def test_a_misspelt_dry_run_runs_nothing(house: Sandbox, word: str) -> None:
    assert refused(house, "dump", "1", word).err == (
        f"qanat: {word} would be passed to the program (did you mean --dry-run?)\n"
        f"  hint: qanat run dump 1 --dry-run; if it is meant for the program: qanat run dump -- 1 {word}\n"
    )
    assert dry(house, "dump", "--", "1", word) == [["1", word]]


def test_what_looks_meant_for_qanat_is_refused_with_what_to_type(house: Sandbox) -> None:
    for typed, problem, right, options, program in (
        (
            "dump -g --lr 0.1 -g --lr 0.2",
            "-g takes one argument, here only --lr; 0.1 would be passed to the program in every group",
            "dump -g '--lr 0.1' -g '--lr 0.2'",
            [["--lr", "0.1"], ["--lr", "0.2"]],
            [["0.1", "0.2", "--lr"], ["0.1", "0.2", "--lr"]],
        ),
        (
            "dump --runer local -t sweep",
            "--runer would be passed to the program (did you mean --runner?); "
            "-t sweep would be passed to the program (did you mean --tag sweep?)",
            "dump --runner local --tag sweep",
            [[]],
            [["--runer", "local", "-t", "sweep"]],
        ),
    ):
        words = shlex.split(typed)
        result = refused(house, *words)
        assert result.err.splitlines()[0] == f"qanat: {problem}"
        hint = result.err.splitlines()[1].removeprefix("  hint: ")
        instead, _, otherwise = hint.partition("; if it is meant for the program: ")
        assert instead == f"qanat run {right}"
        assert dry(house, *shlex.split(instead)[2:]) == options
        own, _, rest = otherwise.removeprefix("qanat run ").partition(" -- ")
        assert dry(house, *shlex.split(own), "--", *shlex.split(rest)) == program
    before = refused(house, "-g", "--lr", "0.1", "dump").err
    assert before.endswith("0.1 was taken for NAME\n  hint: qanat run -g '--lr 0.1' dump\n")
    assert refused(house, "nothing", "-g", "--lr", "0.1").err.startswith("qanat: experiment 'nothing' does not exist")


def test_an_option_that_the_program_has_is_the_programs(house: Sandbox) -> None:
    house.write("parser.py", "# --runners, --snapshots\n")
    house.commit()
    assert dry(house, "dump", "--runners", "a", "--snapshots=3") == [["--runners", "a", "--snapshots=3"]]


def test_an_argument_of_an_action_that_looks_meant_for_qanat_is_refused(house: Sandbox) -> None:
    refusal = house.qanat("action", "acting", "plot", "1", "--gruop", "0", code=2).err
    assert refusal.startswith("qanat: --gruop would be passed to the program (did you mean --group?)\n")
    assert "hint: qanat action acting plot 1 --group 0; " in refusal


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("--commit-sha HEAD --snapshot", "--commit-sha cannot be used with --snapshot"),
        ("--commit-sha HEAD --commit-message x", "--commit-sha cannot be used with --commit-message"),
        ("--commit-sha HEAD --add dump.py", "--commit-sha cannot be used with --add"),
        ("--commit-sha HEAD --in-place", "--commit-sha cannot be used with --in-place"),
        ("--snapshot --commit-message x", "--commit-message cannot be used with --snapshot"),
        ("-f a.yaml -f b.yaml", "option -f is used twice"),
        ("-f a.yaml --param_file b.yaml", "option --param-file is used twice"),
        ("--storage-path a --storage-path b", "option --storage-path is used twice"),
        ("--description a --description b", "option --description is used twice"),
        ("--json", "--json requires --dry-run"),
        ("--detach --wait", "--detach cannot be used with --wait"),
        ("--max-running 2", "--max-running cannot be used with runner local"),
        ("--per-job 10", "--per-job cannot be used with runner local"),
        ("-j 2 --runner slurm", "-j cannot be used with runner slurm"),
        ("--cancel-on-interrupt", "--cancel-on-interrupt requires --wait"),
        ("--seed 1 -R '--seed 0 3 1'", "--seed has both a value and a range"),
        ("--seed=1 -R '--seed 0 3 1'", "--seed has both a value and a range"),
        ("-g '--seed 1' -R '--seed 0,1'", "--seed has both a value and a range"),
    ],
)
def test_options_that_contradict_each_other_are_refused(house: Sandbox, words: str, problem: str) -> None:
    before = house.record_files()
    for dry in ([], ["--dry-run"]) if words != "--json" else ([],):
        refused = house.qanat("run", "dump", *shlex.split(words), *dry, code=2).err
        assert refused.startswith(f"qanat: {problem}\n  hint: ")
    assert house.record_files() == before


def test_an_option_of_an_alias_may_be_replaced(house: Sandbox) -> None:
    run(house, "--runner", "slurm", "-j", "1", "dump", "--runner", "local", "-j", "2")


def test_options_of_qanat_are_taken_before_and_after_the_name(house: Sandbox) -> None:
    ran = run(
        house, "-t", "a", "--tag=b", "dump", "one", "--tag", "c", "two", "--description", "--odd", "-j", "2", "three"
    )
    assert ran.words == [["one", "two", "three"]]
    assert ran.record["tags"] == ["a", "b", "c"]
    assert ran.record["description"] == "--odd"


def test_after_two_dashes_everything_is_the_programs(house: Sandbox) -> None:
    typed = ["--tag", "x", "-g", "y", "--", "--dry_run", "--help", "--tag=z", "--storage_path", "/tmp/not/here"]
    ran = run(house, "--tag", "mine", "dump", "first", "--", *typed)
    assert ran.words == [["first", *typed]]
    assert ran.record["tags"] == ["mine"]


def test_the_long_name_of_the_command_is_the_same_command(house: Sandbox) -> None:
    ran = Ran(house, house.qanat("experiment", "run", "dump", "-lr", "0.1", "--", "--tag", "x"))
    assert ran.words == [["-lr", "0.1", "--tag", "x"]]


def test_twenty_positionals_keep_their_places(house: Sandbox) -> None:
    positionals = [str(number) for number in range(20)]
    assert dry(house, "dump", *positionals) == [positionals]


@pytest.mark.parametrize(
    ("words", "sentence", "hint"),
    [
        (
            ("dump", "a\udcffb"),
            r"the argument 'a\udcffb' is not UTF-8",
            "put it into a file, and pass the name of the file",
        ),
        (
            ("dump", "--", "\udcff"),
            r"the argument '\udcff' is not UTF-8",
            "put it into a file, and pass the name of the file",
        ),
        (
            ("dump", "-g", "\udcff"),
            r"the argument '\udcff' is not UTF-8",
            "put it into a file, and pass the name of the file",
        ),
        (
            ("dump", "-R", "--x a,\udcff"),
            r"the argument '\udcff' is not UTF-8",
            "put it into a file, and pass the name of the file",
        ),
        (("dump", "--tag", "\udcff"), r"'\udcff' is not UTF-8", "records contain UTF-8 only"),
        (("dump", "--description", "\udcff"), r"'\udcff' is not UTF-8", "records contain UTF-8 only"),
    ],
)
def test_bytes_that_are_not_utf8_are_refused(house: Sandbox, words: tuple[str, ...], sentence: str, hint: str) -> None:
    assert refused(house, *words).err == f"qanat: {sentence}\n  hint: {hint}\n"


def test_a_storage_path_that_is_not_utf8_is_refused(house: Sandbox, tmp_path: Path) -> None:
    result = refused(house, "dump", "--storage_path", f"{tmp_path}/\udcff")
    assert result.err == f"qanat: '{tmp_path}/\\udcff' is not UTF-8\n  hint: records contain UTF-8 only\n"


# ---- what qanat adds


def test_storage_path_and_datasets_come_last_and_are_absolute(house: Sandbox) -> None:
    ran = run(house, "reader", "--n", "1")
    far = yaml.safe_load((house.root / ".qanat/datasets/far.yaml").read_text())["path"]
    added = ["--storage_path", str(ran.folder), "--dataset_path", f"{house.root}/data/iris set", "--dataset_path", far]
    assert ran.received == [["--n", "1", *added]]
    assert ran.record["datasets"] == {"iris": "data/iris set", "far": far}
    assert ran.record["groups"][0]["args"] == ["--n", "1"]
    assert ran.info["datasets"] == ran.record["datasets"]
    assert shlex.split(ran.info["commands"][0])[2:] == ran.received[0]


def test_a_storage_path_of_the_users_counts_from_where_he_is(house: Sandbox, tmp_path: Path) -> None:
    house.write(".git/info/exclude", "/a b/\n")
    ran = run(house, "dump", "--storage_path", "../a b/out", "-g", "1", "-g", "2", cwd=house.root / "data")
    assert ran.folder == house.root / "a b/out"
    assert ran.words == [["1"], ["2"]]
    outside = run(house, "dump", "--storage-path", str(tmp_path / "new" / "place"))
    assert outside.record["storage"] == str(tmp_path / "new" / "place")
    assert outside.words == [[]]


def test_a_file_for_the_program_is_kept_with_the_results(house: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "model.toml"
    file.write_bytes(b"a = 1\r\n\xff")
    ran = run(house, "dump", "--parameters_file", str(file), "--config", str(file))
    assert ran.words == [["--config", str(file)]]
    assert (ran.folder / "parameters_files" / "model.toml").read_bytes() == file.read_bytes()
    assert ran.record["parameters"]["parameters_file"] == str(file)


# ---- groups and ranges


def test_the_documented_file_gives_its_ten_groups_in_their_order(house: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "parameters.yaml"
    file.write_text(DOCUMENTED)
    expected = []
    for samples in ("5", "15", "25", "35", "45"):
        expected.append(["10", "--mean", "10, -50", "--cov", "1, 0.8, 0.8, 1", "--n_samples", samples])
        expected.append(["10", "500", "--mean", "10, -50", "--cov", "1, 0.4, 0.4, 1", "--n_samples", samples])
    assert dry(house, "dump", "-f", str(file)) == expected
    assert dry(house, "dump", "--param_file", str(file)) == expected
    assert dry(house, "--param-file", str(file), "dump") == expected


def test_the_documented_groups_are_run_and_recorded(house: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "parameters.yaml"
    file.write_text(DOCUMENTED)
    ran = run(house, "dump", "-f", str(file), "-j", "2")
    assert [group["args"] for group in ran.record["groups"]] == ran.words
    assert len(ran.words) == 10
    assert ran.words[9] == ["10", "500", "--mean", "10, -50", "--cov", "1, 0.4, 0.4, 1", "--n_samples", "45"]
    assert ran.record["parameters"] == {"args": [], "groups": [], "ranges": [], "param_file": str(file)}
    assert ran.info["groups_of_parameters"][1] == {
        "pos_0": "10",
        "pos_1": "500",
        "--mean": "10, -50",
        "--cov": "1, 0.4, 0.4, 1",
        "--n_samples": "5",
    }


def test_groups_vary_fastest_then_the_ranges_in_the_order_given(house: Sandbox) -> None:
    words = ["dump", "--v", "-R", "--seed 0 2 1", "-g", "a", "-g", "b", "--range_param", "--lr 0.1,0.01"]
    found = [" ".join(args) for args in dry(house, *words)]
    assert found == [
        "--v a --seed 0 --lr 0.1",
        "--v b --seed 0 --lr 0.1",
        "--v a --seed 1 --lr 0.1",
        "--v b --seed 1 --lr 0.1",
        "--v a --seed 0 --lr 0.01",
        "--v b --seed 0 --lr 0.01",
        "--v a --seed 1 --lr 0.01",
        "--v b --seed 1 --lr 0.01",
    ]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("--x 0 3 1", ["0", "1", "2"]),
        ("--x 0 1 0.1", ["0.0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9"]),
        ("--x 3 0 -1", ["3", "2", "1"]),
        ("--x 0 1e3 250", ["0", "250", "500", "750"]),
        ("-x 1e-4,a,'b c'", ["1e-4", "a", "b c"]),
    ],
)
def test_values_of_a_range_reach_the_groups(house: Sandbox, text: str, values: list[str]) -> None:
    option = text.partition(" ")[0]
    assert dry(house, "dump", "-R", text) == [[option, value] for value in values]


def test_values_of_a_file_reach_the_program_as_they_were_written(house: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "parameters.yaml"
    file.write_text(
        "fixed_args:\n"
        "  options: {--a: 1e-4, --b: 007, --c: 5.0, --d: yes, --e: null, --f: '',"
        " --g: [1, 0.10, x y], -h: -5, --tag: t}\n"
        "varying_args:\n"
        "  range: {options: {--v: {values: [1.50, ~x, true]}}}\n"
    )
    fixed = ["--a", "1e-4", "--b", "007", "--c", "5.0", "--d", "yes", "--e", "--f", "", "--g", "1", "0.10", "x y"]
    fixed += ["-h", "-5", "--tag", "t"]
    assert dry(house, "dump", "-f", str(file)) == [[*fixed, "--v", value] for value in ("1.50", "~x", "true")]


def test_a_file_and_words_are_put_together(house: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "parameters.yaml"
    file.write_text("fixed_args: {options: {--a: 1}}\nvarying_args: {groups: [{options: {--b: 2}}]}\n")
    found = dry(house, "dump", "-f", str(file), "--c", "3", "-g", "--d 4", "-R", "--e 5")
    assert found == [["--a", "1", "--c", "3", "--b", "2", "--e", "5"], ["--a", "1", "--c", "3", "--d", "4", "--e", "5"]]


@pytest.mark.parametrize(
    ("words", "sentence", "hint"),
    [
        (("-R", "--x 0 5 0"), "-R '--x 0 5 0': the step is 0", "use a step such as 1 or -1"),
        (
            ("-R", "--x 5 0 1"),
            "-R '--x 5 0 1': no value lies between 5 and 0 in steps of 1",
            "a range includes its start, but not its stop",
        ),
        (
            ("-R", "--x 0 nan 1"),
            "-R '--x 0 nan 1': 'nan' is not a number",
            "use a start, a stop and a step (--seed 0 10 1), or list the values (--lr 0.001,0.01,0.1)",
        ),
        (
            ("-R", "--x 1", "-R", "--x 2"),
            "--x has two ranges",
            "put all its values into one",
        ),
        (("-R", "pos_1 1,2"), "position 0 is missing", "positions count from 0 without gaps"),
        (("-g", "--a 'b"), '-g "--a \'b": no closing quotation', "close the quote or escape it"),
        (
            ("-R", "--x 0 1e30 1"),
            "-R '--x 0 1e30 1': has too many values",
            "use a larger step",
        ),
    ],
)
def test_wrong_ranges_and_groups_are_refused(house: Sandbox, words: tuple[str, ...], sentence: str, hint: str) -> None:
    assert refused(house, "dump", *words).err == f"qanat: {sentence}\n  hint: {hint}\n"


@pytest.mark.slow
def test_more_than_twenty_thousand_groups_want_a_yes(house: Sandbox) -> None:
    words = ["dump", "-R", "--x 0 20001 1", "--dry_run"]
    assert refused(house, *words).err == "qanat: this run has 20,001 groups\n  hint: use --yes if that is intended\n"
    assert ends_with_groups(house.qanat("run", *words, "--yes").out, "20,001")
    assert ends_with_groups(house.qanat("run", "dump", "-R", "--x 0 20000 1", "--dry_run").out, "20,000")


@pytest.mark.parametrize(("bounds", "count"), [("0 100001 1", "100,001"), ("0 1e15 1", "1,000,000,000,000,000")])
def test_more_than_a_hundred_thousand_groups_are_refused_whatever_is_said(
    house: Sandbox, bounds: str, count: str
) -> None:
    result = refused(house, "dump", "-R", f"--x {bounds}", "--yes", "--dry_run")
    sentence = f"qanat: a run can have at most 100,000 groups, not {count}\n"
    assert result.err == f"{sentence}  hint: split it into several runs\n"


def test_more_arguments_than_a_record_can_hold_are_refused(house: Sandbox) -> None:
    result = refused(house, "dump", "-R", "--x 0 20000 1", "--note=" + "x" * 2000, "--dry_run")
    assert result.err == (
        "qanat: the groups have 38 MiB of arguments; a record can hold 32 MiB\n"
        "  hint: put long arguments into files, or split the run\n"
    )


# ---- an experiment's own words


@pytest.mark.parametrize(
    ("name", "keys", "sentence", "hint"),
    [
        (
            "quote",
            {"executable": "dump.py", "executable_command": "python '"},
            'executable_command "python \'": no closing quotation',
            "close the quote or escape it",
        ),
        (
            "long",
            {"executable": "x" * 300, "executable_command": "sh"},
            f"experiment long: executable {'x' * 300} does not exist",
            "correct it with: qanat experiment update long --executable PATH",
        ),
    ],
)
def test_an_experiment_that_cannot_be_started_is_refused_and_found_by_validate(
    sandbox: Sandbox, name: str, keys: dict[str, str], sentence: str, hint: str
) -> None:
    content = yaml.safe_dump({"schema": "experiment/1", "name": name, **keys}, sort_keys=False)
    sandbox.write(f".qanat/experiments/{name}.yaml", content)
    sandbox.write("dump.py", DUMP)
    sandbox.commit()
    assert refused(sandbox, name).err == f"qanat: {sentence}\n  hint: {hint}\n"
    (problem,) = sandbox.qanat("validate", code=1).out.splitlines()
    assert problem.startswith(f".qanat/experiments/{name}.yaml:")


def test_metrics_whose_names_no_record_can_hold_are_said_and_the_run_is_recorded(sandbox: Sandbox) -> None:
    program = 'printf \'{"\\\\ud800": 1}\' >"$2/metrics.json"; printf \'{"%0900d": 2}\' 7 >"$2/other.json"\n'
    sandbox.experiment("odd", program, metrics=[{"file": "metrics.json"}, {"file": "other.json"}])
    result = sandbox.qanat("run", "odd")
    file = sandbox.root / "results/odd/run_1/metrics.json"
    assert f"note: {file}: is not a metrics file: a name is not Unicode text" in result.err.splitlines()
    record = sandbox.record()
    assert (record["state"], record["groups"][0]["metrics"]) == ("finished", {"7".zfill(900): 2})
    (listed,) = sandbox.qanat("experiment", "status", "odd", "--json").json
    assert listed["groups"][0]["metrics"] == record["groups"][0]["metrics"]
    assert sandbox.status() == ""
