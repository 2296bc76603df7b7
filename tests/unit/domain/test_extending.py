"""What a template comes to: which options win, which templates count where, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from qanat.domain.experiment import Template
from qanat.domain.extending import TEMPLATES_MAX, extended, matches
from qanat.domain.retry_policy import RetryPolicy
from qanat.domain.template_source import PackOrigin, TemplateSource
from qanat.errors import ExtendsInvalid, NotFound
from qanat.runners.registry import Registry

A_COMMIT = "3f1c0e2a5b7d4c6e8f9a0b1c2d3e4f5a6b7c8d9e"


def template(name: str, *extends: str, hosts: tuple[str, ...] = (), **options: Any) -> Template:
    """Return a template of Slurm in a file of its name."""
    source = TemplateSource(name, f"{name}.yaml", ())
    return Template(name, "slurm", options, extends=extends, hosts=hosts, sources=(source,))


def come_to(name: str, *defined: Template, host: str = "login1.alpha.org", runner: str = "slurm") -> Template:
    """Return what one of these templates comes to on a machine."""
    known: Mapping[str, Template] = {each.name: each for each in defined}

    def read(wanted: str) -> Template:
        if wanted not in known:
            raise NotFound(f"{wanted} does not exist", hint="available: base")
        return known[wanted]

    registry = Registry()
    return extended(known[name], read, lambda p: matches(p, host), lambda key: registry.option_name(runner, key))


def sources(found: Template) -> dict[str, tuple[str, ...]]:
    """Return the names of the options by the template that they come from."""
    return {source.template: source.options for source in found.sources}


def test_a_template_adds_its_options_to_those_it_inherits_and_wins() -> None:
    found = come_to("gpu", template("base", account="abc", time=10), template("gpu", "base", time=20, gres="gpu:1"))
    assert list(found.options.items()) == [("account", "abc"), ("time", 20), ("gres", "gpu:1")]
    assert sources(found) == {"base": ("account",), "gpu": ("time", "gres")}


def test_of_several_the_later_wins() -> None:
    found = come_to("gpu", template("a", time=1, mem=1), template("b", time=2), template("gpu", "a", "b"))
    assert found.options == {"time": 2, "mem": 1}


def test_what_two_share_does_not_come_back_over_what_one_of_them_replaced() -> None:
    both = (template("base", time=1), template("a", "base", time=2), template("b", "base", mem=1))
    assert come_to("gpu", *both, template("gpu", "a", "b")).options == {"time": 2, "mem": 1}


def test_a_retry_policy_is_inherited_as_a_whole() -> None:
    once, twice = (RetryPolicy(when=("timeout",), times=times) for times in (1, 2))
    base = replace(template("base"), retry=once)
    assert come_to("gpu", base, template("gpu", "base")).retry == once
    assert come_to("gpu", base, replace(template("gpu", "base"), retry=twice)).retry == twice


@pytest.mark.parametrize(
    ("runner", "inherited", "own"),
    [
        ("slurm", "--partition", "p"),
        ("slurm", "-p", "partition"),
        ("htcondor", "Request_Memory", "request_memory"),
        ("htcondor", "+Group", "MY.group"),
        ("some-other", "-q", "-q"),
    ],
)
def test_an_option_is_the_same_however_it_is_spelled(runner: str, inherited: str, own: str) -> None:
    found = come_to(
        "gpu", template("base", **{inherited: "old"}), template("gpu", "base", **{own: "new"}), runner=runner
    )
    assert found.options == {own: "new"}


def test_an_option_without_a_value_removes_what_is_inherited_and_is_a_flag_elsewhere() -> None:
    base = template("base", account="abc", exclusive=None)
    assert come_to("gpu", base, template("gpu", "base", **{"-A": None})).options == {"exclusive": None}
    assert come_to("gpu", base, template("gpu", "base", requeue=None)).options == {"account": "abc", "exclusive": None}


@pytest.mark.parametrize(
    ("pattern", "host", "is_here"),
    [
        ("login*", "login1.alpha.org", True),
        ("*.alpha.org", "login1.alpha.org", True),
        ("LOGIN1", "login1.alpha.org", True),
        ("login[2-9]", "login1", False),
        ("alpha", "login1.alpha.org", False),
    ],
)
def test_a_pattern_matches_the_name_with_or_without_its_domain(pattern: str, host: str, is_here: bool) -> None:
    assert matches(("nothing", pattern), host) is is_here


def test_what_is_for_other_machines_is_left_out() -> None:
    both = (template("a", hosts=("*.alpha.org",), account="abc"), template("b", hosts=("beta*",), account="xyz"))
    gpu = template("gpu", "a", "b", time=5)
    assert come_to("gpu", *both, gpu).options == {"account": "abc", "time": 5}
    assert come_to("gpu", *both, gpu, host="beta7").options == {"account": "xyz", "time": 5}
    with pytest.raises(ExtendsInvalid) as error:
        come_to("gpu", *both, gpu, host="laptop")
    assert error.value.message == (
        "template 'gpu' extends nothing that is for this machine: a (for *.alpha.org), b (for beta*)"
    )
    assert "qanat template show gpu --host NAME" in error.value.hint


def test_what_does_not_exist_cannot_be_extended() -> None:
    with pytest.raises(ExtendsInvalid, match="template 'gpu' extends 'bas', which does not exist") as error:
        come_to("gpu", template("gpu", "bas"))
    assert error.value.hint == "available: base"


def test_a_template_cannot_extend_itself() -> None:
    circle = (template("a", "b"), template("b", "c"), template("c", "b"))
    with pytest.raises(ExtendsInvalid, match="template 'b' extends itself: b → c → b"):
        come_to("a", *circle)


@pytest.mark.parametrize("wide", [True, False])
def test_the_number_of_templates_is_bounded(wide: bool) -> None:
    names = [f"t{i}" for i in range(TEMPLATES_MAX)]
    many = [template(name, *(() if wide else names[i + 1 : i + 2])) for i, name in enumerate(names)]
    top = template("top", *(names if wide else names[:1]))
    with pytest.raises(ExtendsInvalid, match=f"template 'top' is made of more than {TEMPLATES_MAX} templates"):
        come_to("top", *many, top)


def test_a_source_tells_where_its_pack_came_from() -> None:
    pack = PackOrigin("alpha", "https://git.example.org/t.git", A_COMMIT, edited=True)
    assert TemplateSource("a", "a.yaml", (), pack).described() == (
        "a.yaml, from https://git.example.org/t.git at 3f1c0e2a5b, edited since"
    )
    assert TemplateSource("a", "a.yaml", (), PackOrigin("alpha", "/shared/t")).described() == "a.yaml, from /shared/t"
