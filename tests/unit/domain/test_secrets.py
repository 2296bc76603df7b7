"""What looks like a secret and what does not."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from qanat.domain import secrets

# Put together here, so that no scanner takes this file for one with tokens.
HEX = "a8f5f167f44f4964" + "e6c998dee827110c"
SHAPES = [
    ("a GitHub token", "ghp_" + "a1B2" * 9),
    ("a GitHub token", "github_pat_" + "a1B2_" * 10),
    ("a GitLab token", "glpat-" + "a1B2c" * 4),
    ("an AWS access key", "AKIA" + "Q1W2E3R4" * 2),
    ("a Slack token", "xoxb-" + "1234567890-ab"),
    ("a Slack address", "hooks.slack.com/services/" + "T0AB/B0CD/abcdefghij"),
    ("a Google key", "AIza" + "a1B2c3D" * 5),
    ("a Hugging Face token", "hf_" + "aBcDeFgHiJ" * 3),
    ("an API key", "sk-proj-" + "a1B2c3D4e5" * 3),
    ("an API key", "sk_live_" + "a1B2c3D4e5" * 2),
    ("a package index's token", "npm_" + "a1B2" * 9),
    ("a package index's token", "pypi-" + "a1B2c" * 12),
    ("a private key", "-----BEGIN OPENSSH " + "PRIVATE KEY-----"),
    ("a JSON web token", "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0." + "abcdefghijklmn"),
    ("a bearer token", "Authorization: Bearer " + "abcdefghij1234567890"),
    ("a password in a URL", "postgres://ada:" + "lovelace1815@db/x"),
]


def in_arguments(arguments: list[str]) -> list[secrets.Secret]:
    pairs = pairwise(("", *arguments))
    return [found for before, argument in pairs for found in secrets.in_argument(before, argument)]


HARMLESS = [
    "commit: 0d2b5f1c0d2b5f1c0d2b5f1c0d2b5f1c0d2b5f1c",
    "AKIA" + "IOSFODNN7EXAMPLE",
    "https://ada:$PASSWORD@db/x",
    "https://ada:<password>@db/x",
    "https://example.org:8080/a@b",
    "task-sk-learn-baseline-of-everything-1",
    "ghp_short",
    "Bearer $TOKEN_OF_THE_SERVER_HERE",
]


@pytest.mark.parametrize(("what", "text"), SHAPES)
def test_a_known_form_is_found_on_its_line(what: str, text: str) -> None:
    assert list(secrets.in_text(f"one\ntwo: {text}\nthree\n")) == [(2, what)]


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_resembles_a_known_form_passes(text: str) -> None:
    assert list(secrets.in_text(f"a: {text}\n")) == []


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ({"password": "x1"}, ("password",)),
        ({"password": 1234}, ("password",)),
        ({"options": {"DB_PASSWD": "hunter2"}}, ("options", "DB_PASSWD")),
        ({"githubToken": "abcdefgh"}, ("githubToken",)),
        ({"api_key": "abcdefgh"}, ("api_key",)),
        ({"clientSecret": "abcdefgh"}, ("clientSecret",)),
        ({"args": ["--lr", "1", "--hf-token", HEX]}, ("args", 3)),
        ({"args": ["--password", "x1"]}, ("args", 1)),
        ({"args": [f"--api-key={HEX}"]}, ("args", 0)),
        ({"groups": [f"--lr 1 --api-key {HEX}"]}, ("groups", 0)),
        ({"environment": f"A=1 WANDB_API_KEY={HEX}"}, ("environment",)),
        ({"--export": f"ALL,API_TOKEN={HEX}"}, ("--export",)),
        ({"groups": [{"args": ["--secret", HEX]}]}, ("groups", 0, "args", 1)),
    ],
)
def test_a_value_is_found_by_the_name_it_has(content: Any, place: tuple[str | int, ...]) -> None:
    assert [found for found, _ in secrets.in_content(content)] == [place]


@pytest.mark.parametrize(
    "content",
    [
        {"password": ""},
        {"password": None},
        {"password": "$PASSWORD"},
        {"password": "${{ secrets.PASSWORD }}"},
        {"password": "<your password>"},
        {"password": "********"},
        {"token": "DB_TOKEN_OF_ADA"},
        {"token": "secrets/token.txt"},
        {"token": "~/.config/token"},
        {"token": "changeme"},
        {"token": 5},
        {"token_file": "abcdefgh"},
        {"sort_key": "abcdefgh"},
        {"tokenizer": "bert-base"},
        {"max_tokens": "4096"},
        {"metrics": {"token": 0.93}},
        {"args": ["--pad-token", "[PAD]", "--eos-token", "</s>", "--sep-token", "endoftext"]},
        {"args": ["--token", "$TOKEN", "--key", "abcdefgh"]},
        {"args": ["token", HEX]},
        {"description": "the secret of success is a token of love"},
        {"code": {"commit": HEX + "01234567"}},
        {"submission": {"intent": "9c41d2e07ab35f68"}},
    ],
)
def test_references_placeholders_and_other_words_pass(content: Any) -> None:
    assert list(secrets.in_content(content)) == []


def test_only_a_comment_allows_and_gives_its_reason() -> None:
    assert secrets.allowance("token: x  # allow-secret: public demo") == "public demo"
    assert secrets.allowance("x <!-- allow-secret: revoked -->") == "revoked"
    assert secrets.allowance("token: x  # allow-secret:") == ""
    assert secrets.allowance("allow-secret: yes") is None
    assert secrets.allowance("token: x") is None


@pytest.mark.parametrize(
    "arguments",
    [
        ["--special-token", "extra_id_0"],
        ["--special-token=extra_id_0"],
        ["special_token=extra_id_0"],
        ["--stop-token", "<|endoftext|>"],
        ["--first-token", "2026-01-01"],
        ["--pwd", "out"],
        ["--pwd=runs/2026"],
        ["--task", "sk-learn-digits-classification-benchmark-2026-v2"],
        ["--task", "sk-baseline"],
        ["--cache-key", HEX],
        ["--key", HEX],
        ["--pass", "2"],
        ["--first-pass", "hunter2"],
        ["--token", "$TOKEN"],
        ["--auth", "ed25519"],
        ["--api-key", "EMPTY"],
        ["--user", "1000:1000"],
        ["--token", "~/.cache/huggingface/token"],
        ["--use-auth-token", "true"],
        ["--password-length", "hunter2"],
        ["tokens=one,two,three"],
        ["--url", "https://example.org:8080/a?page=2&sort=key"],
        [f"--commit={HEX}01234567"],
    ],
)
def test_innocent_arguments_pass(arguments: list[str]) -> None:
    assert in_arguments(arguments) == []


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (["--auth", HEX], "--auth"),
        (["--auth", "ada:hunter2"], "--auth"),
        (["--auth", "hunter2"], "--auth"),
        (["--token", "s3cr3t-V4lue!"], "--token"),
        (["-u", "ada:s3cr3tV4lue"], "-u"),
        (["--env", f"HF_TOKEN={HEX}"], "HF_TOKEN"),
        (["--conn", "Server=h;Uid=sa;Pwd=hunter2;"], ""),
        (["--text", "password = hunter2"], "password"),
        (["--wandb_key", HEX + "01234567"], "--wandb_key"),
        (["--db_pass", "hunter2"], "--db_pass"),
        (["--pass", "hunter2"], "--pass"),
        (["PASSWORD=hunter2"], "PASSWORD"),
        (["--data", '{"api_key": "abcdefgh"}'], "api_key"),
        (["--header", f"X-Api-Key: {HEX}"], "X-Api-Key"),
        (["--config", f"'token': '{HEX}'"], "token"),
        ([f"https://example.org/?page=1&access_token={HEX}"], "access_token"),
        (["+trainer.logger.api_key=" + HEX], "+trainer.logger.api_key"),
    ],
)
def test_the_name_of_an_option_gives_its_value_away(arguments: list[str], name: str) -> None:
    assert [found.name for found in in_arguments(arguments)] == [name]


def test_a_secret_is_found_with_the_whole_of_it() -> None:
    token = "ghp_" + "a1B2" * 9
    text = f"see {token}_and-more, please"
    (found,) = secrets.in_string(text)
    assert text[found.start : found.end] == f"{token}_and-more"
    key = "-----BEGIN " + "PRIVATE KEY-----\nAAAA\nBBBB\n-----END " + "PRIVATE KEY-----"
    (found,) = secrets.in_string(f"a {key} b")
    assert (found.start, found.end) == (2, 2 + len(key))


@pytest.mark.parametrize("depth", [0, 1, 5, 20])
def test_a_value_may_contain_pairs_of_its_own(depth: int) -> None:
    value = "ghx81jd92" + "kd02kd92jf82kd"
    text = "note=" + "key=" * depth + f"token={value}"
    (found,) = secrets.in_string(text)
    assert text[found.start : found.end].endswith(value)
