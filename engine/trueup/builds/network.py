"""The sizes of a network, as its published configuration states them: what memory and builders depend on."""

import sys
from collections.abc import Mapping
from typing import TypeGuard

from trueup.core.frozen import dataclass
from trueup.core.json import Json

_BASE, _PLAIN_BASE = "rope_theta", 10000.0
_LARGEST = sys.float_info.max


@dataclass(frozen=True, slots=True)
class Network:
    """What a decoder is made of; names in brackets are those of a Hugging Face `config.json`.

    Attributes:
        architecture: Class that loads it [`architectures[0]`].
        layers: Transformer layers [`num_hidden_layers`].
        hidden: Width of the residual stream [`hidden_size`].
        feed_forward: Width of the feed-forward part [`intermediate_size`].
        heads: Query heads [`num_attention_heads`].
        key_value_heads: Key and value heads [`num_key_value_heads`].
        head_size: Size of one head [`head_dim`].
        vocabulary: Tokens [`vocab_size`].
        context: Longest context it was made for, in tokens [`max_position_embeddings`].
        is_tied: Output head and embedding are one [`tie_word_embeddings`].
        is_gated: The feed-forward part has a gate, so three matrices.
        dtype: Type of the weights [`dtype`, `torch_dtype`]; empty when it does not say.
        rotary_base: [`rope_theta`].
        rotary_kind: How positions are scaled [`rope_scaling.rope_type`]; `default` when they are not.
        rotary_factor: By how much [`rope_scaling.factor`].
        experts: Experts of a mixture, 0 without one [`num_local_experts`, `num_experts`, `n_routed_experts`].
        experts_per_token: Of which so many answer [`num_experts_per_tok`].
        expert_feed_forward: Width of one expert [`moe_intermediate_size`].
        latent: Size of the compressed cache of multi-head latent attention, 0 without it
            [`kv_lora_rank` + `qk_rope_head_dim`].
        window: Tokens of sliding attention, 0 when every layer sees all [`sliding_window`].
    """

    architecture: str
    layers: int
    hidden: int
    feed_forward: int
    heads: int
    key_value_heads: int
    head_size: int
    vocabulary: int
    context: int
    is_tied: bool = False
    is_gated: bool = True
    dtype: str = ""
    rotary_base: float = 10000.0
    rotary_kind: str = "default"
    rotary_factor: float = 1.0
    experts: int = 0
    experts_per_token: int = 0
    expert_feed_forward: int = 0
    latent: int = 0
    window: int = 0


def network_of(config: Mapping[str, Json]) -> Network | tuple[str, ...]:
    """Return the network that a Hugging Face `config.json` describes; what is missing or wrong in it instead."""
    wrong: list[str] = []

    def whole(*keys: str, default: int | None = None, least: int = 1) -> int:
        for key in keys:
            value = config.get(key)
            if value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                wrong.append(f"`{key}` is {value!r}, and a whole number of at least {least} is needed")
                return least
            return value
        if default is None:
            wrong.append(f"`{keys[0]}` is missing")
            return least
        return default

    named = config.get("architectures")
    architecture = str(named[0]) if isinstance(named, list | tuple) and named else ""
    if not architecture:
        wrong.append("`architectures` is missing")
    hidden, heads = whole("hidden_size"), whole("num_attention_heads")
    latent = whole("kv_lora_rank", default=0, least=0)
    kind, factor, base = _rotary(config, wrong)
    for key in ("rms_norm_eps", "layer_norm_eps"):
        _number(config, key, 1.0, wrong)
    network = Network(
        architecture=architecture,
        layers=whole("num_hidden_layers"),
        hidden=hidden,
        feed_forward=whole("intermediate_size", default=4 * hidden),
        heads=heads,
        key_value_heads=whole("num_key_value_heads", default=heads),
        head_size=whole("head_dim", default=max(hidden // heads, 1)),
        vocabulary=whole("vocab_size"),
        context=whole("max_position_embeddings", default=2048),
        is_tied=config.get("tie_word_embeddings") is True,
        is_gated=config.get("hidden_act", "silu") in ("silu", "gelu_pytorch_tanh"),
        dtype=str(config.get("dtype") or config.get("torch_dtype") or ""),
        rotary_base=base,
        rotary_kind=kind,
        rotary_factor=factor,
        experts=whole("num_local_experts", "num_experts", "n_routed_experts", default=0, least=0),
        experts_per_token=whole("num_experts_per_tok", default=0, least=0),
        expert_feed_forward=whole("moe_intermediate_size", default=0, least=0),
        latent=latent and latent + whole("qk_rope_head_dim", default=0, least=0),
        window=whole("sliding_window", default=0, least=0),
    )
    return tuple(wrong) or network


def rotary_settings(config: Mapping[str, Json]) -> Mapping[str, Json] | str:
    """Return the settings of rotary positions, under their new name or their old one; what is wrong with them instead.

    Transformers 5 writes `rope_parameters`, and prefers `rope_scaling` when it finds both; earlier releases know only
    that one. Where the two differ, nobody can say which the weights were trained with.
    """
    found: dict[str, Mapping[str, Json]] = {}
    for key in ("rope_parameters", "rope_scaling"):
        rope = config.get(key)
        if rope is not None and not isinstance(rope, Mapping):
            return f"`{key}` is {rope!r}, and not settings by name"
        if rope:
            found[key] = rope
    said = [{_BASE: config.get(_BASE), **rope} for rope in found.values()]
    if len(said) > 1 and _spelled(said[0]) != _spelled(said[1]):
        told = (f"`{key}` ({', '.join(f'{k} {v}' for k, v in sorted(rope.items()))})" for key, rope in found.items())
        return f"{' and '.join(told)} say different things of rotary positions"
    return next(iter(found.values()), {})


def is_positive(value: Json) -> TypeGuard[int | float]:
    """Tell whether *value* is a number above zero; infinity and what is no number (NaN) are not."""
    # A whole number may be too large for a float, which `math.isfinite` raises on.
    return not isinstance(value, bool) and isinstance(value, int | float) and 0 < value <= _LARGEST


def _spelled(rope: Mapping[str, Json]) -> dict[str, Json]:
    """Return settings as they are compared: under one name each, and what is left out as its default."""
    kept: dict[str, Json] = {k: v for k, v in rope.items() if v is not None}
    kind = kept.pop("type", "default")
    return {"rope_type": kind, "factor": 1.0, _BASE: _PLAIN_BASE, **kept}


def _rotary(config: Mapping[str, Json], wrong: list[str]) -> tuple[str, float, float]:
    """Return kind, factor and base of rotary positions, and add to *wrong* what is wrong with them."""
    rope = rotary_settings(config)
    if isinstance(rope, str):
        wrong.append(rope)
        rope = {}
    base = _number(config, _BASE, _PLAIN_BASE, wrong)
    kind = str(rope.get("rope_type") or rope.get("type") or "default")
    return kind, _number(rope, "factor", 1.0, wrong), _number(rope, _BASE, base, wrong)


def _number(settings: Mapping[str, Json], key: str, default: float, wrong: list[str]) -> float:
    value = settings.get(key)
    # Some families list one value for each layer, which no number here stands for.
    if value is None or isinstance(value, list | tuple | Mapping):
        return default
    if is_positive(value):
        return float(value)
    wrong.append(f"`{key}` is {value!r}, and a positive number is needed")
    return default
