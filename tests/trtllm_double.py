"""A double of TensorRT-LLM's toolchain, for tests only: it builds nothing, and its results say that they are simulated.

It is installed as the real one is: an environment of its own with `trtllm-build` and `trtllm-serve`, the examples
beside them, package metadata that says its version (`1.2.1+simulated`), and an `nvidia-smi` that reports a GPU. It
takes the options that the real programs take, rewrites values as they do (written here a second time, so that the two
can disagree), writes the documented layout, and fails on demand in every way that users report.
"""

import argparse
import json
import math
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
VERSION = "1.2.1"
TENSORRT = "10.13.3.9"
IMAGE = "nvcr.io/nvidia/tensorrt-llm/release@sha256:" + "ab" * 32

FAILURES: Mapping[str, tuple[tuple[str, ...], int]] = {
    "host-memory": (("[TRT-LLM] [I] Loading weights",), -signal.SIGKILL),
    "host-memory-in-shell": (("Killed",), 137),
    "gpu-memory": (
        (
            "[TRT] [E] [virtualMemoryBuffer.cpp::resizePhysical::140] Error Code 2: OutOfMemory",
            "[TRT] [E] Skipping tactic: Requested amount of GPU memory (24832376832 bytes) could not be allocated.",
            "AssertionError: Engine building failed, please check the error log.",
        ),
        1,
    ),
    "serving-memory": (("[TensorRT-LLM][ERROR] CUDA runtime error: out of memory while allocating KV cache",), 1),
    "wrong-gpu": (
        ("[TRT] [E] The plan file is generated on an incompatible device, expecting compute 9.0 got compute 8.0",),
        1,
    ),
    "wrong-tensorrt": (
        ("[TRT] [E] The plan file is not compatible with this version of TensorRT, expecting 10.9.0 got 10.13.3",),
        1,
    ),
    "wrong-world": (("Assertion failed: mpiSize == tp * pp (worldConfig.cpp:97)",), 1),
    "hang": ((), 0),
    "awq": (
        (
            "[TRT] [E] Error Code 10: Internal Error (Could not find any implementation for node {ForeignNode}.)",
            "Traceback (most recent call last):",
            "AssertionError: Engine building failed, please check the error log.",
        ),
        1,
    ),
    "backend": (("ValueError: GptOssForCausalLM is not supported by the tensorrt backend",), 1),
    "architecture": (("AssertionError: Unsupported model architecture: TinyForCausalLM",), 1),
    "disk": (("OSError: [Errno 28] No space left on device: '/engine/rank0.engine'",), 1),
    "unknown": (("[TRT-LLM] [I] 0 errors so far", "RuntimeError: the moon is in the wrong house"), 3),
}
"""What a program prints before it ends, and its status; a negative one is a signal that it sends itself."""

RESULTS = (
    "rank-missing",
    "rank-empty",
    "rank-too-many",
    "config-missing",
    "config-torn",
    "config-keyless",
    "other-size",
)
"""Ways in which a program ends well and leaves something wrong."""

CONVERTING: Mapping[str, tuple[type | None, tuple[str, ...]]] = {
    "model_dir": (str, ()),
    "output_dir": (str, ()),
    "tp_size": (int, ()),
    "pp_size": (int, ()),
    "cp_size": (int, ()),
    "moe_tp_size": (int, ()),
    "moe_ep_size": (int, ()),
    "dtype": (str, ("auto", "float16", "bfloat16", "float32")),
    "use_weight_only": (None, ()),
    "weight_only_precision": (str, ("int8", "int4", "int8_gptq", "int4_gptq", "int4_awq")),
    "per_group": (None, ()),
    "group_size": (int, ()),
    "int8_kv_cache": (None, ()),
    "fp8_kv_cache": (None, ()),
    "use_fp8_rowwise": (None, ()),
    "calib_dataset": (str, ()),
    "calib_size": (int, ()),
    "calib_max_seq_length": (int, ()),
    "workers": (int, ()),
}
QUANTIZING: Mapping[str, tuple[type | None, tuple[str, ...]]] = {
    "model_dir": (str, ()),
    "output_dir": (str, ()),
    "tp_size": (int, ()),
    "pp_size": (int, ()),
    "cp_size": (int, ()),
    "dtype": (str, ("auto", "float16", "bfloat16", "float32")),
    "qformat": (
        str,
        ("nvfp4", "fp8", "int8_sq", "int4_awq", "w4a8_awq", "int8_wo", "int4_wo", "full_prec"),
    ),
    "kv_cache_dtype": (str, ("int8", "fp8")),
    "calib_dataset": (str, ()),
    "calib_size": (int, ()),
    "calib_max_seq_length": (int, ()),
    "batch_size": (int, ()),
    "seed": (int, ()),
    "awq_block_size": (int, ()),
    "quantize_lm_head": (None, ()),
    "autoq_format": (str, ()),
    "auto_quantize_bits": (float, ()),
}
ALGORITHMS = {
    "int8": "W8A16",
    "int4": "W4A16",
    "int4_gptq": "W4A16_GPTQ",
    "fp8": "FP8",
    "int8_sq": "W8A8_SQ_PER_CHANNEL",
    "int4_awq": "W4A16_AWQ",
    "w4a8_awq": "W4A8_AWQ",
    "nvfp4": "NVFP4",
    "int8_wo": "W8A16",
    "int4_wo": "W4A16",
}


@dataclass(frozen=True)
class Double:
    """An installed double."""

    home: Path

    @property
    def bin(self) -> Path:
        """What goes on the PATH."""
        return self.home / "bin"

    def behave(self, **how: Any) -> "Double":
        """Have it fail: `program` (all when absent) with `fail`, or leave `result`."""
        (self.home / "behaviour.json").write_text(json.dumps(how))
        return self

    def calls(self) -> list[list[str]]:
        """Return every command line that its programs were given."""
        log = self.home / "calls.jsonl"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def install(
    home: Path,
    *,
    version: str = VERSION,
    tensorrt: str = TENSORRT,
    gpu: str = "NVIDIA H100 80GB HBM3, 9.0, 575.57.08, 81559, Disabled",
    gpus: int = 1,
    container: bool = False,
) -> Double:
    """Install the double below *home*; with *container*, only a `docker` that has it as an image is on the PATH."""
    inner = home / "inside" if container else home
    venv.EnvBuilder(symlinks=True, with_pip=False).create(inner)
    packages = next(inner.glob("lib/python*/site-packages"))
    for name, number in (("tensorrt_llm", f"{version}+simulated"), ("tensorrt", tensorrt)):
        folder = packages / f"{name}-{number}.dist-info"
        folder.mkdir()
        text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {number}\nSummary: a double, for tests\n"
        (folder / "METADATA").write_text(text)
    for name in ("trtllm-build", "trtllm-serve"):
        _script(inner / "bin" / name, inner / "bin" / "python", name)
    for path in ("quantization/quantize.py", "models/core/llama/convert_checkpoint.py"):
        _script(inner / "examples" / path, inner / "bin" / "python", Path(path).stem)
    said = "\n".join([gpu] * gpus) if gpu else ""
    _program(inner / "bin" / "nvidia-smi", f"#!/bin/sh\ncat <<'END'\n{said}\nEND\n" if gpu else "#!/bin/sh\nexit 9\n")
    if container:
        _script(home / "bin" / "docker", inner / "bin" / "python", "docker")
    (inner / "version").write_text(version)
    return Double(home)


def _program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def _script(path: Path, python: Path, name: str) -> None:
    places = [str(ROOT / "engine"), str(ROOT / "tests")]
    lines = [f"#!{python}", "import sys", f"sys.path[:0] = {places!r}", "import trtllm_double"]
    _program(path, "\n".join([*lines, f"sys.exit(trtllm_double.main({name!r}, sys.argv[1:]))", ""]))


def main(name: str, argv: Sequence[str]) -> int:
    """Be the program *name*."""
    home = Path(sys.prefix)
    outer = home.parent if home.name == "inside" else home
    with (outer / "calls.jsonl").open("a") as calls:
        calls.write(json.dumps([name, *argv]) + "\n")
    behaviour = outer / "behaviour.json"
    how = json.loads(behaviour.read_text()) if behaviour.exists() else {}
    if how.get("program", name) == name and "fail" in how and name != "docker":
        return fail(how["fail"])
    programs: dict[str, Callable[[Path, Sequence[str], Mapping[str, Any]], int]] = {
        "trtllm-build": build,
        "convert_checkpoint": convert,
        "quantize": convert,
        "docker": docker,
        "trtllm-serve": lambda home, argv, how: 0,
    }
    return programs[name](home, argv, how)


def fail(kind: str) -> int:
    """Fail as users report it."""
    lines, status = FAILURES[kind]
    print("[TensorRT-LLM] TensorRT-LLM version: simulated", flush=True)
    if kind == "hang":
        time.sleep(600)
    for line in lines:
        print(line, flush=True)
    if status < 0:
        os.kill(os.getpid(), -status)
        time.sleep(60)
    return status


def parser_of(program: str, options: Mapping[str, tuple[type | None, tuple[str, ...]]]) -> argparse.ArgumentParser:
    """Return a parser that takes *options* and no others, no abbreviations either."""
    parser = argparse.ArgumentParser(program, allow_abbrev=False)
    for name, (kind, choices) in options.items():
        if kind is None:
            parser.add_argument(f"--{name}", action="store_true")
        else:
            parser.add_argument(f"--{name}", type=kind, choices=choices or None)
    return parser


def convert(home: Path, argv: Sequence[str], how: Mapping[str, Any]) -> int:
    """Be `convert_checkpoint.py` or `quantize.py`: write a checkpoint of empty tensors."""
    is_quantizing = Path(sys.argv[0]).stem == "quantize"
    given = parser_of(sys.argv[0], QUANTIZING if is_quantizing else CONVERTING).parse_args(argv)
    source = json.loads((Path(given.model_dir) / "config.json").read_text())
    if given.calib_dataset:
        rows = (Path(given.calib_dataset) / "train.jsonl").read_text().splitlines()
        assert all(json.loads(row)["text"] for row in rows), "a text column is needed"
    elif is_quantizing and given.qformat not in ("full_prec", "int8_wo", "int4_wo"):
        print("ConnectionError: Couldn't reach 'cnn_dailymail' on the Hub (offline)")
        return 1
    mapping = {"tp_size": given.tp_size, "pp_size": given.pp_size, "cp_size": given.cp_size}
    world = given.tp_size * given.pp_size * given.cp_size
    rope = source.get("rope_parameters") or source.get("rope_scaling") or {}
    config = {
        "architecture": source["architectures"][0],
        "dtype": "float16",
        "max_position_embeddings": source["max_position_embeddings"],
        "rotary_base": rope.get("rope_theta", source.get("rope_theta", 10000.0)),
        "rotary_scaling": rope or None,
        "mapping": {"world_size": world, **mapping},
        "quantization": _quantization(given, is_quantizing),
        "producer": {"name": "trtllm_double", "version": "simulated"},
    }
    if how.get("result") == "rotary-lost":
        del config["rotary_base"]
    target = Path(given.output_dir)
    for rank in range(world):
        (target / f"rank{rank}.safetensors").write_bytes(b"\x02\0\0\0\0\0\0\0{}")
    if how.get("result") != "checkpoint-missing":
        (target / "config.json").write_text(json.dumps(config))
    print(f"Total time of converting checkpoints: 00:00:0{world}")
    return 0


def _quantization(given: argparse.Namespace, is_quantizing: bool) -> dict[str, Any]:
    if is_quantizing:
        algorithm = "MIXED_PRECISION" if given.autoq_format else ALGORITHMS.get(given.qformat)
        cache = given.kv_cache_dtype
    else:
        algorithm = ALGORITHMS[given.weight_only_precision] if given.use_weight_only else None
        algorithm = "FP8_PER_CHANNEL_PER_TOKEN" if given.use_fp8_rowwise else algorithm
        cache = "int8" if given.int8_kv_cache else "fp8" if given.fp8_kv_cache else None
    return {"quant_algo": algorithm, "kv_cache_quant_algo": cache.upper() if cache else None}


def build(home: Path, argv: Sequence[str], how: Mapping[str, Any]) -> int:
    """Be `trtllm-build`: write an engine of nothing in the documented layout."""
    from trueup.builds.flags import FLAGS, Takes

    parser = argparse.ArgumentParser("trtllm-build", allow_abbrev=False)
    version = (home / "version").read_text()
    for flag in FLAGS:
        if flag.removed and version.split(".")[0:2] >= flag.removed.split("."):
            continue
        names = [f"--{name}" for name in (flag.name, *flag.aliases)]
        if flag.takes is Takes.SWITCH:
            parser.add_argument(*names, action="store_true", dest=flag.name)
        else:
            kind = int if flag.takes is Takes.WHOLE else str
            choices = None if flag.is_open else flag.choices or None
            nargs = "+" if flag.is_many else None
            parser.add_argument(*names, type=kind, choices=choices, nargs=nargs, default=flag.default, dest=flag.name)
    given = parser.parse_args(argv)
    checkpoint, engine = Path(given.checkpoint_dir), Path(given.output_dir)
    pretrained = json.loads((checkpoint / "config.json").read_text())
    built = rewritten(given, pretrained)
    world = pretrained["mapping"]["world_size"]
    for rank in range(world):
        assert (checkpoint / f"rank{rank}.safetensors").exists()
        print(f"[TRT] [I] Serializing engine of rank {rank}")
        print(f"[TRT-LLM] [I] Total time of building Unnamed Network {rank}: 00:00:01", flush=True)
        (engine / f"rank{rank}.engine").write_bytes(f"simulated engine of rank {rank}\n".encode())
        if given.fast_build:
            (engine / f"rank{rank}_managed_weights.safetensors").write_bytes(b"\x02\0\0\0\0\0\0\0{}")
    if given.lora_plugin != "disable" and how.get("result") != "adapters-lost":
        for number, adapter in enumerate(given.lora_dir or ()):
            (engine / "lora" / str(number)).mkdir(parents=True)
            shutil.copyfile(
                Path(adapter) / "adapter_config.json", engine / "lora" / str(number) / "adapter_config.json"
            )
    Path(given.output_timing_cache).write_bytes(b"simulated")
    config = {
        "version": f"{version}+simulated",
        "pretrained_config": pretrained,
        "build_config": built,
        "simulated": True,
    }
    (engine / "config.json").write_text(json.dumps(config))
    if "result" in how:
        spoil(engine, how["result"], config)
    print("[TRT-LLM] [I] Total time of building all engines: 00:00:02")
    return 0


def rewritten(given: argparse.Namespace, pretrained: Mapping[str, Any]) -> dict[str, Any]:
    """Make of the values what the real builder makes of them."""
    names = ("context_fmha", "remove_input_padding", "use_paged_context_fmha", "use_fp8_context_fmha", "reduce_fusion")
    plugins: dict[str, Any] = {name: getattr(given, name) == "enable" for name in (*names, "multiple_profiles")}
    plugins |= {"tokens_per_block": given.tokens_per_block, "lora_plugin": given.lora_plugin}
    scaling = pretrained["rotary_scaling"] or {}
    kind = scaling.get("rope_type", scaling.get("type", "default"))
    factor = 1 if kind in ("default", "su", "longrope", "llama3") else scaling.get("factor", 1)
    length = given.max_seq_len or math.ceil(pretrained["max_position_embeddings"] * factor)
    prompt = min(given.max_input_len, length)
    tokens, best = given.max_num_tokens, given.opt_num_tokens
    if not plugins["remove_input_padding"]:
        tokens = given.max_batch_size * length
    else:
        if best is None and not plugins["multiple_profiles"]:
            best = min(given.max_batch_size * given.max_beam_width, tokens)
        tokens = min(tokens, given.max_batch_size * length)
        tokens = max(tokens, given.tokens_per_block if plugins["context_fmha"] else prompt)
        best = min(best, tokens) if best is not None else None
    draft = given.max_draft_len if given.speculative_decoding_mode else 0
    if given.speculative_decoding_mode:
        length += draft
        tokens = max(tokens, given.max_batch_size * (draft + 1))
    _attention(plugins, pretrained["quantization"])
    return {
        "max_batch_size": given.max_batch_size,
        "max_input_len": prompt,
        "max_seq_len": length,
        "max_beam_width": given.max_beam_width,
        "max_num_tokens": tokens,
        "opt_num_tokens": best,
        "max_draft_len": given.max_draft_len,
        "max_prompt_embedding_table_size": given.max_prompt_embedding_table_size,
        "max_encoder_input_len": given.max_encoder_input_len,
        "kv_cache_type": (given.kv_cache_type or "paged").upper(),
        "strongly_typed": True,
        "plugin_config": plugins,
    }


def _attention(plugins: dict[str, Any], quantization: Mapping[str, Any]) -> None:
    cache = quantization["kv_cache_quant_algo"]
    if not plugins["context_fmha"]:
        plugins["use_fp8_context_fmha"] = plugins["use_paged_context_fmha"] = False
    elif quantization["quant_algo"] not in ("FP8", "W4A8_AWQ", "NVFP4"):
        plugins["use_fp8_context_fmha"] = False
        if cache == "FP8":
            plugins["use_paged_context_fmha"] = False
    elif plugins["use_paged_context_fmha"]:
        plugins["use_fp8_context_fmha"] = cache == "FP8"
    if cache == "INT8":
        plugins["use_paged_context_fmha"] = False


def spoil(engine: Path, how: str, config: dict[str, Any]) -> None:
    """Leave something wrong, with a good exit status."""
    match how:
        case "rank-missing":
            (engine / "rank0.engine").unlink()
        case "rank-empty":
            (engine / "rank0.engine").write_bytes(b"")
        case "rank-too-many":
            (engine / "rank9.engine").write_bytes(b"simulated")
        case "config-missing":
            (engine / "config.json").unlink()
        case "config-torn":
            (engine / "config.json").write_text(json.dumps(config)[:40])
        case "config-keyless":
            (engine / "config.json").write_text("{}")
        case "other-size":
            config["build_config"]["max_num_tokens"] += 1
            (engine / "config.json").write_text(json.dumps(config))
        case _:
            pass


def docker(home: Path, argv: Sequence[str], how: Mapping[str, Any]) -> int:
    """Be `docker run` with the double as the only image, and folders at the places where they are mounted."""
    if argv[0] != "run":
        return 0
    if how.get("daemon") is False:
        print("docker: Cannot connect to the Docker daemon at unix:///var/run/docker.sock.", file=sys.stderr)
        return 125
    words = list(argv[1:])
    mounts: dict[str, str] = {}
    options: list[str] = []
    while words[0].startswith("-"):
        option = words.pop(0)
        options.append(option)
        if option in ("-v", "-e"):
            value = words.pop(0)
            if option == "-v":
                host, inside, _ = value.split(":")
                mounts[inside] = host
    image, *rest = words
    assert "--network=none" in options, "a build has no network"
    assert "--pull=never" in options
    if image != IMAGE:
        print(f"docker: Error response from daemon: No such image: {image}.", file=sys.stderr)
        return 125
    entry = next(o.removeprefix("--entrypoint=") for o in options if o.startswith("--entrypoint="))
    program = shutil.which(entry, path=str(home / "bin")) or entry
    seen = [_outside(word, mounts, home) for word in rest]
    environment = {"PATH": f"{home / 'bin'}:/usr/bin:/bin"}
    return subprocess.run([program, *seen], env=environment, check=False).returncode


def _outside(word: str, mounts: Mapping[str, str], home: Path) -> str:
    for inside, host in {**mounts, "/app/tensorrt_llm/examples": str(home / "examples")}.items():
        if word == inside or word.startswith(f"{inside}/"):
            return host + word[len(inside) :]
    return word
