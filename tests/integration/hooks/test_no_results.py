"""The hook `qanat-no-results`: results of runs, the cache and large files stay out of the repository."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.hooks import hook
from tests.support.sandbox import Sandbox


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Return a project with a run whose results are in an unusual folder of it; every test restores it."""
    sandbox = Sandbox.make(tmp_path_factory.mktemp("house") / "my project")
    sandbox.experiment("hello", "echo hello\n")
    sandbox.write(".git/info/exclude", "/figures/\n")
    sandbox.qanat("run", "hello", "--storage_path", "figures/first")
    sandbox.write(".git/info/exclude", "")
    return sandbox


@pytest.fixture(autouse=True)
def left_clean(house: Sandbox) -> Iterator[None]:
    """Unstage and remove what a test created; ignored files and the results of the run stay."""
    yield
    house.git("reset", "--quiet")
    house.git("checkout", "--quiet", "--", ".")
    house.git("clean", "--quiet", "--force", "-d", "--exclude", "figures")


def staged(house: Sandbox) -> list[str]:
    """Stage everything; return the names that pre-commit would pass."""
    house.git("add", "--all")
    return house.git("diff", "--cached", "--name-only").splitlines()


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("results/hello/run_1/stdout.txt", "is in results/, where runs write their results"),
        (".qanat/cache/index.sqlite-journal", "is a cache file, which can be recreated"),
        (".qanat/cache/checkouts/abc/x.py", "is a cache file, which can be recreated"),
        (".qanat/runs/hello/0/.1-abc.yaml.77.tmp", "is an incomplete file that qanat was writing"),
    ],
)
def test_a_file_that_is_added_by_force_is_refused(house: Sandbox, path: str, problem: str) -> None:
    house.write(path, "x\n")
    house.git("add", "--force", path)
    said = hook(house, "no-results", path, "hello.sh").out
    assert said == f"{path}:1: no-results: {problem}; git rm --cached -- {path}\n"
    house.git("rm", "--quiet", "--cached", path)
    hook(house, "no-results", path, code=0)


def test_a_storage_directory_elsewhere_is_known_by_what_qanat_wrote_there(house: Sandbox) -> None:
    (record,) = house.record_files()
    house.write("figures/first/plots/plot.svg", "<svg/>\n")
    house.write("figures/second/info.yaml", "id: none of qanat's\n")
    said = hook(house, "no-results", *staged(house)).out
    folder, run_id = "figures/first", record.stem
    names = [line.partition(":")[0] for line in said.splitlines()]
    assert {f"{folder}/info.yaml", f"{folder}/stdout.txt", f"{folder}/plots/plot.svg"} <= set(names)
    assert all(name.startswith(f"{folder}/") for name in names)
    assert all(
        f"no-results: is in {folder}/, where run {run_id} wrote its results; " in line for line in said.splitlines()
    )
    hook(house, "no-results", "--allow", "figures/first/*", *staged(house), code=0)


def test_results_lie_where_the_settings_to_be_committed_say(house: Sandbox) -> None:
    config = house.root / ".qanat/config.yaml"
    house.write("out/a.txt", "x\n")
    house.git("add", "out")
    hook(house, "no-results", "out/a.txt", code=0)
    config.write_text(config.read_text().replace("result_dir: results", "result_dir: out"))
    hook(house, "no-results", "out/a.txt", code=0)
    house.git("add", str(config))
    assert "out/a.txt:1: no-results: is in out/" in hook(house, "no-results", "out/a.txt").out
    config.write_text("result_dir: [")
    house.git("add", str(config))
    hook(house, "no-results", "out/a.txt", code=0)


def test_a_large_file_is_refused_by_its_staged_size(house: Sandbox) -> None:
    names = ["big one.bin"]
    house.write("big one.bin", "x" * 2_000)
    house.git("add", *names)
    house.write("big one.bin", "x")
    said = hook(house, "no-results", "--max-size", "1kB", *names).out
    assert said == (
        "big one.bin:1: no-results: has 2,000 bytes, more than 1,000; "
        "git rm --cached -- 'big one.bin', or keep it with git lfs, or raise --max-size\n"
    )
    hook(house, "no-results", *names, code=0)
    hook(house, "no-results", "--max-size", "2000", *names, code=0)
    hook(house, "no-results", "--max-size", "1kB", "--allow", "*.bin", *names, code=0)


def test_a_size_that_is_none_is_one_sentence(house: Sandbox) -> None:
    said = hook(house, "no-results", "--max-size", "big", "hello.sh", code=2)
    assert said.err == "qanat-hook no-results: 'big' is not a size\n  hint: write it as 500kB, 5MB or 1000000\n"


def test_a_file_that_is_called_like_an_option_is_a_file_or_refused(house: Sandbox) -> None:
    house.write("results/a.txt", "x\n")
    house.write("--allow=*", "x\n")
    house.git("add", "--force", "--", "results/a.txt", "--allow=*")
    said = hook(house, "no-results", "--max-size=1B", "--", "--allow=*", "results/a.txt").out
    assert "results/a.txt:1: no-results: is in results/" in said
    assert "--allow=*:1: no-results: has 2 bytes, more than 1" in said
    said = hook(house, "no-results", "--allow=*", "results/a.txt", code=2).err
    assert said == (
        "qanat-hook no-results: '--allow=*' is both an option and the name of a file\n"
        "  hint: rename the file, or end the options with -- (args: [--max-size=5MB, --])\n"
    )
    house.git("rm", "--quiet", "--force", "--", "results/a.txt", "--allow=*")


def test_between_two_revisions_the_later_one_is_looked_at(house: Sandbox) -> None:
    start = house.git("rev-parse", "HEAD")
    house.write("results/a.txt", "x\n")
    house.git("add", "--force", "results/a.txt")
    house.git("commit", "--quiet", "--message", "forced")
    house.git("rm", "--quiet", "--cached", "results/a.txt")
    assert "results/a.txt:1: no-results" in hook(house, "no-results", "--from-ref", start, "results/a.txt").out
    hook(house, "no-results", "--from-ref", start, "--to-ref", start, "results/a.txt", code=0)
    house.git("reset", "--quiet", "--hard", start)


def test_a_submodule_and_a_link_among_the_results_are_refused(house: Sandbox, tmp_path: Path) -> None:
    (house.root / "results").mkdir(exist_ok=True)
    (house.root / "results/link").symlink_to("/etc/passwd")
    house.git("add", "--force", "results/link")
    head = house.git("rev-parse", "HEAD")
    house.git("update-index", "--add", "--cacheinfo", f"160000,{head},results/module")
    said = hook(house, "no-results", "results/link", "results/module").out
    assert [line.partition(":")[0] for line in said.splitlines()] == ["results/link", "results/module"]
    (house.root / "results/link").unlink()
