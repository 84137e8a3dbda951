"""Broken models derived from a good one, with numpy only: what each gate of a rollout has to stop.

    python models/tiny/faults.py models/tiny/v2 OUT

noisy: loads, is healthy, talks nonsense (a quality gate). nan: loads, is healthy, answers nothing of sense (the first
real completion). short: the file ends early (the digest; failing that, the load).
"""

import json
import shutil
import struct
import sys
from pathlib import Path

import numpy as np

FAULTS = ("noisy", "nan", "short")
WEIGHTS = "model.safetensors"


def derive(source: Path, target: Path, fault: str, *, seed: int = 24) -> Path:
    """Copy the model in *source* to *target* with one of `FAULTS`, and return *target*; the same bytes every time."""
    if fault not in FAULTS:
        raise ValueError(f"unknown fault {fault!r}: one of {', '.join(FAULTS)}")
    target.mkdir(parents=True)
    for file in sorted(source.iterdir()):
        shutil.copyfile(file, target / file.name)
    weights = target / WEIGHTS
    content = weights.read_bytes()
    if fault == "short":
        weights.write_bytes(content[: len(content) * 2 // 3])
        return target
    (size,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + size])
    body = np.frombuffer(content[8 + size :], np.uint8).copy()
    draw = np.random.Generator(np.random.PCG64(seed))
    for name in sorted(n for n in header if n != "__metadata__"):
        begin, end = header[name]["data_offsets"]
        tensor = body[begin:end].view("<f2").reshape(header[name]["shape"])
        if fault == "noisy" and tensor.ndim == 2:
            spread = np.float32(tensor.astype(np.float32).std())
            tensor += (draw.standard_normal(tensor.shape, np.float32) * spread).astype(np.float16)
        if fault == "nan" and name == "model.layers.1.mlp.down_proj.weight":
            tensor[:] = np.nan
    weights.write_bytes(content[: 8 + size] + body.tobytes())
    return target


if __name__ == "__main__":
    for one in FAULTS:
        print(derive(Path(sys.argv[1]), Path(sys.argv[2]) / f"v3-{one}", one))
