"""What every builder does: make a served artifact from a model's, the same bytes for the same input."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from trueup.core.digests import Digest
from trueup.core.json import Json
from trueup.ports import Progress


@dataclass(frozen=True, slots=True)
class BuildTask:
    """What is to be built.

    Attributes:
        source: The model's artifact, a folder or a file.
        target: Empty folder that the result goes to.
        parameters: What changes the bytes of the result, under the Build's own keys.
        inputs: Where other artifacts lie that the build reads (a calibration dataset), by digest.
        kept: Folder for what the next try of the very same build may go on from, with what an earlier one left there.
            It is no part of the result and goes when there is one. None where nothing is kept.
    """

    source: Path
    target: Path
    parameters: Mapping[str, Json]
    inputs: Mapping[Digest, Path] = field(default_factory=dict)
    kept: Path | None = None


@dataclass(frozen=True, slots=True)
class Built:
    """What a builder made.

    Attributes:
        path: The target folder, or the one file in it.
        tools: Versions of what took part, by name, for the provenance.
        simulated: A double made it; no policy lets it serve.
        resolved: Parameters as they were in force, where the tools filled in or changed what was asked for.
        accelerator: What is known of the GPU it ran on (`product`, `computeCapability`, `driver`); empty without one.
        image: Image that it ran in, `registry/name@sha256:...`; empty when it ran on the machine itself.
    """

    path: Path
    tools: Mapping[str, str] = field(default_factory=dict)
    simulated: bool = False
    resolved: Mapping[str, Json] = field(default_factory=dict)
    accelerator: Mapping[str, str] = field(default_factory=dict)
    image: str = ""


class Builder(Protocol):
    """One build mode. Its version stands in `desired.build_key.BUILDER_VERSIONS`."""

    def build(self, task: BuildTask, progress: Progress) -> Built:
        """Build, the same bytes for the same task; raise what keeps it from being built."""
        ...


Builders = Mapping[str, Builder]
"""Builders by mode; plugins of the group `trueup.builders` add theirs."""
