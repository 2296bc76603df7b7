"""Templates that extend others, as `qanat template` and `validate` show them."""

from __future__ import annotations

import pytest

from tests.support.sandbox import Sandbox

FOLDER = ".qanat/templates/slurm"
ALPHA = "schema: template/1\nname: alpha\nrunner: slurm\nwhen: {host: login*.alpha.org}\noptions: {--account: abc}\n"
BETA = "schema: template/1\nname: beta\nrunner: slurm\nwhen: {host: [beta*, b1]}\noptions: {-A: xyz, --mem: 4G}\n"


@pytest.fixture
def sites(sandbox: Sandbox) -> Sandbox:
    """Return a project with templates for two clusters, and one that extends both."""
    sandbox.write(f"{FOLDER}/alpha.yaml", ALPHA)
    sandbox.write(f"{FOLDER}/beta.yaml", BETA)
    sandbox.qanat("template", "new", "--name", "gpu", "--runner", "slurm", "--extends", "alpha", "--extends", "beta")
    sandbox.qanat("template", "update", "gpu", "-o", "--mem=8G", "-o", "--gres=gpu:1")
    return sandbox


def test_show_says_what_each_option_is_from(sites: Sandbox) -> None:
    assert (sites.root / FOLDER / "gpu.yaml").read_text().splitlines()[1:] == [
        "schema: template/1",
        "name: gpu",
        "runner: slurm",
        "extends: [alpha, beta]",
        "options:",
        "  --mem: 8G",
        "  --gres: 'gpu:1'",
    ]
    assert sites.qanat("template", "show", "gpu", "--host", "beta3").out.splitlines()[3:] == [
        "extends: [alpha, beta]",
        "options:",
        "  -A: xyz  # beta",
        "  --mem: 8G  # gpu",
        "  --gres: 'gpu:1'  # gpu",
        f"# beta: {FOLDER}/beta.yaml",
        f"# gpu: {FOLDER}/gpu.yaml",
    ]
    there = sites.qanat("template", "show", "gpu", "--host", "login2.alpha.org", "--json").json
    assert there["options"] == {"--account": "abc", "--mem": "8G", "--gres": "gpu:1"}
    assert there["sources"][0] == {"template": "alpha", "file": f"{FOLDER}/alpha.yaml", "options": ["--account"]}
    here = sites.qanat("template", "show", "gpu", code=2).err
    assert "alpha (for login*.alpha.org), beta (for beta* or b1)" in here


def test_show_says_what_the_other_keys_are_from(sites: Sandbox) -> None:
    head = "schema: template/1\nname: {}\nrunner: slurm\n"
    retry = "retry: {when: [timeout], times: 2, time: 2x}\n"
    sites.write(f"{FOLDER}/base.yaml", f"{head.format('base')}options: {{-t: 60}}\ntransfer: false\n{retry}")
    sites.write(f"{FOLDER}/long.yaml", f"{head.format('long')}extends: base\noptions: {{-t: 600}}\ntransfer: true\n")
    assert sites.qanat("template", "show", "long").out.splitlines()[3:] == [
        "extends: [base]",
        "options:",
        "  -t: 600  # long",
        "retry:  # base",
        "  when: [timeout]",
        "  times: 2",
        "  time: '2x'",
        "transfer: true  # long",
        f"# base: {FOLDER}/base.yaml",
        f"# long: {FOLDER}/long.yaml",
    ]
    sources = sites.qanat("template", "show", "long", "--json").json["sources"]
    assert [source["keys"] for source in sources] == [["retry"], ["transfer"]]


def test_list_says_on_which_machines_templates_count(sites: Sandbox) -> None:
    lines = sites.qanat("template", "list").out.splitlines()
    assert lines[0].split() == ["Name", "Runner", "Description", "Extends", "Only", "on", "Options"]
    assert any(line.split()[:4] == ["gpu", "slurm", "alpha,", "beta"] for line in lines)
    assert lines[3].split() == ["beta", "slurm", "beta*,", "b1", "-A=xyz,", "--mem=4G"]
    rows = {row["name"]: row for row in sites.qanat("template", "list", "--json").json if row["runner"] == "slurm"}
    assert rows["beta"]["when"] == {"host": ["beta*", "b1"]}
    assert "only on" not in rows["beta"]


def test_check_is_about_inherited_options_too(sites: Sandbox) -> None:
    sites.write(f"{FOLDER}/beta.yaml", BETA.replace("--mem", "--mme"))
    words = ("template", "show", "gpu", "--host", "beta1", "--check")
    assert "gpu: --mme: is not an option of sbatch" in sites.qanat(*words, code=1).err


def test_validate_finds_what_cannot_be_extended(sites: Sandbox) -> None:
    assert sites.qanat("validate").code == 0
    sites.write(f"{FOLDER}/alpha.yaml", ALPHA + "extends: [gpu]\n")
    sites.write(f"{FOLDER}/beta.yaml", BETA + "extends: [gone]\n")
    found = sites.qanat("validate", code=1).out
    assert f"{FOLDER}/alpha.yaml:6: extends: template 'alpha' extends itself: alpha → gpu → alpha" in found
    assert f"{FOLDER}/beta.yaml:6: extends: template 'beta' extends 'gone', which does not exist" in found
    refused = sites.qanat("template", "update", "gpu", "--extends", "nothing", code=2).err
    assert "template gpu: extends: template 'gpu' extends 'nothing', which does not exist" in refused


def test_diff_says_what_a_change_of_the_keys_means(sites: Sandbox) -> None:
    sites.commit("sites")
    sites.write(f"{FOLDER}/beta.yaml", BETA.replace("[beta*, b1]", "b1"))
    sites.qanat("template", "update", "gpu", "--extends", "beta")
    found = sites.qanat("diff", "HEAD").out
    assert "no longer extends alpha" in found
    assert "counts only on b1" in found


def test_diff_names_the_templates_that_a_change_reaches(sites: Sandbox) -> None:
    sites.qanat("template", "new", "--name", "big", "--runner", "slurm", "--extends", "gpu", "-o", "--mem=64G")
    sites.commit("sites")
    sites.write(f"{FOLDER}/alpha.yaml", ALPHA.replace("abc", "xyz"))
    assert "what extends it changes, too: big, gpu" in sites.qanat("diff", "HEAD").out
    (change,) = sites.qanat("diff", "HEAD", "--json").json["definitions"]
    assert change["heirs"] == ["big", "gpu"]
