"""`Builder` of mode `gguf`: one file that llama.cpp serves, the same bytes for the same input.

Written from scratch on the `gguf` package's writer: no torch, one tensor in memory at a time, and neither a path nor
a time in the result. Whoever changes the bytes raises `BUILDER_VERSIONS["gguf"]`.
"""

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from trueup.adapters.builders import codes
from trueup.adapters.builders.builder import BuildTask, Built
from trueup.adapters.builders.gguf.config import LlamaConfig, read_config, refuse_unserved
from trueup.adapters.builders.gguf.tokenizer import Tokenizer, read_tokenizer
from trueup.adapters.builders.gguf.weights import Located, check_shapes, load, locate, pair_rotary_rows, target_name
from trueup.core.errors import PermanentError
from trueup.core.json import Json
from trueup.core.suggestions import did_you_mean
from trueup.ports import Progress

if TYPE_CHECKING:
    from numpy.typing import NDArray

QUANTIZATIONS = {"F16": "MOSTLY_F16", "Q8_0": "MOSTLY_Q8_0", "Q4_0": "MOSTLY_Q4_0"}
"""What can be asked for, and GGUF's name of the whole file's type."""

DEFAULT_QUANTIZATION = "F16"
"""As a Build's: without being asked, nothing is lost."""

RESULT = "model.gguf"

ROTARY_FACTORS = "rope_freqs.weight"
"""GGUF's tensor of what each rotary pair is slowed by."""


class _Written:
    """A tensor as the writer takes it, written by Python.

    Of a full disk numpy's own `tofile` tells how many numbers it wrote, and not that the disk is full.
    """

    def __init__(self, values: "NDArray[Any]") -> None:
        self._values = values
        self.nbytes = values.nbytes

    def tofile(self, file: IO[bytes]) -> None:
        """Write the bytes to *file*; raise what the operating system says."""
        file.write(self._values.data)


class GgufBuilder:
    """Builds GGUF from the Llama family: Llama, Mistral, SmolLM2, Qwen2, Qwen3 and what shares their graphs.

    Parameters: `quantization` (F16, Q8_0, Q4_0) and `preTokenizer` (found out when absent).
    """

    def build(self, task: BuildTask, progress: Progress) -> Built:
        """Write `model.gguf` from the model folder."""
        source = task.source
        quantization, pre_tokenizer = _parameters(task.parameters)
        if not source.is_dir():
            raise PermanentError(
                codes.MISSING_FILE, f"`{source.name}` is one file; a folder with config.json is needed."
            )
        config = read_config(source)
        refuse_unserved(config)
        tokenizer = read_tokenizer(source, config, pre_tokenizer)
        tensors = locate(source)
        check_shapes(tensors, config.shapes())
        result = task.target / RESULT
        _write(result, config, tokenizer, tensors, quantization, progress)
        return Built(result, {"gguf": version("gguf"), "numpy": version("numpy")})


def _parameters(parameters: Mapping[str, Json]) -> tuple[str, str]:
    known = {"quantization", "preTokenizer"}
    for name in sorted(set(parameters) - known):
        hint = did_you_mean(name, known)
        raise PermanentError(codes.BAD_PARAMETER, f"`{name}` is none of quantization, preTokenizer.", hint=hint)
    quantization = str(parameters.get("quantization") or DEFAULT_QUANTIZATION)
    if quantization not in QUANTIZATIONS:
        detail = f"Quantization `{quantization}` is none of {', '.join(QUANTIZATIONS)}."
        raise PermanentError(codes.BAD_PARAMETER, detail, hint=did_you_mean(quantization, QUANTIZATIONS))
    return quantization, str(parameters.get("preTokenizer") or "")


def _write(
    result: Path,
    config: LlamaConfig,
    tokenizer: Tokenizer,
    tensors: Mapping[str, Located],
    quantization: str,
    progress: Progress,
) -> None:
    import gguf
    import numpy as np

    writer: Any = gguf.GGUFWriter(str(result), config.family)
    try:
        _describe(writer, config, tokenizer, quantization)
        shapes = config.shapes()
        names = sorted(shapes)
        types = {n: _type_of(shapes[n], quantization) for n in names}
        for name in names:
            _announce(writer, target_name(name), shapes[name], types[name])
        slowing = config.rotary.slowing(config.head_size) if config.rotary.kind == "llama3" else ()
        if slowing:
            _announce(writer, ROTARY_FACTORS, (len(slowing),), "F32")
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        for done, name in enumerate(names):
            progress(f"gguf {quantization}", done, len(names))
            writer.write_tensor_data(_Written(_convert(name, tensors[name], config, types[name])))
        if slowing:
            writer.write_tensor_data(_Written(np.array(slowing, np.float32)))
        progress(f"gguf {quantization}", len(names), len(names))
    finally:
        writer.close()


def _describe(writer: Any, config: LlamaConfig, tokenizer: Tokenizer, quantization: str) -> None:
    """Write the metadata, in one fixed order."""
    import gguf

    writer.add_block_count(config.layers)
    writer.add_context_length(config.context)
    writer.add_embedding_length(config.hidden)
    writer.add_feed_forward_length(config.feed_forward)
    writer.add_head_count(config.heads)
    writer.add_head_count_kv(config.key_value_heads)
    writer.add_key_length(config.head_size)
    writer.add_value_length(config.head_size)
    writer.add_rope_dimension_count(config.head_size)
    writer.add_rope_freq_base(config.rotary.base)
    if config.rotary.kind == "linear":
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(config.rotary.factor)
    writer.add_layer_norm_rms_eps(config.norm_epsilon)
    writer.add_vocab_size(config.vocabulary)
    writer.add_file_type(int(gguf.LlamaFileType[QUANTIZATIONS[quantization]]))
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    _describe_tokens(writer, tokenizer)


def _describe_tokens(writer: Any, tokenizer: Tokenizer) -> None:
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(tokenizer.pre_tokenizer)
    writer.add_token_list(list(tokenizer.words))
    writer.add_token_types(list(tokenizer.types))
    writer.add_token_merges(list(tokenizer.merges))
    writer.add_eos_token_id(tokenizer.special["eos"])
    if "bos" in tokenizer.special:
        writer.add_bos_token_id(tokenizer.special["bos"])
    if "pad" in tokenizer.special:
        writer.add_pad_token_id(tokenizer.special["pad"])
    writer.add_add_bos_token(tokenizer.adds_bos)
    if tokenizer.chat_template:
        writer.add_chat_template(tokenizer.chat_template)


def _type_of(shape: tuple[int, ...], quantization: str) -> str:
    """Return how a tensor is stored: norms in full, and what blocks do not divide in F16."""
    import gguf

    if len(shape) == 1:
        return "F32"
    block, _ = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[quantization]]
    return quantization if shape[-1] % block == 0 else "F16"


def _announce(writer: Any, name: str, shape: tuple[int, ...], kind: str) -> None:
    """Tell the writer of a tensor that follows later, so that only one is ever in memory."""
    import gguf
    import numpy as np

    block, size = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[kind]]
    count = int(np.prod(shape))
    writer.add_tensor_info(name, shape, np.dtype(np.float32), count // block * size, gguf.GGMLQuantizationType[kind])


def _convert(name: str, located: Located, config: LlamaConfig, kind: str) -> "NDArray[Any]":
    import gguf
    import numpy as np

    values = load(located)
    # The other graphs turn halves, as the source does.
    if config.family == "llama" and name.endswith(("self_attn.q_proj.weight", "self_attn.q_proj.bias")):
        values = pair_rotary_rows(values, config.heads)
    elif config.family == "llama" and name.endswith(("self_attn.k_proj.weight", "self_attn.k_proj.bias")):
        values = pair_rotary_rows(values, config.key_value_heads)
    # A model may hold NaN: that is for the first completion to find, conversion does not hide it or warn about it.
    with np.errstate(invalid="ignore", over="ignore"):
        converted: NDArray[Any] = gguf.quants.quantize(np.ascontiguousarray(values), gguf.GGMLQuantizationType[kind])
    if kind == "F16" and bool(np.any(np.isinf(converted) & np.isfinite(values))):
        largest = float(np.nanmax(np.abs(values)))
        raise PermanentError(codes.OVERFLOW, f"`{name}` in `{located.file.name}` holds {largest:.3g}.")
    return converted
