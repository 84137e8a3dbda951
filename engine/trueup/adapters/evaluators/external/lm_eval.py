"""Runs lm-evaluation-harness against an OpenAI-compatible server.

`suite.ref` is a task's YAML file, or a folder with such files. The tool runs in the work folder, where the data is
called `dataset.jsonl` (a folder of data: `dataset`); a task names it in `dataset_kwargs.data_files`.
"""

import json

from trueup.adapters.evaluators.external import codes
from trueup.adapters.evaluators.external.asked import Asked, Job, read_asked
from trueup.adapters.evaluators.external.running import LOG, held_to, run_tool, version_of
from trueup.adapters.evaluators.imports.lm_eval import TOOL
from trueup.adapters.evaluators.imports.registry import read_results
from trueup.core.errors import PermanentError
from trueup.core.json import Json
from trueup.evidence.imported import ImportedRun
from trueup.ports import Progress

PACKAGE = "lm_eval"
OUTPUT = "output"

_DECODING = {
    "temperature": "temperature",
    "top_p": "top_p",
    "max_tokens": "max_gen_toks",
    "stop": "until",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
}
"""What the harness calls the API's parameters in `gen_kwargs`."""

_REFUSED = {"epochs": "the harness asks each example once; use `repeats` in its file"}
_RETRIES = 3
"""Of one request; the harness gives up the run after them."""


def run_lm_eval(job: Job, progress: Progress) -> ImportedRun:
    """Run the tasks of *job* and return what was measured.

    Raises:
        PermanentError: The tool, the declaration or the results cannot be used.
        TransientError: It took too long.
    """
    asked = read_asked(job, tuple(_DECODING), _REFUSED)
    version = version_of(job.interpreter, PACKAGE, job.work)
    held_to(asked.version, version, TOOL)
    if job.dataset is not None:
        name = "dataset" if job.dataset.is_dir() else "dataset.jsonl"
        (job.work / name).symlink_to(job.dataset.resolve(), target_is_directory=job.dataset.is_dir())
    config = job.work / "config.json"
    config.write_text(json.dumps(_config(job, asked)))
    argv = [str(job.interpreter), "-I", "-m", PACKAGE, "run", "--config", str(config)]
    progress(TOOL, 0, 1)
    run_tool(argv, TOOL, job.work, {}, job.timeout_seconds)
    progress(TOOL, 1, 1)
    output = job.work / OUTPUT
    if next(output.rglob("results_*.json"), None) is None:
        raise PermanentError(codes.NOTHING_WRITTEN, f"{TOOL} wrote no results (log: {job.work / LOG}).")
    run = read_results(TOOL, output, version=version)
    _check(job, asked, run)
    return run


def _config(job: Job, asked: Asked) -> dict[str, Json]:
    """Return the harness's configuration file: nothing in it has to be escaped for a command line."""
    arguments: dict[str, Json] = {
        "model": job.model,
        "base_url": f"{job.base_url.rstrip('/')}/v1/chat/completions",
        "num_concurrent": job.concurrency,
        "max_retries": _RETRIES,
        "tokenizer_backend": None,
    }
    config: dict[str, Json] = {
        "model": "local-chat-completions",
        "model_args": arguments if asked.seed is None else {**arguments, "seed": asked.seed},
        "apply_chat_template": True,
        "log_samples": True,
        "output_path": OUTPUT,
    }
    if job.suite.is_dir():
        config |= {"tasks": list(asked.tasks), "include_path": str(job.suite.resolve())}
    else:
        config |= {"tasks": [str(job.suite.resolve())]}
    if asked.fewshot is not None:
        config["num_fewshot"] = asked.fewshot
    if asked.limit is not None:
        config["limit"] = asked.limit
    if asked.seed is not None:
        config["seed"] = [asked.seed] * 4
    if asked.decoding:
        config["gen_kwargs"] = {_DECODING[name]: value for name, value in asked.decoding.items()}
    if job.system:
        config["system_instruction"] = job.system
    if asked.params:
        config["metadata"] = dict(asked.params)
    return config


def _check(job: Job, asked: Asked, run: ImportedRun) -> None:
    """Refuse results of another model or of other tasks than were asked for."""
    measured = [part.partition("@")[0].strip() for part in run.settings.task.split(", ")]
    missing = [task for task in asked.tasks if task not in measured]
    if missing or run.model != job.model:
        wanted = f"Asked were {', '.join(asked.tasks)} of `{job.model}`"
        detail = f"{wanted}; measured are {', '.join(measured)} of `{run.model}`."
        raise PermanentError(codes.NOTHING_WRITTEN, detail)
