"""What building one Build came to."""

from dataclasses import dataclass
from datetime import timedelta

from trueup.core.digests import Digest


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
        cached: It was there already.
        took: How long it was built; nothing when it was there.
        simulated: A double of the toolchain made it.
        parity: What a comparison with the source measured, in words; empty when none is declared.
        refused: Declared bounds that do not hold, in words.
        measured: What was measured, by name.
    """

    build: str
    mode: str
    model: str
    key: Digest
    digest: Digest
    files: int
    size_bytes: int
    path: str
    cached: bool
    took: timedelta
    simulated: bool = False
    parity: str = ""
    refused: tuple[str, ...] = ()
    measured: tuple[tuple[str, float], ...] = ()
