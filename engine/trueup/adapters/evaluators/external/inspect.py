"""Runs Inspect against an OpenAI-compatible server.

`suite.ref` is a Python file with tasks. The data's path is the task's parameter `dataset`.
"""

import json

from trueup.adapters.evaluators.external import codes
from trueup.adapters.evaluators.external.asked import Asked, Job, read_asked
from trueup.adapters.evaluators.external.running import LOG, held_to, run_tool, version_of
from trueup.adapters.evaluators.imports.inspect_ai import TOOL
from trueup.adapters.evaluators.imports.registry import read_results
from trueup.core.errors import PermanentError
from trueup.core.json import Json
from trueup.evidence.imported import ImportedRun
from trueup.ports import Progress

PACKAGE = "inspect_ai"
OUTPUT = "output"

_DECODING = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "max_tokens": "max_tokens",
    "stop": "stop_seqs",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
}
"""What Inspect calls the API's parameters."""

_REFUSED = {"numFewshot": "Inspect has no number of examples; they are part of its task"}
_RETRIES = 3
"""Of one request; Inspect's default is without end."""
_SERVICE = "local"
"""Any name: Inspect reads the address from variables that begin with it."""


def run_inspect(job: Job, progress: Progress) -> ImportedRun:
    """Run the task of *job* and return what was measured.

    Raises:
        PermanentError: The tool, the declaration or the results cannot be used.
        TransientError: It took too long.
    """
    asked = read_asked(job, tuple(_DECODING), _REFUSED)
    if len(asked.tasks) > 1:
        raise PermanentError(codes.UNSUPPORTED, "Inspect writes a log for each task; declare an Evaluation for each.")
    version = version_of(job.interpreter, PACKAGE, job.work)
    held_to(asked.version, version, TOOL)
    # Inspect looks for a .env file upwards from where it runs; this one is found first and has no keys.
    (job.work / ".env").write_text("")
    progress(TOOL, 0, 1)
    run_tool(_command(job, asked), TOOL, job.work, _address(job), job.timeout_seconds)
    progress(TOOL, 1, 1)
    output = job.work / OUTPUT
    if not output.is_dir() or next(output.glob("*.json"), None) is None:
        raise PermanentError(codes.NOTHING_WRITTEN, f"{TOOL} wrote no log (log: {job.work / LOG}).")
    run = read_results(TOOL, output, version=version)
    measured = run.settings.task.partition("@")[0].rpartition("/")[2]
    if measured != asked.tasks[0] or run.model != _model(job):
        detail = f"Asked was {asked.tasks[0]} of `{_model(job)}`; measured is {measured} of `{run.model}`."
        raise PermanentError(codes.NOTHING_WRITTEN, detail)
    return run


def _model(job: Job) -> str:
    return f"openai-api/{_SERVICE}/{job.model}"


def _address(job: Job) -> dict[str, str]:
    name = _SERVICE.upper()
    return {f"{name}_BASE_URL": f"{job.base_url.rstrip('/')}/v1", f"{name}_API_KEY": "none"}


def _command(job: Job, asked: Asked) -> list[str]:
    """Write the configuration files and return the command line."""
    arguments: dict[str, Json] = dict(asked.params)
    if job.dataset is not None:
        arguments["dataset"] = str(job.dataset.resolve())
    generate: dict[str, Json] = {_DECODING[name]: value for name, value in asked.decoding.items()}
    if asked.seed is not None:
        generate["seed"] = asked.seed
    if job.system:
        generate["system_message"] = job.system
    files = {"task.json": arguments, "generate.json": generate}
    for name, content in files.items():
        (job.work / name).write_text(json.dumps(content))
    argv = [str(job.interpreter), "-I", "-m", PACKAGE, "eval", f"{job.suite.resolve()}@{asked.tasks[0]}"]
    argv += ["--model", _model(job), "--log-format", "json", "--log-dir", str(job.work / OUTPUT), "--display", "plain"]
    argv += ["--ctl-server", "false", "--max-connections", str(job.concurrency), "--max-retries", str(_RETRIES)]
    argv += ["--epochs", str(asked.epochs)]
    argv += ["--task-config", str(job.work / "task.json")] if arguments else []
    argv += ["--generate-config", str(job.work / "generate.json")] if generate else []
    return argv + (["--limit", str(asked.limit)] if asked.limit is not None else [])
