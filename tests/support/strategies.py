"""Hypothesis strategies for what qanat reads and writes, and the settings shared by all property tests."""

from __future__ import annotations

import string
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from qanat.domain.attempts import AttemptState, Earlier, combine
from qanat.domain.checkpoint import Checkpoint
from qanat.domain.container import Container
from qanat.domain.data import DataState
from qanat.domain.group_key import SharedKey
from qanat.domain.measured import CurveSummary, Point
from qanat.domain.order import After
from qanat.domain.origin import Origin
from qanat.domain.outputs import Outputs
from qanat.domain.retry_policy import RetryPolicy
from qanat.domain.run import Code, Group, RequestedParameters, Run, RunnerChoice, State, SubmissionFacts
from qanat.domain.template_source import PackOrigin, TemplateSource
from qanat.domain.used import Used
from qanat.errors import QanatError

stable = settings(max_examples=min(60, settings().max_examples), deadline=None, derandomize=True)
"""The same examples in every run, and no test that fails because a machine is slow."""


@contextmanager
def accepted_or_refused(kind: type[QanatError], begin: str) -> Iterator[None]:
    """Let the block pass or raise this kind of error with a message that begins so; any other error is a failure."""
    try:
        yield
    except kind as error:
        if not error.message.startswith(begin):
            raise AssertionError(f"{error.message!r} does not begin with {begin!r}") from error


_CHARACTERS = st.characters(codec="utf-8", exclude_characters="\0")

texts = st.text(_CHARACTERS, max_size=30)
"""Any text that a file can hold."""

words = st.text(_CHARACTERS, max_size=20)
"""Any argument that a command line can hold."""

names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,20}", fullmatch=True)
content_hashes = st.from_regex(r"[0-9a-f]{16}", fullmatch=True)
hexadecimal = st.sampled_from(string.hexdigits.lower()[:16])

# An integer of more than 300 digits is read as a float; no number in a record is that long.
scalars = st.none() | st.booleans() | st.integers(-(10**300), 10**300) | st.floats(allow_nan=False) | texts


def json_values(leaves: int = 12) -> st.SearchStrategy[Any]:
    """Return values of nested lists and mappings with text keys."""
    return st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
        max_leaves=leaves,
    )


def mappings() -> st.SearchStrategy[dict[str, Any]]:
    """Return mappings like those at the top of a document."""
    return st.dictionaries(texts, json_values(), max_size=4)


def timestamps() -> st.SearchStrategy[str]:
    """Return timestamps as records have them: with a resolution of seconds or milliseconds."""
    return st.builds(
        lambda seconds, precision: datetime.fromtimestamp(seconds, UTC).isoformat(timespec=precision),
        st.floats(0, 4e9),
        st.sampled_from(["seconds", "milliseconds"]),
    )


def object_ids() -> st.SearchStrategy[str]:
    """Return git object ids, including ones that are all digits or look like a number."""
    random = st.text(hexadecimal, min_size=40, max_size=40) | st.text(hexadecimal, min_size=64, max_size=64)
    return random | st.sampled_from(["0" * 40, "1" * 40, "12345678e" + "9" * 31, "0b" + "1" * 38])


def metrics() -> st.SearchStrategy[dict[str, float]]:
    """Return metrics, which map names, including long ones, to numbers."""
    long_names = st.integers(900, 1500).map(lambda length: "k" * length)
    return st.dictionaries(texts | long_names, st.integers(-(2**63), 2**63) | st.floats(allow_nan=False), max_size=3)


def data_states() -> st.SearchStrategy[tuple[DataState, ...]]:
    """Return what the datasets and inputs of a run were."""
    counts = st.integers(0, 10**15)
    return st.lists(
        st.builds(
            DataState,
            name=names,
            track=st.sampled_from(["stat", "hash", "git", "command"]),
            files=st.none() | counts,
            links=counts,
            bytes=st.none() | counts,
            newest=st.none() | timestamps(),
            id=texts,
            changed=st.booleans(),
            problem=texts,
            is_input=st.booleans(),
        ),
        max_size=3,
    ).map(tuple)


def curves() -> st.SearchStrategy[dict[str, CurveSummary]]:
    """Return what curves came to, by their names."""
    points = st.builds(Point, st.floats(allow_nan=False), st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9))
    return st.dictionaries(texts, st.builds(CurveSummary, points, points, points, st.integers(1, 10**9)), max_size=2)


def outputs() -> st.SearchStrategy[Outputs]:
    """Return what a group has left; some digests look like a number."""
    digests = st.text(hexadecimal, min_size=32, max_size=32) | st.sampled_from(["0" * 32, "1e" + "0" * 30])
    counts = st.integers(1, 2**63)
    return st.builds(Outputs, counts, st.integers(0, 2**63), digests, st.just(0) | counts)


def used() -> st.SearchStrategy[Used]:
    """Return what a group has used, of which something is known."""
    mib = st.none() | st.integers(0, 2**40)
    seconds = st.integers(0, 10**12) | st.floats(0, 1e12).map(lambda number: round(number, 2))
    return st.builds(Used, seconds, mib, mib, st.none() | st.integers(0, 100))


def digests() -> st.SearchStrategy[str]:
    """Return digests of keys, some of which look like a number."""
    return st.text(hexadecimal, min_size=32, max_size=32) | st.sampled_from(["0" * 32, "1e" + "0" * 30])


def retry_policies() -> st.SearchStrategy[RetryPolicy]:
    """Retry policies as they are read."""
    words = st.lists(st.sampled_from(["out_of_memory", "timeout", "failed"]), unique=True, max_size=2).map(tuple)
    codes = st.lists(st.integers(1, 255), unique=True, min_size=1, max_size=2).map(lambda found: tuple(sorted(found)))
    factors = st.none() | st.sampled_from(["2x", "1.5x"])
    return st.builds(RetryPolicy, st.integers(1, 20), words, codes, factors, factors)


def shared_keys() -> st.SearchStrategy[SharedKey]:
    """Return what the groups of a run share of their keys."""
    return st.builds(SharedKey, *(st.none() | digests() for _ in range(5)))


def earlier() -> st.SearchStrategy[tuple[Earlier, ...]]:
    """Return how attempts ended, in any order."""
    ends = st.builds(
        Earlier,
        st.integers(1, 5),
        st.sampled_from(AttemptState),
        st.none() | st.integers(-300, 300),
        st.none() | st.integers(1, 64),
        texts,
        st.none() | timestamps(),
        st.none() | timestamps(),
        st.none() | texts,
        mappings(),
        st.none() | used(),
    )
    return st.lists(ends, max_size=2).map(tuple)


def _group(number: int) -> st.SearchStrategy[Group]:
    return st.builds(
        Group,
        number=st.just(number),
        args=st.lists(words, max_size=5).map(tuple),
        state=st.sampled_from(State),
        job=st.none() | words,
        exit_code=st.none() | st.integers(-300, 300),
        signal=st.none() | st.integers(1, 64),
        reason=texts,
        started=st.none() | timestamps(),
        ended=st.none() | timestamps(),
        host=st.none() | texts,
        machine=st.none() | content_hashes,
        attempt=st.integers(1, 5),
        earlier=earlier(),
        used=st.none() | used(),
        metrics=metrics(),
        curves=curves(),
        curve_files=st.dictionaries(texts, st.text(hexadecimal, min_size=64, max_size=64), max_size=2),
        outputs=st.none() | outputs(),
        key=st.none() | digests(),
    ).map(lambda group: replace(group, earlier=combine(group.attempt, group.earlier)))


# Created once: hypothesis spends more time on looking through new strategies than on drawing from them.
_GROUPS = [_group(number) for number in range(4)]


def groups() -> st.SearchStrategy[tuple[Group, ...]]:
    """Return the groups of a run, numbered from 0."""
    return st.one_of([st.tuples(*_GROUPS[: number + 1]) for number in range(len(_GROUPS))])


def template_sources() -> st.SearchStrategy[tuple[TemplateSource, ...]]:
    """Generate where options come from."""
    packs = st.builds(PackOrigin, names, words, st.none() | words, st.booleans())
    source = st.builds(TemplateSource, names, words, st.lists(words, max_size=2).map(tuple), st.none() | packs)
    return st.lists(source, max_size=2).map(tuple)


def runs() -> st.SearchStrategy[Run]:
    """Return runs of every kind that a record can hold."""
    lists = st.lists(words, max_size=4).map(tuple)
    full = st.lists(words.filter(bool), max_size=4).map(tuple)
    return st.builds(
        Run,
        number=st.integers(1, 999_999_999),
        uid=st.text(hexadecimal, min_size=6, max_size=6),
        experiment=names,
        description=texts,
        tags=st.lists(texts.filter(bool), unique=True, max_size=3).map(tuple),
        created=timestamps(),
        author=texts,
        host=texts,
        code=st.builds(
            Code,
            object_ids(),
            object_ids(),
            st.none() | texts,
            st.booleans(),
            st.sampled_from(["project", "checkout"]),
            st.none() | st.booleans(),
        ),
        command=st.lists(words, min_size=1, max_size=3).map(tuple),
        datasets=st.dictionaries(names, texts, max_size=3),
        data=data_states(),
        key=shared_keys(),
        environment=st.none() | content_hashes,
        machine=st.none() | content_hashes,
        requested=st.builds(
            RequestedParameters,
            lists,
            lists,
            lists,
            st.none() | words,
            st.none() | words,
            st.dictionaries(st.just("3-0a1b2c"), st.integers(1, 100_000)),
        ),
        runner=st.builds(
            RunnerChoice,
            names,
            st.none() | texts,
            mappings(),
            st.none() | retry_policies(),
            template_sources(),
            st.none() | st.just(True),
        ),
        storage=texts.filter(bool),
        submission=st.builds(
            SubmissionFacts,
            intent=st.text(hexadecimal, min_size=1),
            submitted=st.none() | timestamps(),
            pid=st.none() | st.integers(1),
            process_start=st.none() | texts,
            checkout=st.none() | texts,
            max_running=st.none() | st.integers(1, 100),
            per_job=st.none() | st.integers(2, 100),
            at_once=st.none() | st.integers(2, 100),
            time_limit=st.none() | st.just("1h30m"),
            changed=st.dictionaries(texts, texts, max_size=2),
            inputs=lists,
            data=data_states(),
            environment=st.none() | content_hashes,
            details=mappings(),
        ),
        groups=groups(),
        rerun_of=st.none() | st.just("3-0a1b2c"),
        after=st.sampled_from([(), (After("3-0a1b2c"), After("2-ffffff", any=True))]),
        imported=mappings(),
        container=st.none()
        | st.builds(Container, texts.filter(bool), names, texts.filter(bool), full, st.booleans(), lists),
        checkpoint=st.none() | st.builds(Checkpoint, st.integers(1, 125), st.none() | names, st.integers(1, 1000)),
        results_removed=st.none() | timestamps(),
        origin=st.none()
        | st.builds(Origin, names, texts, texts.filter(bool), timestamps(), st.none() | texts.filter(bool)),
    )
