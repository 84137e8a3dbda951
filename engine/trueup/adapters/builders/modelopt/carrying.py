"""Files of a model besides its weights: tokenizer, chat template, generation settings, licence."""

import shutil
from pathlib import Path, PurePosixPath

from trueup.adapters.stores.formats import PICKLE_SUFFIXES

MADE_ANEW = frozenset({"config.json", "hf_quant_config.json", "model.safetensors.index.json"})
"""Files that a build writes itself."""

_LEFT_OUT = frozenset({*PICKLE_SUFFIXES, ".safetensors", ".gguf", ".onnx", ".h5", ".msgpack", ".py", ".npz", ".npy"})
"""Weights in any format, and code."""


def carry_over(source: Path, target: Path) -> None:
    """Copy what belongs to the model and is neither weights, code nor hidden; the source's own files win."""
    for path in sorted(source.iterdir()):
        if path.is_file() and not path.name.startswith(".") and _belongs(path.name):
            place = target / path.name
            place.unlink(missing_ok=True)
            shutil.copyfile(path, place)


def copy_weights(source: Path, target: Path) -> None:
    """Copy the weights and their index as they are."""
    for path in sorted(source.iterdir()):
        if path.is_file() and (path.suffix == ".safetensors" or path.name in MADE_ANEW):
            shutil.copyfile(path, target / path.name)


def _belongs(name: str) -> bool:
    suffix = PurePosixPath(name).suffix.lower()
    return name not in MADE_ANEW and suffix not in _LEFT_OUT and not name.endswith(".index.json")
