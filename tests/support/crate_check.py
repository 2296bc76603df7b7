"""Checks an RO-Crate by roc-validator, without a network: `python -m tests.support.crate_check CRATE SEVERITY`.

It prints a list in JSON of what is wrong, each as the rule and the entity. The validator is a process of its own, since
it changes libraries for all that is imported beside it. It asks the web for the two contexts of a crate: what it gets
here is what `rocrate` has of the first one (of a later version, which has the same terms), and the terms of the second
that qanat uses.
"""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import resources
from pathlib import Path
from types import SimpleNamespace
from typing import Any

PROFILE = "process-run-crate"
_TERMS = "https://w3id.org/ro/terms/workflow-run"
_USED = ("sha256", "environment", "containerImage", "ContainerImage", "registry", "tag", "DockerImage", "SIFImage")


def problems(crate: Path, severity: str = "REQUIRED") -> list[str]:
    """Return what is wrong with a crate, a folder or an archive, by rules of at least this severity."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.support.crate_check", str(crate), severity]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(done.stdout)
    return found


def _contexts() -> dict[str, dict[str, Any]]:
    text = resources.files("rocrate").joinpath("data/ro-crate.jsonld").read_text(encoding="utf-8")
    terms = {name: f"{_TERMS}#{name}" for name in _USED}
    return {
        "https://w3id.org/ro/crate/1.1/context": {"@context": json.loads(text)["@context"]},
        f"{_TERMS}/context": {"@context": terms},
    }


def _check(crate: str, severity: str) -> list[str]:
    from rocrate_validator import services
    from rocrate_validator.models import Severity
    from rocrate_validator.utils.http import HttpRequester

    contexts = _contexts()

    def get(_: object, url: str, **options: object) -> Any:
        content = contexts[url]
        text = json.dumps(content)
        headers = {"Content-Type": "application/ld+json"}
        return SimpleNamespace(
            status_code=200, headers=headers, json=lambda: content, text=text, content=text.encode(), url=url
        )

    HttpRequester.get = get
    settings = services.ValidationSettings(
        rocrate_uri=crate, profile_identifier=PROFILE, requirement_severity=Severity[severity]
    )
    result = services.validate(settings)
    return sorted({f"{i.check.identifier} {i.violatingEntity}: {i.message}" for i in result.get_issues()})


if __name__ == "__main__":
    print(json.dumps(_check(*sys.argv[1:])))
