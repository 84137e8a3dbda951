"""Asked of the toolchain's own interpreter: which versions and which GPUs are there. Standard library only.

It is run as a program, here or in an image, and prints one JSON document; into a file that is named, or to its output.
"""

import json
import os
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version

_PACKAGES = {
    "tensorrtLlm": ("tensorrt_llm",),
    "tensorrt": ("tensorrt", "tensorrt-cu13", "tensorrt-cu12"),
    "modelopt": ("nvidia-modelopt",),
    "transformers": ("transformers",),
    "torch": ("torch",),
}
_QUERY = ("name", "compute_cap", "driver_version", "memory.total", "mig.mode.current")


def versions() -> dict[str, str]:
    """Return the versions of what is installed, by the keys of a Build's toolchain."""
    found = {}
    for key, names in _PACKAGES.items():
        for name in names:
            try:
                found[key] = version(name)
            except PackageNotFoundError:
                continue
            break
    if os.environ.get("CUDA_VERSION"):
        found["cuda"] = os.environ["CUDA_VERSION"]
    return found


def gpus() -> list[dict[str, str]]:
    """Return what `nvidia-smi` says of each GPU; nothing without it."""
    argv = ["nvidia-smi", f"--query-gpu={','.join(_QUERY)}", "--format=csv,noheader,nounits"]
    try:
        said = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    rows = [[cell.strip() for cell in line.split(",")] for line in said.splitlines() if line.strip()]
    return [dict(zip(_QUERY, row, strict=False)) for row in rows]


if __name__ == "__main__":
    text = json.dumps({"versions": versions(), "gpus": gpus()})
    if len(sys.argv) > 1:
        with open(sys.argv[1], "w", encoding="utf-8") as output:
            output.write(text)
    else:
        sys.stdout.write(text + "\n")
