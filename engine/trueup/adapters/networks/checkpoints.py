"""Weights of a quantized Hugging Face checkpoint (ModelOpt's unified export), rebuilt from its files.

Never by loading it with transformers, which takes the quantized numbers without their scales and says nothing. A weight
is rebuilt as `stored x weight_scale x pre_quant_scale`: the last one multiplies the input of the layer, which is the
same, and only some layers have it. `weight_scale_2` of W4A8 is the scale of a type between 4 and 16 bits that a kernel
passes through, and is in `weight_scale` already. Quantization of activations is not in the result.

Source of the layout: exports of nvidia-modelopt 0.47.0, whose own simulation the results were compared with.
"""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from trueup.adapters.builders.gguf.config import read_config
from trueup.adapters.builders.gguf.documents import read_optional
from trueup.adapters.builders.gguf.weights import Located, load, locate
from trueup.adapters.networks import codes
from trueup.adapters.networks.decoder import Decoder, decoder_of
from trueup.core.errors import PermanentError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_COMPANIONS = ("weight_scale", "weight_scale_2", "input_scale", "pre_quant_scale", "k_scale", "v_scale", "output_scale")
"""What a quantized layer has besides its weight; the scales of activations and of the cache change no weight."""

_BLOCK = 128
"""Rows and columns of a block of `fp8_block`."""

_PLAIN = ("F32", "F16", "BF16")


def is_quantized(folder: Path) -> bool:
    """Tell whether the checkpoint in *folder* says that its weights are quantized."""
    config = read_optional(folder, "config.json") or {}
    return bool(config.get("quantization_config")) or (folder / "hf_quant_config.json").is_file()


class CheckpointWeights:
    """`Weights` of a quantized checkpoint.

    Raises:
        PermanentError: A tensor of a weight is missing or does not fit (PAR002), or its type is unknown here (PAR001).
    """

    def __init__(self, folder: Path) -> None:
        config = read_config(folder, is_quantized=True)
        self._located = locate(folder)
        self._shapes = config.shapes()
        self._check()
        self.decoder: Decoder = decoder_of(config)
        self.names: Collection[str] = self._shapes.keys()

    def load(self, name: str) -> "Floats":
        """Return one tensor, rebuilt if it is quantized."""
        located = self._located[name]
        values = load(located) if located.tensor.dtype in _PLAIN else self._rebuilt(name, located)
        scale = self._companion(name, "pre_quant_scale")
        if scale is not None:
            values = values * _spread(scale.reshape(1, -1), values.shape, name)
        return values

    def _rebuilt(self, name: str, located: Located) -> "Floats":
        scale = self._companion(name, "weight_scale")
        if scale is None:
            detail = f"`{name}` in `{located.file.name}` is {located.tensor.dtype} and has no weight_scale."
            raise PermanentError(codes.BROKEN_EXPORT, detail)
        stored = _stored(located)
        if stored.shape != self._shapes[name]:
            place = f"`{name}` in `{located.file.name}`"
            detail = f"{place} holds {stored.shape} numbers, config.json asks for {self._shapes[name]}."
            raise PermanentError(codes.BROKEN_EXPORT, detail)
        return stored * _spread(scale, stored.shape, name)

    def _companion(self, name: str, kind: str) -> "Floats | None":
        located = self._located.get(f"{name.removesuffix('weight')}{kind}") if name.endswith(".weight") else None
        if located is not None and located.tensor.dtype not in _PLAIN:
            detail = (
                f"`{located.tensor.name}` has the type {located.tensor.dtype}, which no format here has for scales."
            )
            raise PermanentError(codes.NOT_COMPARABLE, detail)
        return None if located is None else load(located)

    def _check(self) -> None:
        missing = sorted(set(self._shapes) - set(self._located))
        if missing:
            raise PermanentError(codes.BROKEN_EXPORT, f"The checkpoint lacks {', '.join(missing[:3])}.")
        extra = sorted(n for n in set(self._located) - set(self._shapes) if not _is_companion(n, self._shapes))
        if extra:
            detail = f"The checkpoint has {', '.join(extra[:3])}, which is no part of the network."
            raise PermanentError(codes.NOT_COMPARABLE, detail)
        for name, shape in self._shapes.items():
            tensor = self._located[name].tensor
            if tensor.dtype in _PLAIN and tensor.shape != shape:
                detail = f"`{name}` is {tensor.shape}, config.json asks for {shape}."
                raise PermanentError(codes.BROKEN_EXPORT, detail)


def _is_companion(name: str, shapes: Mapping[str, tuple[int, ...]]) -> bool:
    module, _, kind = name.rpartition(".")
    return (kind in _COMPANIONS and f"{module}.weight" in shapes) or name == "lm_head.weight"


def _stored(located: Located) -> "Floats":
    """Return the stored numbers of a quantized weight: 8-bit floats, bytes, or two numbers of 4 bits in each byte."""
    import numpy as np

    tensor = located.tensor
    if tensor.dtype not in ("F8_E4M3", "I8", "U8") or len(tensor.shape) != 2:
        detail = f"`{tensor.name}` in `{located.file.name}` has the type {tensor.dtype}."
        raise PermanentError(codes.NOT_COMPARABLE, detail)
    with located.file.open("rb") as file:
        raw = np.fromfile(file, "i1" if tensor.dtype == "I8" else "u1", tensor.size_bytes, offset=tensor.offset)
    raw = raw.reshape(tensor.shape)
    if tensor.dtype == "F8_E4M3":
        decoded: Floats = _eight_bit_floats()[raw]
        return decoded
    if tensor.dtype == "I8":
        return raw.astype(np.float32)
    # Rows in pairs: the even one in the lower half of a byte.
    pairs = np.stack([raw & 0x0F, raw >> 4], axis=1).astype(np.int8)
    signed: Floats = np.where(pairs > 7, pairs - 16, pairs).reshape(-1, tensor.shape[1]).astype(np.float32)
    return signed


def _eight_bit_floats() -> "Floats":
    """Return the value of each byte as E4M3: 4 bits of exponent, 3 of fraction, no infinities.

    Source: "FP8 Formats for Deep Learning" (Micikevicius et al., 2022).
    """
    import numpy as np

    codes_ = np.arange(256)
    exponent, fraction = (codes_ >> 3) & 0x0F, codes_ & 0x07
    magnitude = np.where(exponent == 0, fraction / 8 * 2.0**-6, (1 + fraction / 8) * 2.0 ** (exponent - 7.0))
    magnitude[(codes_ & 0x7F) == 0x7F] = np.nan
    return np.where(codes_ & 0x80, -magnitude, magnitude).astype(np.float32)


def _spread(scale: "Floats", shape: tuple[int, ...], name: str) -> "Floats":
    """Spread scales over a weight: one for all, one a row, one for each group of a row, or one a block."""
    import numpy as np

    if scale.size == 1:
        return scale.reshape(1, 1)
    # A block's scales keep the two axes that they were taken over, and the last block may be a part of one.
    is_blocks = scale.ndim == 4
    grid = scale.reshape(len(scale), -1) if scale.ndim in (1, 4) else scale
    steps = [_step(size, parts, is_blocks=is_blocks) for size, parts in zip(shape, grid.shape, strict=False)]
    if grid.ndim != 2 or 0 in steps:
        raise PermanentError(codes.BROKEN_EXPORT, f"The scales of `{name}` are {scale.shape}, the weight is {shape}.")
    spread: Floats = np.repeat(np.repeat(grid, steps[0], axis=0), steps[1], axis=1)
    return spread[: shape[0], : shape[1]]


def _step(size: int, parts: int, *, is_blocks: bool) -> int:
    """Return how many numbers share one of *parts* scales along an axis; 0 when that cannot be."""
    if is_blocks and -(-size // _BLOCK) == parts:
        return _BLOCK
    return 0 if size % parts else size // parts
