"""What every builder does: make a served artifact from a model's, the same bytes for the same input."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from trueup.core.json import Json
from trueup.ports import Progress


class Builder(Protocol):
    """One build mode. Its version stands in `desired.build_key.BUILDER_VERSIONS`."""

    def build(self, source: Path, target: Path, parameters: Mapping[str, Json], progress: Progress) -> Path:
        """Build from *source* into the empty folder *target* and return *target*, or the one file in it."""
        ...


Builders = Mapping[str, Builder]
"""Builders by mode; plugins of the group `trueup.builders` add theirs."""
