"""The sign of each state."""

from __future__ import annotations

from qanat.domain.run import State

MARKS = {
    State.QUEUED: "⏳",
    State.RUNNING: "▶",
    State.HELD: "⏸",
    State.FINISHED: "🏁",
    State.FAILED: "❌",
    State.CANCELLED: "⏹",
    State.LOST: "❓",
}
