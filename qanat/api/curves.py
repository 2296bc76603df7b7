"""Curves of groups as Python objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qanat.domain.shortening import quoted
from qanat.usecases import packages

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, repr=False)
class Curve:
    """The values of a name, and their steps, which ascend: two lists of the same length.

    Of several values of one step, as after the restart of a job, it has the one that was written last.
    """

    name: str
    steps: list[float]
    values: list[float]

    def __repr__(self) -> str:
        count = len(self)
        return f"<Curve {quoted(self.name)}: {count:,} step{'s' if count > 1 else ''}, last {self.values[-1]:.6g}>"

    def __len__(self) -> int:
        return len(self.steps)

    def to_pandas(self) -> pd.Series[float]:
        """Return a series of the values with the steps as its index. Raises PackageMissing without pandas."""
        try:
            import pandas as pd  # only needed here
        except ImportError:
            raise packages.missing("to_pandas() requires", "pandas") from None
        return pd.Series(self.values, index=pd.Index(self.steps, name="step"), name=self.name)
