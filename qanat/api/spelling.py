"""What Python callers get wrong, in their terms: errors name keywords, and show the hint in the traceback."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from qanat.errors import QanatError

T = TypeVar("T")

# Options of qanat run, rerun, retry, export and init, as in messages and hints, and the corresponding keywords.
KEYWORDS = (
    (r"--add FILE", "add=[FILE]"),
    (r"--add", "add"),
    (r"--after ([\w-]+:any)", r'after=["\1"]'),
    (r"--after", "after"),
    (r"--allow-secrets", "allow_secrets=True"),
    (r"--check", "check=True"),
    (r"--cancel-on-interrupt", "cancel_on_interrupt"),
    (r"--commit-message TEXT", "commit_message=TEXT"),
    (r"--commit-message", "commit_message"),
    (r"--commit-sha", "commit_sha"),
    (r"--container IMAGE", "container=IMAGE"),
    (r"--container none", 'container="none"'),
    (r"--container", "container"),
    (r"--description", "description"),
    (r"--detach", "detach"),
    (r"--engine", "container['engine']"),
    (r"--failed", "failed=True"),
    (r"--gpu", "container['gpu']"),
    (r"--head", "head=True"),
    (r"--ignore", "ignore"),
    (r"--in-place", "in_place=True"),
    (r"--needed", "needed=True"),
    (r"--param-file", "param_file"),
    (r"--parameters-file", "parameters_file"),
    (r"--snapshot", "snapshot=True"),
    (r"--repin", "repin=True"),
    (r"--write", "write=True"),
    (r"--rtol", "rtol"),
    (r"--storage-path", "storage_path"),
    (r"--submit-template", "template"),
    (r"--tag baseline", 'tags=["baseline"]'),
    (r"--tag", "tags"),
    (r"--time-limit none", 'time_limit="none"'),
    (r"--time-limit", "time_limit"),
    (r"--wait", "wait"),
    (r"--runner (\w+)", r'runner="\1"'),
    (r"--fail-fast", "fail_fast"),
    (r"--n-threads", "n_threads"),
    (r"--max-running", "max_running"),
    (r"--per-job", "per_job"),
    (r"--retry", "retry"),
    (r"--start-over", "start_over=True"),
    (r"--(?:group|group-param)", "groups"),
    (r"--range-param", "ranges"),
    (r"--pool", "pool=True"),
    (r"--runner", "runner"),
    (r"--where", "where"),
    (r"--set", "changes"),
    (r"--yes", "many=True"),
    (r"--template NAME", "template=NAME"),
    (r"--template", "template"),
    (r"--from SOURCE", "source=SOURCE"),
    (r"--from", "source"),
    (r"--answer", "answers"),
    (r"--trust", "trust=True"),
    (r"--keep", "keep=True"),
    (r"--result-dir", "result_dir"),
    (r"--format ([\w-]+)", r'format="\1"'),
    (r"--output", "output"),
    (r"--force", "force=True"),
    (r"--files", "files"),
    (r"--without-results", "without_results"),
    (r"--bundle", "bundle"),
    (r"--license", "license"),
    (r"--tracking-uri", "tracking_uri"),
    (r"--mlflow-experiment", "mlflow_experiment"),
    (r'-R ("[^"]*")', r"ranges=[\1]"),
    (r"-R (?=['\"])", "range "),
    (r"-g (?=['\"])", "group "),
)
_COMMAND = re.compile(r"(\bqanat [a-z][^;,)\n]*)")


@contextmanager
def for_python() -> Iterator[None]:
    """Rewrite qanat errors that pass: keywords in place of options, and the hint in the traceback."""
    try:
        yield
    except QanatError as error:
        error.message, error.hint = with_keywords(error.message), with_keywords(error.hint)
        error.args = (error.message,)
        if error.hint:
            error.add_note(f"hint: {error.hint}")
        raise


def with_keywords(text: str) -> str:
    """Replace options by keywords, except in whole commands, which are for a shell."""
    parts = _COMMAND.split(text)
    return "".join(part if place % 2 else _replaced(part) for place, part in enumerate(parts))


def _replaced(text: str) -> str:
    for option, keyword in KEYWORDS:
        text = re.sub(rf"(?<![\w-]){option}(?![\w-])", keyword, text)
    return text


def listed(name: str, values: Sequence[T]) -> Sequence[T]:
    """Return the values of a keyword. Raises TypeError for a string or a mapping in place of a list of strings."""
    if isinstance(values, str):
        meant = values.split() if name == "args" else [values]
        raise TypeError(f"{name} is a list of strings, not a single string: {name}={meant!r}")
    if isinstance(values, Mapping):
        meant = _as_options(values) if name == "args" else list(map(str, values))
        raise TypeError(f"{name} is a list of strings, not a mapping: {name}={meant!r}")
    return values


def _as_options(values: Mapping[Any, object]) -> list[str]:
    """Return a mapping of names to values as the options that it may stand for; true is an option without a value."""
    given = [(f"--{str(name).lstrip('-')}", value) for name, value in values.items() if value not in (None, False)]
    return [text for name, value in given for text in ((name,) if value is True else (name, str(value)))]
