"""Opens a network by what lies there: a GGUF file, a folder with one, a quantized checkpoint, or a model folder."""

from pathlib import Path
from typing import Protocol

from trueup.adapters.networks.checkpoints import CheckpointWeights, is_quantized
from trueup.adapters.networks.decoder import Decoder, Weights
from trueup.adapters.networks.folders import FolderWeights
from trueup.adapters.networks.gguf_file import GgufWeights


class Network(Weights, Protocol):
    """Weights, and what they are the weights of."""

    @property
    def decoder(self) -> Decoder:
        """What it is made of."""
        ...


def gguf_in(place: Path) -> Path | None:
    """Return the GGUF file that *place* is, or the first one in it: the one that llama.cpp is given."""
    if place.is_file():
        return place
    return min(place.glob("*.gguf"), default=None)


def open_network(place: Path) -> Network:
    """Open what lies at *place*, by what it is and not by what it is called.

    Raises:
        PermanentError: It is of a kind that cannot be computed here (PAR001), or broken (PAR002, ART2xx).
    """
    gguf = gguf_in(place)
    if gguf is not None:
        return GgufWeights(gguf)
    if is_quantized(place):
        return CheckpointWeights(place)
    return FolderWeights(place)
