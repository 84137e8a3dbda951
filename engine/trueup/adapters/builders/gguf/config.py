"""A Llama-family config.json as the numbers that GGUF needs; everything else in it that matters is refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from trueup.adapters.builders import codes
from trueup.adapters.builders.gguf.documents import positive, read_document
from trueup.core.errors import PermanentError
from trueup.core.json import Json

ARCHITECTURES = ("LlamaForCausalLM", "MistralForCausalLM")


@dataclass(frozen=True, slots=True)
class LlamaConfig:
    """The numbers of a model without biases, with rotary positions that are not scaled."""

    layers: int
    hidden: int
    feed_forward: int
    heads: int
    key_value_heads: int
    head_size: int
    context: int
    vocabulary: int
    rope_base: float
    norm_epsilon: float
    is_tied: bool
    tokens: Mapping[str, int]
    """Ids of the special tokens `bos`, `eos` and `pad`, as far as given."""

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of every tensor that the weights must have, by name."""
        queries, keys = self.heads * self.head_size, self.key_value_heads * self.head_size
        layer = {
            "self_attn.q_proj": (queries, self.hidden),
            "self_attn.k_proj": (keys, self.hidden),
            "self_attn.v_proj": (keys, self.hidden),
            "self_attn.o_proj": (self.hidden, queries),
            "mlp.gate_proj": (self.feed_forward, self.hidden),
            "mlp.up_proj": (self.feed_forward, self.hidden),
            "mlp.down_proj": (self.hidden, self.feed_forward),
            "input_layernorm": (self.hidden,),
            "post_attention_layernorm": (self.hidden,),
        }
        shapes: dict[str, tuple[int, ...]] = {
            "model.embed_tokens.weight": (self.vocabulary, self.hidden),
            "model.norm.weight": (self.hidden,),
        }
        if not self.is_tied:
            shapes["lm_head.weight"] = (self.vocabulary, self.hidden)
        for number in range(self.layers):
            shapes |= {f"model.layers.{number}.{part}.weight": shape for part, shape in layer.items()}
        return shapes


def read_config(folder: Path) -> LlamaConfig:
    """Read config.json of the model in *folder*.

    Raises:
        PermanentError: Another kind of model (ART201), or a broken or missing file.
    """
    config = read_document(folder, "config.json")
    reasons = _unsupported(config)
    if reasons:
        raise PermanentError(codes.UNSUPPORTED_MODEL, f"config.json: {'; '.join(reasons)}.")
    name = "config.json"
    hidden, heads = positive(config, name, "hidden_size"), positive(config, name, "num_attention_heads")
    return LlamaConfig(
        layers=positive(config, name, "num_hidden_layers"),
        hidden=hidden,
        feed_forward=positive(config, name, "intermediate_size"),
        heads=heads,
        key_value_heads=positive(config, name, "num_key_value_heads", heads),
        head_size=positive(config, name, "head_dim", hidden // heads),
        context=positive(config, name, "max_position_embeddings"),
        vocabulary=positive(config, name, "vocab_size"),
        rope_base=_number(_rope(config).get("rope_theta", config.get("rope_theta")), "rope_theta", 10000.0),
        norm_epsilon=_number(config.get("rms_norm_eps"), "rms_norm_eps", 1e-6),
        is_tied=config.get("tie_word_embeddings") is True,
        tokens=_special_tokens(config),
    )


def _unsupported(config: Mapping[str, Json]) -> list[str]:
    """Tell what in the configuration a plain Llama graph does not have."""
    reasons = []
    architectures = config.get("architectures")
    named = list(architectures) if isinstance(architectures, list | tuple) else [architectures]
    if not any(a in ARCHITECTURES for a in named):
        reasons.append(f"architecture {named[0]}, supported are {' and '.join(ARCHITECTURES)}")
    reasons += [f"{key} is true" for key in ("attention_bias", "mlp_bias") if config.get(key) is True]
    if config.get("hidden_act", "silu") != "silu":
        reasons.append(f"activation {config['hidden_act']}, supported is silu")
    rope = _rope(config)
    kind = rope.get("rope_type", rope.get("type", "default"))
    if kind != "default":
        reasons.append(f"rotary positions scaled by `{kind}`")
    window, context = config.get("sliding_window"), config.get("max_position_embeddings")
    if isinstance(window, int) and isinstance(context, int) and window < context:
        reasons.append(f"a sliding attention window of {window}")
    if config.get("quantization_config"):
        reasons.append("the weights are quantized already")
    return reasons


def _rope(config: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return the rotary settings, under the new name or the old one."""
    for key in ("rope_parameters", "rope_scaling"):
        value = config.get(key)
        if isinstance(value, Mapping):
            return value
    return {}


def _number(value: Json, key: str, default: float) -> float:
    if value is None:
        return default
    if not isinstance(value, int | float) or isinstance(value, bool) or value <= 0:
        raise PermanentError(codes.BAD_FILE, f"`{key}` in `config.json` must be a positive number, not {value!r}.")
    return float(value)


def _special_tokens(config: Mapping[str, Json]) -> dict[str, int]:
    tokens = {}
    for name in ("bos", "eos", "pad"):
        value = config.get(f"{name}_token_id")
        # Some models list several ends; the first is the one that generation writes.
        first = value[0] if isinstance(value, list | tuple) and value else value
        if isinstance(first, int) and not isinstance(first, bool) and first >= 0:
            tokens[name] = first
    return tokens
