"""Weights of a model folder in safetensors, as they were published."""

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from trueup.adapters.builders.gguf.config import read_config
from trueup.adapters.builders.gguf.weights import check_shapes, load, locate
from trueup.adapters.networks.decoder import Decoder, decoder_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class FolderWeights:
    """`Weights` of a folder that is not quantized.

    Raises:
        PermanentError: What the files hold is not what config.json asks for.
    """

    def __init__(self, folder: Path) -> None:
        config = read_config(folder)
        self._located = locate(folder)
        check_shapes(self._located, config.shapes())
        self.decoder: Decoder = decoder_of(config)
        # A copy of the tied head is in some files; the embedding counts.
        self.names: Collection[str] = frozenset(config.shapes())

    def load(self, name: str) -> "NDArray[np.float32]":
        """Return one tensor."""
        return load(self._located[name])
