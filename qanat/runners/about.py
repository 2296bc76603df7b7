"""What is known about a built-in runner before it is loaded, which takes longer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qanat.domain.requests import Requests


@dataclass(frozen=True, slots=True)
class About:
    """A built-in runner: its folder has an `about.py` with this as ABOUT, and registry.py lists the folder.

    `name` is the folder's, and what follows --runner; `title` is what the scheduler is called in sentences. `place` is
    the runner's module in the folder, and its class. `in_process` says that the jobs are watched by the qanat that
    started them. `default_template` are the options of the template `default` in a new project, and `takes` says
    whether a template with options of these names, which names no runner, is for this one. `requests` is what options
    ask for, so that `qanat diff` can put a change of one into a sentence. `path_from` says where the PATH of a run's
    jobs comes from, by its options and the details of its submission. `option_name` returns the scheduler's own name of
    an option, however it is spelled.
    """

    name: str
    title: str
    place: str
    in_process: bool = False
    default_template: Mapping[str, Any] = field(default_factory=dict)
    requests: Requests = field(default_factory=dict)
    takes: Callable[[Collection[str]], bool] = lambda _: False
    path_from: Callable[[Mapping[str, Any], Mapping[str, Any]], str] = lambda options, details: ""
    option_name: Callable[[str], str] = str.strip
