"""`Builder` of modes `pytorch` and `autodeploy`: a Hugging Face checkpoint, quantized by ModelOpt on the processor.

Whoever changes the bytes raises the modes' `BUILDER_VERSIONS`. Weights that are neither quantized nor converted are
handed on as they are, converted ones are written in numpy; only quantizing starts a process with torch.
"""

import json
import shutil
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path

from trueup.adapters.builders.builder import BuildTask, Built
from trueup.adapters.builders.modelopt import codes, worker
from trueup.adapters.builders.modelopt.calibration import draw_texts
from trueup.adapters.builders.modelopt.carrying import carry_over, copy_weights
from trueup.adapters.builders.modelopt.casting import cast
from trueup.adapters.builders.modelopt.result import check_result
from trueup.adapters.builders.modelopt.settings import Settings, read_settings
from trueup.adapters.builders.modelopt.source import Source, check_fit, check_known, is_plain, read_source
from trueup.adapters.builders.modelopt.toolchain import check_versions, find_interpreter, installed_versions
from trueup.adapters.builders.modelopt.working import work
from trueup.adapters.stores import codes as store_codes
from trueup.core.errors import PermanentError
from trueup.core.json import Json
from trueup.ports import Progress

TOOLS = ("modelopt", "transformers", "torch")
BESIDES = "requests safetensors tokenizers"
"""ModelOpt imports the first and does not install it; transformers brings the others."""

SERVING = "llm_api_options.yaml"
"""Arguments of the LLM API, beside a checkpoint of mode `autodeploy`; `trtllm-serve --config` reads it."""


class ModelOptBuilder:
    """Builds checkpoints in ModelOpt's unified Hugging Face format, as TensorRT-LLM's PyTorch backend reads it.

    Args:
        mode: `pytorch`, or `autodeploy`: the same checkpoint with its serving arguments beside it.
    """

    def __init__(self, mode: str = "pytorch") -> None:
        self._mode = mode

    def build(self, task: BuildTask, progress: Progress) -> Built:
        """Write the checkpoint into the target folder."""
        settings = read_settings(task.parameters)
        source = read_source(task.source)
        check_fit(source, settings)
        check_room(task.target, source)
        tools = self._write(source, settings, task, progress)
        carry_over(task.source, task.target)
        if self._mode == "autodeploy":
            write_document(task.target / SERVING, settings.arguments)
        for path in task.target.iterdir():
            path.chmod(0o644)
        return Built(task.target, tools)

    def _write(self, source: Source, settings: Settings, task: BuildTask, progress: Progress) -> Mapping[str, str]:
        if settings.quantizes:
            return quantize(source, settings, task, progress)
        if is_plain(settings):
            copy_weights(task.source, task.target)
            return {}
        cast(source, task.target, settings.dtype, progress)
        return {"numpy": version("numpy")}


def quantize(source: Source, settings: Settings, task: BuildTask, progress: Progress) -> Mapping[str, str]:
    """Write the quantized weights and their configuration, and return the versions of what took part.

    Raises:
        PermanentError: The tools or the data are not there, the tools failed, or what they wrote is not what was asked.
    """
    interpreter = find_interpreter(settings.toolchain.get("interpreter", ""))
    installed = installed_versions(interpreter)
    check_versions(settings.toolchain, installed, TOOLS, interpreter, BESIDES)
    check_known(source, settings, installed["transformers"])
    texts = _texts(settings, task.inputs.values())
    name = settings.format if settings.kind else f"KV cache {settings.kv_cache}"
    argv = [interpreter, "-I", worker.__file__]
    job = _job(source, settings, task.target, texts)
    job |= {"kept": str(task.kept.resolve()) if task.kept else ""}
    # Not in the result, and gone with it.
    work(argv, job, f"modelopt {name}", task.target.parent, progress)
    check_result(task.target, source, settings)
    return installed


def _texts(settings: Settings, inputs: Iterable[Path]) -> tuple[str, ...]:
    if not settings.needs_data or settings.calibration is None:
        return ()
    # The calibration data comes first among what a build reads.
    dataset = next(iter(inputs), None)
    if dataset is None:
        raise PermanentError(codes.BAD_CALIBRATION, "The dataset was not handed over.")
    return draw_texts(dataset, settings.calibration)


def _job(source: Source, settings: Settings, target: Path, texts: tuple[str, ...]) -> dict[str, Json]:
    calibration = settings.calibration
    kind = settings.kind
    return {
        "source": str(source.folder.resolve()),
        "target": str(target.resolve()),
        "preset": kind.preset if kind else "",
        "group": settings.group,
        "excluded": list(settings.excluded),
        "head": settings.quantizes_head,
        "cache": settings.kv_cache == "fp8",
        "dtype": settings.dtype,
        "texts": list(texts),
        "length": calibration.length if calibration else 0,
        "batch": calibration.batch if calibration else 1,
        "seed": calibration.seed if calibration else 0,
    }


def check_room(target: Path, source: Source) -> None:
    """Check that a result as large as the source would fit on the disk; no result here is larger but float32.

    Raises:
        PermanentError: It would not (ART002).
    """
    needed = sum(located.tensor.size_bytes for located in source.tensors.values())
    free = shutil.disk_usage(target).free
    if needed > free:
        raise PermanentError(store_codes.NO_SPACE, f"{needed:,} bytes may be needed and {free:,} are free.")


def write_document(path: Path, content: Mapping[str, Json]) -> None:
    """Write a document that is both JSON and YAML, in one order of keys."""
    path.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n")
