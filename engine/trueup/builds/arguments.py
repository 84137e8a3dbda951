"""Arguments of `trtllm-build`: from what a Build declares to what is given, and to what the engine will have in it.

The builder rewrites values that do not fit each other, with a warning in a log that nobody reads. Here the same rules
are applied before, so that a plan shows what will be built, and afterwards the engine is held to it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import field

from trueup.builds import codes
from trueup.builds.accelerators import product_of
from trueup.builds.declared import Declared
from trueup.builds.findings import Finding, Level, in_order
from trueup.builds.flags import BY_NAME, FLAGS, OFF, ON, PINNED, Flag, Group, Keyed, Takes
from trueup.builds.network import Network
from trueup.builds.rewriting import Values, rewrite
from trueup.core.diagnostics import Code
from trueup.core.frozen import dataclass
from trueup.core.json import Json
from trueup.core.suggestions import did_you_mean
from trueup.core.versions import version_key


@dataclass(frozen=True, slots=True)
class Setting:
    """What else of a Build decides what becomes of its arguments.

    Attributes:
        version: Version of TensorRT-LLM; empty when it is not known.
        format: Format of the weights.
        cache: Format of the key-value cache.
        tensor: Tensor parallelism.
        world: Ranks of the engine.
        sm: Compute capability as builders spell it: 90 of `9.0`; 0 when it is not known.
        has_adapters: Adapters are built in.
    """

    version: str = ""
    format: str = "none"
    cache: str = "none"
    tensor: int = 1
    world: int = 1
    sm: int = 0
    has_adapters: bool = False


def setting_of(declared: Declared) -> Setting:
    """Return what the rest of a Build says."""
    sm = product_of(declared.gpu).sm if declared.gpu else 0
    if not sm and declared.capability.replace(".", "").isdigit():
        sm = int(declared.capability.replace(".", ""))
    return Setting(
        version=declared.tool("tensorrtLlm"),
        format=declared.format,
        cache=declared.cache,
        tensor=declared.tensor,
        world=declared.tensor * declared.pipeline * declared.context,
        sm=sm,
        has_adapters=declared.has_adapters,
    )


@dataclass(frozen=True, slots=True)
class Resolved:
    """Arguments as they are given to the builder, and what it makes of them.

    Attributes:
        arguments: What is given, by name, in the order of the command's help. Resolving it again changes nothing.
        engine: Values that the engine's `build_config` will have. They differ from what is given where the builder
            adds to it: speculative decoding makes `max_seq_len` and `max_num_tokens` larger.
        keyed: Every value that decides the engine, for its address: the same whether a default was declared or not,
            and without what only says how or where the builder runs.
        findings: What was rewritten, what has no effect, what is wrong; errors first.
    """

    arguments: Mapping[str, Json] = field(default_factory=dict)
    engine: Mapping[str, Json] = field(default_factory=dict)
    keyed: Mapping[str, Json] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()

    @property
    def is_refused(self) -> bool:
        """Whether something is wrong, so that nothing may be built."""
        return any(f.level is Level.ERROR for f in self.findings)

    def to_json(self) -> dict[str, Json]:
        """Return arguments and expected values as JSON."""
        return {"arguments": dict(self.arguments), "engine": dict(self.engine)}


def resolve_arguments(declared: Mapping[str, Json], network: Network, setting: Setting) -> Resolved:
    """Return what the builder is given for *declared*, and what it will make of it.

    Args:
        declared: Arguments under the builder's own keys.
        network: What is built.
        setting: What else the Build says.
    """
    given, problems = _read(declared, setting)
    values: Values = {f.name: given.get(f.name, f.default) for f in FLAGS if _is_declared(f)}
    rewritten = rewrite(values, frozenset(given), network, setting)
    names = {f.name for f in FLAGS if f.name in PINNED or f.name in given or rewritten.values.get(f.name) != f.default}
    shown = [f.name for f in FLAGS if f.name in names and rewritten.values.get(f.name) is not None]
    return Resolved(
        arguments={name: rewritten.values[name] for name in shown},
        engine={**{k: v for k, v in rewritten.values.items() if _is_expected(k)}, **rewritten.grown},
        keyed={k: v for k, v in {**rewritten.values, **rewritten.grown}.items() if BY_NAME[k].keyed in _IN_ADDRESS},
        findings=in_order([*problems, *rewritten.findings]),
    )


def path_of(name: str) -> tuple[str, ...]:
    """Return where an argument is declared."""
    return ("spec", "build", name)


_IN_ADDRESS = frozenset({Keyed.VALUE, Keyed.RESOLVED})
_EXPECTED = frozenset({Group.SHAPE, Group.CACHE, Group.SPECULATIVE, Group.FEATURE})


def _is_expected(name: str) -> bool:
    return BY_NAME[name].group in _EXPECTED


def _read(declared: Mapping[str, Json], setting: Setting) -> tuple[dict[str, Json], list[Finding]]:
    """Return the good ones of *declared* by the flags' own names, and what is wrong with the others."""
    given: dict[str, Json] = {}
    problems: list[Finding] = []
    for key, value in declared.items():
        flag = BY_NAME.get(key)
        found = tuple(_wrong(key, flag, value, setting))
        if flag is not None and flag.name in given:
            found = (_error(codes.WRONG_ARGUMENT, key, f"`{key}` is another name of `{flag.name}`, given as well."),)
        problems += found
        if flag is not None and not found and value is not None:
            given[flag.name] = _plain(flag, value)
    return _spelled_out(given, problems), problems


def _wrong(key: str, flag: Flag | None, value: Json, setting: Setting) -> Iterator[Finding]:
    if flag is None:
        hint = did_you_mean(key.lstrip("-").replace("-", "_"), BY_NAME)
        yield _error(codes.UNKNOWN_ARGUMENT, key, f"`trtllm-build` has no argument `{key}`.", hint)
    elif _is_gone(flag, setting):
        detail = f"`{key}` is not in TensorRT-LLM {setting.version}: it went with {flag.removed}."
        yield _error(codes.UNKNOWN_ARGUMENT, key, detail, _CUT)
    elif flag.group is Group.AUTO_PARALLEL:
        detail = f"`{key}` has the builder choose how the network is cut, which would be said nowhere else."
        yield _error(codes.ARGUMENT_OF_OURS, key, detail, _CUT)
    elif flag.is_ours:
        yield _error(codes.ARGUMENT_OF_OURS, key, f"`{key}` is chosen where the build runs.")
    elif flag.name in _CODE:
        detail = f"`{key}` has the builder run Python code that comes with the model."
        yield _error(codes.ARGUMENT_OF_OURS, key, detail, "take an architecture that the builder has")
    elif flag.name == "dry_run" and value is not False:
        yield _error(codes.ARGUMENT_OF_OURS, key, "`dry_run` makes no engine.", "leave it out")
    elif value is not None and (expected := _expected(flag, value)):
        hint = did_you_mean(value, flag.choices) if isinstance(value, str) else ""
        yield _error(codes.WRONG_ARGUMENT, key, f"`{key}` is {value!r}, and {expected} is needed.", hint)


_CUT = "cut by `parallelism.tensor` and `parallelism.pipeline`"
_CODE = frozenset({"model_cls_file", "model_cls_name"})


def _is_declared(flag: Flag) -> bool:
    """Tell whether a Build may give *flag*."""
    return not flag.is_ours and flag.name not in _CODE and flag.group is not Group.AUTO_PARALLEL


def _is_gone(flag: Flag, setting: Setting) -> bool:
    found, last = version_key(setting.version), version_key(flag.removed)
    return found is not None and last is not None and found >= last


def _expected(flag: Flag, value: Json) -> str:
    """Return what *flag* takes, in words, when *value* is something else."""
    if flag.is_many:
        is_good = isinstance(value, list | tuple) and bool(value) and all(isinstance(v, str) and v for v in value)
        return "" if is_good else "a list of names"
    match flag.takes:
        case Takes.SWITCH:
            return "" if isinstance(value, bool) else "true or false"
        case Takes.TOGGLE:
            return "" if isinstance(value, bool) or value in flag.choices else "`enable` or `disable`"
        case Takes.WHOLE:
            return _expected_number(flag, value)
        case Takes.TEXT | Takes.PATH:
            if not isinstance(value, str) or not value:
                return "a text"
            known = not flag.choices or flag.is_open or value in flag.choices
            return "" if known else f"one of {', '.join(flag.choices)}"


def _expected_number(flag: Flag, value: Json) -> str:
    if isinstance(value, bool) or not isinstance(value, int) or value < flag.least:
        return f"a whole number of at least {flag.least}"
    if flag.name == "max_beam_width" and value > _WIDEST_BEAM:
        return f"at most {_WIDEST_BEAM}"
    if flag.name == "tokens_per_block" and value & (value - 1):
        return "a power of two"
    return ""


_WIDEST_BEAM = 256
"""Documented by TensorRT-LLM since 0.15."""


def _plain(flag: Flag, value: Json) -> Json:
    """Return *value* in the one spelling of it."""
    if flag.takes is Takes.TOGGLE and isinstance(value, bool):
        return ON if value else OFF
    return list(value) if flag.is_many and isinstance(value, list | tuple) else value


def _spelled_out(given: dict[str, Json], problems: list[Finding]) -> dict[str, Json]:
    """Replace spellings that stand for other flags by these."""
    paged = given.pop("paged_kv_cache", None)
    if paged is not None:
        meant = "paged" if paged == ON else "continuous"
        if given.setdefault("kv_cache_type", meant) != meant and not (
            paged == OFF and given["kv_cache_type"] == "disabled"
        ):
            detail = f"`paged_kv_cache` says {paged}, and `kv_cache_type` is `{given['kv_cache_type']}`."
            problems.append(_error(codes.IGNORED_ARGUMENT, "paged_kv_cache", detail, "leave `paged_kv_cache` out"))
        else:
            detail = f"`paged_kv_cache` is an old spelling: `kv_cache_type` becomes `{given['kv_cache_type']}`."
            problems.append(Finding(codes.REWRITTEN_ARGUMENT, Level.INFO, detail, path=path_of("paged_kv_cache")))
    if given.pop("gather_all_token_logits", False):
        given |= {"gather_context_logits": True, "gather_generation_logits": True}
        detail = "`gather_all_token_logits` stands for `gather_context_logits` and `gather_generation_logits`."
        problems.append(Finding(codes.REWRITTEN_ARGUMENT, Level.INFO, detail, path=path_of("gather_all_token_logits")))
    return given


def _error(code: Code, name: str, detail: str, hint: str = "") -> Finding:
    return Finding(code, Level.ERROR, detail, hint, path=path_of(name))
