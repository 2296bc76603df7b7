"""What looks like a secret is refused before anything is written, and is not in reports and messages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.sandbox import Sandbox

# Put together here, so that no scanner takes this file for one with a token.
TOKEN = "hf_" + "aB3dE" * 7
HEX = "a8f5f167f44f4964" + "e6c998dee827110c"
PASSWORD = "hunter" + "2"
ALLOW = "or record it anyway with --allow-secrets"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Return a project with a run."""
    sandbox = Sandbox.make(tmp_path_factory.mktemp("house") / "project")
    sandbox.experiment("hello", "echo hello\n")
    sandbox.qanat("run", "hello", "--lr", "1")
    return sandbox


def everything(root: Path) -> dict[str, bytes]:
    """Return the content of every file, except those of the index, which any command may bring up to date."""
    files = (path for path in root.rglob("*") if path.is_file() and "index" not in path.name)
    return {str(path): path.read_bytes() for path in files}


NEW = ("experiment", "new", "--name", "other", "--executable", "hello.sh", "--executable-command", "sh")
REFUSED = [
    (("run", "hello", "--hf_token", TOKEN), "the value of '--hf_token' looks like a secret"),
    (("run", "hello", f"--hf_token={TOKEN}"), "the value of an argument looks like a Hugging Face token"),
    (("run", "hello", TOKEN), "the value of an argument looks like a Hugging Face token"),
    (("run", "hello", "--x", TOKEN), "the value of '--x' looks like a Hugging Face token"),
    (("run", "hello", "--db_pass", PASSWORD), "the value of '--db_pass' looks like a secret"),
    (("run", "hello", "--dry-run", "--db_pass", PASSWORD), "the value of '--db_pass' looks like a secret"),
    (("run", "hello", f"DB_PASSWORD={PASSWORD}"), "the value of 'DB_PASSWORD' looks like a secret"),
    (("run", "hello", "-g", f"--lr 1 --api-key {HEX}"), "the value of '--api-key' looks like a secret"),
    (("run", "hello", "-R", f"--auth {HEX},{HEX}"), "the value of '--auth' looks like a secret"),
    (("run", "hello", "-f", "../parameters.yaml"), "the value of '--wandb_key' looks like a secret"),
    (("run", "hello", "https://ada:" + PASSWORD + "@db/x"), "looks like a password in a URL"),
    (("run", "--tag", TOKEN, "hello"), "--tag contains what looks like a Hugging Face token"),
    (("run", "--description", f"see {TOKEN}", "hello"), "--description contains what looks like"),
    (("run", "--storage-path", f"/tmp/{TOKEN}", "hello"), "--storage-path contains what looks like"),
    (("run", "--commit-message", TOKEN, "hello"), "--commit-message contains what looks like"),
    (("tag", "1", "add", TOKEN), "a tag contains what looks like"),
    (("comment", "1", "-m", f"Token: {TOKEN}"), "the comment contains what looks like"),
    ((*NEW, "--executable-command", f"sh --token {TOKEN}"), "executable_command contains what looks like"),
    ((*NEW, "--action", f"plot=sh --password={PASSWORD} hello.sh"), "actions.plot.executable_command contains"),
    ((*NEW, "--description", TOKEN), "experiment other: description contains what looks like"),
    (("experiment", "update", "hello", "--tag", TOKEN), "tags.0 contains what looks like a Hugging Face token"),
    (
        ("template", "new", "--name", "t", "--runner", "slurm", "-o", f"--export=ALL,WANDB_API_KEY={HEX}"),
        "template t: options.--export contains what looks like a secret",
    ),
]


@pytest.mark.parametrize(("words", "said"), REFUSED)
def test_a_secret_is_refused_before_anything_is_written(house: Sandbox, words: tuple[str, ...], said: str) -> None:
    (house.root.parent / "parameters.yaml").write_text(f"fixed_args: {{options: {{--wandb_key: {HEX}}}}}\n")
    before = everything(house.root)
    result = house.qanat(*words, code=2)
    assert said in result.err
    assert ALLOW in result.err
    for secret in (TOKEN, HEX, PASSWORD):
        assert secret not in result.out + result.err
    assert everything(house.root) == before


def test_a_secret_is_recorded_if_it_is_allowed_and_reports_leave_it_out(tmp_path: Path) -> None:
    house = Sandbox.make(tmp_path / "project")
    house.experiment("hello", "echo hello\n")
    base = house.git("rev-parse", "HEAD")
    house.qanat("run", "hello", "--allow-secrets", "--hf_token", TOKEN, "--db_pass", PASSWORD, "--lr", "1")
    house.qanat("run", "hello", "--lr", "2")
    (first, _) = house.record_files()
    assert TOKEN in first.read_text()
    for command in ("rerun", "retry"):
        result = house.qanat(command, "1", *(["--group", "0"] if command == "retry" else []), code=2)
        assert "the value of '--hf_token' looks like a secret" in result.err
    house.qanat("rerun", "1", "--allow-secrets")
    house.qanat("retry", "1", "--group", "0", "--allow-secrets")
    first.write_text(first.read_text().replace(PASSWORD, PASSWORD + "3"))
    house.commit("Change a record")
    for options in ([], ["--format", "markdown"], ["--json"]):
        said = house.qanat("diff", f"{base}..HEAD", *options).out
        assert "[redacted]" in said
        assert TOKEN not in said
        assert PASSWORD not in said
    warned = json.loads(house.qanat("diff", "HEAD~1..HEAD", "--json").out)["warnings"]
    assert warned[0]["details"] == ["parameters.args has changed", "group 0: args has changed"]
    assert PASSWORD not in str(warned)


@pytest.mark.parametrize("how", [("--commit-message", "m"), ("--snapshot",)])
def test_a_secret_written_into_a_tracked_file_is_refused(tmp_path: Path, how: tuple[str, ...]) -> None:
    house = Sandbox.make(tmp_path / "project")
    old = f"# the old one: {TOKEN}\n"
    house.experiment("hello", f"{old}echo hello\n")
    house.write("hello.sh", f"{old}echo hello again\n")
    house.qanat("run", *how, "hello")
    house.write("hello.sh", f"{old}echo hello\nexport HF_TOKEN={TOKEN}\n")
    before = everything(house.root)
    result = house.qanat("run", *how, "hello", code=2)
    assert "hello.sh, line 3: this looks like a Hugging Face token, and would be kept in git" in result.err
    assert everything(house.root) == before
    house.qanat("run", *how, "--allow-secrets", "hello")


def test_a_branch_whose_name_is_a_secret_is_refused(tmp_path: Path) -> None:
    house = Sandbox.make(tmp_path / "project")
    house.experiment("hello", "echo hello\n")
    house.git("switch", "--quiet", "--create", f"fix-{TOKEN}")
    assert "the name of the branch contains what looks like a Hugging" in house.qanat("run", "hello", code=2).err


def test_metrics_named_after_a_token_are_recorded_without_it(tmp_path: Path) -> None:
    house = Sandbox.make(tmp_path / "project")
    metrics = json.dumps({"acc": 0.5, "calls": {TOKEN: 3}})
    house.experiment("hello", f"echo '{metrics}' >metrics.json\ncp metrics.json \"$2\"\n")
    house.write(".gitignore", "metrics.json\n/results/\n/.qanat/cache/\n")
    house.commit("Ignore metrics")
    house.qanat("run", "hello")
    (record,) = house.record_files()
    assert "calls.[redacted]" in record.read_text()
    assert TOKEN not in record.read_text()
    record.write_text(record.read_text().replace("[redacted]", TOKEN))
    house.commit("Put it there by hand")
    for options in ([], ["--format", "markdown"], ["--json"]):
        said = house.qanat("diff", "HEAD~3..HEAD", *options).out
        assert TOKEN not in said
        assert "calls.[redacted]" in said or not options  # a terminal may be too narrow for it


def test_python_refuses_and_allows_like_the_command(house: Sandbox) -> None:
    import qanat
    from qanat.errors import UsageError

    project = qanat.open(house.root)
    with pytest.raises(UsageError, match="'--hf_token' looks like a secret") as refusal:
        project.launch("hello", ["--hf_token", TOKEN])
    assert TOKEN not in str(refusal.value)
    assert "allow_secrets=True" in (refusal.value.hint or "")
    run = project.launch("hello", ["--hf_token", TOKEN], allow_secrets=True)
    assert run.state == "finished"


def test_an_action_records_its_arguments_without_secrets(tmp_path: Path) -> None:
    house = Sandbox.make(tmp_path / "project")
    house.experiment("hello", "echo hello\n", actions={"plot": {"executable": "hello.sh", "executable_command": "sh"}})
    house.qanat("run", "hello")
    house.qanat("action", "hello", "plot", "1", "--token", TOKEN)
    (notes,) = house.root.rglob("actions.yaml")
    assert "[redacted]" in notes.read_text()
    assert TOKEN not in notes.read_text()
