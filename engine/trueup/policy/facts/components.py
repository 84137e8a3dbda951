"""Programs behind a deployment: runtimes and tools with their versions, images with their digests."""

import re
from collections.abc import Iterator, Mapping

from trueup.core.json import Json
from trueup.desired.state import DesiredDeployment, ServerSpec
from trueup.diff.masks import masked_text
from trueup.policy.facts.lineage import spec_of
from trueup.spec.resource import Path

_PACKAGES = {
    "llama.cpp": "xllamacpp",
    "trtllm": "tensorrt-llm",
    "inspect": "inspect-ai",
    "lm-eval": "lm-eval",
}
"""Package on PyPI by the name of a runtime or harness here; the others are their own."""

_TOOLS = {
    "tensorrtLlm": "tensorrt-llm",
    "tensorrt": "tensorrt",
    "tensorrtEdgellm": "tensorrt-edgellm",
    "modelopt": "nvidia-modelopt",
    "transformers": "transformers",
    "torch": "torch",
    "cuda": "cuda",
}
_NEEDED_BY = {"xllamacpp": ("xllamacpp",), "transformers": ("transformers", "torch", "tokenizers")}
"""What is installed here with a runtime of the process target, by its package."""

_OF_NOBODY = ("builtin", "external")
_DIGEST = re.compile(r"@(sha256:[0-9a-f]{64})$")
_HOST = re.compile(r"^(?:localhost|[^/]*[.:][^/]*)$")

INSTALLED_WITH_RUNTIMES = tuple(dict.fromkeys(name for names in _NEEDED_BY.values() for name in names))
"""Packages whose installed versions say what the process target runs."""


def runtime_version(declared: Mapping[str, Json], server: ServerSpec, installed: Mapping[str, str]) -> str | None:
    """Return the version of the runtime: as declared, else as installed; None when nobody says."""
    runtime = declared.get("runtime")
    version = runtime.get("version") if isinstance(runtime, Mapping) else None
    if isinstance(version, str):
        return version
    # Another interpreter has packages of its own.
    return None if server.interpreter else installed.get(_package(server.runtime))


def components(
    deployments: tuple[DesiredDeployment, ...], documents: Mapping[str, Json], installed: Mapping[str, str]
) -> list[Json]:
    """Return the runtimes and tools behind *deployments*, in the order of addresses; *installed* is what runs here."""
    found: list[Json] = []
    for deployment in deployments:
        address = str(deployment.id)
        for path, name, version in _of_runtime(deployment, spec_of(documents.get(address)), installed):
            found.append({"address": address, "path": list(path), "name": name, "version": version})
    for address, document in sorted(documents.items()):
        for path, name, version in _declared(address.partition("/")[0], spec_of(document)):
            found.append({"address": address, "path": list(path), "name": name, "version": version})
    return found


def images(documents: Mapping[str, Json]) -> list[Json]:
    """Return the images that *documents* name, in the order of addresses."""
    found: list[Json] = []
    for address, document in sorted(documents.items()):
        for key in ("runtime", "toolchain"):
            part = spec_of(document).get(key)
            image = part.get("image") if isinstance(part, Mapping) else None
            if isinstance(image, str):
                found.append({"address": address, "path": ["spec", key, "image"], **_image(image)})
    return found


def _of_runtime(
    deployment: DesiredDeployment, spec: Mapping[str, Json], installed: Mapping[str, str]
) -> Iterator[tuple[Path, str, str]]:
    package = _package(deployment.server.runtime)
    runtime = spec.get("runtime")
    declared = runtime.get("version") if isinstance(runtime, Mapping) else None
    here = {} if deployment.server.interpreter else installed
    if isinstance(declared, str):
        yield ("spec", "runtime", "version"), package, declared
    present = [(name, here[name]) for name in _NEEDED_BY.get(package, ()) if name in here]
    yield from (((("spec", "runtime"), name, version)) for name, version in present)
    if not isinstance(declared, str) and not present:
        yield ("spec", "runtime"), package, ""


def _declared(kind: str, spec: Mapping[str, Json]) -> Iterator[tuple[Path, str, str]]:
    toolchain, suite = spec.get("toolchain"), spec.get("suite")
    if kind == "Build" and isinstance(toolchain, Mapping):
        for key, name in _TOOLS.items():
            if isinstance(version := toolchain.get(key), str | int):
                yield ("spec", "toolchain", key), name, str(version)
    if kind == "Evaluation" and isinstance(suite, Mapping):
        tool = str(suite.get("tool", "builtin"))
        if tool not in _OF_NOBODY:
            yield ("spec", "suite", "version"), _package(tool), str(suite.get("version") or "")


def _package(name: str) -> str:
    """Return the name of the package as PyPI spells it."""
    return _PACKAGES.get(name) or re.sub(r"[-_.]+", "-", name).lower()


def _image(image: str) -> dict[str, Json]:
    """Take an image reference apart; without a host, it means Docker Hub."""
    digest = _DIGEST.search(image)
    host, slash, _ = image.partition("/")
    registry = host if slash and _HOST.match(host) else "docker.io"
    return {"image": masked_text(image), "registry": registry.lower(), "digest": digest[1] if digest else ""}
