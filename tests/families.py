"""Tiny networks of each family, with weights from a hash: the same bytes everywhere, nothing to store.

They are not trained. Weights are large enough that attention, positions and norms decide what comes next.
"""

import hashlib
import json
import math
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from artifacts import TINY, safetensors
from trueup.adapters.builders.gguf.config import read_config
from trueup.adapters.builders.gguf.tokenizer import LLAMA3_SPLIT, QWEN2_SPLIT

_PLAIN: Mapping[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "vocab_size": 768,
    "max_position_embeddings": 512,
    "rms_norm_eps": 1e-5,
    "hidden_act": "silu",
    "tie_word_embeddings": False,
    "bos_token_id": 0,
    "eos_token_id": 0,
    "rope_theta": 10000.0,
}
_LLAMA3 = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}

FAMILIES: Mapping[str, Mapping[str, Any]] = {
    "llama": {},
    "llama-tied": {"tie_word_embeddings": True, "num_key_value_heads": 1},
    "llama-linear": {"rope_scaling": {"rope_type": "linear", "factor": 4.0}},
    "llama-llama3": {"rope_scaling": _LLAMA3, "rope_theta": 500000.0},
    "llama-biased": {"attention_bias": True, "mlp_bias": True},
    "mistral": {"architectures": ["MistralForCausalLM"], "model_type": "mistral", "sliding_window": None},
    "qwen2": {
        "architectures": ["Qwen2ForCausalLM"],
        "model_type": "qwen2",
        "tie_word_embeddings": True,
        "rope_theta": 1000000.0,
        "use_sliding_window": False,
        "sliding_window": 32,
        "max_window_layers": 3,
    },
    "qwen3": {
        "architectures": ["Qwen3ForCausalLM"],
        "model_type": "qwen3",
        "head_dim": 32,
        "rope_theta": 1000000.0,
        "use_sliding_window": False,
        "sliding_window": None,
    },
}
"""What each family says besides, all of which llama.cpp serves."""

WINDOWED: Mapping[str, Mapping[str, Any]] = {
    "mistral-window": {"architectures": ["MistralForCausalLM"], "model_type": "mistral", "sliding_window": 24},
    "qwen2-window": {
        **FAMILIES["qwen2"],
        "use_sliding_window": True,
        "max_window_layers": 1,
        "layer_types": None,
    },
}
"""What only the forward pass computes."""


def make_family(name: str, folder: Path) -> Path:
    """Write the model of the family *name* to *folder*."""
    config = {**_PLAIN, **{**FAMILIES, **WINDOWED}[name]}
    config = {key: value for key, value in config.items() if value is not None}
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config))
    _write_tokenizer(folder, str(config["model_type"]))
    tensors = {}
    for tensor, shape in sorted(read_config(folder).shapes().items()):
        values = _weights(f"{name}/{tensor}", tensor, shape).astype("<f2")
        tensors[tensor] = ("F16", shape, values.tobytes())
    (folder / "model.safetensors").write_bytes(safetensors(tensors))
    return folder


def _weights(seed: str, name: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
    count = math.prod(shape)
    drawn = struct.unpack(f"<{count}H", hashlib.shake_256(seed.encode()).digest(2 * count))
    even = (np.array(drawn).reshape(shape) / 65535 - 0.5) * math.sqrt(12)
    if name == "model.norm.weight":
        return 3 + 0.3 * even
    if "norm" in name:
        return 1 + 0.3 * even
    if name.endswith("bias"):
        return 0.5 * even
    if name == "model.embed_tokens.weight":
        # Smaller than what the layers add, so that a tied head does not only repeat the last token.
        return 0.1 * even
    gain = 1.6 if "q_proj" in name or "k_proj" in name else 1.0
    return even * gain / math.sqrt(shape[-1])


def _write_tokenizer(folder: Path, model_type: str) -> None:
    document = json.loads((TINY / "v2" / "tokenizer.json").read_text())
    if model_type != "llama":
        pattern = QWEN2_SPLIT if model_type.startswith("qwen") else LLAMA3_SPLIT
        split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
        last = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
        document["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [split, last]}
    if model_type.startswith("qwen"):
        document["normalizer"] = {"type": "NFC"}
    (folder / "tokenizer.json").write_text(json.dumps(document))
    (folder / "tokenizer_config.json").write_bytes((TINY / "v2" / "tokenizer_config.json").read_bytes())
