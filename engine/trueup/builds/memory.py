"""Memory of one rank: weights, cache, activations, logits and what is fixed, and what fits beside them.

Bytes throughout. The sums follow how TensorRT-LLM lays weights and cache out; activations and the fixed part are
estimates (its page on memory, and the log there: a 7B model with 1-byte weights and cache on 80 GB has 262,144 bytes
a token and room for 259,840). Of other runtimes they are about as true.
"""

import math
from collections.abc import Mapping

from trueup.builds.network import Network
from trueup.core.frozen import dataclass

GIB = 1 << 30
MIB = 1 << 20

_RUNTIME_BUFFERS = GIB // 4
_CUDA_CONTEXT = 3 * GIB // 4
_COMMUNICATION = GIB // 2
"""NCCL, when there is more than one rank."""
_ACTIVATIONS_PER_LAYER = 1.5
"""How many times the widest layer's inputs and outputs live at once."""
_ACTIVATION_BYTES = 2
_LOGIT_BYTES = 4

_FULL_LAYERS: Mapping[str, int] = {
    # 0: every layer slides.
    "MistralForCausalLM": 0,
    "MixtralForCausalLM": 0,
    "Phi3ForCausalLM": 0,
    "Starcoder2ForCausalLM": 0,
    "Gemma2ForCausalLM": 2,
    "GptOssForCausalLM": 2,
    "Cohere2ForCausalLM": 4,
    "Gemma3ForCausalLM": 6,
}
"""One layer in so many sees the whole context where a window is declared [transformers `layer_types`,
`sliding_window_pattern`]. Of other architectures every layer counts in full, which is never too little."""


@dataclass(frozen=True, slots=True)
class Cut:
    """How the network is cut over accelerators."""

    tensor: int = 1
    pipeline: int = 1

    @property
    def world(self) -> int:
        """Accelerators it takes."""
        return self.tensor * self.pipeline


@dataclass(frozen=True, slots=True)
class Precision:
    """Bytes of one number.

    Attributes:
        weight: A weight of a layer, with its share of scales.
        embedding: A weight of the embedding and of the output head, which mostly stay in 16 bits.
        head: A weight of the output head when it is a matrix of its own.
        cache: A value of the key-value cache.
    """

    weight: float = 2.0
    embedding: float = 2.0
    head: float = 2.0
    cache: float = 2.0


@dataclass(frozen=True, slots=True)
class Load:
    """What a server is asked for.

    Attributes:
        context: Longest sequence, in tokens, answer included [`max_seq_len`].
        batch: Most sequences at once [`max_batch_size`].
        tokens: Most tokens of one step [`max_num_tokens`].
        beams: Beams of a sequence [`max_beam_width`].
        block: Tokens that the cache hands out at once [`tokens_per_block`].
        fraction: Share of what is free that the cache takes [`free_gpu_memory_fraction`].
        is_of_total: The fraction is of all memory instead, as vLLM and SGLang mean it.
    """

    context: int
    batch: int = 2048
    tokens: int = 8192
    beams: int = 1
    block: int = 32
    fraction: float = 0.9
    is_of_total: bool = False


@dataclass(frozen=True, slots=True)
class RankMemory:
    """What the fullest rank holds.

    Attributes:
        weights: Its weights.
        activations: Intermediate results of one step.
        logits: Scores of the next token for a full batch.
        fixed: Buffers and contexts of runtime and driver.
        token_bytes: One token in the cache, in layers that see the whole context.
        sliding_token_bytes: One token in the cache, in layers that see a window.
        window: That window, in tokens; 0 without one.
        load: What it was computed for.
    """

    weights: int
    activations: int
    logits: int
    fixed: int
    token_bytes: int
    sliding_token_bytes: int
    window: int
    load: Load

    @property
    def occupied(self) -> int:
        """Everything but the cache."""
        return self.weights + self.activations + self.logits + self.fixed

    @property
    def bytes_per_token(self) -> int:
        """One token in the cache, in all layers of the rank."""
        return self.token_bytes + self.sliding_token_bytes

    def pool(self, visible: int) -> int:
        """Return the bytes that the cache gets of *visible* ones; 0 when nothing is left."""
        if self.load.is_of_total:
            return max(math.floor(self.load.fraction * visible) - self.occupied, 0)
        return max(math.floor(self.load.fraction * (visible - self.occupied)), 0)

    def tokens(self, visible: int) -> int:
        """Return the tokens that the cache holds, in whole blocks, each in all layers."""
        return tokens_in(self.pool(visible), self.bytes_per_token, self.load.block)

    def sequence(self, context: int) -> int:
        """Return the cache that one sequence of *context* tokens takes, in whole blocks, all its beams."""
        whole = _in_blocks(context, self.load.block)
        seen = min(whole, _in_blocks(self.window, self.load.block)) if self.window else whole
        return self.load.beams * (self.token_bytes * whole + self.sliding_token_bytes * seen)

    def sequences(self, visible: int, context: int) -> int:
        """Return how many sequences of *context* tokens the cache holds at once."""
        return self.pool(visible) // self.sequence(context)

    def longest(self, visible: int, limit: int, sequences: int = 1) -> int:
        """Return the longest context, in whole blocks and up to *limit*, that so many *sequences* can have at once."""
        low, high = 0, -(-limit // self.load.block)
        pool = self.pool(visible)
        while low < high:
            middle = (low + high + 1) // 2
            if sequences * self.sequence(middle * self.load.block) <= pool:
                low = middle
            else:
                high = middle - 1
        return min(low * self.load.block, limit)

    def required(self, sequences: int, context: int) -> int:
        """Return the memory an accelerator needs so that the cache holds so many *sequences* of *context* tokens."""
        cache = sequences * self.sequence(context)
        if self.load.is_of_total:
            return math.ceil((self.occupied + cache) / self.load.fraction)
        return self.occupied + math.ceil(cache / self.load.fraction)


def tokens_in(pool: int, bytes_per_token: int, block: int) -> int:
    """Return the tokens that *pool* bytes hold, in whole blocks of *block* tokens."""
    return pool // bytes_per_token // block * block


def layer_parameters(network: Network, tensor: int = 1) -> int:
    """Return the parameters of one layer, over all ranks: key and value heads are repeated when ranks outnumber them.

    Shared experts and the low-rank projections of latent attention are not in a `Network` and not counted; they are a
    few percent of such networks.
    """
    kept = tensor * math.ceil(network.key_value_heads / tensor)
    attention = network.head_size * network.hidden * 2 * (network.heads + kept)
    matrices = 3 if network.is_gated else 2
    if not network.experts:
        return attention + matrices * network.hidden * network.feed_forward
    width = network.expert_feed_forward or network.feed_forward
    return attention + network.experts * (matrices * network.hidden * width + network.hidden)


def parameters(network: Network) -> int:
    """Return the parameters of the whole network, norms and biases left out."""
    matrices = 1 if network.is_tied else 2
    return network.layers * layer_parameters(network) + matrices * network.vocabulary * network.hidden


def weights_in_all(network: Network, precision: Precision) -> int:
    """Return the bytes of all weights, as files hold them."""
    table = network.vocabulary * network.hidden
    ends = table * (precision.embedding + (0 if network.is_tied else precision.head))
    return math.ceil(network.layers * layer_parameters(network) * precision.weight + ends)


def rank_memory(network: Network, cut: Cut, precision: Precision, load: Load) -> RankMemory:
    """Return what the fullest rank of *network*, cut by *cut*, holds."""
    layers = math.ceil(network.layers / cut.pipeline)
    table = network.vocabulary * network.hidden
    if cut.pipeline > 1:  # the first stage has the embedding, the last the head
        ends = table * max(precision.embedding, precision.head)
    else:
        ends = table * (precision.embedding + (0 if network.is_tied else precision.head))
    weights = layers * layer_parameters(network, cut.tensor) * precision.weight / cut.tensor + ends
    full, sliding = _layers(network, layers)
    per_layer = _cache_of_layer(network, cut.tensor) * precision.cache
    return RankMemory(
        weights=math.ceil(weights),
        activations=math.ceil(_activations(network, load.tokens) / cut.tensor),
        logits=load.batch * load.beams * network.vocabulary * _LOGIT_BYTES,
        fixed=_RUNTIME_BUFFERS + _CUDA_CONTEXT + (_COMMUNICATION if cut.world > 1 else 0),
        token_bytes=math.ceil(full * per_layer),
        sliding_token_bytes=math.ceil(sliding * per_layer),
        window=network.window if sliding else 0,
        load=load,
    )


def build_host_bytes(weights: int) -> int:
    """Return the main memory that one worker of a build takes for a rank of so many bytes of *weights*: an estimate."""
    return 5 * weights // 2 + 5 * GIB


def _cache_of_layer(network: Network, tensor: int) -> int:
    """Return the values that one token has in the cache of a layer: keys and values, or what they are computed from."""
    if network.latent:
        return network.latent  # every rank keeps it whole
    return 2 * math.ceil(network.key_value_heads / tensor) * network.head_size


def _layers(network: Network, layers: int) -> tuple[int, int]:
    """Return how many of a rank's *layers* see the whole context, and how many a window."""
    if not network.window or network.architecture not in _FULL_LAYERS:
        return layers, 0
    one_in = _FULL_LAYERS[network.architecture]
    full = math.ceil(layers / one_in) if one_in else 0
    return full, layers - full


def _activations(network: Network, tokens: int) -> float:
    width = network.feed_forward
    if network.experts:
        width = (network.expert_feed_forward or width) * max(network.experts_per_token, 1)
    heads = (network.heads + 2 * network.key_value_heads) * network.head_size
    return _ACTIVATIONS_PER_LAYER * tokens * (2 * network.hidden + heads + 2 * width) * _ACTIVATION_BYTES


def _in_blocks(tokens: int, block: int) -> int:
    return -(-tokens // block) * block


def size_in_words(size_bytes: int) -> str:
    """Spell a size in GiB, in MiB where that would hide what is small."""
    return f"{size_bytes / GIB:.1f} GiB" if abs(size_bytes) >= GIB // 10 else f"{size_bytes / MIB:.1f} MiB"
