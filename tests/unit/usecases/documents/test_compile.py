"""Compiling documents: what is run, waited for, copied and built, and what is not done again."""

from __future__ import annotations

import hashlib
import re
import signal
from typing import Any

import pytest

from qanat.errors import InputInvalid, RunnerUnavailable, UsageError
from qanat.usecases.documents.building import BuildFailed, log_of
from qanat.usecases.documents.compile import How, NotFresh, compile_document
from qanat.usecases.documents.copying import ActionFailed
from qanat.usecases.documents.gathering import Interrupted, RunsFailed
from tests.support.world import World
from tests.unit.usecases.documents.paper import PARAMETERS, PROGRAM, Paper, Seeing

BUILD = "cat paper.md"
PLOT = {"plot": {"executable": "plot.sh", "executable_command": "sh"}}


def test_what_is_missing_is_run_copied_with_a_note_and_built(world: World) -> None:
    paper = Paper(world)
    assert paper.status() == ("missing", ["has not been run"])
    seeing = Seeing()
    assert paper.compile(seeing) == ["launch train", "run 1 finished", "2 in paper/exports/train", BUILD]
    assert seeing.printed == b"text\n"
    assert (world.root / log_of(world.project.document("paper"))).read_text() == "text\n"
    assert [paper.exported(f"train/group_{n}/out.txt") for n in (0, 1)] == ["--lr 0.1\n", "--lr 1e-2\n"]
    run, note = world.recorded(), paper.note()
    assert [row["args"] for row in note["groups"]] == [["--lr", "0.1"], ["--lr", "1e-2"]]
    assert {(row["run"], row["commit"]) for row in note["groups"]} == {(run.id, run.code.commit)}
    assert [row["key"] for row in note["groups"]] == [group.key for group in run.groups]
    assert note["files"][1] == {
        "file": "group_1/out.txt",
        "run": run.id,
        "group": 1,
        "source": "out.txt",
        "bytes": 10,
        "sha256": hashlib.sha256(b"--lr 1e-2\n").hexdigest(),
    }
    assert run.requested.param_file == ".qanat/documents/paper.yaml" or "paper.yaml" in str(run.requested.param_file)


def test_only_what_has_changed_is_done_again(world: World) -> None:
    paper = Paper(world)
    paper.compile()
    world.commit("copies")
    assert (paper.status(), paper.compile()) == (("fresh", []), [BUILD])
    world.commit(**{"paper/paper.md": "other text\n"})
    world.write("paper/paper.md", "uncommitted text\n")
    assert (paper.status(), paper.compile()) == (("fresh", []), [BUILD])
    world.commit(**{"train.sh": PROGRAM + "# changed\n"})
    state, (reason,) = paper.status()
    assert (state, reason) == ("stale", "differs from run 1: code: train.sh")
    assert paper.status("code") == ("fresh", [])
    assert paper.compile(None, "code") == [BUILD]
    assert paper.compile() == ["launch train", "run 2 finished", "2 in paper/exports/train", BUILD]
    world.write("train.sh", PROGRAM)
    state, (reason,) = paper.status()
    assert (state, reason) == (
        "stale",
        "differs from run 2: code: there are uncommitted changes, to be committed first: train.sh",
    )


def test_only_groups_that_no_run_has_are_run(world: World) -> None:
    paper = Paper(world)
    world.launch("--lr", "1e-2")
    assert paper.status() == ("stale", ["1 of 2 groups has not been run"])
    paper.compile()
    assert [len(world.recorded(number).groups) for number in (1, 2)] == [1, 1]
    assert paper.exported("train/group_1/out.txt") == "--lr 1e-2\n"
    assert [row["run"].partition("-")[0] for row in paper.note()["groups"]] == ["2", "1"]


def test_a_revision_is_run_in_a_checkout_and_stays_fresh(world: World) -> None:
    world.experiment(PROGRAM)
    world.git("tag", "v1")
    paper = Paper(world, revision="v1")
    world.commit(**{"train.sh": "exit 3\n"})
    paper.compile()
    assert paper.exported() == "--lr 0.1\n"
    assert world.recorded().code.commit == world.git("rev-parse", "v1")
    assert paper.status() == ("fresh", [])


def test_jobs_are_waited_for_and_found_again_after_an_interrupt(world: World) -> None:
    paper = Paper(world, runner="world")

    def interrupt(runs: Any, notes: Any) -> None:
        raise KeyboardInterrupt

    seeing = Seeing(interrupt)
    with pytest.raises(Interrupted) as stopped:
        paper.compile(seeing)
    assert stopped.value.exit_code == 128 + signal.SIGINT
    assert stopped.value.hint == "continue with: qanat document compile paper"
    assert seeing.events == ["launch train", "wait for [1]"]
    assert paper.status()[0] == "running"

    def end() -> None:
        for number in (0, 1):
            job = next(world.scheduler.of(number))
            job.starts()
            (job.spec.storage / "out.txt").write_text("1\n")
            job.ends()

    world.clock.after(5, end)
    assert paper.compile() == ["wait for [1]", "run 1 finished", "2 in paper/exports/train", BUILD]
    assert len(list(world.root.glob(".qanat/runs/*/*/*.yaml"))) == 1


def test_schedulers_get_their_jobs_before_this_machine_is_busy(world: World) -> None:
    paper = Paper(world)
    here = {"experiment": "train", "parameters": PARAMETERS}
    there = {"experiment": "train", "name": "there", "runner": "world"}
    paper.define(here, there)
    world.clock.after(5, lambda: next(world.scheduler.of(0)).ends())
    assert paper.compile()[:3] == ["launch there", "launch train", "run 2 finished"]


def test_failed_groups_keep_a_document_from_being_built_and_its_files_as_they_were(world: World) -> None:
    paper = Paper(world)
    paper.compile()
    world.commit(**{"train.sh": 'test "$2" = 0.1\n'})
    with pytest.raises(RunsFailed, match=re.escape("1 of 2 groups of train has not finished: group 1 of run 2 failed")):
        paper.compile()
    assert paper.exported() == "--lr 0.1\n"
    assert paper.status() == ("stale", ["1 of 2 groups failed in run 2"])


def test_nothing_is_run_if_nothing_is_to_be_run(world: World) -> None:
    paper = Paper(world)
    with pytest.raises(NotFresh, match="dependency train is missing: has not been run"):
        paper.compile(no_run=True)
    world.launch(groups=("--lr 0.1", "--lr 1e-2"))
    assert paper.status() == ("stale", ["has not been copied"])
    assert paper.compile(no_run=True) == ["2 in paper/exports/train", BUILD]


def test_copied_files_are_enough_where_the_results_are_not(world: World) -> None:
    paper = Paper(world)
    paper.compile()
    world.git("add", "--all")
    world.git("commit", "--quiet", "--message", "copies")
    for file in world.root.glob("results/train/run_1/group_*/out.txt"):
        file.unlink()
    assert paper.status() == ("fresh", [])
    (world.root / "paper/exports/train/group_1/out.txt").unlink()
    state, (reason, *_) = paper.status()
    assert state == "stale"
    assert "its out.txt is gone" in reason


# ---- what is in the folder


def test_edited_and_other_files_are_not_lost(world: World) -> None:
    paper = Paper(world)
    paper.compile()
    world.write("paper/exports/train/group_0/out.txt", "mine\n")
    assert paper.status() == ("stale", ["group_0/out.txt was edited"])
    with pytest.raises(UsageError, match=r"exports/train/group_0/out\.txt was edited since it was copied"):
        paper.compile()
    paper.compile(overwrite=True)
    assert paper.exported() == "--lr 0.1\n"
    world.write("paper/exports/train/notes/mine.txt", "mine\n")
    assert paper.status() == ("fresh", [])
    world.commit(**{"train.sh": PROGRAM + "# changed\n"})
    with pytest.raises(UsageError, match=r"train/notes/mine\.txt was not copied there by qanat"):
        paper.compile()
    assert paper.exported("train/notes/mine.txt") == "mine\n"


def test_a_pattern_that_matches_nothing_leaves_the_old_files(world: World) -> None:
    paper = Paper(world)
    paper.compile()
    paper.define({"experiment": "train", "parameters": PARAMETERS, "files": ["out.txt", "*.pdf"]})
    assert paper.status() == ("stale", ["other files are needed"])
    with pytest.raises(InputInvalid, match=r"no file of group 0 of run 1 matches '\*\.pdf'") as refused:
        paper.compile()
    assert "its files: out.txt" in refused.value.hint
    assert paper.exported() == "--lr 0.1\n"
    assert [path.name for path in (world.root / "paper/exports").iterdir()] == ["train"]


@pytest.mark.parametrize("note", ["", "[", "a: 1\n", "document: 3\n"])
def test_a_note_that_is_none_means_that_nothing_was_copied(world: World, note: str) -> None:
    paper = Paper(world)
    paper.compile()
    world.write("paper/exports/train/qanat.yaml", note)
    assert paper.status() == ("stale", ["has not been copied"])


# ---- actions


def test_an_action_is_run_only_where_its_files_are_not_those_of_now(world: World) -> None:
    paper = Paper(world, action="plot", action_arguments=["--big"], files=["plot.svg"])
    world.experiment(PROGRAM, actions=PLOT)
    world.commit(**{"plot.sh": 'echo "$1" $(cat "$3/out.txt") >"$3/plot.svg"\n'})
    events = paper.compile()
    assert events[2:4] == ["plot in group_0", "plot in group_1"]
    assert paper.exported("train/group_0/plot.svg") == "--big --lr 0.1\n"
    assert paper.compile() == [BUILD]
    (world.root / "paper/exports/train/group_0/plot.svg").unlink()
    assert paper.status() == ("stale", ["group_0/plot.svg is missing"])
    assert paper.compile() == ["2 in paper/exports/train", BUILD]
    world.commit(
        **{
            "plot.sh": 'echo other >"$5/plot.svg"; echo "$1" >"$3/plot.svg"\n'.replace(
                'echo other >"$5/plot.svg"; ', ""
            )
        }
    )
    assert paper.status("code") == ("stale", ["action plot has changed"])
    assert paper.compile(None, "code")[:2] == ["plot in group_0", "plot in group_1"]
    assert paper.exported("train/group_0/plot.svg") == "--big\n"


def test_an_action_that_fails_leaves_the_old_files(world: World) -> None:
    paper = Paper(world, action="plot")
    world.experiment(PROGRAM, actions=PLOT)
    world.commit(**{"plot.sh": "exit 3\n"})
    with pytest.raises(ActionFailed, match="action plot failed with exit code 3 on group 0 of run 1"):
        paper.compile()
    assert not (world.root / "paper/exports").exists()


def test_a_whole_run_has_its_action_and_files_once(world: World) -> None:
    paper = Paper(world, action="plot", files=["plot.svg", "group_*/out.txt"], whole=True)
    world.experiment(PROGRAM, actions=PLOT)
    world.commit(**{"plot.sh": 'cat "$2"/group_*/out.txt >"$2/plot.svg"\n'})
    world.launch("--lr", "0.1")
    assert paper.compile()[:3] == ["launch train", "run 2 finished", "plot in run_2"]
    assert paper.exported("train/plot.svg") == "--lr 0.1\n--lr 1e-2\n"
    assert paper.exported("train/group_1/out.txt") == "--lr 1e-2\n"
    assert paper.status() == ("fresh", [])


def test_a_whole_run_with_failed_groups_is_to_be_retried(world: World) -> None:
    paper = Paper(world, whole=True)
    world.experiment('test "$2" = 0.1\n')
    with pytest.raises(RunsFailed):
        paper.compile()
    with pytest.raises(RunsFailed, match="groups of run 1 of train failed, and the run is needed as a whole") as again:
        paper.compile()
    assert again.value.hint == "retry them with: qanat retry 1"


# ---- the command


def test_a_command_that_fails_shows_the_end_of_what_it_printed(world: World) -> None:
    paper = Paper(world)
    paper.define(compile=["sh", "-c", "seq 1 12; echo '! no such file' >&2; exit 3"])
    with pytest.raises(BuildFailed, match="failed with exit code 3:") as failed:
        paper.compile()
    assert failed.value.message.splitlines()[1:3] == ["    4", "    5"]
    assert failed.value.message.endswith("\n    ! no such file")
    assert failed.value.hint == f"its whole output is in {log_of(world.project.document('paper'))}"
    assert failed.value.exit_code == 1


def test_copies_of_another_document_are_not_replaced(world: World) -> None:
    paper = Paper(world)
    paper.compile()
    text = (world.root / ".qanat/documents/paper.yaml").read_text()
    (world.root / ".qanat/documents/paper.yaml").unlink()
    world.commit(**{".qanat/documents/other.yaml": text.replace("name: paper", "name: other")})
    other = world.project.document("other")
    with pytest.raises(UsageError, match="paper/exports/train has files of document paper") as refused:
        compile_document(world.project, other, How(), runners=world, ask=world.ask, view=Seeing())
    assert refused.value.hint == (
        "choose another folder with: qanat document update other --exports FOLDER, or use --overwrite"
    )


def test_a_command_that_is_missing_is_noticed_before_anything_runs(world: World) -> None:
    paper = Paper(world)
    paper.define({"experiment": "train", "parameters": {}}, compile=["no-such-program", "paper.md"])
    with pytest.raises(RunnerUnavailable, match="no-such-program is not on PATH"):
        paper.compile()
    assert not list(world.root.glob(".qanat/runs/*/*/*.yaml"))


def test_a_command_that_makes_nothing_has_not_built_the_document(world: World) -> None:
    paper = Paper(world)
    paper.define(compile=["true"], output="paper.pdf")
    with pytest.raises(BuildFailed) as failed:
        paper.compile()
    assert failed.value.message == "document paper: true has not made paper/paper.pdf"
    hint = "it was started in paper; name what it makes with: qanat document update paper --output FILE"
    assert failed.value.hint == hint


def test_a_command_works_in_the_folder_of_the_document_and_knows_where_files_are(world: World) -> None:
    paper, seeing = Paper(world), Seeing()
    paper.define(compile=["sh", "-c", 'pwd; echo "$QANAT_EXPORTS" "$0" "$1"'])
    paper.compile(seeing, arguments=("a b", "--c"))
    assert seeing.printed.decode().splitlines() == [
        str(world.root / "paper"),
        f"{world.root}/paper/exports a b --c",
    ]
