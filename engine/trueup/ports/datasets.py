"""Port of datasets: what looks into them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from trueup.core.frozen import dataclass
from trueup.core.json import Json

if TYPE_CHECKING:
    from trueup.evidence.data import DataCheck, DataRun
    from trueup.ports.runs import Progress


@dataclass(frozen=True, slots=True)
class DataFiles:
    """A dataset whose bytes are here.

    Attributes:
        name: Its `name@version`.
        place: File or folder.
        uri: Where it came from: a file keeps its name there.
        format: As declared; empty when the files' names say it.
        declared: The Dataset's `spec`.
    """

    name: str
    place: Path
    uri: str = ""
    format: str = ""
    declared: Mapping[str, Json] = field(default_factory=dict)


class DatasetChecker(Protocol):
    """Reads a dataset once and makes checks on the way."""

    @property
    def checker(self) -> str:
        """Name and version of what checks."""
        ...

    def check(
        self,
        data: DataFiles,
        checks: Sequence[DataCheck],
        others: Mapping[str, DataFiles],
        progress: Progress,
    ) -> DataRun:
        """Return what came of *checks*; *others* are the datasets that they name, by `name@version`.

        Raises:
            PermanentError: A check cannot be made as declared, or the data cannot be read.
        """
        ...
