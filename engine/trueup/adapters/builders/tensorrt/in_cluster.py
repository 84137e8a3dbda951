"""The steps of a build's Job that run in trueup's own image: before the toolchain, and after it.

`prepare` checks toolchain and GPU, and lays out the inputs; `deliver` checks the engine and hands it to the store.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trueup.adapters.builders.builder import BuildTask, Built
from trueup.adapters.builders.tensorrt import codes
from trueup.adapters.builders.tensorrt.builder import copy_tokenizer
from trueup.adapters.builders.tensorrt.calibration import write_texts
from trueup.adapters.builders.tensorrt.results import check_engine, write_held
from trueup.adapters.builders.tensorrt.toolchain import check_toolchain, described, read_answer, wanted_by
from trueup.adapters.stores.directory import DirectoryStore
from trueup.builds.conversion import calibration_of
from trueup.core.digests import Digest
from trueup.core.errors import PermanentError, TrueupError
from trueup.core.ids import parse_address
from trueup.core.json import Json
from trueup.desired.state import ArtifactPin, BuildPin
from trueup.ports import Progress


@dataclass(frozen=True, slots=True)
class Order:
    """What the Job was rendered for."""

    pin: BuildPin
    source: Digest
    inputs: tuple[Digest, ...]
    held: Mapping[str, Json]

    @property
    def spec(self) -> dict[str, Json]:
        """The `spec` of the Build."""
        return {"mode": self.pin.mode, **dict(self.pin.parameters)}


class Prebuilt:
    """`Builder` of what a toolchain left: it checks it and puts it where the store takes it from."""

    def __init__(self, order: Order, scratch: Path) -> None:
        self._order = order
        self._scratch = scratch

    def build(self, task: BuildTask, progress: Progress) -> Built:
        """Copy the engine to the store's own disk, with tokenizer and what it is held to."""
        engine, toolchain = self._scratch / "engine", read_answer((self._scratch / "toolchain.json").read_text())
        progress("engine, files copied", 0, 0)
        shutil.copytree(engine, task.target, dirs_exist_ok=True)
        copy_tokenizer(task.source, task.target)
        about = described(toolchain)
        write_held(task.target, {**self._order.held, **(about if isinstance(about, Mapping) else {})})
        wanted = wanted_by(self._order.spec)
        is_simulated = check_engine(task.target, self._order.held, wanted.versions.get("tensorrtLlm", ""))
        return Built(
            task.target,
            toolchain.tools,
            is_simulated or toolchain.is_simulated,
            resolved=self._order.held,
            accelerator=toolchain.accelerator,
            image=wanted.image,
        )


def read_order(path: Path) -> Order:
    """Read the file that the Job mounts.

    Raises:
        PermanentError: It is not one that trueup rendered (ART404).
    """
    try:
        document = json.loads(path.read_bytes())
        inputs = tuple(Digest(digest) for digest in document["inputs"])
        return Order(_pin(document["build"], inputs), Digest(document["source"]), inputs, document["held"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise PermanentError(codes.REFUSED, f"`{path.name}` is not what trueup rendered: {error!r}.") from error


def _pin(built: Mapping[str, Any], inputs: Sequence[Digest]) -> BuildPin:
    id_ = parse_address(built["address"])
    if id_ is None:
        raise ValueError(f"`{built['address']}` is no address")
    parameters = tuple(sorted(built["parameters"].items()))
    pins = tuple(ArtifactPin("", digest, "") for digest in inputs)
    return BuildPin(id_, Digest(built["digest"]), built["mode"], parameters, Digest(built["key"]), inputs=pins)


def prepare(order: Order, store: DirectoryStore, scratch: Path) -> None:
    """Check toolchain, GPU and inputs before anything is converted; make the folders that the toolchain writes to."""
    found = read_answer((scratch / "toolchain.json").read_text())
    check_toolchain(wanted_by(order.spec), found)
    _present(store, order.source)
    for name in ("checkpoint", "engine", "tmp"):
        (scratch / name).mkdir(exist_ok=True)
    calibration = calibration_of(order.spec)
    if calibration and order.inputs:
        write_texts(_present(store, order.inputs[0]), scratch / "data", calibration.size)


def deliver(order: Order, store: DirectoryStore, progress: Progress) -> Path:
    """Hand the engine to the store, which shows it under the build's key when all of it is there."""
    return store.build(order.pin, _present(store, order.source), progress)


def _present(store: DirectoryStore, digest: Digest) -> Path:
    path = store.find(digest)
    if path is None:
        detail = f"The store has no artifact {digest}."
        raise PermanentError(codes.REFUSED, detail, hint="fetch it into the store that the claim holds")
    return path


def main(arguments: Sequence[str]) -> int:
    """Run one step and return its exit status."""
    parser = argparse.ArgumentParser(MODULE_NAME)
    parser.add_argument("verb", choices=("prepare", "deliver"))
    for name in ("build", "store", "scratch"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    given = parser.parse_args(arguments)
    try:
        order = read_order(given.build)
        store = DirectoryStore(given.store, {}, {"engine": Prebuilt(order, given.scratch)})
        if given.verb == "prepare":
            prepare(order, store, given.scratch)
        else:
            _say(f"delivered: {deliver(order, store, _tell)}")
    except TrueupError as error:
        _say(f"{error}\n{error.hint or error.code.remedy}")
        return 1
    return 0


MODULE_NAME = "python -m trueup.adapters.builders.tensorrt.in_cluster"


def _tell(what: str, done: int, total: int) -> None:
    _say(f"{what}: {done}" + (f" of {total}" if total else ""))


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
