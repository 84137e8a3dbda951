"""A config.json of the Llama family as numbers; everything else in it that matters is refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from trueup.adapters.builders import codes
from trueup.adapters.builders.gguf.documents import positive, positive_number, read_document
from trueup.adapters.builders.gguf.rotary import Rotary, read_rotary, rope_of
from trueup.core.errors import PermanentError
from trueup.core.json import Json

FAMILIES: Mapping[str, str] = {
    "LlamaForCausalLM": "llama",
    "MistralForCausalLM": "llama",
    "Qwen2ForCausalLM": "qwen2",
    "Qwen3ForCausalLM": "qwen3",
}
"""llama.cpp's graph of an architecture."""

ATTENTION = ("q", "k", "v", "o")
FEED_FORWARD = ("gate", "up", "down")


@dataclass(frozen=True, slots=True)
class LlamaConfig:
    """The numbers of a decoder of the Llama family.

    Attributes:
        tokens: Ids of the special tokens `bos`, `eos` and `pad`, as far as given.
        family: llama.cpp's name of the graph.
        rotary: How positions are turned.
        biases: Projections that have a bias: of `q`, `k`, `v`, `o`, `gate`, `up`, `down`.
        has_head_norms: Queries and keys are normalised head by head.
        windows: For each layer, how many tokens it sees; 0 for all.
    """

    layers: int
    hidden: int
    feed_forward: int
    heads: int
    key_value_heads: int
    head_size: int
    context: int
    vocabulary: int
    norm_epsilon: float
    is_tied: bool
    tokens: Mapping[str, int]
    family: str
    rotary: Rotary
    biases: tuple[str, ...] = ()
    has_head_norms: bool = False
    windows: tuple[int, ...] = ()

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of every tensor that the weights must have, by name."""
        queries, keys = self.heads * self.head_size, self.key_value_heads * self.head_size
        layer: dict[str, tuple[int, ...]] = {
            "self_attn.q_proj.weight": (queries, self.hidden),
            "self_attn.k_proj.weight": (keys, self.hidden),
            "self_attn.v_proj.weight": (keys, self.hidden),
            "self_attn.o_proj.weight": (self.hidden, queries),
            "mlp.gate_proj.weight": (self.feed_forward, self.hidden),
            "mlp.up_proj.weight": (self.feed_forward, self.hidden),
            "mlp.down_proj.weight": (self.hidden, self.feed_forward),
            "input_layernorm.weight": (self.hidden,),
            "post_attention_layernorm.weight": (self.hidden,),
        }
        for short in self.biases:
            part = f"{'self_attn' if short in ATTENTION else 'mlp'}.{short}_proj"
            layer[f"{part}.bias"] = layer[f"{part}.weight"][:1]
        if self.has_head_norms:
            layer |= {f"self_attn.{short}_norm.weight": (self.head_size,) for short in "qk"}
        shapes: dict[str, tuple[int, ...]] = {
            "model.embed_tokens.weight": (self.vocabulary, self.hidden),
            "model.norm.weight": (self.hidden,),
        }
        if not self.is_tied:
            shapes["lm_head.weight"] = (self.vocabulary, self.hidden)
        for number in range(self.layers):
            shapes |= {f"model.layers.{number}.{part}": shape for part, shape in layer.items()}
        return shapes


def read_config(folder: Path, *, is_quantized: bool = False) -> LlamaConfig:
    """Read config.json of the model in *folder*; one that is quantized already only when *is_quantized*.

    Raises:
        PermanentError: Another kind of model (ART201), or a broken or missing file.
    """
    config = read_document(folder, "config.json")
    reasons = _unsupported(config)
    if config.get("quantization_config") and not is_quantized:
        reasons.append("the weights are quantized already")
    if reasons:
        raise PermanentError(codes.UNSUPPORTED_MODEL, f"config.json: {'; '.join(reasons)}.")
    return config_of(config)


def config_of(config: Mapping[str, Json]) -> LlamaConfig:
    """Return the numbers of a config.json whose architecture is one of `FAMILIES`, with whatever rotary positions.

    Raises:
        PermanentError: One is missing or no number (ART203).
    """
    name = "config.json"
    hidden, heads = positive(config, name, "hidden_size"), positive(config, name, "num_attention_heads")
    layers = positive(config, name, "num_hidden_layers")
    context = positive(config, name, "max_position_embeddings")
    family = FAMILIES[_architecture(config)]
    return LlamaConfig(
        layers=layers,
        hidden=hidden,
        feed_forward=positive(config, name, "intermediate_size"),
        heads=heads,
        key_value_heads=positive(config, name, "num_key_value_heads", heads),
        # Qwen3 says the size of a head apart from the width; its own default is not hidden / heads.
        head_size=positive(config, name, "head_dim", 128 if family == "qwen3" else hidden // heads),
        context=context,
        vocabulary=positive(config, name, "vocab_size"),
        norm_epsilon=positive_number(config, "rms_norm_eps", 1e-6),
        is_tied=config.get("tie_word_embeddings") is True,
        tokens=_special_tokens(config),
        family=family,
        rotary=read_rotary(config),
        biases=_biases(config, family),
        has_head_norms=family == "qwen3",
        windows=_windows(config, layers, context),
    )


def refuse_unserved(config: LlamaConfig) -> None:
    """Refuse what a network of this family may have and llama.cpp's graph of it leaves out.

    Raises:
        PermanentError: It has something of the kind (ART201).
    """
    reasons = []
    if any(config.windows):
        reasons.append(f"a sliding attention window of {max(config.windows)}")
    if config.rotary.kind == "llama3" and config.family != "llama":
        reasons.append(f"rotary positions scaled by `llama3` in the graph `{config.family}`")
    if config.family == "qwen3" and config.biases:
        reasons.append("attention_bias is true in the graph `qwen3`")
    if reasons:
        raise PermanentError(codes.UNSUPPORTED_MODEL, f"config.json: {'; '.join(reasons)}.")


def _architecture(config: Mapping[str, Json]) -> str:
    architectures = config.get("architectures")
    named = list(architectures) if isinstance(architectures, list | tuple) else [architectures]
    return next((str(a) for a in named if a in FAMILIES), str(named[0]) if named else "None")


def _unsupported(config: Mapping[str, Json]) -> list[str]:
    """Tell what in the configuration no graph here has."""
    reasons = []
    architecture = _architecture(config)
    if architecture not in FAMILIES:
        reasons.append(f"architecture {architecture}, supported are {', '.join(FAMILIES)}")
    if config.get("hidden_act", "silu") != "silu":
        reasons.append(f"activation {config['hidden_act']}, supported is silu")
    rope = rope_of(config)
    kind = rope.get("rope_type", rope.get("type", "default"))
    if kind not in ("default", "linear", "llama3"):
        reasons.append(f"rotary positions scaled by `{kind}`")
    return reasons


def _biases(config: Mapping[str, Json], family: str) -> tuple[str, ...]:
    if family == "qwen2":
        return ATTENTION[:3]
    attention = ATTENTION if config.get("attention_bias") is True else ()
    return (*attention, *(FEED_FORWARD if config.get("mlp_bias") is True else ()))


def _windows(config: Mapping[str, Json], layers: int, context: int) -> tuple[int, ...]:
    """Return the sliding window of each layer, as transformers reads the configuration."""
    window, kinds = config.get("sliding_window"), config.get("layer_types")
    # A window as long as the context hides nothing.
    if not isinstance(window, int) or isinstance(window, bool) or not 0 < window < context:
        return (0,) * layers
    if config.get("use_sliding_window", _architecture(config) == "MistralForCausalLM") is not True:
        return (0,) * layers
    if isinstance(kinds, list | tuple) and len(kinds) == layers:
        return tuple(window if kind == "sliding_attention" else 0 for kind in kinds)
    first = config.get("max_window_layers")
    first = first if isinstance(first, int) else 0
    return tuple(window if number >= first else 0 for number in range(layers))


def _special_tokens(config: Mapping[str, Json]) -> dict[str, int]:
    tokens = {}
    for name in ("bos", "eos", "pad"):
        value = config.get(f"{name}_token_id")
        # Some models list several ends; the first is the one that generation writes.
        first = value[0] if isinstance(value, list | tuple) and value else value
        if isinstance(first, int) and not isinstance(first, bool) and first >= 0:
            tokens[name] = first
    return tokens
