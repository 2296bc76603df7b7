"""What a template comes to on a machine: its own options over those of the templates that it extends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from qanat.domain.experiment import Template
from qanat.domain.shortening import quoted
from qanat.errors import ExtendsInvalid, NotFound

# How many templates one may be made of, itself included.
TEMPLATES_MAX = 30
_INHERITED = ("retry", "transfer")

Read = Callable[[str], Template]
"""Returns another template of the same runner, as it is defined. Raises NotFound."""
IsHere = Callable[[Sequence[str]], bool]
"""Returns whether one of these patterns matches the machine in question."""


def matches(patterns: Sequence[str], host: str) -> bool:
    """Return whether the name of a machine, or the part of it before the first dot, matches one of the patterns."""
    names = {host.lower(), host.partition(".")[0].lower()}
    return any(fnmatchcase(name, pattern.lower()) for pattern in patterns for name in names)


@dataclass(frozen=True, slots=True)
class _Option:
    """An option as it is spelled, its value, and the template that it is from."""

    key: str
    value: Any
    template: str


def extended(template: Template, read: Read, is_here: IsHere, name_of: Callable[[str], str]) -> Template:
    """Return a template with the options that it comes to, and the sources of these.

    Each of the templates that it extends counts once, before those that extend it, and in the order in which they are
    named; what comes later wins, also of other keys. In a template that extends others, an option without a value
    removes it. `name_of` returns the scheduler's own name of an option, however it is spelled. Raises ExtendsInvalid.
    """
    layers: dict[str, Template] = {}
    _add(template, read, is_here, (), layers)
    found: dict[str, _Option] = {}
    for layer in layers.values():
        for key, value in layer.options.items():
            if value is None and layer.extends:
                found.pop(name_of(key), None)
            else:
                found[name_of(key)] = _Option(key, value, layer.name)
    others = {key: layer for layer in layers.values() for key in other_keys(layer)}
    return replace(
        template,
        **{key: getattr(layer, key) for key, layer in others.items()},
        options={option.key: option.value for option in found.values()},
        sources=tuple(
            replace(
                source,
                options=tuple(o.key for o in found.values() if o.template == source.template),
                keys=tuple(key for key, owner in others.items() if owner is layer),
            )
            for layer in layers.values()
            for source in layer.sources
        ),
    )


def other_keys(template: Template) -> tuple[str, ...]:
    """Return the keys beside its options that a template has, and that others inherit as a whole."""
    return tuple(key for key in _INHERITED if getattr(template, key) is not None)


def _add(template: Template, read: Read, is_here: IsHere, above: tuple[str, ...], seen: dict[str, Template]) -> None:
    if template.name in above:
        circle = " → ".join((*above[above.index(template.name) :], template.name))
        raise ExtendsInvalid(f"template {quoted(template.name)} extends itself: {circle}", hint="remove one of these")
    if template.name in seen:
        return
    if len(above) + len(seen) >= TEMPLATES_MAX:
        raise ExtendsInvalid(
            f"template {quoted((*above, template.name)[0])} is made of more than {TEMPLATES_MAX} templates",
            hint="copy options instead of extending so many",
        )
    bases = [_base(template, name, read) for name in template.extends]
    here = [base for base in bases if not base.hosts or is_here(base.hosts)]
    if bases and not here:
        raise _elsewhere(template, bases)
    for base in here:
        _add(base, read, is_here, (*above, template.name), seen)
    seen[template.name] = template


def _base(template: Template, name: str, read: Read) -> Template:
    try:
        return read(name)
    except NotFound as error:
        raise ExtendsInvalid(
            f"template {quoted(template.name)} extends {quoted(name)}, which does not exist", hint=error.hint
        ) from None


def _elsewhere(template: Template, bases: Sequence[Template]) -> ExtendsInvalid:
    which = ", ".join(f"{base.name} (for {' or '.join(base.hosts)})" for base in bases)
    return ExtendsInvalid(
        f"template {quoted(template.name)} extends nothing that is for this machine: {which}",
        hint=f"log in to one of these; see what it is there with: qanat template show {template.name} --host NAME",
    )
