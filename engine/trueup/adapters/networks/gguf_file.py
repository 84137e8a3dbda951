"""Weights of a GGUF file: dequantized, under their names on Hugging Face, rotary rows as those were."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trueup.adapters.builders.gguf.builder import ROTARY_FACTORS
from trueup.adapters.builders.gguf.weights import PARTS, TOP
from trueup.adapters.networks import codes
from trueup.adapters.networks.decoder import Decoder
from trueup.core.errors import PermanentError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_GRAPHS = ("llama", "qwen2", "qwen3")


class GgufWeights:
    """`Weights` of a GGUF file. What the network is comes from the file itself, as it does for a server.

    Raises:
        PermanentError: Another graph (PAR001), or the file is broken (PAR002).
    """

    def __init__(self, path: Path) -> None:
        import gguf

        try:
            reader = gguf.GGUFReader(path)
            self.fields: Mapping[str, Any] = {name: field.contents() for name, field in reader.fields.items()}
        except (ValueError, IndexError, KeyError, OSError) as error:
            raise PermanentError(codes.BROKEN_EXPORT, f"`{path.name}` cannot be read: {error}.") from error
        self._graph = str(self.fields.get("general.architecture"))
        if self._graph not in _GRAPHS:
            raise PermanentError(codes.NOT_COMPARABLE, f"`{path.name}` has the graph `{self._graph}`.")
        tensors = {t.name: t for t in reader.tensors}
        self._factors = tensors.pop(ROTARY_FACTORS, None)
        self._tensors = {_published(name): tensor for name, tensor in tensors.items()}
        self.names: Collection[str] = self._tensors.keys()
        self.decoder = self._read_decoder()

    def load(self, name: str) -> "NDArray[np.float32]":
        """Return one tensor."""
        values = _dequantized(self._tensors[name])
        if self._graph == "llama" and ".self_attn.q_proj." in name:
            return unpair_rotary_rows(values, self.decoder.heads)
        if self._graph == "llama" and ".self_attn.k_proj." in name:
            return unpair_rotary_rows(values, self.decoder.key_value_heads)
        return values

    def _read_decoder(self) -> Decoder:
        size, base = int(self._number("attention.key_length")), self._number("rope.freq_base", 10000.0)
        slower = [1.0] * (size // 2)
        if self._factors is not None:
            slower = [float(f) for f in _dequantized(self._factors)]
        elif self.fields.get(f"{self._graph}.rope.scaling.type") == "linear":
            slower = [self._number("rope.scaling.factor", 1.0)] * (size // 2)
        layers, heads = int(self._number("block_count")), int(self._number("attention.head_count"))
        return Decoder(
            layers,
            heads,
            int(self._number("attention.head_count_kv", heads)),
            size,
            self._number("attention.layer_norm_rms_epsilon"),
            tuple(base ** (-2 * i / size) / factor for i, factor in enumerate(slower)),
            (0,) * layers,
        )

    def _number(self, key: str, default: float | None = None) -> float:
        value = self.fields.get(f"{self._graph}.{key}", default)
        if not isinstance(value, int | float):
            raise PermanentError(codes.BROKEN_EXPORT, f"The GGUF file does not say `{self._graph}.{key}`.")
        return value


def unpair_rotary_rows(values: "NDArray[np.float32]", heads: int) -> "NDArray[np.float32]":
    """Undo `pair_rotary_rows`."""
    half = values.shape[0] // heads // 2
    return values.reshape(heads, half, 2, -1).swapaxes(1, 2).reshape(values.shape)


def _published(name: str) -> str:
    top = {target: source for source, target in TOP.items()}
    if name in top:
        return top[name]
    parts = {target: source for source, target in PARTS.items()}
    match name.split("."):
        case ["blk", layer, part, kind] if part in parts:
            return f"model.layers.{layer}.{parts[part]}.{kind}"
        case _:
            raise PermanentError(codes.NOT_COMPARABLE, f"The GGUF file has the tensor `{name}`.")


def _dequantized(tensor: Any) -> "NDArray[np.float32]":
    import gguf
    import numpy as np

    try:
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
    except NotImplementedError as error:
        detail = f"`{tensor.name}` has the type {tensor.tensor_type.name}, which the package `gguf` does not read."
        raise PermanentError(codes.NOT_COMPARABLE, detail) from error
    return np.asarray(values, np.float32).reshape(tuple(int(n) for n in reversed(tensor.shape)))
