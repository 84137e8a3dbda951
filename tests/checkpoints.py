"""Quantized checkpoints in the layout of ModelOpt's unified export, made with numpy from a model folder.

The layout (names, types, shapes) is that of exports of nvidia-modelopt 0.47.0; scales are the largest weight's, without
calibration.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from artifacts import TINY, safetensors
from trueup.adapters.builders.gguf.weights import load, locate

Floats = NDArray[np.float32]
Tensors = dict[str, tuple[str, tuple[int, ...], bytes]]
Change = Callable[[str, Floats], Floats]
"""Changes a scale, given its name."""

ALGORITHMS = {
    "fp8": "FP8",
    "fp8_rowwise": "FP8_PER_CHANNEL_PER_TOKEN",
    "fp8_block": "FP8_PB_WO",
    "int8_sq": "W8A8_SQ_PER_CHANNEL",
    "int8_wo": "W8A16",
    "int4_awq": "W4A16_AWQ",
    "w4a8_awq": "W4A8_AWQ",
}
GROUP = 64

E4M3 = np.array(
    [(1 + m / 8) * 2.0 ** (e - 7) if e else m / 8 * 2.0**-6 for e in range(16) for m in range(8)][:-1], np.float32
)
"""The magnitudes of 8-bit floats, by their lower 7 bits."""


def as_given(name: str, scale: Floats) -> Floats:
    return scale


def unscaled(name: str, scale: Floats) -> Floats:
    """As a loader that knows nothing of scales takes it."""
    return np.ones_like(scale)


def doubled_in_one_layer(name: str, scale: Floats) -> Floats:
    """Double the scale of one projection in one layer."""
    return scale * 2 if name == "model.layers.1.self_attn.o_proj.weight_scale" else scale


def make_checkpoint(kind: str, folder: Path, source: Path = TINY / "v2", change: Change = as_given) -> Path:
    """Write the model in *source*, quantized as *kind*."""
    folder.mkdir(parents=True)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(source / name, folder / name)
    quantization = {"quant_algo": ALGORITHMS[kind]}
    config = json.loads((source / "config.json").read_text())
    about = {**quantization, "quant_method": "modelopt"}
    (folder / "config.json").write_text(json.dumps({**config, "quantization_config": about}))
    (folder / "hf_quant_config.json").write_text(json.dumps({"quantization": quantization}))
    tensors: Tensors = {}
    for name, located in locate(source).items():
        values = load(located)
        if "_proj.weight" in name:
            tensors |= _quantized(kind, name, values, change)
        else:
            tensors[name] = _floats(values)
    (folder / "model.safetensors").write_bytes(safetensors(tensors))
    return folder


def _floats(values: Any) -> tuple[str, tuple[int, ...], bytes]:
    array = np.asarray(values, np.float32)
    return "F32", array.shape, array.tobytes()


def _quantized(kind: str, name: str, values: Floats, change: Change) -> Tensors:
    found: Tensors = {}
    if kind in ("int8_sq", "int4_awq", "w4a8_awq"):
        smoothing = np.linspace(0.8, 1.25, values.shape[1], dtype=np.float32)
        found[name.replace("weight", "pre_quant_scale")] = _floats(smoothing)
        values = values / smoothing
    largest = {"f": 448.0, "8": 127.0, "4": 7.0, "w": 7.0}[kind[0] if kind[0] in "fw" else kind[3]]
    scale = _scale(kind, values) / largest
    dtype, shape, content = _stored(kind, values / _spread(scale, values.shape))
    found[name] = dtype, shape, content
    scale_name = name.replace("weight", "weight_scale")
    found[scale_name] = _floats(change(scale_name, scale))
    if kind in ("fp8", "int8_sq", "w4a8_awq"):
        found[name.replace("weight", "input_scale")] = _floats(0.004)
    if kind == "w4a8_awq":
        found[name.replace("weight", "weight_scale_2")] = _floats(0.0003)
    return found


def _scale(kind: str, values: Floats) -> Floats:
    rows, columns = values.shape
    size = np.abs(values)
    match kind:
        case "fp8":
            return np.asarray(size.max(), np.float32)
        case "fp8_block":
            return size.reshape(rows // 64, 64, columns // 64, 64).max(axis=(1, 3), keepdims=True)
        case "int4_awq" | "w4a8_awq":
            return size.reshape(rows, columns // GROUP, GROUP).max(axis=2)
        case _:
            return size.max(axis=1)


def _spread(scale: Floats, shape: tuple[int, ...]) -> Floats:
    grid = scale if scale.ndim == 2 else scale.reshape(scale.shape[0] if scale.ndim else 1, -1)
    rows, columns = shape[0] // grid.shape[0], shape[1] // grid.shape[1]
    return np.repeat(np.repeat(grid, rows, axis=0), columns, axis=1)


def _stored(kind: str, scaled: Floats) -> tuple[str, tuple[int, ...], bytes]:
    if kind.startswith("fp8"):
        nearest = np.abs(np.abs(scaled)[..., None] - E4M3).argmin(axis=-1)
        raw = (nearest | np.where(scaled < 0, 0x80, 0)).astype(np.uint8)
        return "F8_E4M3", scaled.shape, raw.tobytes()
    whole = np.rint(scaled).astype(np.int8)
    if kind.startswith("int8"):
        return "I8", scaled.shape, whole.tobytes()
    packed = ((whole[0::2] & 0x0F) | ((whole[1::2] & 0x0F) << 4)).astype(np.uint8)
    return "U8", packed.shape, packed.tobytes()
