"""What building one Build came to."""

from datetime import timedelta
from enum import StrEnum

from trueup.builds.report import BuildReport
from trueup.core.digests import Digest
from trueup.core.frozen import dataclass


class Came(StrEnum):
    """How an artifact came to be in the store."""

    BUILT = "built"
    THERE = "there"
    TAKEN = "taken"
    """While this run was at it: from another run, a store that others share, or its source."""


@dataclass(frozen=True, slots=True)
class BuildResult:
    """A Build of one model, built.

    Attributes:
        build: Address of the Build.
        mode: Its mode.
        model: Address of the Model.
        key: Where the store has it; digest of what decides the bytes.
        digest: Digest of the bytes.
        files: How many files it has.
        size_bytes: All of them together.
        path: Where it lies on this machine.
        came: How it came to be there.
        took: How long it was built; nothing when it was not built by this run.
        simulated: A double of the toolchain made it.
        parity: What a comparison with the source measured, in words; empty when none is declared.
        refused: Declared bounds that do not hold, in words.
        measured: What was measured, by name.
        checked: What the check before said; nothing in it refuses the build.
    """

    build: str
    mode: str
    model: str
    key: Digest
    digest: Digest
    files: int
    size_bytes: int
    path: str
    came: Came
    took: timedelta
    simulated: bool = False
    parity: str = ""
    refused: tuple[str, ...] = ()
    measured: tuple[tuple[str, float], ...] = ()
    checked: BuildReport | None = None

    @property
    def cached(self) -> bool:
        """Whether this run did not have to build it."""
        return self.came is not Came.BUILT
