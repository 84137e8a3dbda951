"""Models that are not whole are refused whatever is made of them: nothing, another type, or a quantized checkpoint."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from artifacts import silent
from checkpoints_by_modelopt import CONFIG, Export, Tensors, floats, source_tensors, write_model
from families import FAMILIES, make_family
from trueup.adapters.builders.builder import BuildTask
from trueup.adapters.builders.modelopt.builder import ModelOptBuilder
from trueup.adapters.builders.modelopt.settings import read_settings
from trueup.adapters.builders.modelopt.source import check_fit, read_source
from trueup.core.errors import PermanentError
from trueup.core.json import Json

WAYS: Mapping[str, dict[str, Json]] = {"as it is": {}, "in another type": {"dtype": "bfloat16"}}
OTHER: Mapping[str, Any] = {**CONFIG, "architectures": ["SeedOssForCausalLM"], "num_hidden_layers": 4}
"""A network that backends know and this builder does not."""

UP, HEAD, NORM = "model.layers.0.mlp.up_proj.weight", "lm_head.weight", "model.norm.weight"


def in_layers(layers: int) -> Tensors:
    """Return the tensors of the small model with as many layers."""
    found = {}
    for name, tensor in source_tensors().items():
        for number in range(layers):
            found[name.replace("layers.0", f"layers.{number}")] = tensor
    return found


def without(tensors: Tensors, *names: str) -> Tensors:
    return {name: tensor for name, tensor in tensors.items() if name not in names}


def refusal(model: Path, target: Path, mode: str = "pytorch", **parameters: Json) -> PermanentError:
    target.mkdir(exist_ok=True)
    with pytest.raises(PermanentError) as refused:
        ModelOptBuilder(mode).build(BuildTask(model, target, parameters), silent)
    assert not list(target.iterdir())
    return refused.value


Case = tuple[Mapping[str, Any], Tensors, str, str]
BROKEN: dict[str, Case] = {
    "no matrix": (CONFIG, without(source_tensors(), UP), "ART204", f"lack `{UP}`, which config.json asks for"),
    "no final norm": (CONFIG, without(source_tensors(), NORM), "ART204", f"`{NORM}`"),
    "no head": ({**CONFIG, "tie_word_embeddings": False}, without(source_tensors(), HEAD), "ART204", f"`{HEAD}`"),
    "no word of the head": (CONFIG, without(source_tensors(), HEAD), "ART204", f"`{HEAD}`"),
    "no embedding": (CONFIG, without(source_tensors(), "model.embed_tokens.weight"), "ART204", "embed_tokens"),
    "a narrow norm": (
        CONFIG,
        {**source_tensors(), NORM: floats((3,))},
        "ART204",
        f"`{NORM}` in `model.safetensors` is 3, config.json asks for 4",
    ),
    "a bias": (
        CONFIG,
        {**source_tensors(), "model.layers.0.self_attn.q_proj.bias": floats((4,))},
        "ART204",
        "`model.layers.0.self_attn.q_proj.bias`, which config.json does not ask for",
    ),
    "no bias": ({**CONFIG, "attention_bias": True}, source_tensors(), "ART204", "q_proj.bias` and 1 more"),
    "no norms of heads": (
        {**CONFIG, "architectures": ["Qwen3ForCausalLM"], "head_dim": 4},
        source_tensors(),
        "ART204",
        "`model.layers.0.self_attn.k_norm.weight`",
    ),
    "no width": (
        {k: v for k, v in CONFIG.items() if k != "intermediate_size"},
        source_tensors(),
        "ART203",
        "`intermediate_size` in `config.json`",
    ),
    "a layer of another network that lacks a matrix": (
        OTHER,
        without(in_layers(4), UP.replace("0", "2")),
        "ART204",
        "layer 2 of the weights lacks `mlp.up_proj.weight`, which layer 0 has",
    ),
    "the first layer that lacks one": (
        {**OTHER, "layer_types": ["full_attention"] * 4},
        without(in_layers(4), UP),
        "ART204",
        "layer 0 of the weights lacks `mlp.up_proj.weight`, which layer 1 has",
    ),
    "another network without embedding": (
        OTHER,
        without(in_layers(4), "model.embed_tokens.weight"),
        "ART204",
        "no embedding",
    ),
    "another network without head": (
        {**OTHER, "tie_word_embeddings": False},
        without(in_layers(4), HEAD),
        "ART204",
        "no output head",
    ),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", BROKEN)
def test_a_model_that_is_not_whole_is_refused_without_quantizing_too(tmp_path: Path, case: str, way: str) -> None:
    config, tensors, code, words = BROKEN[case]
    refused = refusal(write_model(tmp_path / "model", config, tensors), tmp_path / "out", **WAYS[way])
    assert (refused.code.id, words in refused.detail) == (code, True), refused


TOKENIZERS: dict[str, tuple[Callable[[Path], object], str]] = {
    "none": (lambda p: p.unlink(), "ART202"),
    "junk": (lambda p: p.write_bytes(b"\x00junk"), "ART203"),
    "no words": (lambda p: p.write_text('{"model": {}}'), "ART203"),
    "words beyond the embedding": (lambda p: p.write_text('{"model": {"vocab": {"a": 6}}}'), "ART204"),
}


@pytest.mark.parametrize("mode", ["pytorch", "autodeploy"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", TOKENIZERS)
def test_a_model_without_its_tokenizer_is_refused(tmp_path: Path, case: str, way: str, mode: str) -> None:
    breaks, code = TOKENIZERS[case]
    model = write_model(tmp_path / "model")
    breaks(model / "tokenizer.json")
    refused = refusal(model, tmp_path / "out", mode, **WAYS[way])
    assert (refused.code.id, "tokenizer.json" in refused.detail) == (code, True), refused


def test_a_quantized_source_without_its_tokenizer_is_refused(tmp_path: Path) -> None:
    config = {**Export().config, "quantization_config": {"quant_method": "gptq"}}
    model = write_model(tmp_path / "model", config, Export().tensors)
    (model / "tokenizer.json").unlink()
    refused = refusal(model, tmp_path / "out", quantization={"format": "int4_gptq"})
    assert refused.code.id == "ART202"


def test_a_quantized_source_without_a_matrix_is_refused_under_whatever_name_it_is_stored(tmp_path: Path) -> None:
    config = {**CONFIG, "quantization_config": {"quant_method": "gptq"}}
    stored = {name.replace("proj.weight", "proj.qweight"): tensor for name, tensor in source_tensors().items()}
    read_source(write_model(tmp_path / "whole", config, stored))
    model = write_model(tmp_path / "model", config, without(stored, UP.replace("weight", "qweight")))
    assert f"`{UP}`" in refusal(model, tmp_path / "out").detail


def test_an_older_kind_of_tokenizer_is_enough_where_nothing_is_calibrated(tmp_path: Path) -> None:
    model = write_model(tmp_path / "model")
    (model / "tokenizer.json").rename(model / "tokenizer.model")
    check_fit(read_source(model), read_settings({}))
    with pytest.raises(PermanentError, match=r"ART202.*tokenizer\.json"):
        check_fit(read_source(model), read_settings({"quantization": {"format": "fp8", "calibration": {"size": 4}}}))


@pytest.mark.parametrize("family", FAMILIES)
def test_every_known_family_is_whole(tmp_path: Path, family: str) -> None:
    check_fit(read_source(make_family(family, tmp_path / "model")), read_settings({}))


WHOLE: dict[str, tuple[Mapping[str, Any], Tensors]] = {
    "a network that nobody lists": ({**OTHER, "architectures": ["FooForCausalLM"]}, in_layers(4)),
    "positions that llama.cpp does not serve": (
        {**CONFIG, "rope_parameters": {"rope_type": "yarn", "factor": 4.0}},
        source_tensors(),
    ),
    "a head that may be the embedding": (OTHER, without(in_layers(4), HEAD)),
    "a head by another name": (
        {**OTHER, "tie_word_embeddings": False},
        {**without(in_layers(4), HEAD), "output.weight": floats((6, 4))},
    ),
    "a dense layer before experts": (
        OTHER,
        {**without(in_layers(4), UP), "model.layers.0.mlp.experts.0.up_proj.weight": floats((8, 4))},
    ),
    "layers of two kinds": (
        {**OTHER, "layer_types": ["no_feed_forward", *["full"] * 3]},
        without(in_layers(4), UP),
    ),
    "layers that share a cache": ({**OTHER, "num_kv_shared_layers": 1}, without(in_layers(4), UP)),
}


@pytest.mark.parametrize("case", WHOLE)
def test_what_may_be_whole_is_not_refused(tmp_path: Path, case: str) -> None:
    config, tensors = WHOLE[case]
    model = write_model(tmp_path / "model", config, tensors)
    (tmp_path / "out").mkdir()
    ModelOptBuilder().build(BuildTask(model, tmp_path / "out", {}), silent)
    assert (tmp_path / "out" / "model.safetensors").read_bytes() == (model / "model.safetensors").read_bytes()
