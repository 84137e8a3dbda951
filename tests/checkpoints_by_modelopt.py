"""Small checkpoints as ModelOpt reads and exports them, made by hand, and where tests find the real toolchains."""

import importlib.util
import json
import os
import struct
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from artifacts import safetensors
from trueup.adapters.builders.modelopt.toolchain import PACKAGES, installed_versions
from trueup.core.json import Json

CONFIG: Mapping[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 4,
    "intermediate_size": 8,
    "num_attention_heads": 1,
    "num_key_value_heads": 1,
    "num_hidden_layers": 1,
    "vocab_size": 6,
    "max_position_embeddings": 16,
    "rope_parameters": {"rope_theta": 500000.0, "rope_type": "default"},
    "torch_dtype": "float32",
}
LINEAR = {
    "model.layers.0.self_attn.q_proj": (4, 4),
    "model.layers.0.self_attn.k_proj": (4, 4),
    "model.layers.0.self_attn.v_proj": (4, 4),
    "model.layers.0.self_attn.o_proj": (4, 4),
    "model.layers.0.mlp.gate_proj": (8, 4),
    "model.layers.0.mlp.up_proj": (8, 4),
    "model.layers.0.mlp.down_proj": (4, 8),
}
PLAIN: Mapping[str, tuple[int, ...]] = {
    "model.embed_tokens.weight": (6, 4),
    "model.norm.weight": (4,),
    "lm_head.weight": (6, 4),
    "model.layers.0.input_layernorm.weight": (4,),
    "model.layers.0.post_attention_layernorm.weight": (4,),
}
Tensors = dict[str, tuple[str, tuple[int, ...], bytes]]


def floats(shape: tuple[int, ...], value: float = 1.0) -> tuple[str, tuple[int, ...], bytes]:
    """Return a float32 tensor of one value."""
    count = 1
    for size in shape:
        count *= size
    return "F32", shape, struct.pack("<f", value) * count


def source_tensors() -> Tensors:
    """Return the tensors of the unquantized model."""
    shapes = {**PLAIN, **{f"{name}.weight": shape for name, shape in LINEAR.items()}}
    return {name: floats(shape) for name, shape in shapes.items()}


@dataclass
class Export:
    """An FP8 export of that model, to be broken before it is written."""

    config: dict[str, Any] = field(
        default_factory=lambda: {**CONFIG, "quantization_config": {"quant_method": "modelopt", "quant_algo": "FP8"}}
    )
    quantization: dict[str, Any] = field(
        default_factory=lambda: {"quant_algo": "FP8", "kv_cache_quant_algo": None, "exclude_modules": ["lm_head"]}
    )
    tensors: Tensors = field(default_factory=source_tensors)

    def __post_init__(self) -> None:
        for name, shape in LINEAR.items():
            self.tensors[f"{name}.weight"] = ("F8_E4M3", shape, b"\x38" * (shape[0] * shape[1]))
            self.tensors[f"{name}.weight_scale"] = floats(())
            self.tensors[f"{name}.input_scale"] = floats(())

    def write(self, folder: Path) -> Path:
        """Write it as a model folder."""
        write_model(folder, self.config, self.tensors)
        document = {"producer": {"name": "modelopt"}, "quantization": self.quantization}
        (folder / "hf_quant_config.json").write_text(json.dumps(document))
        return folder


def write_model(folder: Path, config: Mapping[str, Any] = CONFIG, tensors: Tensors | None = None) -> Path:
    """Write a model folder with a tokenizer of six words."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer.json").write_text(json.dumps({"model": {"vocab": {c: n for n, c in enumerate("abcdef")}}}))
    (folder / "model.safetensors").write_bytes(safetensors(tensors if tensors is not None else source_tensors()))
    return folder


def python_with(module: str, variable: str) -> str:
    """Return a Python that has *module*: the one that the variable names, else ours; the test is skipped without."""
    named = os.environ.get(variable, "")
    if not named and importlib.util.find_spec(module) is None:
        pytest.skip(f"needs {module}: install the extra, or name a Python that has it in {variable}")
    return named or sys.executable


def toolchain(interpreter: str, *names: str) -> dict[str, Json]:
    """Return the versions that are installed there, as a Build declares them."""
    found = installed_versions(interpreter)
    versions: dict[str, Json] = {n: found[PACKAGES[n]].partition("+")[0] for n in names}
    return {**versions, "interpreter": interpreter}
