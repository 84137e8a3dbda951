"""Quantizes one model with ModelOpt and exports it, in a process of its own.

Run as a file by the Python that has the tools, which needs no trueup: this imports nothing of ours. The job comes as
one line of JSON on standard input; when that is closed, the builder is gone and this process ends at once. Lines of
JSON on standard output say how far it is and how it ended; what the tools print goes to standard error.
"""

import copy
import errno
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

ORPHAN_EXIT = 75
"""Left without a builder."""

SHARD_SIZE = "5GB"
"""Fixed here, so that a tool's other default does not cut other files."""

MEASURED = "measured.pt"
"""The quantized model, before it is exported."""

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FULL_WORDS = ("no space left", "os error 28", "file too large", "os error 27", "disk quota", "os error 122")
_MEMORY_WORDS = ("can't allocate memory", "not enough memory", "cannot allocate memory", "out of memory")
_NETWORK = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname")


class RefusedError(Exception):
    """The model is not one that this can be done to."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind


class Channel:
    """The way to the builder. Standard output is kept for it, and what libraries print goes to standard error."""

    def __init__(self) -> None:
        self._output = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)
        self.job: dict[str, Any] = json.loads(sys.stdin.readline())
        threading.Thread(target=self._watch, daemon=True).start()

    def progress(self, what: str, done: int, total: int) -> None:
        """Tell how far it is."""
        self._say({"progress": [what, done, total]})

    def ended(self, **how: str) -> None:
        """Tell how it ended: `kind` and `detail`, neither when it went well."""
        self._say({"ended": how})

    def _say(self, message: Mapping[str, Any]) -> None:
        self._output.write(json.dumps(message) + "\n")
        self._output.flush()

    def _watch(self) -> None:
        while os.read(0, 1):
            pass
        os._exit(ORPHAN_EXIT)


def run(work: Callable[[Channel], None]) -> int:
    """Do *work* for the builder, tell how it ended, and return the exit code."""
    sys.addaudithook(_no_network)
    channel = Channel()
    try:
        work(channel)
    except Exception as error:  # noqa: BLE001 - the builder turns whatever it is into an error with a code
        import traceback

        traceback.print_exc()
        channel.ended(kind=_kind(error), detail=_first_line(error))
        return 1
    channel.ended()
    return 0


def quantize(channel: Channel) -> None:
    """Load, calibrate, quantize and export as the job says."""
    job = channel.job
    channel.progress("loading torch and modelopt", 0, 0)
    import torch

    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    torch.manual_seed(job["seed"])
    import modelopt.torch.quantization as mtq
    from modelopt.torch.export import export_hf_checkpoint

    source, target = Path(job["source"]), Path(job["target"])
    channel.progress("loading the model", 0, 0)
    model = _load(source, job["dtype"])
    kept = Path(job["kept"]) / MEASURED if job["kept"] else None
    if kept is None or not _taken_up(model, kept):
        _measured(channel, mtq, model, source)
        if kept is not None and job["texts"]:
            channel.progress("keeping what was measured", 0, 0)
            _keep(model, kept)
    channel.progress("exporting", 0, 0)
    with torch.inference_mode():
        export_hf_checkpoint(model, export_dir=target, max_shard_size=SHARD_SIZE)


def _measured(channel: Channel, mtq: Any, model: Any, source: Path) -> None:
    """Quantize *model* by what is measured on the job's texts."""
    import torch

    job = channel.job
    batches = list(_batches(source, job)) if job["texts"] else []
    passes = iter(range(1, 1000))

    def measure(network: Any) -> None:
        number = next(passes)
        with torch.no_grad():
            for done, (ids, mask) in enumerate(batches):
                channel.progress(f"calibrating, pass {number}", done * job["batch"], len(job["texts"]))
                network(input_ids=ids, attention_mask=mask, use_cache=False)
        channel.progress(f"calibrating, pass {number}", len(job["texts"]), len(job["texts"]))

    channel.progress("quantizing", 0, 0)
    mtq.quantize(model, _configuration(mtq, job), measure if batches else None)


def _taken_up(model: Any, kept: Path) -> bool:
    """Make *model* what an earlier try had measured; False when it left nothing, or nothing whole."""
    import torch
    from modelopt.torch import opt

    if not kept.exists():
        return False
    try:
        found = torch.load(kept, weights_only=True)
    except Exception:  # noqa: BLE001 - whatever is wrong with the file, measuring again is right
        kept.unlink()
        return False
    opt.restore_from_modelopt_state(model, found["state"])
    model.load_state_dict(found["weights"])
    return True


def _keep(model: Any, kept: Path) -> None:
    """Write what was measured, which took the longest, for a next try; that it cannot be written stops nothing."""
    import torch
    from modelopt.torch import opt

    half = kept.with_suffix(".half")
    try:
        torch.save({"state": opt.modelopt_state(model), "weights": model.state_dict()}, half)
        half.rename(kept)
    except Exception:  # noqa: BLE001 - a full disk has many names
        half.unlink(missing_ok=True)


def _load(source: Path, dtype: str) -> Any:
    from transformers import AutoModelForCausalLM

    _check_class(json.loads((source / "config.json").read_text()))
    model, found = AutoModelForCausalLM.from_pretrained(
        source, dtype=dtype, local_files_only=True, use_safetensors=True, output_loading_info=True
    )
    for what in ("missing_keys", "mismatched_keys", "unexpected_keys"):
        names = sorted(str(n) for n in found.get(what) or ())
        if names:
            raise RefusedError("weights", f"{what.split('_')[0]}: {', '.join(names[:3])}")
    return model.eval()


def _check_class(config: Mapping[str, Any]) -> None:
    """Check that transformers would load the class that the model says it is of."""
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    kind, declared = config.get("model_type"), (config.get("architectures") or [""])[0]
    known = MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.get(kind)
    if known is None:
        raise RefusedError("architecture", f"model_type {kind} is unknown to this transformers")
    if declared not in (known if isinstance(known, tuple | list) else (known,)):
        raise RefusedError("architecture", f"architecture {declared}, and model_type {kind} is loaded as {known}")


def _batches(source: Path, job: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
    """Yield token ids and masks, padded on the right to the longest of a batch."""
    import torch
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(source / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    rows = [tokenizer.encode(text).ids[: job["length"]] for text in job["texts"]]
    empty = [n for n, row in enumerate(rows, start=1) if not row]
    if empty:
        raise RefusedError("calibration", f"example {empty[0]} has no tokens")
    for start in range(0, len(rows), job["batch"]):
        some: Sequence[list[int]] = rows[start : start + job["batch"]]
        longest = max(len(row) for row in some)
        ids = torch.tensor([row + [0] * (longest - len(row)) for row in some])
        mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in some])
        yield ids, mask


def _configuration(mtq: Any, job: Mapping[str, Any]) -> dict[str, Any]:
    """Return ModelOpt's configuration: its preset, then what the Build changes; later entries win."""
    plain: dict[str, Any] = {"quant_cfg": [{"quantizer_name": "*", "enable": False}], "algorithm": "max"}
    if job["preset"] and not hasattr(mtq, job["preset"]):
        raise RefusedError("failed", f"this modelopt has no {job['preset']}")
    configuration = copy.deepcopy(getattr(mtq, job["preset"])) if job["preset"] else plain
    entries: list[dict[str, Any]] = list(configuration["quant_cfg"])
    if job["group"]:
        entries = [_grouped(entry, job["group"]) for entry in entries]
    if job["head"]:
        kinds = ("weight_quantizer", "input_quantizer")
        entries += [
            {**entry, "quantizer_name": f"*lm_head*{kind}", "enable": True}
            for kind in kinds
            for entry in entries
            if entry["quantizer_name"] == f"*{kind}" and entry.get("enable", True)
        ]
    entries += [{"quantizer_name": f"{pattern}.*", "enable": False} for pattern in job["excluded"]]
    if job["cache"]:
        entries += copy.deepcopy(mtq.FP8_KV_CFG["quant_cfg"])
    return {**configuration, "quant_cfg": entries}


def _grouped(entry: dict[str, Any], size: int) -> dict[str, Any]:
    """Return a preset's entry with groups of *size* weights."""
    entry = copy.deepcopy(entry)
    parts = entry.get("cfg") or []
    for part in parts if isinstance(parts, list) else [parts]:
        if isinstance(part.get("block_sizes"), dict) and isinstance(part["block_sizes"].get(-1), int):
            part["block_sizes"][-1] = size
    return entry


def _no_network(event: str, _: object) -> None:
    if event in _NETWORK:
        _offline()


def _offline() -> NoReturn:
    raise PermissionError(errno.EPERM, "a build reads nothing from the network")


def _kind(error: Exception) -> str:
    words = str(error).lower()
    match error:
        case RefusedError():
            return error.kind
        case ImportError():
            return "import"
        case MemoryError():
            return "memory"
        case OSError() if error.errno in _FULL:
            return "space"
    if any(w in words for w in _FULL_WORDS):
        return "space"
    return "memory" if any(w in words for w in _MEMORY_WORDS) else "failed"


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = lines[0] if lines else "no message"
    return text if isinstance(error, RefusedError) else f"{type(error).__name__}: {text}"


if __name__ == "__main__":
    sys.exit(run(quantize))
