"""Build keys: the same inputs give the same key, any other input another. Laws stand in tests/properties."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.core.digests import Digest, is_digest
from trueup.core.json import Json
from trueup.desired.build_key import build_key, checkpoint_key, engine_key, is_remade, processor_of

ONE, TWO = Digest("sha256:" + "1" * 64), Digest("sha256:" + "2" * 64)
PARAMETERS = st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5) | st.booleans(), max_size=4)


@given(PARAMETERS)
def test_the_order_of_parameters_does_not_matter(parameters: dict[str, int | str]) -> None:
    turned = dict(reversed(parameters.items()))
    assert build_key(ONE, "gguf", parameters) == build_key(ONE, "gguf", turned)
    assert is_digest(build_key(ONE, "gguf", parameters))


def test_any_other_input_gives_another_key() -> None:
    keys = {
        build_key(ONE, "gguf", {}),
        build_key(TWO, "gguf", {}),
        build_key(ONE, "anything", {}),
        build_key(ONE, "gguf", {"quantization": "F16"}),
        build_key(ONE, "gguf", {"quantization": "Q8_0"}),
        build_key(ONE, "gguf", {}, [ONE]),
        build_key(ONE, "gguf", {}, [TWO]),
    }
    assert len(keys) == 7


def test_a_mode_that_builds_nothing_keeps_the_sources_digest() -> None:
    assert build_key(ONE, "none", {"anything": 1}) == ONE


def test_the_key_of_a_build_stays_what_it_was() -> None:
    """Stored builds are found by it: a change here makes all of them be built again."""
    expected = "sha256:c667fcc3427b96f8df25987b8a9991c35f0e776b16a817560c8e82d4fde354e3"
    assert build_key(ONE, "gguf", {"quantization": "Q8_0", "preTokenizer": "gpt-2"}) == expected


FP8: dict[str, Json] = {
    "toolchain": {"modelopt": "0.47.0", "transformers": "5.23.0", "torch": "2.13.0"},
    "quantization": {"format": "fp8", "kvCache": "none", "groupSize": None},
    "dtype": "auto",
}
H200: dict[str, Json] = {
    "toolchain": {"tensorrtLlm": "1.2.1", "tensorrt": "10.13.3.9"},
    "accelerator": {"gpu": "NVIDIA-H200", "computeCapability": "9.0", "tuning": "product"},
    "parallelism": {"tensor": 2},
    "build": {"max_batch_size": 64},
}


@pytest.mark.parametrize(
    ("mode", "parameters", "expected"),
    [
        ("pytorch", FP8, "sha256:e5d88677c23ae9b8828549c8130835059d54488a0392998c04c55a916f6f35e8"),
        ("engine", H200, "sha256:83dc9e4cf57d2073a362ff399881ff6411df153ccc88a6fd42599cb5cf2190bc"),
    ],
)
def test_the_keys_of_checkpoints_and_engines_stay_what_they_were(
    mode: str, parameters: dict[str, Json], expected: str
) -> None:
    assert build_key(ONE, mode, parameters) == expected


def test_a_new_setting_that_nobody_uses_changes_no_key() -> None:
    """Kinds grow; a checkpoint that was made before a field came is the same after."""
    quantization = {"format": "fp8", "kvCache": "none", "newField": None}
    assert build_key(ONE, "pytorch", {**FP8, "quantization": quantization}) == build_key(ONE, "pytorch", FP8)


def test_a_checkpoint_that_nothing_changes_does_not_depend_on_tools() -> None:
    for_serving: dict[str, Json] = {"toolchain": FP8["toolchain"], "quantization": {"format": "none"}, "dtype": "auto"}
    assert not is_remade(for_serving)
    assert build_key(ONE, "pytorch", for_serving) == build_key(ONE, "pytorch", {})
    assert is_remade({"dtype": "float16"})
    assert is_remade({"quantization": {"format": "none", "kvCache": "fp8"}})


def test_an_engine_is_keyed_by_the_checkpoint_that_it_is_compiled_from() -> None:
    checkpoint = checkpoint_key(ONE, "engine", H200)
    assert build_key(ONE, "engine", H200) == engine_key(checkpoint, "engine", H200)
    assert engine_key(TWO, "engine", H200) != engine_key(checkpoint, "engine", H200)
    assert engine_key(TWO, "engine", H200, environment={"BUILDER_FORCE_NUM_PROFILES": "1"}) != engine_key(
        TWO, "engine", H200
    )


def test_a_checkpoint_for_an_engine_is_cut_by_its_parallelism_and_a_unified_one_is_not() -> None:
    cut: dict[str, Json] = {**H200, "parallelism": {"tensor": 4}}
    assert checkpoint_key(ONE, "engine", cut) != checkpoint_key(ONE, "engine", H200)
    assert checkpoint_key(ONE, "pytorch", cut) == checkpoint_key(ONE, "pytorch", H200)


def test_an_engine_tuned_to_its_capability_is_the_same_for_every_product_of_it() -> None:
    def tuned(gpu: str, tuning: str) -> Digest:
        accelerator: Json = {"gpu": gpu, "computeCapability": "9.0", "tuning": tuning}
        return build_key(ONE, "engine", {**H200, "accelerator": accelerator})

    assert tuned("NVIDIA-H100-PCIe", "capability") == tuned("NVIDIA-H200", "capability")
    assert tuned("NVIDIA-H100-PCIe", "product") != tuned("NVIDIA-H200", "product")


def test_calibration_data_and_adapters_are_told_apart() -> None:
    calibrated: dict[str, Json] = {**H200, "quantization": {"format": "fp8", "calibration": {"dataset": "a@1"}}}
    both = build_key(ONE, "engine", calibrated, [ONE, TWO])
    assert both != build_key(ONE, "engine", calibrated, [TWO, ONE])
    assert both != build_key(ONE, "engine", calibrated, [ONE])
    assert build_key(ONE, "engine", H200, [ONE, TWO]) != build_key(ONE, "engine", H200, [TWO, ONE])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"gather_all_token_logits": True}, {"gather_context_logits": True, "gather_generation_logits": True}),
        ({"gather_all_token_logits": False}, {}),
        ({"paged_kv_cache": "enable"}, {"kv_cache_type": "paged"}),
        ({"paged_kv_cache": "disable"}, {"kv_cache_type": "continuous"}),
    ],
)
def test_two_spellings_of_one_argument_are_one_key(one: dict[str, Json], other: dict[str, Json]) -> None:
    assert build_key(ONE, "engine", {**H200, "build": one}) == build_key(ONE, "engine", {**H200, "build": other})


def test_only_the_digest_of_an_image_counts_and_not_where_it_is_pulled_from() -> None:
    def built_by(image: str) -> Digest:
        return build_key(ONE, "pytorch", {**FP8, "toolchain": {"image": image}})

    assert built_by(f"nvcr.io/nvidia/x:1@{ONE}") == built_by(f"mirror.example/x@{ONE}")
    assert built_by(f"nvcr.io/nvidia/x@{ONE}") != built_by(f"nvcr.io/nvidia/x@{TWO}")


@pytest.mark.parametrize(
    ("accelerator", "expected"),
    [
        ({"gpu": "NVIDIA-H200"}, "x86_64"),
        ({"gpu": "NVIDIA-GH200-480GB"}, "aarch64"),
        ({"gpu": "NVIDIA-GB10"}, "aarch64"),
        ({"gpu": "Jetson AGX Thor"}, "aarch64"),
        ({"gpu": "NVIDIA-H200", "processor": "aarch64"}, "aarch64"),
        ({}, "x86_64"),
    ],
)
def test_the_processor_is_as_declared_or_as_the_product_has_it(accelerator: dict[str, Json], expected: str) -> None:
    assert processor_of(accelerator) == expected
