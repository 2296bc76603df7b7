"""Packs of templates: copied from a repository or a folder of a site, brought up to date, removed; and hostile ones."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import yaml

from tests.support.repository import Repository
from tests.support.sandbox import Sandbox

CPU = """\
# Ask help@alpha.org for an account.
description: Of everybody
options:
  --account: abc
  -p: cpu
"""
GPU = "extends: [cpu]\nwhen: {host: '*'}\noptions: {--gres: 'gpu:1', --partition: gpu}\n"
ABOUT = "name: alpha\ndescription: The Alpha cluster\n"
FOLDER = ".qanat/templates/slurm"


@pytest.fixture
def site(tmp_path: Path) -> Repository:
    """Return a repository with a pack of two templates."""
    (tmp_path / "site").mkdir()
    site = Repository(tmp_path / "site")
    site.git("init", "--quiet", "--initial-branch", "main")
    files = {"pack.yaml": ABOUT, "templates/slurm/cpu.yaml": CPU, "templates/slurm/gpu.yaml": GPU}
    site.commit("first", **files)
    return site


def stored(sandbox: Sandbox, name: str = "alpha") -> dict[str, object]:
    """Read the file of a pack with another YAML reader."""
    content: dict[str, object] = yaml.safe_load((sandbox.root / f".qanat/packs/{name}.yaml").read_text())
    return content


def head(site: Repository) -> str:
    """Return the commit of the pack's repository."""
    return site.git("rev-parse", "HEAD").strip()


def test_a_pack_is_copied_under_its_name_and_says_where_it_is_from(sandbox: Sandbox, site: Repository) -> None:
    said = sandbox.qanat("template", "add", str(site.root), "--yes", "--commit")
    assert said.out.splitlines()[0] == f"Pack alpha, from {site.root} at {head(site)[:10]}: The Alpha cluster"
    assert "alpha-gpu" in said.out
    assert sandbox.git("status", "--porcelain") == ""
    assert stored(sandbox)["commit"] == head(site)
    assert list(stored(sandbox)["templates"]) == ["slurm/alpha-cpu", "slurm/alpha-gpu"]  # type: ignore[call-overload]
    assert (sandbox.root / FOLDER / "alpha-cpu.yaml").read_text().splitlines()[1:] == [
        "schema: template/1",
        "name: alpha-cpu",
        "runner: slurm",
        "# Ask help@alpha.org for an account.",
        "description: Of everybody",
        "options:",
        "  --account: abc",
        "  -p: cpu",
    ]
    assert sandbox.qanat("validate", "--strict").code == 0
    shown = sandbox.qanat("template", "show", "alpha-gpu").out.splitlines()
    assert "  --account: abc  # alpha-cpu" in shown
    assert "  --partition: gpu  # alpha-gpu" in shown
    assert shown[-1] == f"# alpha-gpu: {FOLDER}/alpha-gpu.yaml, from {site.root} at {head(site)[:10]}"
    row = next(row for row in sandbox.qanat("template", "list", "--json").json if row["name"] == "alpha-cpu")
    assert row["pack"] == "alpha"
    assert row["sources"][0]["commit"] == head(site)
    assert "Pack" in sandbox.qanat("template", "list").out.splitlines()[0]


def test_nothing_is_copied_without_consent(sandbox: Sandbox, site: Repository) -> None:
    refused = sandbox.qanat("template", "add", str(site.root), code=2)
    assert "Copy 2 templates?" in refused.err
    assert sandbox.git("status", "--porcelain") == ""


def test_pull_shows_what_changes_and_does_it(sandbox: Sandbox, site: Repository) -> None:
    sandbox.qanat("template", "add", str(site.root), "--yes", "--commit")
    assert sandbox.qanat("template", "pull").out == "alpha is up to date\n"
    site.git("rm", "--quiet", "templates/slurm/gpu.yaml")
    changed = CPU.replace("abc", "xyz") + "  --qos: short\n"
    site.commit("second", **{"templates/slurm/cpu.yaml": changed, "templates/slurm/big.yaml": "--mem: 64G\n"})
    seen = sandbox.qanat("template", "pull", "alpha", "--dry-run").out.splitlines()
    assert seen[1:] == [
        "  added alpha-big (slurm)",
        "    + options.--mem: 64G",
        "  changed alpha-cpu (slurm)",
        "    options.--account: abc → xyz",
        "    + options.--qos: short",
        "  removed alpha-gpu (slurm)",
    ]
    assert sandbox.git("status", "--porcelain") == ""
    sandbox.qanat("template", "pull", "--yes", "--commit")
    assert sorted(path.name for path in (sandbox.root / FOLDER).iterdir()) == [
        "alpha-big.yaml",
        "alpha-cpu.yaml",
        "default.yaml",
    ]
    assert stored(sandbox)["commit"] == head(site)
    assert "alpha    changed    commit" in sandbox.qanat("diff", "HEAD~..HEAD").out


def test_a_pack_stays_at_the_revision_that_was_asked_for(sandbox: Sandbox, site: Repository) -> None:
    site.git("tag", "v1")
    site.commit("second", **{"templates/slurm/cpu.yaml": CPU.replace("abc", "xyz")})
    sandbox.qanat("template", "add", f"file://{site.root}", "--ref", "v1", "--yes")
    assert "--account: abc" in (sandbox.root / FOLDER / "alpha-cpu.yaml").read_text()
    assert sandbox.qanat("template", "pull").out == "alpha is up to date\n"
    sandbox.qanat("template", "pull", "alpha", "--ref", head(site), "--yes")
    assert "--account: xyz" in (sandbox.root / FOLDER / "alpha-cpu.yaml").read_text()
    assert (stored(sandbox)["ref"], stored(sandbox)["commit"]) == (head(site), head(site))
    assert "requires the name of a pack" in sandbox.qanat("template", "pull", "--ref", "v1", code=2).err
    gone = sandbox.qanat("template", "pull", "alpha", "--ref", "v9", code=2).err
    assert "git fetch failed" in gone


def test_a_folder_is_a_pack_too(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "shared/slurm").mkdir(parents=True)
    (tmp_path / "shared/slurm/cpu.yaml").write_text(CPU)
    sandbox.qanat("template", "add", str(tmp_path / "shared"), "--yes")
    assert stored(sandbox, "shared")["url"] == str(tmp_path / "shared")
    assert "commit" not in stored(sandbox, "shared")
    refused = sandbox.qanat("template", "add", str(tmp_path / "shared"), "--ref", "v1", "--name", "b", code=2).err
    assert "which is not a git repository" in refused


def test_a_run_records_the_pack_of_its_options(sandbox: Sandbox, site: Repository) -> None:
    from qanat.domain.template_source import PackOrigin
    from qanat.runners.registry import Registry
    from qanat.usecases.launch import templates
    from qanat.usecases.project import open_project

    sandbox.qanat("template", "add", str(site.root), "--yes")
    sandbox.qanat("template", "new", "--name", "mine", "--runner", "slurm", "--extends", "alpha-gpu")
    sandbox.qanat("template", "update", "alpha-cpu", "-o", "--qos=long")
    found = templates.find_template(open_project(sandbox.root), "slurm", "mine", Registry())
    origin = PackOrigin("alpha", str(site.root), head(site))
    assert [(source.template, source.pack) for source in found.sources] == [
        ("alpha-cpu", PackOrigin("alpha", str(site.root), head(site), edited=True)),
        ("alpha-gpu", origin),
        ("mine", None),
    ]


# ---- what is the project's own


def test_templates_of_the_project_are_not_replaced(sandbox: Sandbox, site: Repository) -> None:
    sandbox.qanat("template", "new", "--name", "alpha-cpu", "--runner", "slurm", "-o", "--mem=1")
    refused = sandbox.qanat("template", "add", str(site.root), "--yes", code=2)
    assert refused.err == (
        f"qanat: template 'alpha-cpu' already exists, and is not from this pack: {FOLDER}/alpha-cpu.yaml\n"
        "  hint: add the pack under another name with --name, or replace it with --force; to keep it, first copy it to "
        "another name\n"
    )
    sandbox.qanat("template", "add", str(site.root), "--yes", "--force")
    assert "already exists" in sandbox.qanat("template", "add", str(site.root), "--yes", "--force", code=2).err
    sandbox.qanat("template", "update", "alpha-cpu", "-o", "--mem=2")
    site.commit("second", **{"templates/slurm/cpu.yaml": CPU.replace("abc", "xyz")})
    assert f"{FOLDER}/alpha-cpu.yaml was edited here" in sandbox.qanat("template", "pull", "--yes", code=2).err
    sandbox.qanat("template", "pull", "--yes", "--force")
    assert "xyz" in (sandbox.root / FOLDER / "alpha-cpu.yaml").read_text()


def test_a_pack_takes_no_name_that_the_settings_have(sandbox: Sandbox, site: Repository) -> None:
    with (sandbox.root / ".qanat/config.yaml").open("a") as config:
        config.write("slurm: {alpha-cpu: {--mem: 1G}}\n")
    refused = sandbox.qanat("template", "add", str(site.root), "--yes", code=2)
    assert "template 'alpha-cpu' already exists in .qanat/config.yaml\n" in refused.err
    assert "--name" in refused.err
    refused = sandbox.qanat("template", "add", str(site.root), "--name", "ALPHA", "--yes", code=2)
    assert "template 'alpha-cpu' already exists, which differs only in case" in refused.err
    sandbox.qanat("template", "add", str(site.root), "--name", "a", "--yes")


def test_an_edit_stays_while_the_pack_does_not_change_the_template(sandbox: Sandbox, site: Repository) -> None:
    sandbox.qanat("template", "add", str(site.root), "--yes")
    sandbox.qanat("template", "update", "alpha-cpu", "-o", "--mem=2")
    assert sandbox.qanat("template", "pull", "--yes").out == "alpha is up to date\n"
    site.commit("second", **{"templates/slurm/gpu.yaml": GPU.replace("gpu:1", "gpu:2")})
    sandbox.qanat("template", "pull", "--yes")
    assert "--mem: 2" in (sandbox.root / FOLDER / "alpha-cpu.yaml").read_text()
    assert "gpu:2" in (sandbox.root / FOLDER / "alpha-gpu.yaml").read_text()
    assert "edited since" in sandbox.qanat("template", "show", "alpha-gpu").out
    (sandbox.root / FOLDER / "alpha-gpu.yaml").unlink()
    sandbox.qanat("template", "pull", "--yes")
    assert (sandbox.root / FOLDER / "alpha-gpu.yaml").exists()
    sandbox.qanat("template", "pull", "--yes", "--force")
    assert "--mem: 2" not in (sandbox.root / FOLDER / "alpha-cpu.yaml").read_text()


def test_a_pack_is_removed_unless_a_template_needs_it(sandbox: Sandbox, site: Repository) -> None:
    sandbox.qanat("template", "add", str(site.root), "--yes", "--commit")
    sandbox.qanat("template", "new", "--name", "mine", "--runner", "slurm", "--extends", "alpha-gpu")
    refused = sandbox.qanat("template", "remove", "alpha", "--yes", code=2)
    assert "template 'mine' extends 'alpha-gpu', which would be removed" in refused.err
    sandbox.qanat("template", "delete", "mine", "--yes")
    sandbox.qanat("template", "remove", "alpha", "--yes", "--commit")
    assert sandbox.git("status", "--porcelain") == ""
    assert [path.name for path in (sandbox.root / FOLDER).iterdir()] == ["default.yaml"]
    gone = sandbox.qanat("template", "remove", "alpha", "--yes", code=2)
    assert "pack 'alpha' does not exist" in gone.err
    assert "qanat template add SOURCE" in gone.err
    assert sandbox.qanat("template", "pull").out.startswith("no packs yet")


def test_a_failed_commit_leaves_everything_as_it_was(sandbox: Sandbox, site: Repository) -> None:
    hook = sandbox.root / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    assert sandbox.qanat("template", "add", str(site.root), "--yes", "--commit", code=None).code != 0
    assert sandbox.git("status", "--porcelain") == ""


# ---- a stranger's pack


def test_a_file_of_a_clone_cannot_claim_templates_of_others(sandbox: Sandbox) -> None:
    template = sandbox.root / FOLDER / "default.yaml"
    sha256 = hashlib.sha256(template.read_bytes()).hexdigest()
    text = f"schema: pack/1\nname: evil\nurl: /a\ntemplates: {{slurm/default: {sha256}}}\n"
    sandbox.write(".qanat/packs/evil.yaml", text)
    problem = ".qanat/packs/evil.yaml:4: templates.slurm/default: does not begin with evil-"
    assert problem in sandbox.qanat("validate", code=1).out
    for words in (("remove", "evil", "--yes", "--force"), ("pull", "evil", "--yes")):
        assert "does not begin with evil-" in sandbox.qanat("template", *words, code=2).err
    assert template.exists()


def test_a_file_of_a_clone_cannot_make_git_start_programs(sandbox: Sandbox) -> None:
    text = "schema: pack/1\nname: evil\nurl: 'ext::sh -c touch% ran'\ntemplates: {}\n"
    sandbox.write(".qanat/packs/evil.yaml", text)
    assert "is not an address that qanat passes to git" in sandbox.qanat("template", "pull", "--yes", code=2).err
    assert not (sandbox.root / "ran").exists()


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("ext::sh -c id", "is not an address that qanat passes to git"),
        ("--upload-pack=id", "no such option"),
        ("http://git.example.org/a.git", "begins with http://"),
        ("https://me:secret@git.example.org/a.git", "contains a user name or password"),
        ("https://ghp_token@git.example.org/a.git", "contains a user name or password"),
        ("/nowhere/at/all", "is not a folder"),
    ],
)
def test_what_is_no_address_is_refused(sandbox: Sandbox, source: str, message: str) -> None:
    said = sandbox.qanat("template", "add", source, "--yes", code=2).err
    assert message in said
    assert "secret" not in said
    assert "token" not in said


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"README.md": "nothing"}, "has no templates"),
        ({"slurm/a.yaml": "schema: template/1\nname: b\nrunner: slurm\noptions: {}\n"}, "name: 'b' is not 'a'"),
        ({"slurm/a.yaml": "schema: template/1\nname: a\nrunner: pbs\noptions: {}\n"}, "runner: 'pbs' is not 'slurm'"),
        (
            {"slurm/a.yaml": "name: a\noptions: {x: [[1]]}\n"},
            "slurm/a.yaml:2: item 1 of options.x: a list is not text or a number",
        ),
        ({"slurm/a b.yaml": "options: {}\n"}, "slurm/a b.yaml: name 'a b' may contain only"),
        ({"slurm/a.yaml": "extends: other\n"}, "template 'a' extends 'other', which does not exist"),
        ({"slurm/a.yaml": "extends: b\n", "slurm/b.yaml": "extends: a\n"}, "extends itself: a → b → a"),
        ({"slurm/a.yaml": f"options: {{x: {'y' * 2**16}}}\n"}, "slurm/a.yaml: is larger than 64 KiB"),
        ({"pack.yaml": "run: id\n", "slurm/a.yaml": "options: {}\n"}, "pack.yaml: run: unknown key"),
        ({"pack.yaml": "name: [a]\n", "slurm/a.yaml": "options: {}\n"}, "pack.yaml: name: is not text"),
        ({"pack.yaml": "name: ../a\n", "slurm/a.yaml": "options: {}\n"}, "pack name '../a' may contain only"),
        ({"slurm/a.yaml": "options: {x: ghp_0123456789abcdefghijABCDEFGHIJ012345}\n"}, "looks like"),
        ({f"slurm/a{i}.yaml": "options: {}\n" for i in range(201)}, "has more than 200 templates"),
    ],
)
@pytest.mark.parametrize("in_git", [True, False])
def test_a_pack_that_is_not_right_leaves_no_trace(
    sandbox: Sandbox, tmp_path: Path, files: dict[str, str], message: str, in_git: bool
) -> None:
    site = Repository(tmp_path / "site")
    for name, text in files.items():
        site.write(name, text)
    if in_git:
        site.git("init", "--quiet")
        site.git("add", "--all")
        site.git("commit", "--quiet", "--message", "pack")
    assert message in sandbox.qanat("template", "add", str(site.root), "--yes", code=2).err
    assert sandbox.git("status", "--porcelain") == ""


@pytest.mark.parametrize("in_git", [True, False])
def test_links_of_a_pack_are_not_followed(sandbox: Sandbox, site: Repository, tmp_path: Path, in_git: bool) -> None:
    (tmp_path / "secret.yaml").write_text("options: {password: hidden}\n")
    (site.root / "templates/slurm/link.yaml").symlink_to(tmp_path / "secret.yaml")
    (site.root / "templates/htcondor").symlink_to(site.root / "templates/slurm")
    if in_git:
        site.git("add", "--all")
        site.git("commit", "--quiet", "--message", "links")
    else:
        (site.root / ".git").rename(tmp_path / "git")
    sandbox.qanat("template", "add", str(site.root), "--yes")
    assert list(stored(sandbox)["templates"]) == ["slurm/alpha-cpu", "slurm/alpha-gpu"]  # type: ignore[call-overload]


def test_hooks_and_filters_of_a_repository_are_not_run(sandbox: Sandbox, site: Repository, tmp_path: Path) -> None:
    site.commit("filter", **{".gitattributes": "* filter=evil\n"})
    trace = tmp_path / "ran"
    site.git("config", "filter.evil.smudge", f"touch {trace}; cat")
    site.git("config", "uploadpack.packObjectsHook", f"touch {trace}; exec")
    for name in ("post-checkout", "post-merge", "reference-transaction"):
        hook = site.root / ".git/hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {trace}\n")
        hook.chmod(0o755)
    sandbox.qanat("template", "add", str(site.root), "--yes")
    assert not trace.exists()


def test_control_characters_of_a_pack_do_not_reach_the_terminal(sandbox: Sandbox, site: Repository) -> None:
    site.write("templates/slurm/cpu.yaml", 'options: {x: "\\e[31mred"}\n')
    site.git("rm", "--quiet", "templates/slurm/gpu.yaml")
    site.git("commit", "--quiet", "--all", "--message", "red")
    said = sandbox.qanat("template", "add", str(site.root), "--yes")
    assert "\x1b" not in said.out + said.err
    assert "red" in said.out


def test_options_that_the_scheduler_does_not_have_are_named(sandbox: Sandbox, site: Repository) -> None:
    site.commit("typo", **{"templates/slurm/cpu.yaml": "--acount: abc\n"})
    said = sandbox.qanat("template", "add", str(site.root), "--yes")
    assert "alpha-cpu: --acount: is not an option of sbatch" in said.err
