"""Tables of accelerators, modes, architectures and number formats."""

import pytest

from trueup.builds.accelerators import PRODUCTS, Generation, Product, names_of_products, product_of, products_like
from trueup.builds.architectures import BACKENDS, architectures, backends_of, listed_formats
from trueup.builds.number_formats import (
    Rule,
    broken_rules,
    bytes_of_cache,
    bytes_of_weight,
    format_of_source,
    is_listed,
)
from trueup.builds.windows import MODES, Mode


def test_every_product_has_a_name_a_capability_and_memory() -> None:
    assert len(PRODUCTS) == 30
    for product in PRODUCTS:
        assert product.name
        assert product.generation is not Generation.UNKNOWN
        assert 20_000 < product.memory_mib < 300_000
    assert len({p.label for p in PRODUCTS}) == len({p.name for p in PRODUCTS}) == 30
    assert [p.name for p in PRODUCTS if not p.is_confirmed] == ["B300", "GB300"]


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("H100", "NVIDIA-H100-80GB-HBM3"),
        ("h100_sxm", "NVIDIA-H100-80GB-HBM3"),
        ("H100 80GB HBM3", "NVIDIA-H100-80GB-HBM3"),
        ("A100-SXM4-40GB", "NVIDIA-A100-SXM4-40GB"),
        ("RTX 4090", "NVIDIA-GeForce-RTX-4090"),
        ("GeForce RTX 5090", "NVIDIA-GeForce-RTX-5090"),
        ("DGX Spark", "NVIDIA-GB10"),
        ("AWS g5", "NVIDIA-A10G"),
    ],
)
def test_a_product_is_known_under_its_other_names(name: str, label: str) -> None:
    assert product_of(name).label == label
    assert "h100" in names_of_products()


def test_a_name_may_mean_several_products() -> None:
    assert [p.name for p in products_like("H100")] == ["H100 SXM"]
    assert [p.name for p in products_like("a100")] == [
        "A100 SXM 40GB",
        "A100 PCIe 40GB",
        "A100 SXM 80GB",
        "A100 PCIe 80GB",
    ]
    assert products_like("TPU") == ()


def test_a_product_that_nobody_knows_has_nothing() -> None:
    unknown = product_of("TPU v6")
    assert (unknown.label, unknown.capability, unknown.sm, unknown.memory_mib) == ("tpu-v6", "", 0, 0)
    assert unknown.generation is Generation.UNKNOWN
    assert product_of("H100").sm == 90


def test_windows_in_words_and_by_version() -> None:
    assert MODES["engine"].window == "0.19 to 1.2.1"
    assert MODES["pytorch"].window == "1.0 and later"
    assert Mode().window == ""
    assert MODES["engine"].has("1.2.1") is True
    assert MODES["engine"].has(None) is MODES["gguf"].has("1") is None
    assert (MODES["engine"].is_before("0.18.2"), MODES["engine"].is_after("1.3.0rc14")) == (True, True)
    assert (MODES["pytorch"].is_after("9"), MODES["engine"].is_before("latest")) == (False, False)


def test_architectures_have_the_backends_that_list_them() -> None:
    assert backends_of("LlamaForCausalLM") == ("engine", "pytorch", "edge_engine")
    assert backends_of("SmolLM3ForCausalLM") == ("autodeploy",)
    assert backends_of("NobodyForCausalLM") == ()
    assert set(BACKENDS) == {"engine", "pytorch", "autodeploy", "edge_engine"}
    assert len(architectures()) == 123


def test_formats_are_listed_by_family_where_somebody_lists_them() -> None:
    engine = listed_formats("Qwen2ForCausalLM", "engine")
    assert engine is not None
    assert "fp8" not in engine
    assert "int4_awq" in engine
    assert listed_formats("ArcticForCausalLM", "engine") == frozenset()
    assert listed_formats("Glm4MoeForCausalLM", "pytorch") is None
    assert listed_formats("LlamaForCausalLM", "gguf") is None


@pytest.mark.parametrize(
    ("format_", "options", "expected"),
    [
        ("fp8", {}, 1.0),
        ("fp8_block", {}, 1.000244140625),
        ("int4_awq", {}, 0.5 + 4 / 128),
        ("int4_awq", {"is_engine": True}, 0.5 + 2 / 128),
        ("w4a8_awq", {"group": 64}, 0.5 + 4 / 64),
        ("nvfp4", {}, 0.5625),
        ("mxfp4", {}, 0.53125),
        ("Q8_0", {}, 1.0625),
        ("Q4_0", {}, 0.5625),
        ("auto", {"bits": 6.0}, 0.75),
        ("auto", {}, None),
        ("bfloat16", {}, 2.0),
        ("fp3", {}, None),
    ],
)
def test_a_weight_takes_its_bytes_and_its_share_of_scales(
    format_: str, options: dict[str, float], expected: float | None
) -> None:
    assert bytes_of_weight(format_, **options) == expected  # type: ignore[arg-type]


def test_caches_and_sources_have_names_of_their_own() -> None:
    assert (bytes_of_cache("none"), bytes_of_cache("fp8"), bytes_of_cache("fp3")) == (2.0, 1.0, None)
    assert (format_of_source("AWQ"), format_of_source("bf16"), format_of_source("q8-0")) == (
        "int4_awq",
        "bfloat16",
        "Q8_0",
    )
    assert format_of_source("ternary") == ""


ALL = ["A100", "L4", "H100", "B200", "B300", "5090", "GB10"]
OF = {
    "A100": "A100 80GB", "L4": "L4", "H100": "H100", "B200": "B200", "B300": "B300", "5090": "RTX 5090", "GB10": "GB10",
}  # fmt: skip


@pytest.mark.parametrize(
    ("format_", "mode", "refused"),
    [
        ("fp8", "engine", "A100"),
        ("fp8", "pytorch", "A100"),
        ("fp8_rowwise", "engine", "A100 B200 B300"),
        ("fp8_rowwise", "pytorch", "A100 L4 B200 B300 5090 GB10"),
        ("fp8_block", "pytorch", "A100 L4 5090 GB10"),
        ("w4a8_awq", "engine", "A100 B200 B300 5090 GB10"),
        ("int4_awq", "pytorch", "B200 B300 5090 GB10"),
        ("int4_gptq", "engine", "B200 B300 5090 GB10"),
        ("int8_sq", "engine", "B200 B300 5090 GB10"),
        ("int8_sq", "pytorch", ""),
        ("int8_wo", "engine", "B200 B300 5090 GB10"),
        ("int8_kv", "engine", "B200 B300 5090 GB10"),
        ("fp8_kv", "engine", "A100"),
        ("fp8_kv", "pytorch", ""),
        ("nvfp4", "engine", "A100 L4 H100"),
        ("nvfp4", "pytorch", "A100 L4"),
        ("nvfp4_kv", "autodeploy", "A100 L4 H100"),
        ("none", "engine", ""),
    ],
)
def test_formats_are_refused_where_nothing_computes_with_them(format_: str, mode: str, refused: str) -> None:
    found = [n for n in ALL if any(refuses(r) for r in broken_rules(format_, mode, product_of(OF[n])))]
    assert found == refused.split()


def refuses(rule: Rule) -> bool:
    return rule.is_certain and rule.is_of("1.3.0rc20") is True


def test_a_rule_may_end_with_a_version() -> None:
    (hopper,) = broken_rules("nvfp4", "pytorch", product_of("H100"))
    versions = ("1.2.1", "1.3.0rc19", "1.3.0rc20", "1.3.0", "", "main")
    assert [hopper.is_of(v) for v in versions] == [True, True, False, False, None, None]
    assert [r.is_of("") for r in broken_rules("fp8", "engine", product_of("A10"))] == [True]


def test_what_is_listed_is_never_refused() -> None:
    for product in PRODUCTS:
        for mode in ("engine", "pytorch"):
            for format_ in ("fp8", "fp8_block", "fp8_rowwise", "int8_sq", "int4_awq", "w4a8_awq", "nvfp4", "mxfp4"):
                if is_listed(format_, mode, product):
                    assert not any(map(refuses, broken_rules(format_, mode, product))), (product, format_)


def test_of_a_product_that_nobody_knows_nothing_is_listed_or_refused() -> None:
    assert broken_rules("fp8", "engine", Product("x", "")) == ()
    assert is_listed("fp8", "engine", Product("x", "")) is None
    assert is_listed("fp8", "gguf", product_of("H100")) is None
    assert is_listed("none", "autodeploy", product_of("H100")) is True
    assert is_listed("int8_sq", "pytorch", product_of("H100")) is False
