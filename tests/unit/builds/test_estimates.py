"""Estimates: in proportion to what was measured, with their basis, and none where nobody measured anything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.builds.estimates import Estimate, declared_bytes, estimate
from trueup.core.json import Json

FP8: Json = {"format": "fp8", "calibration": {"size": 8, "seqLen": 512}}
AWQ: Json = {"format": "int4_awq", "calibration": {"size": 8, "seqLen": 512}}
SEVEN_B, SMOL = 15_000_000_000, 269_000_000


def found(mode: str, parameters: dict[str, Json], size: int = SMOL) -> Estimate:
    result = estimate(mode, parameters, size, "the source")
    assert result is not None
    return result


@pytest.mark.parametrize(
    ("mode", "parameters", "size", "seconds"),
    [
        ("gguf", {}, 1_800_000, 1),
        ("gguf", {}, SMOL, 3),
        ("pytorch", {"quantization": FP8, "accelerator": {"gpu": "x"}}, SEVEN_B, 460),
        ("pytorch", {}, SEVEN_B, 31),
        ("autodeploy", {"quantization": {"format": "int8_wo"}}, SMOL, 11),
        ("engine", {}, SEVEN_B, 290),
        ("engine", {"quantization": FP8}, SEVEN_B, 700),
    ],
)
def test_an_estimate_gives_back_what_it_was_scaled_from(
    mode: str, parameters: dict[str, Json], size: int, seconds: int
) -> None:
    assert found(mode, parameters, size).seconds == seconds


def test_an_estimate_names_the_source_and_what_was_measured() -> None:
    assert found("gguf", {}).basis == "the source; conversion of SmolLM2-135M, 269 MB in 2.1 s"


def test_awq_calibrates_longer_than_fp8() -> None:
    assert found("pytorch", {"quantization": AWQ}).seconds > found("pytorch", {"quantization": FP8}).seconds


def test_a_model_that_is_cut_needs_less_memory_for_each_part() -> None:
    whole = found("engine", {"parallelism": {"tensor": 1, "pipeline": "odd"}}, SEVEN_B)
    assert found("engine", {"parallelism": {"tensor": 4}}, SEVEN_B).memory_bytes < whole.memory_bytes
    assert whole.memory_bytes > 2.5 * SEVEN_B


def test_what_nobody_measured_has_no_estimate() -> None:
    assert estimate("edge_engine", {}, SMOL, "the source") is None
    assert estimate("of-a-plugin", {}, SMOL, "the source") is None


@given(st.sampled_from(["gguf", "pytorch", "autodeploy", "engine"]), st.integers(0, 10**13), st.integers(0, 10**13))
def test_more_bytes_never_take_less(mode: str, one: int, other: int) -> None:
    small, large = (found(mode, {"quantization": FP8}, size) for size in sorted((one, other)))
    assert 1 <= small.seconds <= large.seconds
    assert 0 < small.memory_bytes <= large.memory_bytes


@pytest.mark.parametrize(
    ("parameters", "precision", "expected"),
    [(100, "float16", 200), (100, "BF16", 200), (100, "float32", 400), (100, "Q4_1", None), (None, "float16", None)],
)
def test_the_declared_size_is_told_from_parameters_and_precision(
    parameters: Json, precision: str, expected: int | None
) -> None:
    assert declared_bytes(parameters, precision) == expected
