"""The tools that build: which Python has them, in which versions, and whether these are the declared ones."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from trueup.adapters.builders.modelopt import codes
from trueup.core.errors import PermanentError

PACKAGES: Mapping[str, str] = {
    "modelopt": "nvidia-modelopt",
    "transformers": "transformers",
    "torch": "torch",
    "tensorrtEdgellm": "tensorrt-edgellm",
}
"""Packages by their key in a Build's `toolchain`."""

BESIDES = ("numpy", "onnx", "requests", "safetensors", "tokenizers")
"""Packages that take part and are not declared: recorded, and some needed."""

_PROBE = """
import json, sys
from importlib.metadata import PackageNotFoundError, version
found = {"python": "%d.%d.%d" % sys.version_info[:3]}
for name in sys.argv[1:]:
    try:
        found[name] = version(name)
    except PackageNotFoundError:
        pass
print(json.dumps(found))
"""


def find_interpreter(declared: str) -> str:
    """Return the Python that has the tools: the declared one, or ours.

    Raises:
        PermanentError: The declared one cannot be executed (ART301).
    """
    if not declared:
        return sys.executable
    found = shutil.which(str(Path(declared).expanduser()))
    if found is None:
        raise PermanentError(codes.NO_TOOLCHAIN, f"`toolchain.interpreter`: {declared} is not an executable file.")
    # Not resolved: the link inside a virtual environment is what makes it one.
    return os.path.abspath(found)


def installed_versions(interpreter: str) -> dict[str, str]:
    """Return the versions that *interpreter* has, by the package's name; nothing is imported.

    Raises:
        PermanentError: It is no Python that runs (ART301).
    """
    names = [*PACKAGES.values(), *BESIDES]
    if interpreter == sys.executable:
        return {"python": "{}.{}.{}".format(*sys.version_info[:3])} | _own(names)
    try:
        ran = subprocess.run([interpreter, "-I", "-c", _PROBE, *names], capture_output=True, check=True, text=True)
        found = json.loads(ran.stdout)
    except (OSError, subprocess.CalledProcessError, ValueError) as error:
        raise PermanentError(
            codes.NO_TOOLCHAIN, f"`toolchain.interpreter`: {interpreter} is no Python: {error}."
        ) from error
    return {str(k): str(v) for k, v in found.items()}


def check_versions(
    declared: Mapping[str, str],
    installed: Mapping[str, str],
    needed: Iterable[str],
    interpreter: str,
    besides: str = "",
) -> None:
    """Check that what is needed is declared, there, and the same.

    Args:
        declared: The Build's `toolchain`.
        installed: Versions by package.
        needed: Keys of the toolchain.
        interpreter: Where to install what is missing.
        besides: Packages that have to be there in any version, separated by spaces.

    Raises:
        PermanentError: A tool is missing (ART301), not declared or of another version (ART302); all at once.
    """
    keys = tuple(needed)
    missing = [PACKAGES[k] for k in keys if PACKAGES[k] not in installed] + [
        p for p in besides.split() if p not in installed
    ]
    if missing:
        packages = " ".join([*_wanted(declared, keys), *besides.split()])
        hint = f"run `{interpreter} -m pip install {packages}`"
        raise PermanentError(codes.NO_TOOLCHAIN, f"{', '.join(missing)} not found in {interpreter}.", hint=hint)
    silent = [k for k in keys if not declared.get(k)]
    if silent:
        there = ", ".join(f"{k}: {_public(installed[PACKAGES[k]])}" for k in keys)
        detail = f"The Build does not say which version of {', '.join(silent)} builds it."
        raise PermanentError(codes.OTHER_TOOLCHAIN, detail, hint=f"declare `toolchain: {{{there}}}`")
    other = [k for k in keys if not _same(declared[k], installed[PACKAGES[k]])]
    if other:
        told = "; ".join(f"{k} {declared[k]} is declared, {installed[PACKAGES[k]]} is installed" for k in other)
        hint = f"run `{interpreter} -m pip install {' '.join(_wanted(declared, other))}`, or declare what is there"
        raise PermanentError(codes.OTHER_TOOLCHAIN, f"{told}.", hint=hint)


def _own(names: Iterable[str]) -> dict[str, str]:
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _wanted(declared: Mapping[str, str], keys: Iterable[str]) -> list[str]:
    return [f"{PACKAGES[k]}=={declared[k]}" if declared.get(k) else PACKAGES[k] for k in keys]


def _same(declared: str, installed: str) -> bool:
    """Compare, without the local part (`+cpu`) unless it is declared."""
    return declared == (installed if "+" in declared else _public(installed))


def _public(installed: str) -> str:
    return installed.partition("+")[0]
