"""What a report and `qanat diff --check` say of baselines."""

from __future__ import annotations

from dataclasses import replace

from qanat.cli.diff.baselines_report import check_sentences
from qanat.cli.diff.markdown import markdown
from qanat.cli.diff.names import Names
from qanat.cli.diff.report import report
from qanat.cli.diff.text import text
from qanat.domain import setting
from qanat.domain.baseline import Rule, Verdict, judge
from qanat.domain.run import Run
from qanat.domain.seeds import GUESSED
from qanat.domain.web_pages import GITHUB, WebPages
from qanat.usecases.review.state import StateChanges
from tests.unit.cli.diff.test_runs_report import changes
from tests.unit.domain.test_baseline import NEW, OLD, seeds_of
from tests.unit.domain.test_comparison import a_run

BEFORE = seeds_of(1, [0.5, 0.6, 0.7], OLD)
RULE = Rule("acc", tolerance="5%")


def with_verdict(verdict: Verdict) -> StateChanges:
    return replace(changes([a_run(5, ("--n 1", {"acc": 1}))]), verdicts=(verdict,))


def judged(new: Run, rule: Rule = RULE) -> StateChanges:
    return with_verdict(judge("iris", rule, "higher", [new], setting.pooled([BEFORE], GUESSED).rows, GUESSED))


def checked(found: StateChanges) -> list[str]:
    """Return the sentences of the check, each of which is in the report, too."""
    said = ["".join(sentence) for sentence in check_sentences(found, Names(found))]
    written = text(report(found), None)
    assert all(sentence in written for sentence in said)
    return said


def test_an_unclear_result_is_listed_with_its_count_and_p() -> None:
    found = judged(seeds_of(5, [0.1, 0.9, 0.2], NEW))
    assert checked(found) == [
        "acc of iris with n=1 is 0.40 ± 0.44, n = 3 (run 5), worse by more than 5% than its baseline of "
        "0.60 ± 0.10, n = 3 (run 1), which is unclear: p = 0.51"
    ]
    written = text(report(found), None)
    assert "1 of 1 setting is unclear beside the baseline for acc of iris; no other is behind it." in written
    assert "1 setting unclear beside the baseline" in written.splitlines()[1]
    assert "No result is behind" not in written
    assert not found.fails_check


def test_the_runs_of_a_baseline_are_linked_whether_a_result_is_behind_or_unclear() -> None:
    for values in ([0.1, 0.2, 0.15], [0.1, 0.9, 0.2]):
        said = markdown(report(judged(seeds_of(5, values, NEW)), pages=WebPages("https://github.com/a/b", GITHUB)))
        assert f"[`1`](https://github.com/a/b/blob/{'a' * 40}/.qanat/runs/iris/0/1-000001.yaml)" in said


def test_a_setting_without_the_metric_is_behind() -> None:
    found = judged(a_run(5, ("--n 1", {"ac": 0.9}), tree=NEW))
    assert checked(found) == ["iris with n=1 has no acc (run 5), unlike its baseline of 0.60 ± 0.10, n = 3 (run 1)"]
    assert found.fails_check


def test_other_settings_are_said_not_to_have_been_compared() -> None:
    found = judged(a_run(5, ("--n 2", {"acc": 0.9}), tree=NEW))
    assert checked(found) == ["No new run has a setting of the baseline for acc of iris."]
    assert not found.fails_check


def test_a_baseline_without_values_is_a_warning_unless_it_is_new() -> None:
    problem = "no group on the other side meets tag=basline"
    found = with_verdict(Verdict("iris", RULE, problem=problem))
    assert checked(found) == [f"The baseline for acc of iris could not be compared: {problem}."]
    assert f"⚠ {checked(found)[0]}" in text(report(found), None)
    assert found.fails_check
    found = with_verdict(Verdict("iris", RULE, problem=problem, is_new=True))
    assert checked(found) == [f"The new baseline for acc of iris was not compared: {problem}."]
    assert "⚠" not in text(report(found), None)
    assert not found.fails_check


def test_what_is_kept_needs_no_sentence_of_the_check() -> None:
    found = judged(seeds_of(5, [0.6, 0.7, 0.8], NEW))
    assert checked(found) == []
    assert "No result is behind the baseline for acc of iris (1 setting compared)." in text(report(found), None)
