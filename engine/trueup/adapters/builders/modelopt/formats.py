"""The number formats that are computed here: how ModelOpt names each, and what its export looks like."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Format:
    """One format of `quantization.format`.

    Attributes:
        preset: Name of ModelOpt's configuration (`modelopt.torch.quantization`).
        algorithm: What `hf_quant_config.json` calls it (`quant_algo`).
        stored: Type of the weights in the safetensors file.
        scales: Tensors beside every quantized weight.
        spread: What shares a scale: the whole `tensor`, a `row`, a `group` of a row, or a `block` of 128 x 128.
        group: Weights of a row that share a scale, 0 for other ways; ModelOpt's own number.
        is_calibrated: It needs data to measure scales on.
    """

    preset: str
    algorithm: str
    stored: str
    scales: tuple[str, ...]
    spread: Literal["tensor", "row", "group", "block"]
    group: int = 0
    is_calibrated: bool = False


_ROW = ("weight_scale",)
_ALL = ("weight_scale", "input_scale")
_TWO = (*_ALL, "weight_scale_2")

# As nvidia-modelopt 0.47.0 writes them; docs/builds-modelopt.md has the layouts.
FORMATS: Mapping[str, Format] = {
    "fp8": Format("FP8_DEFAULT_CFG", "FP8", "F8_E4M3", _ALL, "tensor", is_calibrated=True),
    "fp8_rowwise": Format("FP8_PER_CHANNEL_PER_TOKEN_CFG", "FP8_PER_CHANNEL_PER_TOKEN", "F8_E4M3", _ROW, "row"),
    "fp8_block": Format("FP8_2D_BLOCKWISE_WEIGHT_ONLY_CFG", "fp8_pb_wo", "F8_E4M3", _ROW, "block"),
    "int8_sq": Format("INT8_SMOOTHQUANT_CFG", "W8A8_SQ_PER_CHANNEL", "I8", _ALL, "row", is_calibrated=True),
    "int8_wo": Format("INT8_WEIGHT_ONLY_CFG", "W8A16", "I8", _ROW, "row"),
    "int4_wo": Format("INT4_BLOCKWISE_WEIGHT_ONLY_CFG", "W4A16_AWQ", "U8", _ROW, "group", 128),
    "int4_awq": Format("INT4_AWQ_CFG", "W4A16_AWQ", "U8", _ROW, "group", 128, is_calibrated=True),
    "w4a8_awq": Format("W4A8_AWQ_BETA_CFG", "W4A8_AWQ", "U8", _TWO, "group", 128, is_calibrated=True),
}

CARRIED: Mapping[str, str] = {"int4_gptq": "gptq", "mxfp4": "mxfp4"}
"""Formats that are taken over from a source that has them already, and their `quant_method` in its config.json."""

GPU_FORMATS: Mapping[str, str] = {
    "nvfp4": "ModelOpt rounds inputs to NVFP4 only on a CUDA device",
    "mxfp4": "ModelOpt rounds to MXFP4 in a CUDA extension, and the source is not in MXFP4 already",
}
"""Formats that a processor cannot compute, and why."""

GPU_CACHES: Mapping[str, str] = {"nvfp4": "ModelOpt rounds to NVFP4 only on a CUDA device"}

COMPANIONS = ("weight_scale", "weight_scale_2", "input_scale", "pre_quant_scale", "k_scale", "v_scale")
"""What stands beside a quantized weight."""
