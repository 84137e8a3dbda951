"""`Builder` of mode `edge_engine` up to the graph: a checkpoint as ONNX for TensorRT Edge-LLM, on the processor.

The engine itself is built on its device, by the TensorRT that runs it there; it is refused here before any work.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from trueup.adapters.builders import codes as builder_codes
from trueup.adapters.builders.builder import BuildTask, Built
from trueup.adapters.builders.gguf.documents import read_document, read_optional
from trueup.adapters.builders.modelopt import codes, edge_worker
from trueup.adapters.builders.modelopt.builder import check_room, quantize
from trueup.adapters.builders.modelopt.carrying import carry_over
from trueup.adapters.builders.modelopt.rotary import lost_settings
from trueup.adapters.builders.modelopt.settings import PLAIN, Settings, read_settings
from trueup.adapters.builders.modelopt.source import Source, check_fit, read_source
from trueup.adapters.builders.modelopt.toolchain import check_versions, find_interpreter, installed_versions
from trueup.adapters.builders.modelopt.working import work
from trueup.core.errors import PermanentError
from trueup.core.json import Json
from trueup.ports import Progress

GRAPHS: Mapping[str, bytes] = {
    PLAIN: b"AttentionPlugin",
    "fp8": b"DequantizeLinear",
    "int8_sq": b"DequantizeLinear",
    "int4_awq": b"Int4GroupwiseGemmPlugin",
}
"""Formats that tensorrt-edgellm 0.11.0 exports with their scales, and the operator that must then be in the graph.

It also takes others and ends without an error: int8_wo comes out without its scales, fp8_block as another format.
"""

TOOLS = ("tensorrtEdgellm", "transformers", "torch")
GRAPH = Path("llm") / "model.onnx"
_PARALLEL = ("tensor", "pipeline", "context", "expert")


class EdgeBuilder:
    """Builds `llm/model.onnx` with its weights, configuration and tokenizer beside it."""

    def build(self, task: BuildTask, progress: Progress) -> Built:
        """Write the graph into the target folder."""
        settings = read_settings(task.parameters)
        arguments = _arguments(settings, task.parameters)
        source = read_source(task.source)
        check_fit(source, settings)
        _check_template(source)
        check_room(task.target, source)
        interpreter = find_interpreter(settings.toolchain.get("interpreter", ""))
        installed = installed_versions(interpreter)
        check_versions(settings.toolchain, installed, TOOLS, interpreter, "onnx")
        # Beside the result and not in it: on the same disk, and gone with it when we are killed.
        with tempfile.TemporaryDirectory(prefix="checkpoint-", dir=task.target.parent) as scratch:
            checkpoint = task.source.resolve()
            if settings.quantizes:
                checkpoint = Path(scratch).resolve()
                quantize(source, settings, replace(task, target=checkpoint), progress)
                carry_over(task.source, checkpoint)
            job: dict[str, Json] = {
                "source": str(checkpoint),
                "target": str(task.target.resolve()),
                "arguments": list(arguments),
            }
            work([interpreter, "-I", edge_worker.__file__], job, "edge-llm onnx", Path(scratch), progress)
        _check_graph(task.target, source, settings)
        for path in task.target.rglob("*"):
            if path.is_file():
                path.chmod(0o644)
        return Built(task.target, installed)


def _arguments(settings: Settings, parameters: Mapping[str, Json]) -> tuple[str, ...]:
    """Return the arguments of the export.

    Raises:
        PermanentError: The engine is asked for (ART309), or something that the export does not do right (ART206).
    """
    accelerator = parameters.get("accelerator")
    device = accelerator if isinstance(accelerator, Mapping) else {}
    if settings.stage != "onnx":
        detail = (
            f"`stage: engine` for {device.get('gpu', 'a device')}. There, in the folder of the checkpoint: "
            "`tensorrt-edgellm-build --model-dir . --engine-dir engine`."
        )
        raise PermanentError(codes.NEEDS_DEVICE, detail)
    bad, cut = builder_codes.BAD_PARAMETER, parameters.get("parallelism")
    if settings.format not in GRAPHS:
        listed = ", ".join(f"`{name}`" for name in GRAPHS)
        raise PermanentError(bad, f"Edge-LLM exports {listed} with their scales, and not `{settings.format}`.")
    if settings.dtype != "auto":
        raise PermanentError(bad, "Edge-LLM's graph computes in float16; `dtype` cannot be chosen.")
    if settings.arguments:
        raise PermanentError(bad, "`build` has arguments for the engine, which `stage: onnx` does not build.")
    if isinstance(cut, Mapping) and any(cut.get(name, 1) != 1 for name in _PARALLEL):
        raise PermanentError(bad, "`parallelism`: the graph is exported for one device.")
    capability = str(device.get("computeCapability") or "").replace(".", "")
    return ("--target-sm", capability) if capability.isdecimal() else ()


def _check_template(source: Source) -> None:
    """Check that there is a chat template: the export writes none, and ends late without one."""
    own = read_optional(source.folder, "tokenizer_config.json") or {}
    if not own.get("chat_template") and not (source.folder / "chat_template.jinja").is_file():
        detail = "Edge-LLM needs a chat template: `chat_template.jinja`, or `chat_template` in tokenizer_config.json."
        raise PermanentError(builder_codes.MISSING_FILE, detail)


def _check_graph(folder: Path, source: Source, settings: Settings) -> None:
    """Check that the graph is there, has the operators of its format, and keeps the rotary positions.

    Raises:
        PermanentError: It is not what was asked for (ART307, ART308).
    """
    graph = folder / GRAPH
    if not graph.is_file():
        raise PermanentError(codes.BAD_EXPORT, f"`{GRAPH}` was not written.")
    wanted = GRAPHS[settings.format]
    if wanted not in graph.read_bytes():
        detail = f"`{GRAPH}` has no {wanted.decode()}, which `{settings.format}` needs."
        raise PermanentError(codes.BAD_EXPORT, detail)
    config = read_document(folder / "llm", "config.json")
    lost = lost_settings(source.config, config)
    if lost:
        raise PermanentError(codes.LOST_POSITIONS, f"The exported config.json: {'; '.join(lost)}.")
    if settings.kv_cache != PLAIN and config.get("kv_cache_dtype") != settings.kv_cache:
        raise PermanentError(
            codes.BAD_EXPORT, f"The exported config.json has no key-value cache in {settings.kv_cache}."
        )
