"""Conditions for finding runs and groups, and which of them meet them."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat.domain.condition import parse, quoted
from qanat.domain.condition_values import DATE_HINT, DURATION_HINT, number
from qanat.domain.facts import Row, RunFacts, facts_of, from_texts, rows_of, to_text
from qanat.domain.measured import CurveSummary, Point
from qanat.domain.run import Group, Run, RunnerChoice, State
from qanat.domain.search import FIELDS, Names, search
from qanat.domain.used import Used
from qanat.errors import UsageError
from tests.support.strategies import accepted_or_refused, runs, stable, texts, words
from tests.unit.domain.test_condition import conditions
from tests.unit.records.example import RUN

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def with_args(*groups: str) -> Run:
    """Return a run whose groups have these arguments."""
    return replace(RUN, groups=tuple(Group(i, tuple(text.split()), State.FINISHED) for i, text in enumerate(groups)))


OTHER = with_args("--lr 9 --n 9 --fast")


def meets(condition: str, run: Run, *others: Run) -> bool:
    """Return whether a run meets a condition, where other runs have names that it may lack."""
    known = Names.of(group for each in (run, *others) for group in facts_of(each).groups)
    return search(parse(condition), known, NOW)(Row(facts_of(run)))


def groups_meeting(condition: str, *found: Run) -> list[tuple[int, int]]:
    """Return the groups that meet a condition, as pairs of their run's number and theirs."""
    facts = [facts_of(run) for run in found]
    wanted = search(parse(condition), Names.of(group for run in facts for group in run.groups), NOW)
    return [(row.run.number, row.group.number) for row in rows_of(facts, by_group=True) if row.group and wanted(row)]


def refused(condition: str, run: Run) -> tuple[str, str]:
    """Return the message and the hint about a condition."""
    with pytest.raises(UsageError) as raised:
        meets(condition, run)
    return raised.value.message, raised.value.hint


@pytest.mark.parametrize(
    ("condition", "args", "met"),
    [
        ("--lr=0.1", "--lr 0.1", True),
        ("lr=0.1", "--lr 0.1", True),
        ("lr==0.1", "--lr 0.1", True),
        ("lr = 0.1", "--lr 0.1", True),
        ("lr=0.10", "--lr 0.1", True),
        ("lr=1e-1", "--lr 0.1", True),
        ("lr=0.1", "--lr=0.1", True),
        ("lr=0.1", "-lr 0.1", True),
        ("lr=0.1", "--lr 0.2", False),
        ("lr=0.1", "--slr 0.1", False),
        ("lr!=0.1", "--lr 0.2", True),
        ("lr!=0.1", "--lr 0.1", False),
        ("lr!=0.1", "--n 1", False),
        ("lr<0.01", "--lr 0.001", True),
        ("lr<0.01", "--lr 0.01", False),
        ("lr<=0.01", "--lr 0.01", True),
        ("lr>0.01", "--lr 1", True),
        ("lr>0.01", "--lr -1", False),
        ("lr>=1", "--lr 1", True),
        ("lr<9", "--lr 10", False),
        ("lr<9", "--lr small", False),
        ("lr<1e400", "--lr 9", True),
        ("lr=9007199254740993", "--lr 9007199254740992", False),
        ("not lr=0.1", "--n 1", True),
        ("not lr=0.1", "--lr 0.1", False),
        ("lr=nan", "--lr NaN", True),
        ("lr!=0.1", "--lr small", True),
        ("lr=small or n=1", "--n 1", True),
        ("lr>0 and n=1", "--n 1", False),
        ("loss~'hu*'", "--loss Huber", True),
        ("loss~ube", "--loss Huber", True),
        ("loss~'h*b'", "--loss Huber", False),
        ("loss!~ube", "--loss mse", True),
        ("time<2h", "--time 1h30m", True),
        ("time>1:00:00", "--time 1h30m", True),
        ("time<=90m", "--time 2h", False),
        ("since>=2026-11", "--since 2026-11-02", True),
        ("since<2026-11", "--since later", False),
        ("parameter.state=on", "--state on", True),
        ("--state=on", "--state on", True),
        ("parameter.n", "--n 1", True),
        ("lr<9", "--n 1", False),
        ("loss=huber", "--loss huber", True),
        ("loss!=huber", "--loss mse", True),
        ("loss=", "--loss", True),
        ("names=a b", "--names a b", True),
        ("names=a=b", "--names a=b", True),
        ("pos_0=train", "train --n 1", True),
        ("pos_1=fast", "train fast", True),
        ("model.depth>2", "--model.depth 3", True),
        ("batch-size=3", "--batch-size 3", True),
        ("--fast", "--fast", True),
        ("--fast", "--faster", False),
        ("-f", "-f 3", True),
    ],
)
def test_a_condition_on_a_parameter(condition: str, args: str, met: bool) -> None:
    assert meets(condition, with_args(args), OTHER) is met


def test_one_group_of_many_is_enough_but_must_meet_all_of_a_condition() -> None:
    assert meets("n>2", with_args("--n 1", "--n 3"))
    assert not meets("n>3", with_args("--n 1", "--n 3"))
    assert not meets("n=1 and lr=2", with_args("--n 1 --lr 1", "--n 2 --lr 2"))


def with_curve(metrics: dict[str, float], **curves: CurveSummary) -> Run:
    return replace(RUN, groups=(Group(0, (), State.FINISHED, metrics=metrics, curves=curves),))


CURVE = CurveSummary(last=Point(2, 9), min=Point(0.5, 3), max=Point(math.inf, 1), count=9)


@pytest.mark.parametrize(
    ("condition", "met"),
    [
        ("metric.loss.min<1", True),
        ("loss.min=0.5", True),
        ("metric.loss.min>1", False),
        ("loss.max=inf", True),
        ("metric.loss.last=2 and loss.count=9", True),
        ("loss>1", True),
        ("metric.loss.min", True),
        ("metric.acc.max", False),
        ("acc.last=5", True),
    ],
)
def test_a_condition_on_a_curve(condition: str, met: bool) -> None:
    run, other = with_curve({"loss": 2, "acc.last": 5}, loss=CURVE), with_curve({}, acc=CURVE)
    assert meets(condition, run, other) is met


def test_a_name_of_a_curve_that_is_unknown_is_refused_with_the_nearest() -> None:
    run = with_curve({"loss": 2}, loss=CURVE)
    message, hint = refused("metric.loss.mim<1", run)
    assert message.startswith("no run has the metric 'loss.mim' (character 1")
    assert hint.startswith("did you mean metric.loss.min")
    for condition in ("parameter.loss.min=1", "metric.acc.min=1", "metric.loss.mean=1"):
        assert "no run has the" in refused(condition, run)[0]
    assert "no run has the metric 'loss'" in refused("metric.loss=1", with_curve({}, **{"": CURVE}))[0]


def test_a_name_with_dashes_is_that_parameter_if_there_is_one() -> None:
    run = with_args("-n 1 --n 5")
    assert meets("-n=1 and --n=5", run)
    assert not meets("-n=5", run)
    assert meets("n=1 and n=5", run)


@pytest.mark.parametrize(
    ("condition", "met"),
    [
        ("tag:paper", True),
        ("tag:pap", False),
        ("tag:", False),
        ("state:failed", True),
        ("state:finished", False),
        ("runner:htcondor", True),
        ("runner:local", False),
        ("commit:eac4a82", True),
        ("commit:EAC4", True),
        ("commit:ac4a", False),
        ("commit:", False),
        ("experiment:summary_iris", True),
        ("experiment:summary", False),
        ("text:figure 2", True),
        ("text:PAPER", True),
        ("text:nothing", False),
        ("Figure", True),
        ("pape", True),
        ("figure 3", False),
        ("after:2026-11-23", True),
        ("after:2026-11-24", False),
        ("before:2026-11-24", True),
        ("before:2026-11-23", False),
        ("after:2026-11-23T05:17:55+00:00", True),
        ("before:2026-11-23T05:17:55+00:00", False),
        ("after:2026-11-23T07:17:56+02:00", False),
        ("tag=paper and tag=v2", True),
        ("tag!=paper", False),
        ("tag!=none", True),
        ("tag~'v?'", True),
        ("tag!~v", False),
        ("state!=finished", True),
        ("state~fail", True),
        ("runner!=local", True),
        ("experiment~iris", True),
        ("description='For Figure 2'", True),
        ("description~figure", True),
        ("commit!=4a1f", True),
        ("commit~'*c4*'", True),
        ("author='Ada Lovelace'", True),
        ("author=ada@example.org", True),
        ("author~ada", True),
        ("author=Ada", False),
        ("author!='Ada Lovelace'", False),
        ("run>=4 and run<5", True),
        ("run=4-7f3a9c", True),
        ("id!=4-7f3a9c", False),
        ("groups=2", True),
        ("host=node07", True),
        ("date=2026", True),
        ("date=2026-11", True),
        ("date=2026-11-23T05:17:55+00:00", True),
        ("date!=2026-11-23T05:17:55+00:00", False),
        ("date<=2026-11-23T05:17:55+00:00", True),
        ("date>2026-11-23T05:17:55+00:00", False),
        ("date>'2026-11-23 05:16+00:00'", True),
        ("date>8h ago", True),
        ("date>1h ago", False),
        ("date>=yesterday and date<=today", True),
    ],
)
def test_a_condition_on_the_run(condition: str, met: bool) -> None:
    groups = tuple(replace(group, host="node07") for group in RUN.groups)
    changed = {"tags": ("paper", "v2"), "description": "For Figure 2", "runner": RunnerChoice("htcondor")}
    author = "Ada Lovelace <ada@example.org>"
    assert meets(condition, replace(RUN, **changed, author=author, groups=groups)) is met


@pytest.mark.parametrize(
    ("condition", "met"),
    [
        ("duration<1m", True),
        ("duration>=42", True),
        ("duration=42s", True),
        ("duration>0:42", False),
        ("started='2026-11-23T05:18:00Z'", True),
        ("ended>2026-11-23T05:18:30Z", True),
    ],
)
def test_a_condition_on_times(condition: str, met: bool) -> None:
    group = Group(0, (), State.FINISHED, started="2026-11-23T05:18:00+00:00", ended="2026-11-23T05:18:42+00:00")
    assert meets(condition, replace(RUN, groups=(group,))) is met
    queued = replace(RUN, groups=(Group(0, ()),))
    assert not meets(condition, queued)


def test_metrics_are_compared_as_numbers_where_nan_is_only_the_same_as_nan() -> None:
    metrics = ({"acc": 0.9}, {"acc": math.nan}, {"acc": math.inf}, {"acc": -math.inf}, {"other loss": 1})
    run = replace(RUN, groups=tuple(Group(i, (), metrics=found) for i, found in enumerate(metrics)))

    def numbers(condition: str) -> list[int]:
        return [group for _, group in groups_meeting(condition, run)]

    assert numbers("metric.acc>0.5") == numbers("acc>0.5") == [0, 2]
    assert numbers("metric.acc<=0.9") == [0, 3]
    assert numbers("metric.acc=nan") == [1]
    assert numbers("metric.acc!=nan") == [0, 2, 3]
    assert numbers("metric.acc=-inf") == [3]
    assert numbers("metric.acc") == [0, 1, 2, 3]
    assert numbers("not metric.acc") == [4]
    assert numbers("metric.'other loss'=1.0") == [4]
    assert numbers("group>=3 and group<4") == [3]


def test_good_groups_of_a_failed_run_have_their_own_state() -> None:
    groups = (Group(0, (), State.FINISHED), Group(1, (), State.FAILED))
    run = replace(RUN, groups=groups)
    assert groups_meeting("state=finished", run) == [(4, 0)]
    assert groups_meeting("run.state=failed", run) == [(4, 0), (4, 1)]
    assert not meets("state=finished", run)


def test_a_parameter_comes_before_a_metric_of_the_same_name() -> None:
    run = replace(RUN, groups=(Group(0, ("--acc", "1"), metrics={"acc": 2}),))
    assert meets("acc=1 and metric.acc=2 and parameter.acc=1", run)


def test_all_names_are_listed_if_none_resembles_an_unknown_one() -> None:
    run = replace(RUN, groups=(Group(0, ("--lr", "1"), metrics={"accuracy": 1.0}),))
    _, hint = refused("zzzzzz=1", run)
    assert {*FIELDS, "lr", "metric.accuracy"} == set(hint.removeprefix("available: ").split(", "))


@pytest.mark.parametrize(
    ("condition", "message", "hint"),
    [
        (
            "lr=1 and acuracy>1",
            "no run has the parameter or metric 'acuracy' (character 10",
            "did you mean metric.accuracy?",
        ),
        ("metric.acuracy", "no run has the metric 'acuracy' (character 1", "did you mean metric.accuracy?"),
        ("lrr=1", "no run has the parameter or metric 'lrr' (character 1", "did you mean lr?"),
        ("dat>1", "no run has the parameter or metric 'dat' (character 1", "did you mean date, run.data, duration?"),
        ("--zzz", "no run has the parameter 'zzz' (character 1", "available: lr"),
        ("metric.lr=1", "no run has the metric 'lr' (character 1", "available: metric.accuracy"),
        ("metric.accuracy>high", "'high' is not a number (character 1", ""),
        ("metric.accuracy~1", "'metric.accuracy' has no text for '~' (character 1", ""),
        ("lr<high", "'high' is not a number, a duration or a date (character 1", "compare texts with =, != or ~"),
        ("tag<3", "'tag' has texts, which have no order (character 1", "compare them with =, != or ~"),
        ("duration>long", "'long' is not a duration (character 1", "write it as 90s, 1h30m or 1:30:00"),
        ("run=x", "'x' is not a number (character 1", "for example: run>=10"),
        ("group~1", "'group' has no text for '~' (character 1", "for example: group>=10"),
    ],
)
def test_a_name_that_no_run_has_or_a_value_that_it_cannot_have(condition: str, message: str, hint: str) -> None:
    run = replace(RUN, groups=(Group(0, ("--lr", "1"), metrics={"accuracy": 1.0}),))
    found = refused(condition, run)
    assert found[0].startswith(message)
    assert hint in found[1]


def test_of_many_names_some_are_listed() -> None:
    run = replace(RUN, groups=(Group(0, (), metrics={f"m{n:02}": 1.0 for n in range(42)}),))
    assert refused("metric.zzz", run)[1].endswith("metric.m38, metric.m39, and 2 more")
    assert refused("metric.zzz", with_args(""))[1] == "there are none"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("state:done", "'done' is not a state", "states: queued, running, held, finished, failed, cancelled, lost"),
        ("after:tomorrow", "'tomorrow' is not a date", DATE_HINT),
        ("before:", "'' is not a date", DATE_HINT),
        ("date=2026-13", "'2026-13' is not a date", DATE_HINT),
        ("date~2026", "'date' has no text for '~'", DATE_HINT),
        ("duration=nan", "'nan' is not a duration", DURATION_HINT),
        ("duration!=inf", "'inf' is not a duration", DURATION_HINT),
    ],
)
def test_a_value_that_cannot_be_read(text: str, message: str, hint: str) -> None:
    assert refused(text, RUN) == (f"{message} (character 1 of the condition)", hint)


@pytest.mark.parametrize("date", ["0001-01-01", "9999-12-31", "9999", "9999-12", "0001-01-01T00:00:00+14:00"])
def test_a_date_at_the_end_of_all_days_is_a_date_or_none(date: str) -> None:
    with accepted_or_refused(UsageError, f"'{date}' is not a date"):
        meets(f"after:{date}", RUN)


@stable
@given(conditions, runs())
def test_any_text_is_a_condition_that_runs_meet_or_not_or_is_refused(text: str, run: Run) -> None:
    with accepted_or_refused(UsageError, ""):
        assert meets(text, run) in (True, False)


@stable
@given(
    texts, st.sampled_from(["=", "<", ">=", "~", "!~"]), st.sampled_from(["lr", "date", "duration", "tag", "metric.a"])
)
def test_any_value_can_be_compared_or_is_refused(value: str, operator: str, name: str) -> None:
    started, ended = "2026-11-23T05:18:00+00:00", "2026-11-23T05:18:42+00:00"
    group = Group(0, ("--lr", value), State.FINISHED, started=started, ended=ended, metrics={"a": 1.0})
    run = replace(RUN, groups=(group,))
    with accepted_or_refused(UsageError, ""):
        assert meets(f"{name}{operator}{quoted(value)}", run) in (True, False)


@stable
@given(st.from_regex(r"[a-z][a-z_]{0,8}", fullmatch=True), words)
def test_a_run_is_found_by_any_value_of_any_parameter(name: str, value: str) -> None:
    run = replace(RUN, groups=(Group(0, (f"--{name}={value}",)),))
    assert meets(f"--{name}={quoted(value)}", run)


@stable
@given(runs())
def test_facts_are_read_as_they_were_written(run: Run) -> None:
    facts = facts_of(run)
    assert str(from_texts([to_text(facts), to_text(facts)])) == str([facts, facts])


def test_numbers_are_parsed_in_full_or_not_at_all() -> None:
    assert [number(text) for text in ("1", "-2.5e3", "1_0", "x", "", "9" * 500)] == [1, -2500.0, None, None, None, None]


def test_a_long_pattern_is_a_part_of_a_text() -> None:
    run = with_args("--name " + "[" * 2_000)
    assert meets(f"name~'{'[' * 2_000}'", run)
    assert not meets(f"name~'{'[' * 60_000}'", run)


@pytest.mark.parametrize(
    ("condition", "met"),
    [
        ("used.memory>1GiB", True),
        ("used.memory>1536", False),
        ("used.memory=1.5G", True),
        ("used.cpu_time>1h", True),
        ("used.cpu_time<1h30m", False),
        ("used.gpu_memory<1GiB", True),
        ("used.gpu_percent>=50", False),
    ],
)
def test_a_run_has_the_time_of_all_groups_and_the_most_memory_of_any(condition: str, met: bool) -> None:
    known = [Used(3600.5, 310), Used(1800, 1536, 200, 49), None]
    groups = (Group(i, (), State.FINISHED, used=used) for i, used in enumerate(known))
    run = replace(RUN, groups=tuple(groups))
    assert meets(condition, run) is met
    assert meets(f"not {condition}", run) is not met


def test_what_is_not_known_to_be_used_is_neither_more_nor_less() -> None:
    run = replace(RUN, groups=(Group(0, (), State.FINISHED),))
    assert not meets("used.memory>0", run)
    assert not meets("used.memory<=1T", run)
    assert refused("used.memory>much", run) == (
        "'much' is not a size (character 1 of the condition)",
        "write it as 512MiB or 4GiB",
    )
    assert refused("used.cpu_time>much", run)[1] == DURATION_HINT


def test_what_is_fresh_is_asked_last() -> None:
    facts = [facts_of(replace(run, number=n)) for n, run in enumerate((with_args("--lr 1"), OTHER, OTHER))]
    names, asked = Names.of(group for run in facts for group in run.groups), list[int]()

    def is_fresh(run: RunFacts) -> bool:
        asked.append(run.number)
        return run.number == 1

    for condition, met in (("fresh and lr=9", [1]), ("lr=1 and not fresh", [0]), ("not fresh or lr=9", [0, 1, 2])):
        wanted = search(parse(condition), names, NOW, is_fresh)
        assert [run.number for run in facts if wanted(Row(run))] == met
    assert asked == [1, 2, 0, 0]
