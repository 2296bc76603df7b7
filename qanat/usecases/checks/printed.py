"""What a check prints, which logs of servers keep and show to others."""

from __future__ import annotations

from qanat.domain.redaction import redacted


def printed(finding: object) -> str:
    """Return a finding or a message as text, without secrets."""
    return redacted(str(finding))
