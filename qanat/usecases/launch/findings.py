"""What a launch has found, or would find: what the keys of its groups are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qanat.domain.data import DataState
from qanat.domain.group_key import SharedKey
from qanat.records.environments import Described


@dataclass(frozen=True, slots=True)
class Findings:
    """The code, the data and the environment of a run, and what the keys of its groups share.

    `changed` are files of its code with uncommitted changes; then its commit and that part of its key are not known.
    """

    commit: str | None
    key: SharedKey
    data: Sequence[DataState]
    environment: Described | None = None
    changed: tuple[str, ...] = ()
