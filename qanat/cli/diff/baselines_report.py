"""The parts of a report on the baselines of experiments, and the sentences that `qanat diff --check` prints."""

from __future__ import annotations

from collections.abc import Iterator

from qanat.cli.diff.blocks import Block, Items
from qanat.cli.diff.names import Names
from qanat.cli.terminal.output import plural
from qanat.domain import setting
from qanat.domain.baseline import Behind, Verdict
from qanat.domain.meanings import Sentence, Verbatim
from qanat.domain.statistics import Statistic
from qanat.usecases.review.state import StateChanges

SETTINGS_SHOWN = 30


def check_sentences(found: StateChanges, names: Names) -> list[Sentence]:
    """Return a sentence for all that is behind a baseline, unclear or not compared."""
    unsure = [
        _not_compared(verdict) for verdict in found.verdicts if not (verdict.is_without_level or verdict.compared)
    ]
    return [*_behind(found, names), *_unclear(found, names), *unsure]


def blocks(found: StateChanges, names: Names) -> Iterator[Block]:
    """Yield what is behind a baseline or could not be compared with it, and what is unclear."""
    for said, is_warning in ((_behind(found, names), True), (_unclear(found, names), False)):
        if said:
            yield Items(tuple(said[:SETTINGS_SHOWN]), warning=is_warning)
        if (left := len(said) - SETTINGS_SHOWN) > 0:
            yield Items(((f"and {left:,} more; see --json",),))


def notes(found: StateChanges) -> Iterator[Sentence]:
    """Yield a sentence on each baseline that no result is behind."""
    for verdict in found.verdicts:
        if not verdict.is_unmet:
            yield _kept(verdict) if verdict.compared else _not_compared(verdict)


def _behind(found: StateChanges, names: Names) -> list[Sentence]:
    lacking = [_not_compared(verdict) for verdict in found.verdicts if verdict.is_without_level]
    return lacking + [_setting(verdict, one, names) for verdict in found.verdicts for one in verdict.behind]


def _unclear(found: StateChanges, names: Names) -> list[Sentence]:
    return [_maybe(verdict, one, names) for verdict in found.verdicts for one in verdict.unclear]


def _setting(verdict: Verdict, one: Behind, names: Names) -> Sentence:
    """Return the sentence on a setting that is behind."""
    metric, of, runs, level = Verbatim(verdict.rule.metric), _of(verdict, one), *_runs(one, names)
    if one.failed:
        cause = (": ", Verbatim(one.cause)) if one.cause else ()
        return (metric, " of ", *of, " is missing, since it fails", *runs, *cause, "; its baseline of ", *level)
    if one.now is None:
        return (*of, " has no ", metric, *runs, ", unlike its baseline of ", *level)
    return (metric, " of ", *of, " is ", _value(one.now), *runs, f", behind{_margin(verdict)} its baseline of ", *level)


def _maybe(verdict: Verdict, one: Behind, names: Names) -> Sentence:
    """Return the sentence on a setting that is worse, but not significantly so."""
    now = (" is ", _value(one.now)) if one.now else ()
    runs, level = _runs(one, names)
    start = (Verbatim(verdict.rule.metric), " of ", *_of(verdict, one), *now, *runs)
    return (*start, f", worse{_margin(verdict)} than its baseline of ", *level, f", which is unclear: p = {one.p:.2g}")


def _of(verdict: Verdict, one: Behind) -> Sentence:
    parameters = setting.as_text(one.parameters)
    return (Verbatim(verdict.experiment), *((" with ", Verbatim(parameters)) if parameters else ()))


def _runs(one: Behind, names: Names) -> tuple[Sentence, Sentence]:
    """Return the new runs, and the value of the baseline with its runs."""
    before = (_value(one.before), " (", *names.listed(one.runs_before), ")")
    return (" (", *names.listed(one.runs), ")"), before


def _margin(verdict: Verdict) -> str:
    return f" by more than {verdict.rule.tolerance}" if verdict.rule.tolerance else ""


def _value(found: Statistic) -> str:
    return f"{found}, n = {found.count}" if found.count > 1 else str(found)


def _not_compared(verdict: Verdict) -> Sentence:
    of = (Verbatim(verdict.rule.metric), " of ", Verbatim(verdict.experiment))
    if not verdict.problem:
        return ("No new run has a setting of the baseline for ", *of, ".")
    start = ("The new baseline for ", *of, " was") if verdict.is_new else ("The baseline for ", *of, " could")
    return (*start, " not compared: " if verdict.is_new else " not be compared: ", Verbatim(verdict.problem), ".")


def _kept(verdict: Verdict) -> Sentence:
    of = (Verbatim(verdict.rule.metric), " of ", Verbatim(verdict.experiment))
    if not verdict.unclear:
        return ("No result is behind the baseline for ", *of, f" ({plural(verdict.compared, 'setting')} compared).")
    unclear = len(verdict.unclear)
    settings = f" of {plural(verdict.compared, 'setting')} {'is' if unclear == 1 else 'are'} unclear"
    return (f"{unclear:,}{settings} beside the baseline for ", *of, "; no other is behind it.")
