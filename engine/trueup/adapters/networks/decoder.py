"""The forward pass of the Llama family in float32: Llama, Mistral, SmolLM2, Qwen2 and Qwen3.

One layer's weights are in memory at a time, whatever the model's size; sequences go through it side by side.
"""

import math
from collections.abc import Collection
from functools import partial
from typing import TYPE_CHECKING, Protocol

from trueup.adapters.builders.gguf.config import LlamaConfig
from trueup.adapters.networks.working import side_by_side
from trueup.core.frozen import dataclass
from trueup.ports import Progress

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]


class Weights(Protocol):
    """Tensors under their names on Hugging Face."""

    @property
    def names(self) -> Collection[str]:
        """Names of what there is."""
        ...

    def load(self, name: str) -> "Floats":
        """Return one tensor as float32."""
        ...


@dataclass(frozen=True, slots=True)
class Decoder:
    """What the forward pass needs to know.

    Attributes:
        frequencies: Turn of each pair of a head from one position to the next, in radians.
        windows: For each layer, how many tokens it sees; 0 for all.
    """

    layers: int
    heads: int
    key_value_heads: int
    head_size: int
    norm_epsilon: float
    frequencies: tuple[float, ...]
    windows: tuple[int, ...]


def decoder_of(config: LlamaConfig) -> Decoder:
    """Return the decoder that a config.json describes."""
    pairs, size = enumerate(config.rotary.slowing(config.head_size)), config.head_size
    return Decoder(
        config.layers,
        config.heads,
        config.key_value_heads,
        size,
        config.norm_epsilon,
        tuple(config.rotary.base ** (-2 * i / size) / slower for i, slower in pairs),
        config.windows,
    )


def hidden_states(
    decoder: Decoder, weights: Weights, tokens: "NDArray[np.int64]", progress: Progress, what: str
) -> "Floats":
    """Return the final normalised states of *tokens* (sequences x length), for the output head to be applied to."""
    import numpy as np

    states = list(weights.load("model.embed_tokens.weight")[tokens])
    turns = _turns(decoder, tokens.shape[1])
    with side_by_side() as apply:
        for number in range(decoder.layers):
            progress(what, number, decoder.layers)
            layer = _Layer(decoder, weights, number)
            hidden = layer.mask(tokens.shape[1])
            states = apply(partial(layer.forward, turns=turns, hidden=hidden), states)
        progress(what, decoder.layers, decoder.layers)
        norm = weights.load("model.norm.weight")
        return np.stack(apply(lambda one: _norm(one, norm, decoder.norm_epsilon), states))


def output_head(weights: Weights) -> "Floats":
    """Return the output head; the embedding where both are one."""
    name = "lm_head.weight"
    return weights.load(name if name in weights.names else "model.embed_tokens.weight")


class _Layer:
    """One layer with its weights."""

    def __init__(self, decoder: Decoder, weights: Weights, number: int) -> None:
        self._decoder = decoder
        self._window = decoder.windows[number] if decoder.windows else 0
        prefix = f"model.layers.{number}."
        self._held = {n.removeprefix(prefix): weights.load(n) for n in weights.names if n.startswith(prefix)}

    def mask(self, length: int) -> "NDArray[np.bool_]":
        """Return which positions (columns) each position (rows) does not see."""
        import numpy as np

        rows, columns = np.arange(length)[:, None], np.arange(length)[None, :]
        hidden: NDArray[np.bool_] = columns > rows
        return hidden | (columns <= rows - self._window) if self._window else hidden

    def forward(self, states: "Floats", turns: "tuple[Floats, Floats]", hidden: "NDArray[np.bool_]") -> "Floats":
        """Return the states after this layer."""
        normed = _norm(states, self._held["input_layernorm.weight"], self._decoder.norm_epsilon)
        states = states + self._attend(normed, turns, hidden)
        normed = _norm(states, self._held["post_attention_layernorm.weight"], self._decoder.norm_epsilon)
        return states + self._project("mlp.down_proj", self._gated(normed))

    def _gated(self, normed: "Floats") -> "Floats":
        import numpy as np

        gate = self._project("mlp.gate_proj", normed)
        activated: Floats = gate / (1 + np.exp(-gate)) * self._project("mlp.up_proj", normed)
        return activated

    def _attend(self, normed: "Floats", turns: "tuple[Floats, Floats]", hidden: "NDArray[np.bool_]") -> "Floats":
        import numpy as np

        groups = self._decoder.heads // self._decoder.key_value_heads
        queries = _turned(self._heads("q", normed, self._decoder.heads), turns)
        keys = _turned(self._heads("k", normed, self._decoder.key_value_heads), turns)
        values = self._heads("v", normed, self._decoder.key_value_heads, is_normed=False)
        keys, values = np.repeat(keys, groups, axis=0), np.repeat(values, groups, axis=0)
        scores = queries @ keys.swapaxes(1, 2) / np.float32(math.sqrt(self._decoder.head_size))
        scores[:, hidden] = -np.inf
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        scores /= scores.sum(axis=-1, keepdims=True)
        seen = (scores @ values).swapaxes(0, 1).reshape(len(normed), -1)
        return self._project("self_attn.o_proj", seen)

    def _heads(self, short: str, normed: "Floats", count: int, *, is_normed: bool = True) -> "Floats":
        """Return a projection cut into heads (heads x length x size), normalised where the family does that."""
        size = self._decoder.head_size
        cut = self._project(f"self_attn.{short}_proj", normed).reshape(len(normed), count, size).swapaxes(0, 1)
        norm = self._held.get(f"self_attn.{short}_norm.weight") if is_normed else None
        return cut if norm is None else _norm(cut, norm, self._decoder.norm_epsilon)

    def _project(self, part: str, states: "Floats") -> "Floats":
        bias = self._held.get(f"{part}.bias")
        projected: Floats = states @ self._held[f"{part}.weight"].T
        return projected if bias is None else projected + bias


def _norm(states: "Floats", weight: "Floats", epsilon: float) -> "Floats":
    import numpy as np

    mean = np.mean(states * states, axis=-1, keepdims=True)
    normed: Floats = states / np.sqrt(mean + np.float32(epsilon)) * weight
    return normed


def _turns(decoder: Decoder, length: int) -> "tuple[Floats, Floats]":
    """Return cosine and sine for each position and pair, both halves of a head alike."""
    import numpy as np

    angles = np.outer(np.arange(length), np.array(decoder.frequencies))
    both = np.concatenate([angles, angles], axis=1)
    return np.cos(both).astype(np.float32), np.sin(both).astype(np.float32)


def _turned(heads: "Floats", turns: "tuple[Floats, Floats]") -> "Floats":
    """Turn the halves of each head against one another."""
    import numpy as np

    half = heads.shape[-1] // 2
    swapped: Floats = np.concatenate([-heads[..., half:], heads[..., :half]], axis=-1)
    turned: Floats = heads * turns[0] + swapped * turns[1]
    return turned
