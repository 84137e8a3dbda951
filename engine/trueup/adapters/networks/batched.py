"""The forward pass over many short sequences at once, for what is asked of every one of them: likelihoods.

What `decoder` computes for a few long sequences, arranged for throughput: tokens of all sequences go through the linear
maps as one matrix without filling, sequences of one shape attend together, and only states that predict something reach
the output head. Weights that fit in memory are kept there.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from trueup.adapters.networks.decoder import Decoder, output_head
from trueup.adapters.networks.opening import Network
from trueup.adapters.networks.trees import Packed, visible
from trueup.core.frozen import dataclass

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

KEPT_BYTES = 4 << 30
"""Weights up to this are kept in memory as float32; layers of larger ones are read again for every round."""

_QUERIES_AT_ONCE = 128
"""Rows of a long sequence that attend at a time: later tokens are not even looked at."""

_SAFE = 80.0
"""Exponents of a float32 that are far from its ends, which are at -87 and 88."""

_CACHED_BYTES = 1 << 20
"""What is worked on at a time should stay in a core's own cache: three times the time goes by where it does not."""

Apply = Callable[[Callable[["_Reading"], "Floats"], "Sequence[_Reading]"], "list[Floats]"]


@dataclass(frozen=True, slots=True)
class _Reading:
    """A batch on its way: its states, and cosine and sine of each of its positions."""

    batch: Packed
    states: "Floats"
    turns: "tuple[Floats, Floats]"


class BatchedNetwork:
    """Computes final states and log-likelihoods of packed trees."""

    def __init__(self, network: Network) -> None:
        import numpy as np

        self._network, self._decoder = network, network.decoder
        self._embedding = network.load("model.embed_tokens.weight")
        self._norm = network.load("model.norm.weight")
        head = output_head(network) if "lm_head.weight" in network.names else self._embedding
        self.vocabulary = len(head)
        self.is_finite = bool(np.isfinite(head).all())
        self._head: Floats = np.ascontiguousarray(head.T) * self._norm[:, None]
        self._kept: dict[int, _Layer] = {}
        self.keeps = self._size_bytes() <= KEPT_BYTES

    def states(self, batches: Sequence[Packed], apply: Apply) -> "list[Floats]":
        """Return the states of each batch that predict something, normalised but for the norm's own weight."""
        begun = [_Reading(b, self._embedding[b.tokens], _turns(self._decoder, b.positions)) for b in batches]
        if self.keeps:
            return apply(self._through, begun)
        for number in range(self._decoder.layers):
            layer = _Layer(self._decoder, self._network, number)
            begun = [replace(r, states=x) for r, x in zip(begun, apply(layer.after, begun), strict=True)]
        return [self._normed(r.states) for r in begun]

    def logits(self, states: "Floats") -> "Floats":
        """Return the logits of states that `states` gave."""
        return states @ self._head

    def log_likelihoods(self, states: "Floats", targets: "NDArray[np.int64]") -> "NDArray[np.float64]":
        """Return the log-likelihood of each target; not a number where the network gave none."""
        import numpy as np

        found = np.full(len(targets), np.nan)
        if not self.is_finite:
            return found
        step = max(_LOGITS_AT_ONCE // self.vocabulary, _FEWEST_AT_ONCE)
        for begin in range(0, len(targets), step):
            logits = states[begin : begin + step] @ self._head
            aims = targets[begin : begin + step]
            logits -= logits.max(axis=1, keepdims=True)
            aimed = logits[np.arange(len(aims)), aims].astype(np.float64)
            np.exp(logits, out=logits)
            found[begin : begin + step] = aimed - np.log(logits.sum(axis=1, dtype=np.float32).astype(np.float64))
        found[~np.isfinite(states).all(axis=1)] = np.nan
        return found

    def _through(self, reading: _Reading) -> "Floats":
        for number in range(self._decoder.layers):
            if number not in self._kept:
                self._kept[number] = _Layer(self._decoder, self._network, number)
            reading = replace(reading, states=self._kept[number].after(reading))
        return self._normed(reading.states)

    def _normed(self, states: "Floats") -> "Floats":
        return _scaled(states, self._decoder.norm_epsilon)

    def _size_bytes(self) -> int:
        # Every layer has the form of the first.
        prefix = "model.layers.0."
        layer = sum(self._network.load(n).nbytes for n in self._network.names if n.startswith(prefix))
        return layer * self._decoder.layers + self._embedding.nbytes + self._head.nbytes


_LOGITS_AT_ONCE = 1 << 18
"""Logits held at a time: a megabyte, which stays in a core's cache."""

_FEWEST_AT_ONCE = 64
"""Predictions that share one reading of the output head, however large the vocabulary is: with the five that a megabyte
has room for at 49,152 words, reading it took six times the time."""


@dataclass(frozen=True, slots=True)
class _Linear:
    weight: "Floats"
    bias: "Floats | None"

    def __call__(self, states: "Floats") -> "Floats":
        out: Floats = states @ self.weight
        if self.bias is not None:
            out += self.bias
        return out


class _Layer:
    """One layer; what scales the input of a linear map is multiplied into the map."""

    def __init__(self, decoder: Decoder, network: Network, number: int) -> None:
        self._decoder, self._is_last = decoder, number == decoder.layers - 1
        self._window = decoder.windows[number] if decoder.windows else 0
        prefix = f"model.layers.{number}."
        held = {n.removeprefix(prefix): network.load(n) for n in network.names if n.startswith(prefix)}
        before, after = held["input_layernorm.weight"], held["post_attention_layernorm.weight"]
        self._attention = _joined(held, ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"), before)
        self._output = _joined(held, ("self_attn.o_proj",), None)
        self._half_gate = _halved(_joined(held, ("mlp.gate_proj",), after))
        self._up = _joined(held, ("mlp.up_proj",), after)
        self._down = _joined(held, ("mlp.down_proj",), None)
        wide = 8 * max(self._up.weight.shape[1], self._attention.weight.shape[1])
        self._rows = min(max(_CACHED_BYTES // wide, 64), 512)
        self._query_norm, self._key_norm = held.get("self_attn.q_norm.weight"), held.get("self_attn.k_norm.weight")

    def after(self, reading: _Reading) -> "Floats":
        """Return the states of a batch after this layer; after the last, those that predict something."""
        import numpy as np

        batch, states, seen = reading.batch, reading.states, self._attend(reading)
        if self._is_last and not batch.predicts_all:
            states, seen = states[batch.rows], seen[batch.rows]
        after = np.empty_like(states)
        for begin in range(0, len(states), self._rows):
            part = slice(begin, begin + self._rows)
            own = states[part] + self._output(seen[part])
            normed = _scaled(own, self._decoder.norm_epsilon)
            np.add(own, self._down(_gated(self._half_gate(normed), self._up(normed))), out=after[part])
        return after

    def _attend(self, reading: _Reading) -> "Floats":
        import numpy as np

        heads, shared, size = self._decoder.heads, self._decoder.key_value_heads, self._decoder.head_size
        queries, keys, values = self._projected(reading)
        seen = np.empty((len(queries), heads, size), np.float32)
        begin = 0
        for shape, count in reading.batch.groups:
            length = sum(shape)
            part = slice(begin, begin + length * count)
            # sequences x shared heads x heads of each x tokens x size
            cut = [
                x[part].reshape(count, length, shared, -1, size).transpose(0, 2, 3, 1, 4)
                for x in (queries, keys, values)
            ]
            out = seen[part].reshape(count, length, shared, -1, size).transpose(0, 2, 3, 1, 4)
            _attention(cut, visible(shape, self._window), out)
            begin += length * count
        return seen.reshape(len(seen), heads * size)

    def _projected(self, reading: _Reading) -> "tuple[Floats, Floats, Floats]":
        """Return queries, keys and values (tokens x heads x size)."""
        import numpy as np

        made, count = self._decoder, len(reading.states)
        heads, shared, size = made.heads, made.key_value_heads, made.head_size
        queries = np.empty((count, heads, size), np.float32)
        keys, values = np.empty((2, count, shared, size), np.float32)
        for begin in range(0, count, self._rows):
            part = slice(begin, begin + self._rows)
            normed = _scaled(reading.states[part], made.norm_epsilon)
            all_ = self._attention(normed).reshape(len(normed), heads + 2 * shared, size)
            turns = reading.turns[0][part], reading.turns[1][part]
            _turn(self._with_norm(all_[:, :heads], self._query_norm), turns, queries[part])
            _turn(self._with_norm(all_[:, heads : heads + shared], self._key_norm), turns, keys[part])
            values[part] = all_[:, heads + shared :]
        queries *= np.float32(1 / math.sqrt(size))
        return queries, keys, values

    def _with_norm(self, heads: "Floats", weight: "Floats | None") -> "Floats":
        return heads if weight is None else _scaled(heads, self._decoder.norm_epsilon) * weight


def _attention(cut: "list[Floats]", seen: "Floats", out: "Floats") -> None:
    """Let tokens look back, some sequences and some rows at a time, and write what they see to *out*."""
    import numpy as np

    queries, keys, values = cut
    turned = keys.swapaxes(-1, -2)
    rows = min(_QUERIES_AT_ONCE, len(seen))
    many = max(_CACHED_BYTES // (8 * out.shape[1] * out.shape[2] * rows * len(seen)), 1)
    for first in range(0, len(queries), many):
        part = slice(first, first + many)
        for begin in range(0, len(seen), rows):
            end = min(begin + rows, len(seen))
            scores = queries[part, ..., begin:end, :] @ turned[part, ..., :end]
            # Exponents of such numbers neither overflow nor vanish, and the largest of each row need not be found,
            # which takes longer than everything else here.
            if not (scores.max() < _SAFE and scores.min() > -_SAFE):
                scores += np.where(seen[begin:end, :end], np.float32(0), np.float32(-np.inf))
                scores -= scores.max(axis=-1, keepdims=True)
            np.exp(scores, out=scores)
            scores *= seen[begin:end, :end]
            total = scores @ np.ones((end, 1), np.float32)
            np.divide(scores @ values[part, ..., :end, :], total, out=out[part, ..., begin:end, :])


def _joined(held: "dict[str, Floats]", parts: Sequence[str], scale: "Floats | None") -> _Linear:
    """Return linear maps of one input as one, turned for rows of states, with *scale* of the input multiplied in."""
    import numpy as np

    weight = np.concatenate([held[f"{p}.weight"] for p in parts])
    if scale is not None:
        weight = weight * scale
    biases = [held.get(f"{p}.bias") for p in parts]
    if all(b is None for b in biases):
        return _Linear(np.ascontiguousarray(weight.T), None)
    rows = [len(held[f"{p}.weight"]) for p in parts]
    bias = np.concatenate([np.zeros(n, np.float32) if b is None else b for b, n in zip(biases, rows, strict=True)])
    return _Linear(np.ascontiguousarray(weight.T), bias)


def _halved(linear: _Linear) -> _Linear:
    import numpy as np

    half = np.float32(0.5)
    return _Linear(linear.weight * half, None if linear.bias is None else linear.bias * half)


def _gated(half_gate: "Floats", up: "Floats") -> "Floats":
    """Return up * gate * sigmoid(gate) of half the gate, in the memory of *up*."""
    import numpy as np

    # Half of one more than the hyperbolic tangent of half a number is its sigmoid.
    up *= half_gate
    np.tanh(half_gate, out=half_gate)
    half_gate += 1
    up *= half_gate
    return up


def _scaled(states: "Floats", epsilon: float) -> "Floats":
    import numpy as np

    square = np.einsum("...i,...i->...", states, states)
    square *= np.float32(1 / states.shape[-1])
    square += np.float32(epsilon)
    scaled: Floats = states * (1 / np.sqrt(square))[..., None]
    return scaled


def _turns(decoder: Decoder, positions: "NDArray[np.int64]") -> "tuple[Floats, Floats]":
    """Return cosine and sine for each token and pair, once for all heads."""
    import numpy as np

    angles = np.outer(np.arange(positions.max() + 1), np.array(decoder.frequencies))
    return (
        np.cos(angles).astype(np.float32)[positions][:, None, :],
        np.sin(angles).astype(np.float32)[positions][:, None, :],
    )


def _turn(heads: "Floats", turns: "tuple[Floats, Floats]", out: "Floats") -> None:
    """Turn the halves of each head against one another."""
    import numpy as np

    half = heads.shape[-1] // 2
    first, second = heads[..., :half], heads[..., half:]
    np.multiply(first, turns[0], out=out[..., :half])
    out[..., :half] -= second * turns[1]
    np.multiply(second, turns[0], out=out[..., half:])
    out[..., half:] += first * turns[1]
