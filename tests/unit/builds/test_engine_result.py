"""A finished engine is held to what was asked for."""

from typing import Any

import pytest

from trueup.builds.engine_result import disagreements, rotary_loss, world_size
from trueup.core.json import Json

HELD: dict[str, Json] = {
    "world_size": 2,
    "mapping": {"tp_size": 2, "pp_size": 1},
    "quantization": {"format": "fp8", "kv_cache": "fp8"},
    "arguments": {"max_batch_size": 8},
    "engine": {
        "max_batch_size": 8,
        "opt_num_tokens": None,
        "kv_cache_type": "paged",
        "context_fmha": "enable",
        "paged_state": "enable",
        "speculative_decoding_mode": "medusa",
        "of_another_release": 1,
    },
}
FILES = {"config.json": 10, "rank0.engine": 10, "rank1.engine": 10}


def config(**changes: Any) -> dict[str, Json]:
    found: dict[str, Any] = {
        "version": "1.2.1",
        "pretrained_config": {
            "mapping": {"world_size": 2, "tp_size": 2, "pp_size": 1},
            "quantization": {"quant_algo": "FP8", "kv_cache_quant_algo": "FP8"},
        },
        "build_config": {
            "max_batch_size": 8,
            "kv_cache_type": "KVCacheType.PAGED",
            "plugin_config": {"context_fmha": True, "paged_state": False},
        },
    }
    return {**found, **changes}


def test_an_engine_as_it_was_asked_for_has_nothing_wrong() -> None:
    assert disagreements(config(), FILES, HELD, "1.2.1") == ()


@pytest.mark.parametrize(
    ("found", "files", "held", "words"),
    [
        ({"version": "1.2.0"}, FILES, {}, "it was built by TensorRT-LLM 1.2.0, and 1.2.1 was asked for"),
        ({}, {"rank0.engine": 1}, {}, "missing: `rank1.engine`"),
        ({}, {**FILES, "rank2.engine": 1}, {}, "too many: `rank2.engine`"),
        ({}, {**FILES, "rank1.engine": 0}, {}, "empty: `rank1.engine`"),
        ({}, FILES, {"world_size": 1}, "too many: `rank1.engine`; it is cut for 2 ranks, and 1 were asked for"),
        ({}, FILES, {"world_size": None}, "it is cut for 2 ranks, and None were asked for"),
        ({}, FILES, {"mapping": {"tp_size": 1, "pp_size": 2}}, "`tp_size` is 2, and 1 was asked for"),
        ({}, FILES, {"quantization": {"format": "int4_awq", "kv_cache": "fp8"}}, "its weights are `FP8`"),
        ({}, FILES, {"quantization": {"format": "fp8", "kv_cache": "none"}}, "its cache is `fp8`"),
        ({}, FILES, {"engine": {"max_batch_size": 16}}, "`max_batch_size` is 8, and 16 was resolved"),
        ({}, FILES, {"engine": {"context_fmha": "disable"}}, "`context_fmha` is True, and disable was resolved"),
        ({}, FILES, {"arguments": {"fast_build": True}}, "`rank0_managed_weights.safetensors` is missing"),
    ],
)
def test_each_difference_is_told(
    found: dict[str, Any], files: dict[str, int], held: dict[str, Json], words: str
) -> None:
    assert words in "; ".join(disagreements(config(**found), files, {**HELD, **held}, "1.2.1"))


def test_a_format_that_is_not_known_is_taken_as_it_is() -> None:
    held = {**HELD, "quantization": {"format": "of tomorrow", "kv_cache": "fp8"}}
    assert disagreements(config(), FILES, held, "") == ()
    weights = {"mapping": {"world_size": 2, "tp_size": 2}, "quantization": {"kv_cache_quant_algo": "FP8"}}
    assert "its weights are `not quantized`" in "".join(
        disagreements(config(pretrained_config=weights), FILES, HELD, "1.2.1")
    )


def test_a_configuration_that_is_none_is_told() -> None:
    assert disagreements({"version": "1"}, FILES, HELD, "1") == (
        "`config.json` lacks `pretrained_config` and `build_config`",
    )


def test_weights_that_are_managed_lie_beside_each_rank() -> None:
    files = {**FILES, **{f"rank{n}_managed_weights.safetensors": 1 for n in range(2)}}
    assert disagreements(config(), files, {**HELD, "arguments": {"fast_build": True}}, "1.2.1") == ()


@pytest.mark.parametrize(
    ("mapping", "world"),
    [
        ({"world_size": 4, "tp_size": 2}, 4),
        ({"tp_size": 2, "pp_size": 2}, 4),
        ({"tp_size": 2, "pp_size": 2, "cp_size": 1}, 4),
        ({"tp_size": "?"}, 0),
        ({}, 0),
    ],
)
def test_the_ranks_are_told_by_the_artifact(mapping: Json, world: int) -> None:
    assert world_size({"pretrained_config": {"mapping": mapping}}) == world


@pytest.mark.parametrize(
    ("checkpoint", "base", "words"),
    [
        ({}, 10000.0, ""),
        ({"rotary_base": 500000.0}, 500000.0, ""),
        ({"rotary_base": 500000}, 500000.0, ""),
        ({}, 500000.0, "the source's rotary base is 500000, and the checkpoint's is 10000.0"),
        ({"rotary_base": None}, 500000.0, "the checkpoint's is None"),
    ],
)
def test_a_lost_rotary_base_is_told(checkpoint: dict[str, Json], base: float, words: str) -> None:
    assert (words in rotary_loss(checkpoint, base)) if words else rotary_loss(checkpoint, base) == ""
