"""What the ModelOpt builder checks after an export, and what it writes itself: types, files, rotary positions."""

import json
import shutil
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artifacts import TINY, safetensors, silent
from checkpoints_by_modelopt import CONFIG, Export, floats, source_tensors, write_model
from trueup.adapters.builders.builder import BuildTask, Built
from trueup.adapters.builders.gguf.weights import load, locate
from trueup.adapters.builders.modelopt.builder import ModelOptBuilder
from trueup.adapters.builders.modelopt.result import check_result
from trueup.adapters.builders.modelopt.rotary import is_read_by, lost_settings
from trueup.adapters.builders.modelopt.settings import Settings
from trueup.adapters.builders.modelopt.source import read_source
from trueup.core.errors import PermanentError
from trueup.core.json import Json

Q = "model.layers.0.self_attn.q_proj"


def check(tmp_path: Path, change: Callable[[Export], object], settings: Settings, *files: str) -> None:
    export = Export()
    change(export)
    folder = export.write(tmp_path / "export")
    for name in files:
        (folder / name).write_bytes(b"")
    check_result(folder, read_source(write_model(tmp_path / "source")), settings)


def without(name: str) -> Callable[[Export], object]:
    return lambda export: export.tensors.pop(name)


def tensor(name: str, value: Any) -> Callable[[Export], object]:
    return lambda export: export.tensors.update({name: value})


def said(**values: Any) -> Callable[[Export], object]:
    return lambda export: export.quantization.update(values)


def configured(**values: Any) -> Callable[[Export], object]:
    return lambda export: export.config.update(values)


def unquantized(export: Export) -> None:
    export.tensors = source_tensors()
    export.quantization["exclude_modules"] = ["*"]


def test_what_was_asked_for_passes(tmp_path: Path) -> None:
    check(tmp_path, lambda export: None, Settings(format="fp8"))


FP8 = Settings(format="fp8")
EXPORTS: dict[str, tuple[Callable[[Export], object], Settings, str, str]] = {
    "a scale is missing": (without(f"{Q}.weight_scale"), FP8, "ART307", f"`{Q}` has no weight_scale"),
    "a scale of the input is missing": (without(f"{Q}.input_scale"), FP8, "ART307", "no input_scale"),
    "too many scales": (tensor(f"{Q}.weight_scale", floats((4,))), FP8, "ART307", "4 scales, 1 were expected"),
    "a scale is no number": (tensor(f"{Q}.weight_scale", floats((), float("nan"))), FP8, "ART307", "not finite"),
    "a scale is negative": (tensor(f"{Q}.weight_scale", floats((), -1.0)), FP8, "ART307", "not finite"),
    "a weight is missing": (without("model.norm.weight"), FP8, "ART307", "`model.norm.weight` is missing"),
    "a tensor of nothing": (tensor("x.weight_scale", floats(())), FP8, "ART307", "`x.weight_scale` is no part"),
    "a weight of another type": (tensor(f"{Q}.weight", ("I8", (4, 4), b"\1" * 16)), FP8, "ART307", "type I8"),
    "a layer left as it was": (tensor(f"{Q}.weight", floats((4, 4))), FP8, "ART307", "is not quantized"),
    "another algorithm": (said(quant_algo="NVFP4"), FP8, "ART307", "says quant_algo NVFP4, FP8 was asked for"),
    "a cache nobody asked for": (said(kv_cache_quant_algo="FP8"), FP8, "ART307", "kv_cache_quant_algo"),
    "another group": (lambda e: None, Settings(format="fp8", group=64), "ART307", "says group_size None, 64"),
    "no cache": (said(kv_cache_quant_algo="FP8"), Settings(format="fp8", kv_cache="fp8"), "ART307", "no scales"),
    "no head": (lambda e: None, Settings(format="fp8", quantizes_head=True), "ART307", "output head"),
    "no configuration": (configured(quantization_config=None), FP8, "ART307", "`config.json` has no"),
    "what was to stay": (lambda e: None, Settings(format="fp8", excluded=("*.q_proj",)), "ART307", "was to stay"),
    "nothing of the format": (unquantized, FP8, "ART307", "no weight is quantized"),
    "lost positions": (configured(rope_parameters=None), FP8, "ART308", "rope_theta 500000.0 is lost"),
    "two bases": (configured(rope_theta=10000.0), FP8, "ART308", "rope_theta 10000.0 is new"),
}


@pytest.mark.parametrize("case", EXPORTS)
def test_a_result_that_is_not_what_was_asked_for_is_refused(tmp_path: Path, case: str) -> None:
    change, settings, code, words = EXPORTS[case]
    with pytest.raises(PermanentError) as refused:
        check(tmp_path, change, settings)
    assert (refused.value.code.id, words in refused.value.detail) == (code, True), refused.value


def test_a_pickle_in_the_result_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match=r"`optimizer\.pt` is a pickle"):
        check(tmp_path, lambda e: None, FP8, "optimizer.pt")


def test_a_layer_that_the_export_says_it_left_out_passes(tmp_path: Path) -> None:
    def leave_out(export: Export) -> None:
        export.tensors = {n: t for n, t in export.tensors.items() if not n.startswith(Q)}
        export.tensors[f"{Q}.weight"] = floats((4, 4))
        export.quantization["exclude_modules"] = ["lm_head", "model.layers.0.self_attn.q*"]

    check(tmp_path, leave_out, Settings(format="fp8", excluded=(Q,)))


def test_a_result_without_settings_is_refused(tmp_path: Path) -> None:
    folder = Export().write(tmp_path / "export")
    (folder / "hf_quant_config.json").write_text("{}")
    with pytest.raises(PermanentError, match="has no `quantization`"):
        check_result(folder, read_source(write_model(tmp_path / "source")), FP8)


LLAMA3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "original_max_position_embeddings": 8192}
OLD = {"rope_theta": 500000, "rope_scaling": LLAMA3}
NEW = {"rope_parameters": {**LLAMA3, "rope_theta": 500000.0}}
GEMMA_OLD = {"rope_theta": 1e6, "rope_local_base_freq": 10000.0, "rope_scaling": {"type": "linear", "factor": 8}}
GEMMA_NEW = {
    "rope_parameters": {
        "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1000000.0},
        "sliding_attention": {"rope_type": "default", "rope_theta": 10000.0},
    }
}
SWAPPED = ("rope_theta 10000.0 is new", "rope_theta 20000.0 is lost")
POSITIONS: dict[str, tuple[Mapping[str, Json], Mapping[str, Json], tuple[str, ...]]] = {
    "the old spelling and the new": (OLD, NEW, ()),
    "the new spelling and the old": (NEW, OLD, ()),
    "by kind of layer": (GEMMA_OLD, GEMMA_NEW, ()),
    "plain": ({}, {"rope_theta": 10000.0}, ()),
    "plain and unsaid": ({"rope_parameters": {"rope_type": "default", "rope_theta": 10000}}, {}, ()),
    "a lost base": ({"rope_theta": 1e6}, {}, ("rope_theta 1000000.0 is lost",)),
    "another base": ({"rope_theta": 2e4}, {"rope_theta": 1e4}, SWAPPED),
    "a lost scale": (OLD, {"rope_theta": 500000}, tuple(sorted(f"{k} {v} is lost" for k, v in LLAMA3.items()))),
    "a list of factors": ({"rope_scaling": {"long_factor": [1.0]}}, {"rope_scaling": {"long_factor": [1.0]}}, ()),
}  # fmt: skip


def test_a_result_that_says_two_things_of_positions_is_told() -> None:
    (told,) = lost_settings(NEW, {**NEW, "rope_scaling": {"rope_type": "yarn", "factor": 4.0}})
    assert "say different things" in told


@pytest.mark.parametrize("case", POSITIONS)
def test_rotary_positions_are_the_same_in_every_spelling(case: str) -> None:
    before, after, lost = POSITIONS[case]
    found = lost_settings(before, after)
    assert found == tuple(x.replace("8192 is", "8192.0 is") for x in lost)


def test_older_transformers_do_not_read_the_new_spelling() -> None:
    assert not is_read_by(NEW, "4.57.6")
    assert is_read_by(NEW, "5.23.0")
    assert is_read_by(OLD, "4.57.6")
    assert is_read_by({**OLD, **NEW}, "4.57.6")
    assert is_read_by({"rope_parameters": {"rope_type": "default", "rope_theta": 10000.0}}, "4.57.6")


def build(model: Path, target: Path, mode: str = "pytorch", **parameters: Json) -> Built:
    target.mkdir()
    return ModelOptBuilder(mode).build(BuildTask(model, target, parameters), silent)


def test_without_a_format_and_a_type_the_source_is_handed_on(tmp_path: Path) -> None:
    shutil.copytree(TINY / "v2", tmp_path / "model")
    for name in (".gitattributes", "optimizer.pt", "modeling_x.py", "LICENSE"):
        (tmp_path / "model" / name).write_text("x")
    built = build(tmp_path / "model", tmp_path / "out", quantization={"format": "none"})
    files = {p.name: p.read_bytes() for p in (TINY / "v2").iterdir()}
    assert {p.name: p.read_bytes() for p in built.path.iterdir()} == {**files, "LICENSE": b"x"}
    assert {p.stat().st_mode & 0o777 for p in built.path.iterdir()} == {0o644}


def test_a_source_that_has_the_format_already_is_handed_on(tmp_path: Path) -> None:
    model = write_model(tmp_path / "model", {**CONFIG, "quantization_config": {"quant_method": "gptq"}})
    built = build(model, tmp_path / "out", quantization={"format": "int4_gptq"})
    assert (built.path / "model.safetensors").read_bytes() == (model / "model.safetensors").read_bytes()
    assert (built.path / "config.json").read_bytes() == (model / "config.json").read_bytes()


def test_autodeploy_has_its_serving_arguments_beside_the_checkpoint(tmp_path: Path) -> None:
    built = build(TINY / "v2", tmp_path / "out", "autodeploy", build={"max_batch_size": 8, "attn_backend": "trtllm"})
    assert json.loads((built.path / "llm_api_options.yaml").read_text()) == {
        "attn_backend": "trtllm",
        "max_batch_size": 8,
    }


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_another_type_is_the_nearest_number(tmp_path: Path, dtype: str) -> None:
    built = build(TINY / "v2", tmp_path / "out", dtype=dtype)
    before, after = locate(TINY / "v2"), locate(built.path)
    assert before.keys() == after.keys()
    for name in before:
        values, cast = load(before[name]), load(after[name])
        # 8 bits of fraction in bfloat16, one of them not written.
        assert np.allclose(values, cast, rtol=2**-8 if dtype == "bfloat16" else 0, atol=0)
    assert json.loads((built.path / "config.json").read_text())["dtype"] == dtype
    assert "numpy" in built.tools


def test_a_type_that_is_the_sources_own_gives_the_same_numbers_twice(tmp_path: Path) -> None:
    one, two = (build(TINY / "v2", tmp_path / name, dtype="float16").path for name in ("one", "two"))
    assert {p.name: p.read_bytes() for p in one.iterdir()} == {p.name: p.read_bytes() for p in two.iterdir()}


def test_shards_stay_shards_with_an_index_of_their_own(tmp_path: Path) -> None:
    model = write_model(tmp_path / "model")
    tensors = source_tensors()
    names = sorted(tensors)
    places = {n: f"model-0000{1 + i % 2}-of-00002.safetensors" for i, n in enumerate(names)}
    for shard in set(places.values()):
        (model / shard).write_bytes(safetensors({n: tensors[n] for n in names if places[n] == shard}))
    (model / "model.safetensors").unlink()
    (model / "model.safetensors.index.json").write_text(json.dumps({"metadata": {"x": 1}, "weight_map": places}))
    built = build(model, tmp_path / "out", dtype="bfloat16")
    index = json.loads((built.path / "model.safetensors.index.json").read_text())
    assert index["weight_map"] == places
    assert index["metadata"]["total_size"] == sum(len(content) // 2 for _, _, content in tensors.values())
    assert {t.tensor.dtype for t in locate(built.path).values()} == {"BF16"}


def test_what_float16_cannot_hold_is_refused(tmp_path: Path) -> None:
    model = write_model(tmp_path / "model", CONFIG, {**source_tensors(), "model.norm.weight": floats((4,), 70000.0)})
    with pytest.raises(PermanentError) as refused:
        build(model, tmp_path / "out", dtype="float16")
    assert refused.value.code.id == "ART207"


@given(st.floats(width=32, allow_nan=False))
def test_bfloat16_is_the_nearest_with_ties_to_even(value: float) -> None:
    from trueup.adapters.builders.modelopt.casting import _converted

    (bits,) = _converted("x", np.array([value], np.float32), "BF16").tolist()
    near = [struct.unpack("<f", struct.pack("<I", n << 16))[0] for n in (max(bits - 1, 0), bits, min(bits + 1, 0xFFFF))]
    found = near[1]
    if np.isfinite(found):
        assert all(abs(found - value) <= abs(other - value) for other in near if np.isfinite(other))


def test_what_is_no_number_stays_none(tmp_path: Path) -> None:
    model = write_model(tmp_path / "m", CONFIG, {**source_tensors(), "model.norm.weight": floats((4,), float("nan"))})
    built = build(model, tmp_path / "out", dtype="bfloat16")
    assert bool(np.all(np.isnan(load(locate(built.path)["model.norm.weight"]))))
