"""Finds the toolchain that a Build declares, here or in its image, and asks it what it is."""

import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from trueup.adapters.builders.tensorrt import codes, probe
from trueup.adapters.builders.tensorrt.failures import LogReader
from trueup.builds.accelerators import product_of
from trueup.builds.command import EXAMPLES
from trueup.core.errors import PermanentError
from trueup.core.json import Json
from trueup.core.versions import version_key

BUILDER = "trtllm-build"
CONTAINER_PROGRAMS = ("docker", "podman")
SIMULATED = "simulated"
"""In the local part of a version (`1.2.1+simulated`), it says that a double of the toolchain answers."""

_PROBE_SECONDS = 300.0
"""Starting a container of 30 GB from a cold disk takes minutes."""

_PINNED = re.compile(r"@sha256:[0-9a-f]{64}$")
_LONG_SHEBANG = re.compile(r"^'''exec' (?:\"([^\"]+)\"|(\S+))", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a Build asks for.

    Attributes:
        versions: Versions by the keys of its toolchain.
        image: The image; empty without one.
        gpu: Product.
        capability: Compute capability; empty takes the product's.
        is_for_product: The engine is for this very product, not for all of its capability.
        count: GPUs of one build.
    """

    versions: Mapping[str, str]
    image: str = ""
    gpu: str = ""
    capability: str = ""
    is_for_product: bool = True
    count: int = 1


def wanted_by(spec: Mapping[str, Json]) -> Wanted:
    """Return what the `spec` of a Build asks for."""
    toolchain, accelerator = spec.get("toolchain"), spec.get("accelerator")
    tools = toolchain if isinstance(toolchain, Mapping) else {}
    device = accelerator if isinstance(accelerator, Mapping) else {}
    count = device.get("count")
    return Wanted(
        versions={k: str(v) for k, v in tools.items() if k != "image" and v},
        image=str(tools.get("image") or ""),
        gpu=str(device.get("gpu") or ""),
        capability=str(device.get("computeCapability") or ""),
        is_for_product=device.get("tuning") != "capability",
        count=count if isinstance(count, int) else 1,
    )


@dataclass(frozen=True, slots=True)
class Mount:
    """A folder that the toolchain sees."""

    path: Path
    inside: str
    is_writable: bool = False


@dataclass(frozen=True, slots=True)
class Toolchain:
    """What builds.

    Attributes:
        python: Its interpreter.
        builder: `trtllm-build`.
        examples: Folder of TensorRT-LLM's examples, as the toolchain sees it.
        image: The image it is in; empty for programs of this machine.
        program: docker or podman, for an image.
        gpus: How many GPUs a container gets.
        versions: Versions of what takes part, by the keys of a Build's toolchain.
        devices: What is known of each GPU: `name`, `compute_cap`, `driver_version`, ...
    """

    python: str
    builder: str = BUILDER
    examples: str = EXAMPLES
    image: str = ""
    program: str = ""
    gpus: int = 1
    versions: Mapping[str, str] = field(default_factory=dict)
    devices: tuple[Mapping[str, str], ...] = ()

    @property
    def is_simulated(self) -> bool:
        """Whether a double answers in its place."""
        return any(SIMULATED in version.partition("+")[2] for version in self.versions.values())

    @property
    def tools(self) -> dict[str, str]:
        """Versions of what took part, for the provenance."""
        return {key: value for key, value in sorted(self.versions.items()) if value}

    @property
    def accelerator(self) -> dict[str, str]:
        """The GPU it ran on, for the provenance: all that take part are of one product; empty without one."""
        device = self.devices[0] if self.devices else {}
        found = {
            "product": label_of(device.get("name", "")),
            "computeCapability": device.get("compute_cap", ""),
            "driver": device.get("driver_version", ""),
        }
        return {key: value for key, value in found.items() if value}

    def command(self, argv: Sequence[str], mounts: Sequence[Mount], environment: Mapping[str, str]) -> list[str]:
        """Return how *argv* is run with *mounts*; programs of this machine see their folders as they are."""
        if not self.image:
            return list(argv)
        words = [self.program, "run", "--rm", "--pull=never", "--network=none"]
        words += [f"--name={container_name(mounts)}"] if mounts else []
        words += [f"--gpus={self.gpus}", "--ipc=private", "--shm-size=8g", "--ulimit=memlock=-1"]
        words += ["--cap-drop=ALL", "--security-opt=no-new-privileges", f"--user={os.getuid()}:{os.getgid()}"]
        for mount in mounts:
            words += ["-v", f"{mount.path}:{mount.inside}:{'rw' if mount.is_writable else 'ro'}"]
        for name, value in sorted(environment.items()):
            words += ["-e", f"{name}={value}"]
        writable = next((m.inside for m in mounts if m.is_writable), "/tmp")  # noqa: S108 - inside the container
        # The image's own entry point prints a banner and starts a shell.
        return [*words, f"--workdir={writable}", f"--entrypoint={argv[0]}", self.image, *argv[1:]]


def container_name(mounts: Sequence[Mount]) -> str:
    """Return the name of the container that works in *mounts*, so that it can be ended."""
    places = "\n".join(str(m.path) for m in mounts)
    return f"trueup-build-{hashlib.sha256(places.encode()).hexdigest()[:12]}"


def label_of(name: str) -> str:
    """Return the node label of a product that `nvidia-smi` calls *name*."""
    return re.sub(r"\s+", "-", name.strip())


def find_toolchain(wanted: Wanted) -> Toolchain:
    """Return the toolchain that a Build asks for, after asking it what it is.

    An image that is declared is what builds: its digest is in the address of the result.

    Raises:
        TrueupError: It is not here, or is another one, or its GPU is.
    """
    found = _in_image(wanted.image, wanted.count) if wanted.image else _on_path()
    asked = _asked(found)
    check_toolchain(wanted, asked)
    return asked


def check_toolchain(wanted: Wanted, found: Toolchain) -> None:
    """Hold a toolchain and its GPUs to what a Build asks for.

    Raises:
        PermanentError: It is another one (ART402), or its GPU is (ART403).
    """
    problems = tuple(_other_versions(wanted, found))
    if problems:
        where = f"In `{wanted.image}`" if wanted.image else f"`{found.builder}`"
        raise PermanentError(codes.OTHER_TOOLCHAIN, f"{where}: {'; '.join(problems)}.")
    _check_devices(wanted, found)


def _in_image(image: str, count: int) -> Toolchain:
    if not _PINNED.search(image):
        raise PermanentError(codes.NOT_PINNED, f"`{image}` has no digest.")
    program = next((path for name in CONTAINER_PROGRAMS if (path := shutil.which(name))), None)
    if program is None:
        detail = f"The Build declares the image `{image}`, and neither docker nor podman is on the PATH."
        raise PermanentError(codes.TOOLCHAIN_MISSING, detail)
    return Toolchain(python="python3", image=image, program=program, gpus=count)


def _on_path() -> Toolchain:
    builder = shutil.which(BUILDER)
    if builder is None:
        detail = f"`{BUILDER}` is not on the PATH, and the Build declares no image."
        raise PermanentError(codes.TOOLCHAIN_MISSING, detail)
    python = _interpreter_of(Path(builder))
    return Toolchain(python=python, builder=builder, examples=_examples_of(Path(builder)))


def _interpreter_of(script: Path) -> str:
    """Return the Python that *script* runs in, as its first line says."""
    start = script.read_bytes()[:4096].decode(errors="replace")
    line = start.partition("\n")[0].removeprefix("#!").strip()
    if line == "/bin/sh" and (found := _LONG_SHEBANG.search(start)):
        return found[1] or found[2]
    words = line.split()
    if "python" in Path(words[0]).name if words else False:
        return words[0]
    beside = script.with_name("python3")
    return str(beside) if beside.exists() else "python3"


def _examples_of(builder: Path) -> str:
    """Return the folder of examples: beside the installation, or where the images have it."""
    beside = builder.resolve().parent.parent / "examples"
    return str(beside) if beside.is_dir() else EXAMPLES


def _asked(found: Toolchain) -> Toolchain:
    """Ask the toolchain for its versions and GPUs."""
    source = Path(probe.__file__).read_text(encoding="utf-8")
    argv = found.command([found.python, "-c", source], (), {})
    try:
        answer = subprocess.run(argv, capture_output=True, text=True, timeout=_PROBE_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PermanentError(codes.TOOLCHAIN_MISSING, f"`{argv[0]}` could not be asked: {error}.") from error
    if answer.returncode != 0:
        reader = LogReader().read_all([*answer.stderr.splitlines(), *answer.stdout.splitlines()])
        raise reader.failure(Path(argv[0]).name, answer.returncode)
    said = read_answer(answer.stdout, Path(argv[0]).name)
    return replace(found, versions=said.versions, devices=said.devices)


def read_answer(text: str, program: str = "the probe") -> Toolchain:
    """Return versions and GPUs as `probe` printed them.

    Raises:
        PermanentError: It is something else (ART401).
    """
    try:
        # Entry points of images may print before.
        said = json.loads(text.strip().splitlines()[-1])
        versions = {str(k): str(v) for k, v in said["versions"].items()}
        devices = tuple({str(k): str(v) for k, v in device.items()} for device in said["gpus"])
    except (ValueError, IndexError, KeyError, TypeError, AttributeError) as error:
        detail = f"`{program}` did not say what it is: {text[-200:]!r}."
        raise PermanentError(codes.TOOLCHAIN_MISSING, detail) from error
    return Toolchain("python3", versions=versions, devices=devices)


def _other_versions(wanted: Wanted, found: Toolchain) -> Iterator[str]:
    """Yield what differs: versions are compared as a whole, the four parts of TensorRT's too."""
    if not wanted.versions.get("tensorrtLlm"):
        yield "the Build does not declare `toolchain.tensorrtLlm`"
    for key in ("tensorrtLlm", "tensorrt", "modelopt", "transformers", "torch", "cuda"):
        asked, there = wanted.versions.get(key, ""), found.versions.get(key, "")
        if asked and version_key(there) != version_key(asked):
            yield f"`{key}` is {there or 'not installed'}, and {asked} is declared"


def _check_devices(wanted: Wanted, found: Toolchain) -> None:
    if not found.devices:
        raise PermanentError(codes.OTHER_ACCELERATOR, f"No GPU is here, and `{wanted.gpu}` is declared.")
    problems = [*_other_products(wanted, found.devices)]
    if len(found.devices) < wanted.count:
        problems.append(f"{len(found.devices)} GPUs are here, and {wanted.count} are declared")
    if any(device.get("mig.mode.current") == "Enabled" for device in found.devices):
        problems.append("the GPU is partitioned (MIG), so that tactics would be timed on a part of it")
    if problems:
        raise PermanentError(codes.OTHER_ACCELERATOR, f"{'; '.join(dict.fromkeys(problems))}.")


def _other_products(wanted: Wanted, devices: Sequence[Mapping[str, str]]) -> Iterator[str]:
    product = product_of(wanted.gpu)
    capability = wanted.capability or product.capability
    for device in devices:
        label, there = label_of(device.get("name", "")), device.get("compute_cap", "")
        if capability and there != capability:
            yield f"`{label}` has compute capability {there}, and {capability} is declared"
        elif wanted.is_for_product and product_of(label) != product:
            yield f"`{label}` is here, and `{wanted.gpu}` is declared (`tuning: product`)"


def described(found: Toolchain) -> Json:
    """Return the toolchain as JSON, for the file beside the engine."""
    return {
        "tools": dict(found.tools),
        "image": found.image,
        "gpus": [dict(device) for device in found.devices],
        SIMULATED: found.is_simulated,
    }
