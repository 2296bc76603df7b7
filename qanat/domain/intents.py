"""Intents: the marks that the jobs of a run carry, by which they are recognised later.

An intent is made for one run: half of it is random, and the other half follows from that and the run's id. So a record
that was copied from another one does not own the jobs of the run that it was copied from, in any clone.
"""

from __future__ import annotations

import hashlib
import secrets

HALF = 12
# Those of earlier qanats were made for no run in particular.
EARLIER = 16


def new_intent(run_id: str) -> str:
    """Return a new intent for a run."""
    return _bound(secrets.token_hex(HALF // 2), run_id)


def is_made_for(intent: str, run_id: str) -> bool:
    """Return whether an intent was made for this run."""
    return intent == _bound(intent[:HALF], run_id)


def may_be_of(intent: str, run_id: str) -> bool:
    """Return whether jobs with this intent may be those of a run, as those of an earlier qanat may be of any run."""
    return len(intent) <= EARLIER or is_made_for(intent, run_id)


def _bound(random: str, run_id: str) -> str:
    return random + hashlib.sha256(f"{run_id} {random}".encode()).hexdigest()[:HALF]
