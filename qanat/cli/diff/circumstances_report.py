"""How a report says in what an earlier run differs besides its code."""

from __future__ import annotations

from qanat.domain.circumstances import Circumstances
from qanat.domain.environment import listed
from qanat.domain.meanings import Sentence, Verbatim

ENVIRONMENT_SHOWN = 3


def clauses(other: Circumstances) -> Sentence:
    """Return what follows the name of the earlier run, each difference after a comma."""
    named = ((", on other data: ", Verbatim(one.name), ": ", Verbatim(one.how)) for one in other.data)
    data = [part for parts in named for part in parts]
    inside = (", in another container: ", Verbatim(other.container)) if other.container else ()
    return (*data, *inside, *_other_environment(other))


def _other_environment(other: Circumstances) -> Sentence:
    if not other.is_other_environment:
        return ()
    how = listed(other.environment_differences, ENVIRONMENT_SHOWN)
    return (", in another environment: ", Verbatim(how)) if how else (", in another environment",)
