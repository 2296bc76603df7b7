"""What the name of a file says about it: names under which programs keep passwords, tokens and private keys."""

from __future__ import annotations

import re

_SECRET_NAMES = re.compile(
    r"\.env(?:\..+)?|.+\.env|\.envrc|\.?netrc|_netrc|\.pypirc|\.htpasswd|\.pgpass|\.my\.cnf|\.git-credentials"
    r"|\.dockercfg|kubeconfig|credentials(?:\.\w+)?|client_secrets?.*\.json|service[-_]account.*\.json"
    r"|secrets?\.(?:env|ya?ml|json|toml|ini|txt)|id_(?:rsa|dsa|ecdsa|ed25519)(?:_sk)?|.+\.(?:pem|key|ppk|p12|pfx|jks|kdbx)"
    r"|.+\.keystore|.+\.ovpn|(?:hf|api|access|auth|wandb)?[-_.]?(?:token|password|passwd)(?:\.txt)?",
    re.IGNORECASE,
)
_TEMPLATES = re.compile(r".*\.(?:example|sample|template|dist|tmpl)(?:\.\w+)?|.*\.pub", re.IGNORECASE)


def secret_by_name(name: str) -> str:
    """Return why a file with this name may be a secret; empty if the name does not suggest it."""
    if _SECRET_NAMES.fullmatch(name) and not _TEMPLATES.fullmatch(name):
        return "files with this name usually contain secrets"
    return ""
