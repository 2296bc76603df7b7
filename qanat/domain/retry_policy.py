"""Which groups of a run are retried automatically, how often, and with how much more memory and time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qanat.domain.run import Group

OUT_OF_MEMORY, TIMEOUT, NODE_FAILURE, PREEMPTED = "out_of_memory", "timeout", "node_failure", "preempted"
FAILED = "failed"
EXIT_CODE = "exit_code"
TIMES_MAX = 20
# How the reason begins of a group that was cancelled because its job ended before it began; what ended the job follows.
NOT_STARTED = "not started, since its job "
# What the reason of a group says, as the schedulers write it; a runner of another package may write the same.
_SIGNS = {
    OUT_OF_MEMORY: re.compile(r"\bOUT_OF_MEMORY\b|HTCondor's code (?:34\b|(?:3|21|26), subcode 102\b)"),
    TIMEOUT: re.compile(r"\Aexceeded the time limit\b|\bTIMEOUT\b|HTCondor's code 4[67]\b"),
    NODE_FAILURE: re.compile(r"\b(?:NODE_FAIL|BOOT_FAIL)\b"),
    PREEMPTED: re.compile(r"\bPREEMPTED\b"),
}


_LACKS = {"memory": OUT_OF_MEMORY, "time": TIMEOUT}


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Groups that ended as `when` or `exit_codes` say are retried, until they have been started 1 + `times` times.

    `memory` and `time` are factors such as `2x`, by which that limit is multiplied for the attempts that follow an end
    for want of it; None leaves it as it is.
    """

    times: int
    when: tuple[str, ...] = ()
    exit_codes: tuple[int, ...] = ()
    memory: str | None = None
    time: str | None = None

    @property
    def attempts(self) -> int:
        """How many attempts a group may have."""
        return 1 + self.times

    @classmethod
    def from_mapping(cls, content: Mapping[str, Any]) -> RetryPolicy:
        """Return the policy that a valid mapping describes; its `when` names reasons, and exit codes in a mapping."""
        when = content["when"]
        codes = [code for each in when if isinstance(each, Mapping) for code in _listed(each[EXIT_CODE])]
        words = [each for each in when if isinstance(each, str)]
        factors = (content.get(key) for key in ("memory", "time"))
        return cls(content["times"], tuple(dict.fromkeys(words)), tuple(sorted(set(codes))), *factors)

    def as_mapping(self) -> dict[str, Any]:
        """Return the policy as the mapping in which it is stored."""
        when: list[Any] = [*self.when, *([{EXIT_CODE: list(self.exit_codes)}] if self.exit_codes else [])]
        factors = {"memory": self.memory, "time": self.time}
        return {"when": when, "times": self.times} | {key: value for key, value in factors.items() if value}

    def within(self, attempts: int) -> RetryPolicy | None:
        """Return the policy where a group may have so many attempts at most; None if that leaves nothing to retry."""
        times = min(self.times, attempts - 1)
        return replace(self, times=times) if times > 0 else None

    def applies_to(self, group: Group) -> bool:
        """Return whether a group ended in a way for which it is retried, however many attempts it has had.

        A group whose job ended before it began is retried for what ended the job.
        """
        return (group.state == FAILED or _never_began(group)) and (
            FAILED in self.when or group.exit_code in self.exit_codes or not reasons(group).isdisjoint(self.when)
        )

    def is_due(self, group: Group) -> bool:
        """Return whether a group is to have another attempt."""
        return group.attempt < self.attempts and self.applies_to(group)

    def more(self, groups: Iterable[Group]) -> dict[str, str]:
        """Return the factors for the next attempt of groups: of memory and time, as far as any of them lacked it."""
        lacked = {word for group in groups for word in reasons(group)}
        return {key: factor for word, (key, factor) in self._factors.items() if factor and word in lacked}

    @property
    def contradiction(self) -> str:
        """Which factor never applies, since nothing is retried after an end for want of that; empty if all do."""
        unused = (f for word, f in self._factors.items() if f[1] and not {word, FAILED} & {*self.when})
        key, factor = next(unused, ("", None))
        return f"retry.{key} is {factor}, but retry.when does not name {_LACKS[key]}" if key else ""

    @property
    def _factors(self) -> dict[str, tuple[str, str | None]]:
        return {word: (key, getattr(self, key)) for key, word in _LACKS.items()}

    def __str__(self) -> str:
        """Return the policy as a phrase: `up to 3 attempts, after timeout (time 1.5x) or exit code 75`."""
        named = [_with_factor(word, *self._factors.get(word, ("", None))) for word in self.when if word != FAILED]
        codes = [f"exit code {_alternatives(list(map(str, self.exit_codes)))}"] if self.exit_codes else []
        ends = [*named, *codes]
        if FAILED in self.when:
            more = [each for each in ends if each.endswith(")")]
            ends = [f"any failure{f', {_alternatives(more)} among them' if more else ''}"]
        return f"up to {self.attempts} attempts, after {_alternatives(ends)}"


def with_times(policy: RetryPolicy | None, times: int | None) -> RetryPolicy | None:
    """Return a policy with this many more attempts, by default after every failure; None without any.

    If `times` is None, the policy stays as it is.
    """
    if times is None:
        return policy
    if not times:
        return None
    return replace(policy, times=times) if policy else RetryPolicy(times, (FAILED,))


def reasons(group: Group) -> frozenset[str]:
    """Return the reasons why a group, or its job before it, failed; none if nobody but the program ended it.

    Its exit code is none of them.
    """
    if group.state != FAILED and not _never_began(group):
        return frozenset()
    return frozenset(word for word, sign in _SIGNS.items() if sign.search(group.reason))


def in_words(word: str) -> str:
    """Return a reason as it is read: `out of memory`."""
    return word.replace("_", " ")


def _never_began(group: Group) -> bool:
    return group.state == "cancelled" and group.reason.startswith(NOT_STARTED) and ": " in group.reason


def _with_factor(word: str, what: str, factor: str | None) -> str:
    return f"{in_words(word)} ({what} {factor})" if factor else in_words(word)


def _alternatives(texts: Sequence[str]) -> str:
    return " or ".join(filter(None, (", ".join(texts[:-1]), texts[-1])))


def _listed(codes: Any) -> list[int]:
    return [codes] if isinstance(codes, int) else list(codes)
