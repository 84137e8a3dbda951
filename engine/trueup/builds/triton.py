"""How a build is served by Triton: values of a model repository, for engines and for what the LLM API loads.

Source: `triton-inference-server/tensorrtllm_backend`. The layout of engines (`fill_template.py`) is gone since July
2026; that of the LLM API is the current one. Nothing here was run on a GPU.
"""

from collections.abc import Iterable, Mapping

from trueup.builds.serving import Artifact
from trueup.core.frozen import dataclass
from trueup.core.json import Json

READY = "/v2/health/ready"
"""Triton's own health; nothing of TensorRT-LLM's."""


@dataclass(frozen=True, slots=True)
class TritonOptions:
    """What is not decided by the artifact.

    Attributes:
        is_streaming: Answers come in pieces, which Triton calls decoupled.
        queue: Requests that may wait; 0 for any number.
        delay_microseconds: How long a request may wait for others to be batched with.
        memory_fraction: Share of the free memory for the cache.
        reuse: Blocks of the cache are reused for equal beginnings.
        instances: Models loaded beside each other, each on GPUs of its own (LLM API only).
    """

    is_streaming: bool = True
    queue: int = 0
    delay_microseconds: int = 0
    memory_fraction: float = 0.9
    reuse: bool = True
    instances: int = 1


@dataclass(frozen=True, slots=True)
class Repository:
    """Values of a model repository.

    Attributes:
        templates: For each `config.pbtxt`, the values that `fill_template.py` puts into it.
        files: Content of other files, as JSON (they are YAML).
        servers: `tritonserver` processes of one replica.
        gpus: GPUs of one replica.
        generate: Route of requests.
        commands: What fills the templates, one command each; run where the templates are.
    """

    templates: Mapping[str, Mapping[str, str]]
    files: Mapping[str, Json]
    servers: int
    gpus: int
    generate: str

    @property
    def commands(self) -> tuple[tuple[str, ...], ...]:
        """The commands that fill the templates in place."""
        return tuple(
            ("python3", "tools/fill_template.py", "-i", path, ",".join(f"{k}:{v}" for k, v in values.items()))
            for path, values in self.templates.items()
        )

    def to_json(self) -> dict[str, Json]:
        """Return the values as JSON."""
        return {
            "templates": {path: dict(values) for path, values in self.templates.items()},
            "files": dict(self.files),
            "commands": [list(command) for command in self.commands],
            "servers": self.servers,
            "gpus": self.gpus,
            "generate": self.generate,
            "ready": READY,
        }


def engine_repository(artifact: Artifact, root: str, options: TritonOptions) -> Repository:
    """Return the layout of engines, in leader mode: one `tritonserver` for each rank.

    Args:
        artifact: The engine.
        root: Folder of the repository.
        options: What it does not say itself.
    """
    batch = str(artifact.limits.get("max_batch_size", 1))
    decoupled = _spelled(options.is_streaming)
    tokens: dict[str, str] = {"tokenizer_dir": artifact.tokenizer, "triton_max_batch_size": batch}
    engine = {
        "triton_backend": "tensorrtllm",
        "triton_max_batch_size": batch,
        "decoupled_mode": decoupled,
        "max_queue_delay_microseconds": str(options.delay_microseconds),
        "max_queue_size": str(options.queue),
        "engine_dir": artifact.path,
        "batching_strategy": "inflight_fused_batching",
        "encoder_input_features_data_type": "TYPE_FP16",
        "logits_datatype": "TYPE_FP32",
        "kv_cache_free_gpu_mem_fraction": f"{options.memory_fraction:g}",
        "enable_kv_cache_reuse": _spelled(options.reuse),
    }
    bls = {"triton_max_batch_size": batch, "decoupled_mode": decoupled, "logits_datatype": "TYPE_FP32"}
    ensemble = {"triton_max_batch_size": batch, "logits_datatype": "TYPE_FP32"}
    return Repository(
        templates={
            f"{root}/preprocessing/config.pbtxt": {**tokens, "preprocessing_instance_count": "1"},
            f"{root}/postprocessing/config.pbtxt": {**tokens, "postprocessing_instance_count": "1"},
            f"{root}/tensorrt_llm/config.pbtxt": engine,
            f"{root}/tensorrt_llm_bls/config.pbtxt": {**bls, "bls_instance_count": "1"},
            f"{root}/ensemble/config.pbtxt": ensemble,
        },
        files={},
        servers=artifact.world,
        gpus=artifact.world,
        generate="/v2/models/ensemble/generate",
    )


def llm_api_repository(
    artifact: Artifact, arguments: Mapping[str, Json], root: str, options: TritonOptions
) -> Repository:
    """Return the layout of the LLM API: one server, and a `model.yaml` whose keys are arguments of `LLM()`.

    Args:
        artifact: The checkpoint.
        arguments: More of these arguments.
        root: Folder of the repository.
        options: What neither says.
    """
    devices = _groups(artifact.world, options.instances)
    model: dict[str, Json] = {
        **dict(sorted(arguments.items())),
        "model": artifact.path,
        "backend": "pytorch",
        "tensor_parallel_size": artifact.tensor,
        "pipeline_parallel_size": artifact.pipeline,
        "kv_cache_config": {
            "free_gpu_memory_fraction": options.memory_fraction,
            "enable_block_reuse": options.reuse,
        },
    }
    if artifact.expert > 1:
        model["moe_expert_parallel_size"] = artifact.expert
    return Repository(
        templates={},
        files={
            f"{root}/tensorrt_llm/1/model.yaml": model,
            f"{root}/tensorrt_llm/config.pbtxt": {
                "instance_group": [{"kind": "KIND_CPU", "count": options.instances}],
                "parameters": {"gpu_device_ids": devices},
                "model_transaction_policy": {"decoupled": options.is_streaming},
            },
        },
        servers=1,
        gpus=artifact.world * options.instances,
        generate="/v2/models/tensorrt_llm/generate",
    )


def _groups(world: int, instances: int) -> str:
    """Return the devices of each instance: `0,1;2,3`."""
    return ";".join(_joined(range(i * world, (i + 1) * world)) for i in range(instances))


def _joined(numbers: Iterable[int]) -> str:
    return ",".join(str(n) for n in numbers)


def _spelled(value: bool) -> str:
    return "true" if value else "false"
