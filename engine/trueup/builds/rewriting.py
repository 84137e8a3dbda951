"""What `trtllm-build` makes of arguments that do not fit each other, in the order in which it does: V11, V12, V13.

Source: `builder.py` (`_init_max_seq_len`, `build`), `_common.py` (`check_max_num_tokens`) and `commands/build.py` of
NVIDIA/TensorRT-LLM, releases 0.17 to 1.2.1.
"""

import math
from collections.abc import Iterator
from typing import Protocol

from trueup.builds import codes
from trueup.builds.findings import Finding, Level
from trueup.builds.flags import BY_NAME, OFF, ON
from trueup.builds.network import Network
from trueup.core.diagnostics import Code
from trueup.core.frozen import dataclass
from trueup.core.json import Json

Values = dict[str, Json]


class Around(Protocol):
    """What else of a Build the rules ask for; see `arguments.Setting`."""

    @property
    def format(self) -> str:
        """Format of the weights."""
        ...

    @property
    def cache(self) -> str:
        """Format of the key-value cache."""
        ...

    @property
    def tensor(self) -> int:
        """Tensor parallelism."""
        ...

    @property
    def sm(self) -> int:
        """Compute capability, 90 of `9.0`; 0 when it is not known."""
        ...

    @property
    def has_adapters(self) -> bool:
        """Adapters are built in."""
        ...


@dataclass(frozen=True, slots=True)
class Rewritten:
    """Values after all rules, those that the builder makes larger besides, and what is said of them."""

    values: Values
    grown: Values
    findings: tuple[Finding, ...]


SCALED_ALREADY = frozenset({"default", "su", "longrope", "llama3"})
"""Kinds of rotary positions whose published context has the factor in it."""

_MANY_TOKENS = 16384
"""Above it, the builder warns: no faster, and tensors may get larger than TensorRT can address."""

_NO_HEADS = frozenset({"medusa", "explicit_draft_tokens", "eagle"})
"""Speculation whose draft heads are in the checkpoint; the converters used here write none."""

_FP8_ATTENTION = frozenset({"fp8", "w4a8_awq", "nvfp4"})
"""Formats of weights with which attention over the prompt can be FP8."""

_FUSED_MLP = frozenset({"none", "fp8", "auto"})
"""Formats that keep the fused MLP: none, FP8 and mixed precision."""

_REDUCE_FUSION = frozenset({"LlamaForCausalLM", "Gemma2ForCausalLM", "MedusaForCausalLM"})
_SWIGLU = ("gemm_swiglu_plugin", "low_latency_gemm_swiglu_plugin")


def rewrite(values: Values, given: frozenset[str], network: Network, around: Around) -> Rewritten:
    """Apply the rules to *values*, one for each flag; *given* were declared, the others are defaults."""
    rules = _Rules(dict(values), given, network, around)
    findings = [*rules.refused(), *rules.sizes(), *rules.attention(), *rules.fusions(), *rules.unused()]
    grown, more = rules.grown()
    return Rewritten(rules.values, grown, (*findings, *more))


class _Rules:
    """The rules, over values that they change."""

    def __init__(self, values: Values, given: frozenset[str], network: Network, around: Around) -> None:
        self.values = values
        self._given = given
        self._network = network
        self._around = around

    def refused(self) -> Iterator[Finding]:
        """Yield what the builder refuses (V11)."""
        values = self.values
        if self._is_on("multiple_profiles") and "opt_num_tokens" in self._given:
            yield _refused("opt_num_tokens", "`multiple_profiles` chooses its own, and both together are refused.")
        if values["gather_context_logits"] and self._whole("max_draft_len") > 0:
            detail = "Logits of the prompt cannot be gathered together with draft tokens (`max_draft_len`)."
            yield _refused("gather_context_logits", detail)
        for name in _SWIGLU:
            if values[name] != OFF and not self._is_on("use_fused_mlp"):
                yield _refused(name, f"`{name}` needs `use_fused_mlp: enable`.")
        if self._is_on("pp_reduce_scatter") and self._network.architecture != "MixtralForCausalLM":
            yield _refused("pp_reduce_scatter", "`pp_reduce_scatter` is for MixtralForCausalLM only.")
        if self._is_on("streamingllm"):
            yield _refused("streamingllm", "`streamingllm` is refused by the newer releases, and llama only before.")
        if values["speculative_decoding_mode"] in _NO_HEADS:
            mode = values["speculative_decoding_mode"]
            detail = f"`{mode}` needs draft heads in the checkpoint, which is converted without any."
            yield _refused("speculative_decoding_mode", detail, "take `draft_tokens_external` or `lookahead_decoding`")

    def sizes(self) -> Iterator[Finding]:
        """Derive and clip what is built for (V12), and tell of a context that is too long (V13)."""
        yield from self._context()
        if self._whole("max_input_len") > self._whole("max_seq_len"):
            yield from self._set("max_input_len", self._whole("max_seq_len"), "it is clipped to `max_seq_len`")
        yield from self._tokens()
        if self.values["kv_cache_type"] is None:
            self.values["kv_cache_type"] = "paged"

    def attention(self) -> Iterator[Finding]:
        """Switch off what attention over the prompt cannot do with these numbers (V10)."""
        if not self._is_on("context_fmha"):
            yield from self._set("use_fp8_context_fmha", OFF, "`context_fmha` is off")
            yield from self._set("use_paged_context_fmha", OFF, "`context_fmha` is off")
            return
        has_fp8_cache = self._around.cache == "fp8"
        if self._around.format not in _FP8_ATTENTION or 0 < self._around.sm < 89:
            why = "it needs FP8, W4A8-AWQ or NVFP4 weights and capability 8.9"
            yield from self._set("use_fp8_context_fmha", OFF, why)
            if has_fp8_cache:
                yield from self._set("use_paged_context_fmha", OFF, "over an FP8 cache it needs FP8 attention")
        elif self._is_on("use_paged_context_fmha"):
            why = "paged attention is FP8 just when the cache is"
            yield from self._set("use_fp8_context_fmha", ON if has_fp8_cache else OFF, why)
        if self._around.cache == "int8":
            yield from self._set("use_paged_context_fmha", OFF, "it does not work over an INT8 cache")

    def fusions(self) -> Iterator[Finding]:
        """Switch off fusions that do not apply: the builder ignores them (V11)."""
        name, format_ = self._network.architecture, self._around.format
        if format_ not in _FUSED_MLP:
            yield from self._off("use_fused_mlp", "weights are quantized otherwise than to FP8")
        if self._around.tensor == 1 or name not in _REDUCE_FUSION:
            yield from self._off("reduce_fusion", "it is for Llama and Gemma 2 that are cut by `tensor`")
        if not self._is_on("reduce_fusion"):
            yield from self._off("user_buffer", "it needs `reduce_fusion`")
        if self._is_on("reduce_fusion") or name != "LlamaForCausalLM" or format_ != "nvfp4":
            yield from self._off("norm_quant_fusion", "it is for Llama in NVFP4 without `reduce_fusion`")

    def unused(self) -> Iterator[Finding]:
        """Tell of arguments that have no effect with the others."""
        if self._around.has_adapters and self.values["lora_plugin"] == OFF:
            if "lora_plugin" in self._given:
                yield _refused("lora_plugin", "Adapters are built in, and `lora_plugin` is off.", "say `auto`")
            self.values["lora_plugin"] = "auto"
        if self.values["lora_plugin"] == OFF:
            for name in ("max_lora_rank", "lora_target_modules", "lora_ckpt_source"):
                yield from self._idle(name, "no adapter is built in and `lora_plugin` is off")
        if self._is_on("remove_input_padding") and self._is_on("context_fmha"):
            yield from self._idle("max_input_len", "padding is removed and `context_fmha` is on")
        if self.values["speculative_decoding_mode"] is None:
            yield from self._idle("max_draft_len", "nothing is drafted")
        if self.values["gather_generation_logits"]:
            yield from self._idle("gather_generation_logits", "newer releases gather them at run time")

    def grown(self) -> tuple[Values, list[Finding]]:
        """Return what the builder adds for speculation, which is not given to it: it would add it again."""
        if self.values["speculative_decoding_mode"] is None:
            return {}, []
        draft, batch = self._whole("max_draft_len"), self._whole("max_batch_size")
        grown: Values = {
            "max_seq_len": self._whole("max_seq_len") + draft,
            "max_num_tokens": max(self._whole("max_num_tokens"), batch * (draft + 1)),
        }
        told = [
            _told(name, Level.INFO, f"`{name}` {self.values[name]} becomes {value} in the engine: room for drafts.")
            for name, value in grown.items()
            if value != self.values[name]
        ]
        return grown, told

    def _context(self) -> Iterator[Finding]:
        network = self._network
        factor = 1.0 if network.rotary_kind in SCALED_ALREADY else network.rotary_factor
        longest = max(math.ceil(network.context * factor), 1)
        if self.values["max_seq_len"] is None:
            self.values["max_seq_len"] = longest
            scaled = f", {network.context} times {factor:g}" if factor != 1 else ""
            detail = f"`max_seq_len` is not declared: the builder takes {longest} from the network{scaled}."
            yield _told("max_seq_len", Level.INFO, detail)
        elif self._whole("max_seq_len") > longest:
            detail = f"`max_seq_len` is {self.values['max_seq_len']}, and the network was made for {longest}."
            yield Finding(codes.CONTEXT_TOO_LONG, Level.WARNING, detail, path=_path("max_seq_len"))

    def _tokens(self) -> Iterator[Finding]:
        batch, length = self._whole("max_batch_size"), self._whole("max_seq_len")
        if not self._is_on("remove_input_padding"):
            yield from self._set("max_num_tokens", batch * length, "padding is not removed")
            return
        if self.values["opt_num_tokens"] is None and not self._is_on("multiple_profiles"):
            most = min(batch * self._whole("max_beam_width"), self._whole("max_num_tokens"))
            self.values["opt_num_tokens"] = most
        if self._whole("max_num_tokens") > batch * length:
            why = "it is clipped to `max_batch_size` times `max_seq_len`"
            yield from self._set("max_num_tokens", batch * length, why)
        least, why = self._whole("max_input_len"), "without `context_fmha` one whole prompt has to fit"
        if self._is_on("context_fmha"):
            least, why = self._whole("tokens_per_block"), "one block of the cache has to fit (`tokens_per_block`)"
        if self._whole("max_num_tokens") < least:
            yield from self._set("max_num_tokens", least, why)
        if self._whole("max_num_tokens") > _MANY_TOKENS:
            detail = f"`max_num_tokens` above {_MANY_TOKENS} makes nothing faster and may be more than TensorRT takes."
            yield _told("max_num_tokens", Level.WARNING, detail, f"declare at most {_MANY_TOKENS}")
        if self.values["opt_num_tokens"] is not None and self._whole("opt_num_tokens") > self._whole("max_num_tokens"):
            yield from self._set("opt_num_tokens", self._whole("max_num_tokens"), "it is clipped to `max_num_tokens`")

    def _set(self, name: str, value: Json, why: str) -> Iterator[Finding]:
        """Rewrite a value; what was declared is worth a warning, a default only a word."""
        was = self.values[name]
        self.values[name] = value
        if was != value and (name in self._given or BY_NAME[name].default != was or name in _SIZES):
            level = Level.WARNING if name in self._given else Level.INFO
            hint = f"declare `{name}: {value}`" if name in self._given else ""
            yield _told(name, level, f"`{name}` {was} becomes {value}: {why}.", hint)

    def _off(self, name: str, why: str) -> Iterator[Finding]:
        was = self.values[name]
        self.values[name] = OFF
        if was != OFF and name in self._given:
            detail = f"`{name}` would be ignored: {why}."
            yield Finding(codes.IGNORED_ARGUMENT, Level.WARNING, detail, "leave it out", path=_path(name))

    def _idle(self, name: str, why: str) -> Iterator[Finding]:
        if name in self._given and self.values[name] != BY_NAME[name].default:
            detail = f"`{name}` has no effect: {why}."
            yield Finding(codes.IGNORED_ARGUMENT, Level.WARNING, detail, "leave it out", path=_path(name))

    def _is_on(self, name: str) -> bool:
        return self.values[name] == ON

    def _whole(self, name: str) -> int:
        value = self.values[name]
        return value if isinstance(value, int) else 0


_SIZES = frozenset({"max_num_tokens", "opt_num_tokens"})


def _path(name: str) -> tuple[str, ...]:
    return ("spec", "build", name)


def _told(name: str, level: Level, detail: str, hint: str = "") -> Finding:
    code: Code = codes.REWRITTEN_ARGUMENT
    return Finding(code, level, detail, hint, path=_path(name))


def _refused(name: str, detail: str, hint: str = "") -> Finding:
    return Finding(codes.IGNORED_ARGUMENT, Level.ERROR, detail, hint, path=_path(name))
