"""The files of a storage directory."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from qanat.domain.completion import COMPLETION
from qanat.domain.experiment import MetricSource
from qanat.domain.metric_problems import sentences
from qanat.domain.metrics import METRICS_MAX
from qanat.domain.parameters import by_name
from qanat.domain.run import Run, State
from qanat.errors import EXIT_USAGE, InputInvalid, WriteFailed
from qanat.records import storage, yaml_io
from tests.support.strategies import stable, words
from tests.unit.records.example import RUN

COMMANDS = [("python", "a.py", *group.args, "--storage_path", "/r/run 4") for group in RUN.groups]


# ---- info files


def write_info(run: Run, folder: Path) -> None:
    """Write the info file of a run into its directory."""
    (folder / "info.yaml").write_bytes(storage.info(run, folder, COMMANDS, Path("/p")))


def test_info_says_what_runs_where_and_how_it_went(tmp_path: Path) -> None:
    write_info(RUN, tmp_path)
    assert yaml.safe_load((tmp_path / "info.yaml").read_text()) == {
        "run_id": 4,
        "id": "4-7f3a9c",
        "experiment": "summary_iris",
        "executable": "experiments/summary_statistics/iris.py",
        "executable_command": "python",
        "storage_path": str(tmp_path),
        "commands": [
            "python a.py --n 10 --seed 0 --storage_path '/r/run 4'",
            "python a.py --n 10 --seed 1 --storage_path '/r/run 4'",
        ],
        "groups_of_parameters": [{"--n": "10", "--seed": "0"}, {"--n": "10", "--seed": "1"}],
        "repertories": [f"{tmp_path}/group_0", f"{tmp_path}/group_1"],
        "working_directory": "/p",
        "datasets": {"iris": "data/iris"},
        "commit_sha": RUN.code.commit,
        "status": "failed",
        "start_time": yaml.safe_load("2026-11-23T05:17:56.001+00:00"),
        "end_time": yaml.safe_load("2026-11-23T05:18:01.250+00:00"),
    }


def test_the_only_group_has_the_directory_of_the_run(tmp_path: Path) -> None:
    run = replace(RUN, groups=RUN.groups[:1], command=("./train",))
    info = yaml.safe_load(storage.info(run, tmp_path, COMMANDS[:1], Path("/p")))
    assert info["repertories"] == [str(tmp_path)]
    assert (info["executable"], info["executable_command"]) == ("./train", "")


@stable
@given(st.lists(words, max_size=8), st.lists(words, min_size=1, max_size=8))
def test_group_info_gives_the_command_and_the_parameters_back(args: list[str], command: list[str]) -> None:
    data = storage.group_info(command, args)
    for info in (yaml.safe_load(data), yaml_io.load(data, "group_info.yaml")):
        assert shlex.split(info["command"]) == command
        assert info["parameters"] == by_name(args)


def test_a_directory_is_known_to_be_a_runs_by_its_info(tmp_path: Path) -> None:
    assert not storage.is_made_for(tmp_path, RUN.id)
    write_info(RUN, tmp_path)
    assert storage.is_made_for(tmp_path, RUN.id)
    assert not storage.is_made_for(tmp_path, "4-7f3a9")
    assert not storage.is_made_for(tmp_path, "5-7f3a9c")


def test_the_end_is_brought_into_info_and_the_rest_stays(tmp_path: Path) -> None:
    write_info(replace(RUN, groups=(replace(RUN.groups[0], state=State.RUNNING),)), tmp_path)
    before = yaml_io.load((tmp_path / "info.yaml").read_bytes(), "info.yaml")
    assert (before["status"], before["end_time"]) == ("running", None)
    storage.update_info(RUN, tmp_path)
    after = yaml_io.load((tmp_path / "info.yaml").read_bytes(), "info.yaml")
    assert after == before | {"status": "failed", "end_time": RUN.ended}


@pytest.mark.parametrize("content", [None, b"id: 5-7f3a9c\n", b"not: [yaml", b"- a list\n"])
def test_an_info_that_is_not_the_runs_is_left_alone(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "info.yaml").write_bytes(content)
    storage.update_info(RUN, tmp_path)
    assert [p.read_bytes() for p in tmp_path.iterdir()] == ([] if content is None else [content])


# ---- what programs leave


def test_progress_is_read_from_a_small_and_from_a_huge_file(tmp_path: Path) -> None:
    assert storage.read_progress(tmp_path) is None
    (tmp_path / "progress.txt").write_text("count_total=4\n1\n")
    assert storage.read_progress(tmp_path) == 0.25
    (tmp_path / "progress.txt").write_text("tqdm\n" + "  1%|x|\r" * 100_000 + " 42%|x|\r")
    assert storage.read_progress(tmp_path) == pytest.approx(0.42)
    (tmp_path / "progress.txt").write_text("count_total=400000\n" + "1\n" * 100_000)
    assert storage.read_progress(tmp_path) == pytest.approx(0.25, abs=0.001)
    (tmp_path / "progress.txt").write_text("count_total=4\n" + "1\n" * 100_000 + "finished\n")
    assert storage.read_progress(tmp_path) == 1.0


def test_the_progress_of_a_run_is_the_mean_of_its_groups(tmp_path: Path) -> None:
    assert storage.run_progress(tmp_path, 4, {}) is None
    for group, text in ((0, "finished"), (2, "count_total=2\n1\n")):
        (tmp_path / f"group_{group}").mkdir()
        (tmp_path / f"group_{group}" / "progress.txt").write_text(text)
    assert storage.run_progress(tmp_path, 4, {}) == pytest.approx(1.5 / 4)


def test_a_single_group_reports_in_the_runs_own_directory(tmp_path: Path) -> None:
    (tmp_path / "progress.txt").write_text("finished")
    assert storage.run_progress(tmp_path, 1, {}) == 1.0


def test_a_completion_file_ends_when_it_was_last_written(tmp_path: Path) -> None:
    assert storage.read_completion(tmp_path) is None
    file = tmp_path / COMPLETION
    file.write_text('{"attempt": 1, "status": 137}')
    assert storage.read_completion(tmp_path) is None
    file.write_text('{"attempt": 1, "status": 137}\n')
    os.utime(file, (0, 1_700_000_000.5))
    found = storage.read_completion(tmp_path)
    assert found
    assert (found.status.signal, found.status.ended) == (9, "2023-11-14T22:13:20.500+00:00")
    file.write_bytes(b"\xff\xfe}\n")
    assert storage.read_completion(tmp_path) is None


def read_metrics(
    folder: Path, sources: Sequence[MetricSource] = (), *, finished: bool = False
) -> tuple[dict[str, float], list[str]]:
    """Read the metrics of a group, with problems as sentences."""
    found, problems = storage.read_metrics(folder, sources, finished=finished)
    return found, sentences(problems)


def test_metrics_come_from_json_and_yaml_by_default(tmp_path: Path) -> None:
    assert read_metrics(tmp_path) == ({}, [])
    (tmp_path / "metrics.json").write_text('{"acc": 0.9, "n": 1, "name": "x"}')
    (tmp_path / "metrics.yaml").write_text("n: 2\ntest: {loss: 1.0e-3}\n")
    found, problems = read_metrics(tmp_path, finished=True)
    assert found == {"acc": 0.9, "n": 2, "test.loss": 0.001}
    assert problems == [
        f"{tmp_path}/metrics.json: 'name' is not a number, and was left out",
        f"{tmp_path}/metrics.yaml: 'n' is in an earlier file, too, with another value, which does not count",
    ]


def test_an_experiment_names_its_own_files_and_keys(tmp_path: Path) -> None:
    (tmp_path / "metrics.json").write_text('{"acc": 0.1}')
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "scores.json").write_text('{"acc": 0.9, "loss": 2}')
    sources = [MetricSource("out/scores.json", ("acc", "los")), MetricSource("missing.json")]
    assert read_metrics(tmp_path, sources) == ({"acc": 0.9}, [])
    found, problems = read_metrics(tmp_path, sources, finished=True)
    assert found == {"acc": 0.9}
    assert problems == [
        f"{tmp_path}/out/scores.json: has no 'los' (did you mean 'loss'?)",
        f"{tmp_path}/missing.json: does not exist, but the experiment asks for it",
    ]


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("metrics.json", b"{", "Expecting property name"),
        ("metrics.json", b"", "Expecting value"),
        ("metrics.json", b"\xff\xff\xff", "can't decode"),
        ("metrics.json", b'{"a": ' + b"[" * 100_000, "maximum recursion depth exceeded"),
        ("metrics.json", b'{"a": ' + b"1" * 5000 + b"}", "Exceeds the limit"),
        ("metrics.json", b'{"\\ud800": 1}', "a name is not Unicode text"),
        ("metrics.yaml", b"a: [", "is not YAML"),
        ("metrics.yaml", b"a: !!python/name:os.system\n", "uses the tag"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_file_of_metrics_that_cannot_be_read_is_named_and_the_others_count(
    tmp_path: Path, name: str, content: bytes, problem: str
) -> None:
    (tmp_path / name).write_bytes(content)
    (tmp_path / "good.json").write_text('{"acc": 1}')
    found, (sentence,) = read_metrics(tmp_path, [MetricSource(name), MetricSource("good.json")])
    assert found == {"acc": 1}
    assert sentence.startswith(f"{tmp_path / name}: is not a metrics file: ")
    assert problem in sentence


def test_a_file_of_metrics_that_is_huge_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "METRICS_BYTES_MAX", 2**20)
    (tmp_path / "metrics.json").write_bytes(b" " * (2**20 + 1))
    found, (sentence,) = read_metrics(tmp_path)
    assert found == {}
    assert sentence.endswith("is larger than 1 MiB")


@pytest.mark.parametrize(
    ("make", "problem"),
    [(os.mkdir, "is a directory"), (os.mkfifo, "is a pipe or a device, not a file")],
)
def test_what_is_no_file_of_metrics_is_named(tmp_path: Path, make: Callable[[Path], None], problem: str) -> None:
    make(tmp_path / "metrics.json")
    (tmp_path / "metrics.yaml").write_text("acc: 1\n")
    assert read_metrics(tmp_path) == ({"acc": 1}, [f"{tmp_path}/metrics.json: {problem}"])


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_of_metrics_without_permission_is_named(tmp_path: Path) -> None:
    file = tmp_path / "metrics.json"
    file.write_text('{"acc": 1}')
    file.chmod(0)
    assert read_metrics(tmp_path) == ({}, [f"{file}: permission denied"])


def test_of_too_many_metrics_some_are_kept_and_the_count_is_said(tmp_path: Path) -> None:
    (tmp_path / "metrics.json").write_text(json.dumps({f"m{i}": i for i in range(METRICS_MAX + 1)}))
    found, (sentence,) = read_metrics(tmp_path)
    assert list(found) == [f"m{i}" for i in range(METRICS_MAX)]
    said = "has 1,001 numbers, of which the record has 1,000; choose them with keys in the experiment"
    assert sentence == f"{tmp_path}/metrics.json: {said}"
    chosen = [MetricSource("metrics.json", ("m1000", "m1"))]
    assert read_metrics(tmp_path, chosen) == ({"m1000": 1000, "m1": 1}, [])


def test_a_path_of_metrics_that_the_system_does_not_take_is_not_there(tmp_path: Path) -> None:
    assert read_metrics(tmp_path, [MetricSource("x" * 300), MetricSource("a\0b")]) == ({}, [])


# ---- folders


def test_bytes_are_summed_over_all_files_and_links_are_not_followed(tmp_path: Path) -> None:
    assert storage.size_of(tmp_path / "none") == 0
    (tmp_path / "run" / "deep" / "er").mkdir(parents=True)
    (tmp_path / "run" / "a").write_bytes(b"x" * 1000)
    (tmp_path / "run" / "deep" / "er" / "b").write_bytes(b"x" * 234)
    (tmp_path / "huge").write_bytes(b"x" * 100_000)
    (tmp_path / "run" / "link").symlink_to(tmp_path / "huge")
    (tmp_path / "run" / "loop").symlink_to(tmp_path / "run")
    links = len(str(tmp_path / "huge")) + len(str(tmp_path / "run"))
    assert storage.size_of(tmp_path / "run") == 1234 + links


def test_an_info_file_behind_a_link_is_not_changed(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    write_info(replace(RUN, groups=(replace(RUN.groups[0], state=State.RUNNING),)), run)
    before = (run / "info.yaml").read_bytes()
    (tmp_path / "link").symlink_to(run)
    with pytest.raises(WriteFailed, match="link is a symbolic link"):
        storage.update_info(RUN, tmp_path / "link")
    assert (run / "info.yaml").read_bytes() == before


def test_a_parameters_file_is_kept_byte_for_byte(tmp_path: Path) -> None:
    source = tmp_path / ("m" * 250)
    source.write_bytes(b"\xff\0 any bytes\r\n")
    storage.keep_parameters_file(source, tmp_path / "run")
    assert (tmp_path / "run" / "parameters_files" / source.name).read_bytes() == source.read_bytes()


def test_a_parameters_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputInvalid) as caught:
        storage.keep_parameters_file(tmp_path / "none", tmp_path / "run")
    assert caught.value.message == f"{tmp_path}/none: no such file or directory"
    assert caught.value.exit_code == EXIT_USAGE
