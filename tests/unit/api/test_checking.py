"""Checking from Python whether a rerun gives the same."""

from __future__ import annotations

import pytest

import qanat
from qanat.errors import UsageError
from tests.support.world import World

# Another result each time, unless it is called with --same.
COUNTS = """\
echo x >>"$OLDPWD/../count"
case $2 in yes) n=1;; *) n=$(wc -l <"$OLDPWD/../count");; esac
echo "{\\"n\\": $n}" >"$4/metrics.json"
"""


@pytest.fixture
def counting(world: World, project: qanat.Project) -> qanat.Project:
    world.write("train.sh", COUNTS.replace("$OLDPWD/..", str(world.root.parent)))
    world.git("commit", "--quiet", "--all", "--message", "program")
    return project


def test_the_verdict_on_a_rerun_has_both_runs_and_what_differs(counting: qanat.Project) -> None:
    first = counting.launch("train", ["--same", "yes"])
    check = counting.rerun(first, check=True)
    assert (check.identical, check.first.id, check.run.record.rerun_of, check.causes) == (True, first.id, first.id, ())
    assert {file.verdict for file in check.files} == {"identical"}
    assert [(value.name, value.verdict, value.first) for value in check.values] == [("n", "identical", 1)]
    assert repr(check) == f"<Check: runs {first.id} and {check.run.id} are identical>"
    other = counting.launch("train", ["--same", "no"])
    check = counting.rerun(other, check=True, rtol=1e-3)
    assert (check.identical, check.equal) == (False, False)
    assert [(value.name, value.verdict) for value in check.values] == [("n", "different")]
    assert "code: the same" in check.causes
    assert check.run.number == 4


def test_a_part_of_a_run_or_a_run_in_the_background_is_not_checked(counting: qanat.Project) -> None:
    first = counting.launch("train", ["--same", "yes"])
    with pytest.raises(UsageError, match="check=True compares a whole run") as caught:
        counting.rerun(first, check=True, failed=True)  # type: ignore[call-overload]
    assert caught.value.hint == "omit failed=True and groups"
    with pytest.raises(UsageError, match="check=True waits for the end of the new run"):
        counting.rerun(first, check=True, detach=True)  # type: ignore[call-overload]
