"""Configuration and weights held against each other, as far as names and shapes tell: is anything of the model missing?

A server that loads less than the network has fails late, or fills in numbers by chance. Of a family whose tensors are
known, each is looked for; of any other network, what can be said without knowing it.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping

from trueup.adapters.builders.gguf.config import FAMILIES, config_of
from trueup.adapters.builders.gguf.weights import Located
from trueup.builds.network import Network
from trueup.core.json import Json

LAYER = re.compile(r"\.layers\.(\d+)\.")
"""Where a name tells the layer."""

_EMBEDDINGS = re.compile(r"embed|wte\b")
_HEADS = frozenset({"lm_head", "embed_out", "output", "output_layer", "head", "unembed"})
"""What families call the matrix from states to tokens."""

_NO_KINDS = ("architectures", "eos_token_id", "bos_token_id", "pad_token_id")
"""Lists of a configuration that may be as long as there are layers and say nothing of them."""

_SHOWN = 3


def method_of(config: Mapping[str, Json]) -> str:
    """Return by what the weights are quantized already; empty when they are not."""
    declared = config.get("quantization_config")
    if not declared:
        return ""
    return str(declared.get("quant_method") or "unknown") if isinstance(declared, Mapping) else "unknown"


def disagreements(config: Mapping[str, Json], network: Network, tensors: Mapping[str, Located]) -> Iterator[str]:
    """Yield where the weights are not those that the configuration describes, in words.

    Raises:
        PermanentError: The network is of a known family, and a size of it is no number (ART203).
    """
    if not method_of(config):
        yield from _other_layers(config, network, tensors)
        yield from _other_shapes(network, tensors)
    if network.architecture in FAMILIES:
        yield from _absent_of_family(config, tensors)
        return
    yield from _absent_ends(config, tensors)
    if not method_of(config):
        yield from _poorer_layers(config, network, tensors)


def _other_layers(config: Mapping[str, Json], network: Network, tensors: Collection[str]) -> Iterator[str]:
    layers = {int(found[1]) for name in tensors if (found := LAYER.search(name))}
    missing = sorted(set(range(network.layers)) - layers)
    if missing:
        yield f"config.json has {network.layers} layers, the weights lack layer {missing[0]}"
    ahead = config.get("num_nextn_predict_layers")
    most = network.layers + (ahead if isinstance(ahead, int) else 0)
    if layers and max(layers) >= most:
        yield f"config.json has {network.layers} layers, the weights have {max(layers) + 1}"


def _other_shapes(network: Network, tensors: Mapping[str, Located]) -> Iterator[str]:
    shapes = _shapes(network)
    for name, located in sorted(tensors.items()):
        wanted = next((shape for end, shape in shapes.items() if name.endswith(end)), None)
        if wanted is not None and located.tensor.shape != wanted:
            place = f"`{name}` in `{located.file.name}`"
            yield f"{place} is {_spell(located.tensor.shape)}, config.json asks for {_spell(wanted)}"


def _absent_of_family(config: Mapping[str, Json], tensors: Mapping[str, Located]) -> Iterator[str]:
    """Yield what is missing, or besides, of a network whose tensors are all known by name."""
    shapes = config_of(config).shapes()
    if method_of(config):
        # Quantizers store a weight under names of their own, all of them in its module.
        modules = {name.rpartition(".")[0] for name in tensors}
        missing = [name for name in shapes if name.rpartition(".")[0] not in modules]
    else:
        missing = [name for name in shapes if name not in tensors]
        biases = [n for n in tensors if n.endswith(".bias") and n.removesuffix("bias") + "weight" in shapes]
        besides = sorted(set(biases) - set(shapes))
        if besides:
            yield f"the weights have {_few(besides)}, which config.json does not ask for"
    if missing:
        yield f"the weights lack {_few(sorted(missing))}, which config.json asks for"


def _absent_ends(config: Mapping[str, Json], tensors: Collection[str]) -> Iterator[str]:
    """Yield that the embedding or the head is missing, under any name; a head may be the embedding unless told."""
    outer = [name for name in tensors if not LAYER.search(name)]
    if not any(_EMBEDDINGS.search(name) for name in outer):
        yield "the weights have no embedding"
    if config.get("tie_word_embeddings") is False and not any(_HEADS & set(name.split(".")) for name in outer):
        yield "`tie_word_embeddings` is false, and the weights have no output head (`lm_head.weight`)"


def _poorer_layers(config: Mapping[str, Json], network: Network, tensors: Collection[str]) -> Iterator[str]:
    """Yield layers that lack what another one of their kind has and have nothing instead.

    A dense layer beside layers of experts has other tensors instead, so that neither lacks anything.
    """
    if config.get("num_kv_shared_layers"):
        return
    held: defaultdict[int, set[str]] = defaultdict(set)
    for name in tensors:
        found = LAYER.search(name)
        if found and int(found[1]) < network.layers and not name.endswith("rotary_emb.inv_freq"):
            held[int(found[1])].add(name[found.end() :])
    kinds = _kinds(config, network.layers)
    for number, parts in sorted(held.items()):
        richer = (n for n, others in sorted(held.items()) if kinds[n] == kinds[number] and parts < others)
        other = next(richer, None)
        if other is not None:
            yield f"layer {number} of the weights lacks {_few(sorted(held[other] - parts))}, which layer {other} has"


def _kinds(config: Mapping[str, Json], layers: int) -> list[str]:
    """Return of what kind each layer is, by everything that the configuration says for each."""
    ahead = config.get("num_nextn_predict_layers")
    lengths = {layers, layers + (ahead if isinstance(ahead, int) else 0)}
    said = [
        value
        for key, value in sorted(config.items())
        if (isinstance(value, list | tuple) and key not in _NO_KINDS) or (isinstance(value, str) and "pattern" in key)
        if len(value) in lengths
    ]
    return [repr([value[number] for value in said]) for number in range(layers)]


def _shapes(network: Network) -> dict[str, tuple[int, ...]]:
    """Return shapes by the ends of names that most families share."""
    n = network
    shapes: dict[str, tuple[int, ...]] = {
        "model.embed_tokens.weight": (n.vocabulary, n.hidden),
        "lm_head.weight": (n.vocabulary, n.hidden),
        "model.norm.weight": (n.hidden,),
        "input_layernorm.weight": (n.hidden,),
        "post_attention_layernorm.weight": (n.hidden,),
    }
    if not n.latent:
        queries, keys = n.heads * n.head_size, n.key_value_heads * n.head_size
        shapes |= {
            "self_attn.q_proj.weight": (queries, n.hidden),
            "self_attn.k_proj.weight": (keys, n.hidden),
            "self_attn.v_proj.weight": (keys, n.hidden),
            "self_attn.o_proj.weight": (n.hidden, queries),
        }
    if not n.experts:
        shapes |= {
            "mlp.gate_proj.weight": (n.feed_forward, n.hidden),
            "mlp.up_proj.weight": (n.feed_forward, n.hidden),
            "mlp.down_proj.weight": (n.hidden, n.feed_forward),
        }
    return shapes


def _few(names: list[str]) -> str:
    return ", ".join(f"`{n}`" for n in names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if names[_SHOWN:] else "")


def _spell(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))
