"""`Builder` of mode `engine`: converts or quantizes, builds, and holds the result to what was resolved.

It was run against a double of the toolchain and not on a GPU; see docs/builds-engine.md.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from trueup.adapters.builders import codes as builder_codes
from trueup.adapters.builders.builder import BuildTask, Built
from trueup.adapters.builders.gguf.documents import read_document
from trueup.adapters.builders.tensorrt import codes
from trueup.adapters.builders.tensorrt.calibration import write_texts
from trueup.adapters.builders.tensorrt.results import check_engine, read_held, write_held
from trueup.adapters.builders.tensorrt.running import SILENCE_SECONDS, Program, run
from trueup.adapters.builders.tensorrt.toolchain import (
    Mount,
    Toolchain,
    container_name,
    described,
    find_toolchain,
    wanted_by,
)
from trueup.builds.command import Command, EngineBuild, Places, engine_build, environment_of
from trueup.builds.conversion import calibration_of
from trueup.builds.engine_result import rotary_loss
from trueup.builds.network import Network, network_of
from trueup.core.errors import PermanentError, TrueupError
from trueup.core.json import Json, mapping_of
from trueup.ports import Progress

TOKENIZER_FOLDER = "tokenizer"
"""Beside the engine, which has none of its own and is not served without."""

_TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "chat_template.jinja",
    "generation_config.json",
    "config.json",
)
_INHERITED = ("PATH", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "CUDA_HOME", "HOME", "LANG", "NVIDIA_VISIBLE_DEVICES")
"""Variables that programs of this machine need; nothing else of ours reaches them."""

_RANK_DONE = "Total time of building Unnamed Network"
"""Said once for each rank."""


@dataclass(frozen=True, slots=True)
class _Run:
    """One build under way."""

    planned: EngineBuild
    toolchain: Toolchain
    places: Places
    mounts: tuple[Mount, ...]
    scratch: Path
    log: Path
    progress: Progress
    silence_seconds: float


class EngineBuilder:
    """Builds engines of TensorRT-LLM.

    Parameters: those of a Build of mode `engine`, under its own keys.
    """

    def __init__(self, silence_seconds: float = SILENCE_SECONDS) -> None:
        """A program that writes nothing for *silence_seconds* is given up."""
        self._silence_seconds = silence_seconds

    def build(self, task: BuildTask, progress: Progress) -> Built:
        """Write the engine's folder from the model folder."""
        spec: dict[str, Json] = {"mode": "engine", **task.parameters}
        network = _network(task.source)
        planned = engine_build(spec, network)
        _refuse(planned)
        data, adapters = _inputs(spec, planned, task)
        toolchain = find_toolchain(wanted_by(spec))
        # On the disk of the store, so that what is needed is there or is not; never in the target, which is hashed.
        with tempfile.TemporaryDirectory(prefix=".engine-", dir=task.target.parent) as folder, _kept_log() as log:
            scratch = Path(folder)
            texts = _texts(spec, data, scratch)
            places, mounts = _places(task, scratch, adapters, toolchain, texts)
            work = _Run(planned, toolchain, places, mounts, scratch, log, progress, self._silence_seconds)
            for command in planned.commands(places):
                _run(command, work)
                if command.name != "build":
                    _check_checkpoint(scratch / "checkpoint", network)
            copy_tokenizer(task.source, task.target)
            held = planned.to_json()
            write_held(task.target, {**held, **mapping_of(described(toolchain))})
            simulated = check_engine(task.target, read_held(task.target), planned.declared.tool("tensorrtLlm"))
        return Built(
            task.target,
            toolchain.tools,
            simulated or toolchain.is_simulated,
            resolved=held,
            accelerator=toolchain.accelerator,
            image=toolchain.image,
        )


def _network(source: Path) -> Network:
    if not source.is_dir():
        detail = f"`{source.name}` is one file; a folder with config.json is needed."
        raise PermanentError(builder_codes.MISSING_FILE, detail)
    found = network_of(read_document(source, "config.json"))
    if isinstance(found, tuple):
        raise PermanentError(builder_codes.BAD_FILE, f"config.json: {'; '.join(found)}.")
    return found


def _refuse(planned: EngineBuild) -> None:
    """Refuse what cannot work before a toolchain is looked for."""
    if planned.errors:
        raise PermanentError(codes.REFUSED, " ".join(f"{f.code.id} {f.detail}" for f in planned.errors))


def _inputs(spec: Mapping[str, Json], planned: EngineBuild, task: BuildTask) -> tuple[Path | None, tuple[Path, ...]]:
    """Tell apart what the build reads: the calibration data if there is any, then the adapters, in their order."""
    inputs = tuple(task.inputs.values())
    data = inputs[0] if calibration_of(spec) and inputs else None
    adapters = inputs[1:] if data else inputs
    if len(adapters) != planned.adapters:
        detail = f"{planned.adapters} adapters are declared, and {len(adapters)} were handed to the build."
        raise PermanentError(codes.REFUSED, detail)
    for path in adapters:
        if not (path / _ADAPTER_CONFIG).is_file():
            detail = f"The adapter `{path.name}` is no folder with `{_ADAPTER_CONFIG}`."
            raise PermanentError(builder_codes.MISSING_FILE, detail)
    return data, adapters


_ADAPTER_CONFIG = "adapter_config.json"


@contextmanager
def _kept_log() -> Iterator[Path]:
    """Give a log that outlives a failure, which names it, and goes with a success."""
    handle, name = tempfile.mkstemp(prefix="trueup-engine-", suffix=".log")
    os.close(handle)
    log = Path(name)
    try:
        yield log
    except TrueupError:
        if not log.stat().st_size:
            log.unlink()
        raise
    except BaseException:
        log.unlink()
        raise
    log.unlink()


def _texts(spec: Mapping[str, Json], data: Path | None, scratch: Path) -> str:
    """Prepare the calibration data and return the name of its folder; empty without any."""
    calibration = calibration_of(spec)
    if calibration is None:
        return ""
    if data is None:
        detail = f"`{calibration.dataset}` was not handed to the build."
        raise PermanentError(codes.NO_TEXTS, detail, hint="fetch it: a plan does that for what it builds")
    write_texts(data, scratch / "data", calibration.size)
    return "data"


def _places(
    task: BuildTask, scratch: Path, adapters: tuple[Path, ...], toolchain: Toolchain, texts: str
) -> tuple[Places, tuple[Mount, ...]]:
    """Return where things lie for the toolchain, and what of this machine that is."""
    for name in ("checkpoint", "caches"):
        (scratch / name).mkdir()
    mounts = (
        Mount(scratch, "/scratch", is_writable=True),
        Mount(task.target, "/engine", is_writable=True),
        Mount(task.source.resolve(), "/source"),
        *(Mount(path.resolve(), f"/adapters/{number}") for number, path in enumerate(adapters)),
    )
    room, engine, source, *built_in = (m.inside if toolchain.image else str(m.path) for m in mounts)
    places = Places(
        source=source,
        checkpoint=f"{room}/checkpoint",
        engine=engine,
        scratch=f"{room}/caches",
        data=f"{room}/{texts}" if texts else "",
        adapters=tuple(built_in),
        examples=toolchain.examples,
        python=toolchain.python,
        builder=toolchain.builder,
    )
    return places, mounts


def _run(command: Command, work: _Run) -> None:
    toolchain = work.toolchain
    environment = environment_of(work.places.scratch)
    own = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    run(
        Program(
            name=Path(command.argv[0]).name if command.name == "build" else Path(command.argv[1]).name,
            argv=toolchain.command(command.argv, work.mounts, environment),
            environment=own if toolchain.image else {**own, **environment},
            folder=work.scratch,
            log=work.log,
            silence_seconds=work.silence_seconds,
            end=_ending(work),
        ),
        _counting(command, work),
    )
    if command.name != "build":
        work.progress(_counted(command), 1, 1)


def _counting(command: Command, work: _Run) -> Callable[[str], None]:
    """Return what tells how far a program is: ranks that are done, else lines of its log."""
    world, done = work.planned.world, [0]
    what = _counted(command)

    def heard(line: str) -> None:
        if command.name != "build":
            done[0] += 1
            work.progress(what, done[0], 0)
        elif _RANK_DONE in line:
            done[0] += 1
            work.progress(what, done[0], world)

    work.progress(what, 0, world if command.name == "build" else 0)
    return heard


def _counted(command: Command) -> str:
    return "trtllm-build, ranks" if command.name == "build" else f"{command.name}, lines of log"


def _ending(work: _Run) -> Callable[[], None]:
    """Return what ends a container: signals to docker do not always reach what it started."""
    if not work.toolchain.image:
        return lambda: None

    def end() -> None:
        import subprocess

        argv = [work.toolchain.program, "kill", container_name(work.mounts)]
        subprocess.run(argv, capture_output=True, check=False, timeout=60)

    return end


def _check_checkpoint(checkpoint: Path, network: Network) -> None:
    """Hold the checkpoint to its source: a lost rotary base makes an engine that writes nonsense (V15)."""
    path = checkpoint / "config.json"
    if not path.is_file():
        raise PermanentError(codes.BROKEN_RESULT, "The checkpoint has no `config.json`.")
    lost = rotary_loss(mapping_of(json.loads(path.read_bytes())), network.rotary_base)
    if lost:
        hint = "pin `transformers: 4.57.6` in the toolchain: 5 and later drop it without a warning"
        raise PermanentError(codes.BROKEN_RESULT, f"In the checkpoint, {lost}.", hint=hint)


def copy_tokenizer(source: Path, target: Path) -> None:
    """Copy what a server needs of the model besides its weights."""
    folder = target / TOKENIZER_FOLDER
    folder.mkdir()
    for name in _TOKENIZER_FILES:
        if (source / name).is_file():
            shutil.copyfile(source / name, folder / name)
