"""The tensors of a model folder, one at a time: sharded or not, checked against the configuration."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from trueup.adapters.builders import codes
from trueup.adapters.builders.gguf.documents import read_optional
from trueup.adapters.stores.safetensors import Tensor, read_header
from trueup.core.errors import PermanentError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TOP = {
    "model.embed_tokens.weight": "token_embd.weight",
    "model.norm.weight": "output_norm.weight",
    "lm_head.weight": "output.weight",
}
PARTS = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
}
INDEX = "model.safetensors.index.json"


@dataclass(frozen=True, slots=True)
class Located:
    """A tensor and the file it lies in."""

    file: Path
    tensor: Tensor


def locate(folder: Path) -> dict[str, Located]:
    """Return where each tensor of the model lies, from the index of its shards or its one file.

    Raises:
        PermanentError: No weights, or a shard is missing (ART202); a broken file (ART007); an index that names what
            its shards do not hold (ART204).
    """
    index = read_optional(folder, INDEX)
    if index is None:
        file = folder / "model.safetensors"
        if not file.is_file():
            raise PermanentError(codes.MISSING_FILE, f"The model has neither `model.safetensors` nor `{INDEX}`.")
        return {name: Located(file, tensor) for name, tensor in read_header(file).items()}
    places = index.get("weight_map")
    if not isinstance(places, Mapping):
        raise PermanentError(codes.BAD_FILE, f"`{INDEX}` has no weight_map.")
    found: dict[str, Located] = {}
    for shard in sorted({str(s) for s in places.values()}):
        file = folder / shard
        if "/" in shard or not file.is_file():
            raise PermanentError(codes.MISSING_FILE, f"`{INDEX}` names the shard `{shard}`, which is not there.")
        held = read_header(file)
        found |= {n: Located(file, held[n]) for n, s in places.items() if s == shard and n in held}
    absent = sorted(set(places) - set(found))
    if absent:
        raise PermanentError(codes.DISAGREEING_WEIGHTS, f"No shard holds {_few(absent)}, which `{INDEX}` names.")
    return found


def check_shapes(tensors: Mapping[str, Located], shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Check that the weights hold exactly the tensors of *shapes*.

    Raises:
        PermanentError: They do not (ART204), or there are biases (ART201).
    """
    # Some exports keep a table that follows from config.json, or a copy of the tied output layer.
    extra = {n for n in set(tensors) - set(shapes) if not n.endswith("rotary_emb.inv_freq") and n != "lm_head.weight"}
    biases = sorted(n for n in extra if n.endswith(".bias"))
    if biases:
        detail = f"The weights have biases that config.json does not ask for: {_few(biases)}."
        raise PermanentError(codes.UNSUPPORTED_MODEL, detail)
    missing = sorted(set(shapes) - set(tensors))
    if missing:
        raise PermanentError(
            codes.DISAGREEING_WEIGHTS, f"The weights lack {_few(missing)}, which config.json asks for."
        )
    if extra:
        raise PermanentError(codes.DISAGREEING_WEIGHTS, f"The weights have {_few(sorted(extra))} besides.")
    for name, shape in shapes.items():
        got = tensors[name].tensor.shape
        if got != shape:
            detail = f"`{name}` in `{tensors[name].file.name}` is {_shape(got)}, config.json asks for {_shape(shape)}."
            raise PermanentError(codes.DISAGREEING_WEIGHTS, detail)


def target_name(name: str) -> str:
    """Return GGUF's name of a tensor."""
    if name in TOP:
        return TOP[name]
    _, _, layer, part = name.split(".", 3)
    module, _, kind = part.rpartition(".")
    return f"blk.{layer}.{PARTS[module]}.{kind}"


def load(located: Located) -> "NDArray[np.float32]":
    """Read one tensor as float32.

    Raises:
        PermanentError: Its type is none of F32, F16, BF16 (ART201).
    """
    import numpy as np

    tensor = located.tensor
    types = {"F32": "<f4", "F16": "<f2", "BF16": "<u2"}
    if tensor.dtype not in types:
        detail = f"`{tensor.name}` in `{located.file.name}` has the type {tensor.dtype}."
        raise PermanentError(codes.UNSUPPORTED_MODEL, detail)
    count = tensor.size_bytes // np.dtype(types[tensor.dtype]).itemsize
    with located.file.open("rb") as file:
        raw = np.fromfile(file, types[tensor.dtype], count, offset=tensor.offset)
    # bfloat16 is the upper half of a float32.
    values = (raw.astype("<u4") << 16).view("<f4") if tensor.dtype == "BF16" else raw.astype("<f4")
    return values.reshape(tensor.shape)


def pair_rotary_rows(values: "NDArray[np.float32]", heads: int) -> "NDArray[np.float32]":
    """Bring the two halves of each head's rotary rows side by side, in pairs, as ggml turns them."""
    half = values.shape[0] // heads // 2
    return values.reshape(heads, 2, half, -1).swapaxes(1, 2).reshape(values.shape)


def _few(names: list[str]) -> str:
    return ", ".join(f"`{n}`" for n in names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _shape(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))
