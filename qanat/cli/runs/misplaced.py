"""Arguments that look meant for qanat, but would go to a program: section "Parameters" of DESIGN.md."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import click

from qanat.cli.options import dashed
from qanat.cli.terminal.arguments import ONLY_BEFORE_NAME, Role, Word, options_of
from qanat.domain.experiment import Program
from qanat.domain.parameters import is_option
from qanat.errors import NotFound, UsageError
from qanat.usecases.launch.definitions import program_texts
from qanat.usecases.project import Project

# Qanat options with fewer letters than this, without dashes, resemble too many options of programs.
NAME_MIN = 3
# In options of qanat as long as these, one letter or two may be wrong.
MEDIUM_MIN, LONG_MIN = 5, 7
LINE_MAX = 400
SHOWN_MAX = 3
DRY_RUN = "dry-run"
_PARAMETERS = ("-g", "-R", "--group-param", "--range-param")
_TEXTS = ("--description", "--commit-message")
# Options that other programs have for what -g and -R do.
_LIKE_PARAMETERS = {"-G": "-g", "--group": "-g", "--groups": "-g", "-r": "-R", "--range": "-R", "--ranges": "-R"}
_THREADS = re.compile(r"-j=?([0-9]+)")
_GLUED = re.compile(r"(-[gR])=?(-.*|.*\s.*)", re.DOTALL)
# What editors and web pages make of dashes.
_TYPOGRAPHIC = re.compile("[\u2010-\u2015\u2212]+")
_DOUBLED = re.compile(r"(.)\1")
_PLAIN_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Misplaced:
    """An argument that looks meant for qanat.

    It is the program's if the text of the program has `option`. `instead` maps places on the command line to what
    should be there.
    """

    option: str
    problem: str
    instead: Mapping[int, Sequence[str]]


def check_run(project: Project, experiment: str, ctx: click.Context) -> None:
    """Raise UsageError if arguments of `qanat run` look meant for qanat, and the program does not have them."""
    words: list[Word] = ctx.meta["words"]
    try:
        program = project.experiment(experiment).program
    except NotFound:
        if found := without_name(words):
            refuse([found], words, ctx.command_path)
        return
    _check(project, program, ctx)


def check_action(project: Project, experiment: str, action: str, ctx: click.Context) -> None:
    """Raise UsageError if arguments of an action look meant for qanat, and its program does not have them."""
    found = project.experiment(experiment).actions.get(action)
    if found:
        _check(project, found.program, ctx)


def meant_elsewhere(
    project: Project, experiment: str, ctx: click.Context, known: Mapping[str, bool]
) -> Iterator[tuple[str, str]]:
    """Yield what looks like these options of another command, and the option, unless the program has it."""
    words: list[Word] = ctx.meta["words"]
    with suppress(NotFound):
        for each in _not_of(project, project.experiment(experiment).program, find(words, known)):
            place, instead = next(iter(each.instead.items()))
            yield words[place].text, instead[0]


def _check(project: Project, program: Program, ctx: click.Context) -> None:
    words: list[Word] = ctx.meta["words"]
    refuse(_not_of(project, program, find(words, options_of(ctx.command))), words, ctx.command_path)


def _not_of(project: Project, program: Program, found: Sequence[Misplaced]) -> list[Misplaced]:
    """List what of this the program does not have."""
    text = program_texts(project, program) if found else b""
    return [each for each in found if not has(text, each.option)]


def find(words: Sequence[Word], known: Mapping[str, bool]) -> list[Misplaced]:
    """List what looks meant for qanat, in the order of the line, for a command with these options.

    A line with `--` says by itself which arguments are the program's.
    """
    if any(word.role is Role.DASHES for word in words):
        return []
    finders = (_misspelt, _short, _other_parameters, _unquoted_parameters, _unquoted_text)
    found = [each for finder in finders for each in finder(words, known)]
    return sorted(found, key=lambda each: min(each.instead))


def without_name(words: Sequence[Word]) -> Misplaced | None:
    """Return what is wrong if a group without quotes comes before NAME, and was taken for it in part."""
    for place, (option, value, name) in enumerate(zip(words, words[1:], words[2:], strict=False)):
        if name.role is Role.NAME and _is_bare(option, value):
            return Misplaced("", _only(option, value, f"{name.text} was taken for NAME"), _joined(place, words, 1))
    return None


def refuse(found: Sequence[Misplaced], words: Sequence[Word], command: str) -> None:
    """Raise UsageError with what to type instead if anything is misplaced; `command` is what precedes them."""
    if not found:
        return
    instead = {place: new for each in found for place, new in each.instead.items()}
    hint = f"{command} {shlex.join(text for i, word in enumerate(words) for text in instead.get(i, [word.text]))}"
    program = [word.text for word in words if word.role is Role.PROGRAM]
    if not any(words[place].role is Role.NAME for place in instead):
        own = [word.text for word in words if word.role is not Role.PROGRAM]
        hint += f"; if it is meant for the program: {command} {shlex.join([*own, '--', *program])}"
    if len(hint) > LINE_MAX:
        hint = "after --, all arguments are passed to the program"
    raise UsageError("; ".join(list(dict.fromkeys(each.problem for each in found))[:SHOWN_MAX]), hint=hint)


def has(text: bytes, option: str) -> bool:
    """Return whether the text of a program has an option, by itself or as a parameter with a type (`tag: str`)."""
    word = re.escape(option.encode("utf-8", "surrogateescape"))
    name = re.escape(option.lstrip("-").replace("-", "_").encode("utf-8", "surrogateescape"))
    typed = rb"|\b" + name + rb"\s*:\s*[\w\"']" if option.startswith("--") else b""
    return bool(option) and re.search(rb"(?<![\w-])" + word + rb"(?![\w-])" + typed, text) is not None


def _passed(argument: str, option: str, instead: Mapping[int, Sequence[str]]) -> Misplaced:
    meant = shlex.join(text for texts in instead.values() for text in texts)
    return Misplaced(option, f"{argument} would be passed to the program (did you mean {meant}?)", instead)


def _misspelt(words: Sequence[Word], known: Mapping[str, bool]) -> Iterator[Misplaced]:
    """Find `--runner=local`, `--dry-rnu`, `-j2`, and options whose dashes an editor has changed."""
    for place, (role, text) in enumerate(words):
        if role is Role.PROGRAM and (meant := _meant(text, known)):
            yield _passed(text, text.partition("=")[0] if text[:2] != "-j" else "-j", {place: meant})


def _meant(argument: str, known: Mapping[str, bool]) -> list[str]:
    """Return how to write what an argument may mean to qanat; empty if it means nothing."""
    if (threads := _THREADS.fullmatch(argument)) and "-j" in known:
        return ["-j", threads[1]]
    word, equals, value = argument.partition("=")
    if changed := _TYPOGRAPHIC.match(word):
        rest = word[changed.end() :]
        word = f"{'-' if len(rest) == 1 else '--'}{rest}"
        if word in known:
            return [word, value] if equals and known[word] else [word]
    name = dashed(word.lstrip("-").lower())
    if not word.startswith("-") or len(name) < NAME_MIN:
        return []
    option = _nearest(name, [other[2:] for other in known if other.startswith("--") and "_" not in other])
    return [option, *([value] if equals and known[option] else [])] if option else []


def _nearest(name: str, names: Sequence[str]) -> str:
    """Return the option that a name may be a misspelling of, or an empty text."""
    if DRY_RUN in names and DRY_RUN.startswith(name) and name != DRY_RUN:
        return f"--{DRY_RUN}"
    from qanat.domain.spelling import distance  # only for options that do not exist

    begun = [other for other in names if len(name) > NAME_MIN and other.startswith(name) and name != other]
    if begun and all(_is_cut(other[len(name) :]) for other in begun):
        return f"--{begun[0]}" if len(begun) == 1 else ""
    close = [(distance(name, other), other) for other in names if abs(len(name) - len(other)) <= 2]
    far, other = min(close, default=(NAME_MIN, ""))
    most = 1 if len(other) < LONG_MIN else 2
    return f"--{other}" if far <= most and (len(other) >= MEDIUM_MIN or _is_slip(name, other)) else ""


def _is_cut(rest: str) -> bool:
    """Return whether an option without this is cut off: `cription`, but neither `-param` nor a plural's `s`."""
    return rest.partition("-")[0] not in ("", "s")


def _is_slip(name: str, other: str) -> bool:
    """Return whether a name one letter from a short option is its plural, or has its letters, swapped or doubled.

    Other letters, as in `tau` or `addr`, make it another name.
    """
    return name == f"{other}s" or sorted(name) == sorted(other) or _DOUBLED.sub(r"\1", name) == other


def _short(words: Sequence[Word], known: Mapping[str, bool]) -> Iterator[Misplaced]:
    """Find `-t TAG` after NAME, and `-h` at the end."""
    for place, (role, text) in enumerate(words):
        if role is not Role.PROGRAM or text not in ONLY_BEFORE_NAME or text not in known:
            continue
        following = words[place + 1] if place + 1 < len(words) else None
        if text == "-h" and following is None:
            yield _passed(text, text, {place: ["--help"]})
        elif text == "-t" and following and following.role is Role.PROGRAM and following.text[:1].isalpha():
            instead = {place: ["--tag"], place + 1: [following.text]}
            yield _passed(f"-t {shlex.quote(following.text)}", text, instead)


def _other_parameters(words: Sequence[Word], known: Mapping[str, bool]) -> Iterator[Misplaced]:
    """Find `-r "--lr 0 1 0.1"` and the like, and `-g"--lr 0.1"`."""
    if "-g" not in known:
        return
    for place, (role, text) in enumerate(words):
        if role is not Role.PROGRAM:
            continue
        if glued := _GLUED.fullmatch(text):
            yield _passed(shlex.quote(text), "", {place: [glued[1], glued[2]]})
        following = words[place + 1].text if place + 1 < len(words) else ""
        if text in _LIKE_PARAMETERS and is_option(following) and " " in following:
            instead = {place: [_LIKE_PARAMETERS[text]], place + 1: [following]}
            yield _passed(f"{text} {shlex.quote(following)}", text, instead)


def _is_bare(option: Word, value: Word) -> bool:
    """Return whether these are -g or -R and a single option, which needs a value or is a flag."""
    is_parameters = option.role is Role.OPTION and dashed(option.text) in _PARAMETERS
    return is_parameters and value.role is Role.VALUE and is_option(value.text) and not re.search(r"[\s=]", value.text)


def _only(option: Word, value: Word, rest: str) -> str:
    return f"{option.text} takes one argument, here only {shlex.quote(value.text)}; {rest}"


def _unquoted_parameters(words: Sequence[Word], _known: Mapping[str, bool]) -> Iterator[Misplaced]:
    """Find groups and ranges without quotes: `-g --lr 0.1 -g --lr 0.2`, `-g 1 --lr 0.1 -g 2 --lr 0.2`."""
    starts = [i for i, word in enumerate(words) if word.role is Role.OPTION and dashed(word.text) in _PARAMETERS]
    followed = [i for i in starts if _program_after(words, i)]
    following = [words[i + 2].text for i in followed]
    is_repeated = any(is_option(text) and following.count(text) > 1 for text in following)
    wrong = [i for i in followed if is_repeated or (_is_bare(*words[i : i + 2]) and not is_option(words[i + 2].text))]
    if wrong:
        option, value, first = words[wrong[0] : wrong[0] + 3]
        rest = f"{shlex.quote(first.text)} would be passed to the program in every group"
        joined = (_joined(place, words, len(_program_after(words, place))) for place in wrong)
        yield Misplaced("", _only(option, value, rest), {place: new for each in joined for place, new in each.items()})


def _unquoted_text(words: Sequence[Word], _known: Mapping[str, bool]) -> Iterator[Misplaced]:
    """Find `--description my first run`."""
    for place, word in enumerate(words):
        if word.role is not Role.OPTION or dashed(word.text) not in _TEXTS:
            continue
        rest: list[str] = []
        for text in _program_after(words, place):
            if not _PLAIN_WORD.fullmatch(text) or os.path.lexists(text):
                break
            rest.append(text)
        if rest and not is_option(words[place + 1].text):
            problem = _only(word, words[place + 1], f"{rest[0]} would be passed to the program")
            yield Misplaced(rest[0], problem, _joined(place, words, len(rest)))


def _program_after(words: Sequence[Word], place: int) -> list[str]:
    """List the program's arguments that follow an option and its value."""
    rest: list[str] = []
    for word in words[place + 2 :]:
        if word.role is not Role.PROGRAM:
            break
        rest.append(word.text)
    return rest


def _joined(place: int, words: Sequence[Word], count: int) -> dict[int, list[str]]:
    """Return the line with the value of an option and `count` arguments after it as one argument."""
    text = " ".join([words[place + 1].text, *(shlex.quote(word.text) for word in words[place + 2 : place + 2 + count])])
    return {place: [words[place].text], place + 1: [text], **{place + 2 + i: [] for i in range(count)}}
