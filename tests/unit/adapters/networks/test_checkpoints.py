"""Quantized checkpoints are rebuilt by their scales, and refused when one is missing or of a kind that nobody knows."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from artifacts import TINY, safetensors, silent
from checkpoints import ALGORITHMS, E4M3, make_checkpoint
from trueup.adapters.builders.gguf.weights import load, locate
from trueup.adapters.networks.checkpoints import CheckpointWeights, _eight_bit_floats, is_quantized
from trueup.adapters.networks.decoder import hidden_states, output_head
from trueup.adapters.networks.folders import FolderWeights
from trueup.adapters.parity.comparing import compare
from trueup.adapters.stores.safetensors import read_header
from trueup.core.errors import PermanentError
from trueup.evidence.parity import KL, TOP1, measurements_of

WEIGHT = "model.layers.0.self_attn.q_proj.weight"
STEPS = {"fp8": 1 / 16, "fp8_rowwise": 1 / 16, "fp8_block": 1 / 16, "int8_sq": 1 / 127, "int8_wo": 1 / 127}
"""Largest error beside the largest weight of a row; 4 bits have one step in 14."""


def edit(folder: Path, change: Callable[[dict[str, tuple[str, tuple[int, ...], bytes]]], None]) -> Path:
    """Write the weights of a checkpoint anew, with tensors changed."""
    file = folder / "model.safetensors"
    content = file.read_bytes()
    tensors = {n: (t.dtype, t.shape, content[t.offset : t.offset + t.size_bytes]) for n, t in read_header(file).items()}
    change(tensors)
    file.write_bytes(safetensors(tensors))
    return folder


@pytest.mark.parametrize("kind", ALGORITHMS)
def test_a_rebuilt_weight_is_close_to_its_source(tmp_path: Path, kind: str) -> None:
    weights = CheckpointWeights(make_checkpoint(kind, tmp_path / "out"))
    exact = load(locate(TINY / "v2")[WEIGHT])
    error = np.abs(weights.load(WEIGHT) - exact)
    assert error.max() <= STEPS.get(kind, 1 / 12) * np.abs(exact).max()
    assert error.max() > 0
    np.testing.assert_array_equal(weights.load("model.norm.weight"), load(locate(TINY / "v2")["model.norm.weight"]))


def test_eight_bit_floats_are_those_of_the_format() -> None:
    found = _eight_bit_floats()
    np.testing.assert_array_equal(found[:127], E4M3)
    np.testing.assert_array_equal(found[128:255], -E4M3)
    assert np.isnan(found[[127, 255]]).all()
    assert found[126] == 448


def test_a_checkpoint_says_that_it_is_quantized(tmp_path: Path) -> None:
    folder = make_checkpoint("fp8", tmp_path / "out")
    assert is_quantized(folder)
    (folder / "hf_quant_config.json").unlink()
    assert is_quantized(folder)
    config = json.loads((folder / "config.json").read_text())
    del config["quantization_config"]
    (folder / "config.json").write_text(json.dumps(config))
    assert not is_quantized(folder)


@pytest.mark.parametrize(
    ("change", "code", "word"),
    [
        (lambda t: t.pop(WEIGHT + "_scale"), "PAR002", "has no weight_scale"),
        (lambda t: t.pop(WEIGHT), "PAR002", "lacks " + WEIGHT),
        (lambda t: t.update({WEIGHT + "_scale": ("F32", (3,), bytes(12))}), "PAR002", "scales of"),
        (lambda t: t.update({WEIGHT + "_scale": ("F8_E4M3", (128,), bytes(128))}), "PAR001", "F8_E4M3"),
        (lambda t: t.update({WEIGHT: ("I8", (64, 128), bytes(64 * 128))}), "PAR002", "64"),
        (lambda t: t.update({WEIGHT: ("I32", (128, 128), bytes(4 * 128 * 128))}), "PAR001", "I32"),
        (lambda t: t.update({"model.norm.weight": ("F32", (64,), bytes(256))}), "PAR002", "model.norm.weight"),
        (lambda t: t.update({"model.extra": ("F32", (1,), bytes(4))}), "PAR001", "model.extra"),
    ],
)
def test_what_does_not_fit_is_refused(
    tmp_path: Path, change: Callable[[dict[str, tuple[str, tuple[int, ...], bytes]]], None], code: str, word: str
) -> None:
    folder = edit(make_checkpoint("int8_wo", tmp_path / "out"), change)
    with pytest.raises(PermanentError) as refused:
        CheckpointWeights(folder).load(WEIGHT)
    assert refused.value.code.id == code
    assert word in refused.value.detail


CONFIGURATIONS = {
    "fp8": "FP8_DEFAULT_CFG",
    "fp8_rowwise": "FP8_PER_CHANNEL_PER_TOKEN_CFG",
    "int8_sq": "INT8_SMOOTHQUANT_CFG",
    "int8_wo": "INT8_WEIGHT_ONLY_CFG",
    "int4_awq": "INT4_AWQ_CFG",
    "w4a8_awq": "W4A8_AWQ_BETA_CFG",
}
EXPORTING = """
import sys, torch, transformers
import modelopt.torch.quantization as mtq
from modelopt.torch.export import export_hf_checkpoint
torch.set_num_threads(1)
source, target, name = sys.argv[1:]
network = transformers.AutoModelForCausalLM.from_pretrained(source, dtype=torch.float32)
tokens = torch.arange(512).view(4, 128) % 768
mtq.quantize(network, getattr(mtq, name), lambda n: [n(tokens[i : i + 1]) for i in range(4)])
export_hf_checkpoint(network, export_dir=target)
"""


@pytest.mark.torch
@pytest.mark.parametrize("kind", CONFIGURATIONS)
def test_a_real_export_is_the_equal_of_its_source(tmp_path: Path, kind: str) -> None:
    """What ModelOpt itself exports is rebuilt, so that the layout above is not only our reading of it."""
    pytest.importorskip("modelopt", reason="needs nvidia-modelopt")
    target = tmp_path / "out"
    arguments = [sys.executable, "-c", EXPORTING, str(TINY / "v2"), str(target), CONFIGURATIONS[kind]]
    subprocess.run(arguments, check=True, capture_output=True, env={**os.environ, "HF_HUB_OFFLINE": "1"})
    tokens = np.arange(256).reshape(2, 128) * 7 % 768
    source, result = FolderWeights(TINY / "v2"), CheckpointWeights(target)
    both = [(hidden_states(w.decoder, w, tokens, silent, ""), output_head(w)) for w in (source, result)]
    found = {m.metric: m.value for m in measurements_of(compare(both[0], both[1], tokens, silent))}
    assert found[KL] < (0.3 if "4" in kind else 0.02), found
    assert found[TOP1] > (0.6 if "4" in kind else 0.9), found
