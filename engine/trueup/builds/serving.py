"""How a build is served by `trtllm-serve`: command line, configuration, probes, routes; values for targets that render.

Source: options of `trtllm-serve` in TensorRT-LLM 1.2 to 1.3.0rc20 and the routes of its server. One command serves
engines (`--backend tensorrt`, up to 1.2.1) and checkpoints (`pytorch`, `_autodeploy`). Nothing here was run on a GPU.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import field

from trueup.builds import codes
from trueup.builds.declared import COMPILED, declared_build
from trueup.builds.engine_result import world_size
from trueup.builds.findings import About, Finding, Level, in_order
from trueup.core.frozen import dataclass
from trueup.core.json import Json, mapping_of
from trueup.core.suggestions import did_you_mean

PORT = 8000
CONFIG_FOLDER = "/config"
CONFIG_FILE = "llm-api.yaml"
GPUS_PER_NODE = 8

BACKENDS: Mapping[str, str] = {
    "engine": "tensorrt",
    "pytorch": "pytorch",
    "none": "pytorch",
    "autodeploy": "_autodeploy",
}
"""Backend by mode of the Build; always said, because the default changed in 1.0."""

PUBLIC_ROUTES = ("/v1/models", "/v1/completions", "/v1/chat/completions", "/v1/responses")
"""What clients need, and all that a gateway should let through."""

BLOCKED_ROUTES = ("/release_memory", "/resume_memory", "/update_weights")
"""Hooks for reinforcement learning: whoever reaches them replaces the weights, without a login."""

INTERNAL_ROUTES = (
    "/health_generate",
    "/server_info",
    "/metrics",
    "/prometheus/metrics",
    "/perf_metrics",
    "/kv_cache_events",
)
"""For operators and monitoring, not for clients: each costs the server something, or tells about others' requests."""

HEALTH = "/health"
"""200 or 503. `/health_generate` makes a token each time, which a probe would do all day."""

_FLAGS: Mapping[str, type] = {
    "custom_tokenizer": str,
    "log_level": str,
    "max_beam_width": int,
    "max_batch_size": int,
    "max_num_tokens": int,
    "max_seq_len": int,
    "free_gpu_memory_fraction": float,
    "num_postprocess_workers": int,
    "reasoning_parser": str,
    "tool_parser": str,
    "chat_template": str,
    "otlp_traces_endpoint": str,
    "fail_fast_on_attention_window_too_large": bool,
    "enable_chunked_prefill": bool,
}
"""Flags that a Deployment may give, with what they take."""

_OURS = frozenset(
    {
        *("host", "port", "backend", "tokenizer", "config", "extra_llm_api_options", "revision", "gpus_per_node"),
        *("tensor_parallel_size", "tp_size", "pipeline_parallel_size", "pp_size", "context_parallel_size", "cp_size"),
        *("moe_expert_parallel_size", "ep_size", "model"),
    }
)
"""Flags that follow from the artifact and from where it runs."""

_LIMITS = ("max_batch_size", "max_num_tokens", "max_seq_len", "max_beam_width")

PROBE_SECONDS = 10
STARTUP_SECONDS = 1800
"""For loading weights, and to end a server that hangs: several GPUs that cannot reach each other never get ready."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """What is served.

    Attributes:
        mode: Mode of its Build.
        path: Where the server sees it.
        tokenizer: Where the server sees its tokenizer; empty when it is in the artifact.
        tensor: Tensor parallelism.
        pipeline: Pipeline parallelism.
        expert: Expert parallelism.
        world: Ranks, and so GPUs.
        limits: Sizes it was built for; empty for a checkpoint, which is built for none.
    """

    mode: str
    path: str
    tokenizer: str = ""
    tensor: int = 1
    pipeline: int = 1
    expert: int = 1
    world: int = 1
    limits: Mapping[str, int] = field(default_factory=dict)


def artifact_of_engine(config: Mapping[str, Json], path: str) -> Artifact:
    """Return the engine at *path* as its own `config.json` describes it: what it is cut into is said nowhere else."""
    mapping = mapping_of(mapping_of(config.get("pretrained_config")).get("mapping"))
    built = mapping_of(config.get("build_config"))
    return Artifact(
        mode="engine",
        path=path,
        tokenizer=f"{path}/tokenizer",
        tensor=_whole(mapping.get("tp_size")) or 1,
        pipeline=_whole(mapping.get("pp_size")) or 1,
        world=world_size(config) or 1,
        limits={name: value for name in _LIMITS if (value := _whole(built.get(name)))},
    )


def artifact_of_checkpoint(spec: Mapping[str, Json], path: str) -> Artifact:
    """Return the checkpoint at *path*, cut as the `parallelism` of its Build says."""
    declared = declared_build(spec)
    world = declared.tensor * declared.pipeline * declared.context
    return Artifact(
        declared.mode, path, tensor=declared.tensor, pipeline=declared.pipeline, expert=declared.expert, world=world
    )


@dataclass(frozen=True, slots=True)
class Probe:
    """One HTTP probe."""

    path: str
    period_seconds: int
    timeout_seconds: int
    failures: int

    def to_json(self) -> dict[str, Json]:
        """Return the probe as Kubernetes spells it."""
        return {
            "httpGet": {"path": self.path, "port": PORT},
            "periodSeconds": self.period_seconds,
            "timeoutSeconds": self.timeout_seconds,
            "failureThreshold": self.failures,
        }


@dataclass(frozen=True, slots=True)
class Served:
    """Values of one server.

    Attributes:
        argv: Command line.
        config: Content of the configuration file, which is YAML: arguments of `LLM()`. It overrides flags, and so
            nothing stands in both.
        processes: How many start at once, one for each GPU of several machines; 1 when the server starts its own.
        gpus: GPUs of all of them.
        shm: Size of `/dev/shm`, through which ranks talk to each other.
        metrics: Route of Prometheus' text; empty when the backend has none.
        probes: `startup`, `readiness` and `liveness`.
        findings: What is wrong or worth knowing, errors first.
    """

    argv: tuple[str, ...]
    config: Mapping[str, Json]
    processes: int
    gpus: int
    shm: str
    metrics: str
    probes: Mapping[str, Probe]
    findings: tuple[Finding, ...] = ()

    def to_json(self) -> dict[str, Json]:
        """Return the values as JSON."""
        return {
            "argv": list(self.argv),
            "config": dict(self.config),
            "processes": self.processes,
            "gpus": self.gpus,
            "shm": self.shm,
            "port": PORT,
            "metrics": self.metrics,
            "probes": {name: probe.to_json() for name, probe in self.probes.items()},
            "routes": {
                "public": list(PUBLIC_ROUTES),
                "internal": list(INTERNAL_ROUTES),
                "blocked": list(BLOCKED_ROUTES),
            },
            "findings": [f.to_json() for f in self.findings],
        }


def serve(
    artifact: Artifact,
    arguments: Mapping[str, Json],
    *,
    gpus_per_node: int = GPUS_PER_NODE,
    seconds: int = STARTUP_SECONDS,
) -> Served:
    """Return how *artifact* is served.

    Args:
        artifact: It.
        arguments: `runtime.args` of the Deployment, under the server's own keys; what is no flag goes to `LLM()`.
        gpus_per_node: GPUs of one machine.
        seconds: From start to ready; a server that is not ready then is ended.
    """
    given = {key.lstrip("-").replace("-", "_"): value for key, value in arguments.items()}
    told = [*_refused(artifact, given)]
    # What is refused goes nowhere: the configuration file would override what follows from the artifact.
    refused = {f.path[-1] for f in told if f.level is Level.ERROR}
    flags = {k: v for k, v in given.items() if k in _FLAGS and k not in refused}
    config: dict[str, Json] = {k: v for k, v in sorted(given.items()) if k not in _FLAGS and k not in refused}
    has_metrics = artifact.mode not in COMPILED
    if has_metrics:
        config.setdefault("return_perf_metrics", True)
    nodes = math.ceil(artifact.world / gpus_per_node)
    return Served(
        argv=_argv(artifact, flags, has_config=bool(config), nodes=nodes),
        config=config,
        processes=artifact.world if nodes > 1 else 1,
        gpus=artifact.world,
        shm="16Gi" if artifact.world > 1 else "1Gi",
        metrics="/prometheus/metrics" if has_metrics and config.get("return_perf_metrics") is True else "",
        probes={
            "startup": Probe(HEALTH, PROBE_SECONDS, 5, max(math.ceil(seconds / PROBE_SECONDS), 1)),
            "readiness": Probe(HEALTH, 5, 5, 3),
            "liveness": Probe(HEALTH, PROBE_SECONDS, 5, 6),
        },
        findings=in_order([*told, *_mode_of(artifact)]),
    )


def _argv(artifact: Artifact, flags: Mapping[str, Json], *, has_config: bool, nodes: int) -> tuple[str, ...]:
    words = ["trtllm-llmapi-launch"] if nodes > 1 else []
    words += ["trtllm-serve", "serve", artifact.path]
    words += ["--tokenizer", artifact.tokenizer] if artifact.tokenizer else []
    # The default is localhost, where no probe and no gateway of another pod comes.
    words += ["--backend", BACKENDS.get(artifact.mode, "pytorch"), "--host", "0.0.0.0", "--port", str(PORT)]  # noqa: S104
    words += ["--tp_size", str(artifact.tensor), "--pp_size", str(artifact.pipeline)]
    words += ["--ep_size", str(artifact.expert)] if artifact.expert > 1 else []
    for name in _FLAGS:
        value = flags.get(name, artifact.limits.get(name))
        if value is True:
            words.append(f"--{name}")
        elif value is not None and value is not False:
            words += [f"--{name}", str(value)]
    # The older of its two names: both lines of releases know it.
    words += ["--extra_llm_api_options", f"{CONFIG_FOLDER}/{CONFIG_FILE}"] if has_config else []
    return tuple(words)


def _refused(artifact: Artifact, given: Mapping[str, Json]) -> Iterator[Finding]:
    for key, value in given.items():
        if key in _OURS:
            yield _wrong(key, f"`{key}` follows from the artifact and from where it runs.", "leave it out")
        elif key in _FLAGS and not _fits(_FLAGS[key], value):
            yield _wrong(key, f"`{key}` is {value!r}, and {_WORDS[_FLAGS[key]]} is needed.")
        elif key in artifact.limits and _whole(value) > artifact.limits[key]:
            built = artifact.limits[key]
            yield _wrong(key, f"`{key}` is {value}, and the engine was built for {built}.", f"ask for at most {built}")
        elif key == "trust_remote_code" and value is not False:
            yield _wrong(
                key, "Code that comes with the model would run in the server.", "take an architecture that it has"
            )
        elif key not in _FLAGS and (hint := did_you_mean(key, _FLAGS)):
            detail = f"`{key}` is no flag of `trtllm-serve`, and so goes to `LLM()` as it is."
            yield Finding(codes.NOT_SERVED, Level.WARNING, detail, hint, About.DEPLOYMENT, _path(key))


def _mode_of(artifact: Artifact) -> Iterator[Finding]:
    if artifact.mode not in BACKENDS:
        known = ", ".join(f"`{mode}`" for mode in BACKENDS)
        detail = f"`trtllm-serve` serves {known}, and this is `{artifact.mode}`."
        yield Finding(codes.NOT_SERVED, Level.ERROR, detail, "", About.BUILD, ("spec", "mode"))


_WORDS = {int: "a whole number", float: "a number from 0 to 1", str: "a text", bool: "true or false"}


def _fits(kind: type, value: Json) -> bool:
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 1
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return isinstance(value, kind)


def _wrong(key: str, detail: str, hint: str = "") -> Finding:
    return Finding(codes.NOT_SERVED, Level.ERROR, detail, hint, About.DEPLOYMENT, _path(key))


def _path(key: str) -> tuple[str, ...]:
    return ("spec", "runtime", "args", key)


def _whole(value: Json) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
