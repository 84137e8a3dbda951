"""Runs TensorRT Edge-LLM's ONNX export in a process of its own.

Run as a file by the Python that has the tools, beside `worker.py`, whose ways it follows: a job on standard input,
lines of JSON on standard output, the end when standard input is closed.
"""

import importlib.util
import runpy
import sys
from pathlib import Path
from typing import Any

MODULE = "tensorrt_edgellm.scripts.export"


def _beside(name: str) -> Any:
    """Load a file that lies beside this one; it is in no package here."""
    spec = importlib.util.spec_from_file_location(f"_trueup_{name}", Path(__file__).with_name(f"{name}.py"))
    if spec is None or spec.loader is None:
        raise ImportError(name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


worker = _beside("worker")


def export(channel: Any) -> None:
    """Export as the job says."""
    job = channel.job
    channel.progress("loading torch and tensorrt-edgellm", 0, 0)
    import torch

    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    torch.manual_seed(0)
    channel.progress("exporting ONNX", 0, 0)
    sys.argv = [MODULE, job["source"], job["target"], *job["arguments"]]
    try:
        runpy.run_module(MODULE, run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        if ended.code not in (None, 0):
            raise worker.RefusedError("failed", f"the export ended with {ended.code}") from ended


if __name__ == "__main__":
    sys.exit(worker.run(export))
