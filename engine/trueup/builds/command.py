"""Command lines of an engine build, from what a Build declares; nothing is run here.

Sizes are given as flags and not through `--build_config`: the form of that file is not the same in all releases, and
in some it does not carry the kind of the cache. The resolved values are kept as a file, and the engine is held to it.
"""

from collections.abc import Mapping

from trueup.builds.arguments import Resolved, resolve_arguments, setting_of
from trueup.builds.conversion import Conversion, conversion_of
from trueup.builds.declared import Declared, declared_build
from trueup.builds.findings import Finding, Level, in_order
from trueup.builds.flags import BY_NAME, Takes
from trueup.builds.network import Network
from trueup.core.frozen import dataclass
from trueup.core.json import Json

EXAMPLES = "/app/tensorrt_llm/examples"
"""Where the scripts are in the images `nvcr.io/nvidia/tensorrt-llm/release`."""

RESOLVED_FILE = "trueup-build.json"
"""Beside the engine: what it was built with and what was checked. TensorRT-LLM ignores files that it does not know."""

FORMAT_VERSION = "1.0"


@dataclass(frozen=True, slots=True)
class Places:
    """Where things lie for the toolchain.

    Attributes:
        source: The model's folder.
        checkpoint: Empty folder for the converted checkpoint.
        engine: Empty folder for the engine.
        scratch: Folder for caches and whatever else.
        data: Folder with the calibration data as `train.jsonl`; empty without one.
        adapters: Folders of adapters.
        examples: Folder of TensorRT-LLM's examples.
        python: The interpreter that has TensorRT-LLM.
        builder: `trtllm-build`.
    """

    source: str
    checkpoint: str
    engine: str
    scratch: str
    data: str = ""
    adapters: tuple[str, ...] = ()
    examples: str = EXAMPLES
    python: str = "python3"
    builder: str = "trtllm-build"

    @property
    def timing_cache(self) -> str:
        """Where kernels' times are written: by default it would be the working folder, which jobs share."""
        return f"{self.scratch}/timing.cache"


@dataclass(frozen=True, slots=True)
class Command:
    """One program to be run to its end."""

    name: str
    argv: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EngineBuild:
    """An engine build, ready to be run anywhere.

    Attributes:
        declared: What the Build declares.
        conversion: The call that makes the checkpoint.
        resolved: Arguments of `trtllm-build`.
        findings: What is wrong or worth knowing, errors first.
        adapters: How many adapters are built in.
    """

    declared: Declared
    conversion: Conversion
    resolved: Resolved
    findings: tuple[Finding, ...]
    adapters: int = 0

    @property
    def errors(self) -> tuple[Finding, ...]:
        """What keeps it from being built."""
        return tuple(f for f in self.findings if f.level is Level.ERROR)

    @property
    def world(self) -> int:
        """Ranks of the engine, and so files and processes that serve it."""
        return self.declared.tensor * self.declared.pipeline * self.declared.context

    def commands(self, places: Places) -> tuple[Command, ...]:
        """Return what is run, in this order."""
        return (_conversion(self.conversion, places), _building(self.resolved, places))

    def to_json(self) -> dict[str, Json]:
        """Return what the engine is held to, as a file keeps it."""
        return {
            "format_version": FORMAT_VERSION,
            "world_size": self.world,
            "mapping": {"tp_size": self.declared.tensor, "pp_size": self.declared.pipeline},
            "quantization": {"format": self.declared.format, "kv_cache": self.declared.cache},
            "adapters": self.adapters,
            **self.resolved.to_json(),
        }


def engine_build(spec: Mapping[str, Json], network: Network) -> EngineBuild:
    """Return the build of *network* that the `spec` of a Build in mode `engine` declares."""
    declared = declared_build(spec)
    conversion, problems = conversion_of(spec, network)
    resolved = resolve_arguments(declared.arguments, network, setting_of(declared))
    named = spec.get("adapters")
    adapters = len(named) if isinstance(named, list | tuple) else 0
    return EngineBuild(declared, conversion, resolved, in_order([*problems, *resolved.findings]), adapters)


def environment_of(scratch: str) -> dict[str, str]:
    """Return variables for the toolchain: nothing is downloaded, and nothing is written but in *scratch*."""
    return {
        "HOME": scratch,
        "HF_HOME": f"{scratch}/huggingface",
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "TMPDIR": scratch,
        "PYTHONUNBUFFERED": "1",
    }


def _conversion(conversion: Conversion, places: Places) -> Command:
    argv = [places.python, f"{places.examples}/{conversion.script}"]
    argv += ["--model_dir", places.source, "--output_dir", places.checkpoint]
    for name, value in conversion.options:
        argv += [f"--{name}", *([value] if value else [])]
    if conversion.reads_data:
        argv += ["--calib_dataset", places.data]
    return Command(conversion.name, tuple(argv))


def _building(resolved: Resolved, places: Places) -> Command:
    argv = [places.builder, "--checkpoint_dir", places.checkpoint, "--output_dir", places.engine]
    argv += ["--output_timing_cache", places.timing_cache]
    for name, value in resolved.arguments.items():
        argv += _option(name, value)
    if places.adapters:
        argv += ["--lora_dir", *places.adapters]
    return Command("build", tuple(argv))


def _option(name: str, value: Json) -> list[str]:
    flag = BY_NAME[name]
    if flag.takes is Takes.SWITCH:
        return [flag.option] if value is True else []
    if isinstance(value, list | tuple):
        return [flag.option, *(str(v) for v in value)]
    return [flag.option, str(value)]
