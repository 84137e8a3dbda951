"""What an Evaluation document asks of a tool outside: read once, refused where the tool cannot do it."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from trueup.adapters.evaluators.external import codes
from trueup.core.errors import PermanentError
from trueup.core.frozen import dataclass
from trueup.core.json import Json, mapping_of


@dataclass(frozen=True, slots=True)
class Job:
    """One run of a tool.

    Attributes:
        interpreter: Python that has the tool.
        declared: Canonical JSON of the Evaluation.
        suite: File or folder that `suite.ref` names.
        dataset: File or folder with the data; None when the suite brings its own.
        base_url: Address of the OpenAI-compatible server, without `/v1`.
        model: Name that the server knows the model by.
        work: Empty folder for what the tool reads and writes; it stays for whoever looks for the cause of a failure.
        timeout_seconds: Time for the whole run.
        decoding: Decoding parameters of the release; those of the Evaluation (`modelConfig`) come before them.
        system: System message of the release; empty when it has none.
        concurrency: Questions at a time.
    """

    interpreter: Path
    declared: bytes
    suite: Path
    dataset: Path | None
    base_url: str
    model: str
    work: Path
    timeout_seconds: float
    decoding: tuple[tuple[str, Json], ...] = ()
    system: str = ""
    concurrency: int = 1


@dataclass(frozen=True, slots=True)
class Asked:
    """What the tool is asked to do.

    Attributes:
        tasks: Names of the tasks.
        version: Declared version of the tool; empty when none is declared.
        fewshot: Examples before each question; None leaves it to the task.
        limit: Most examples of a task; None for all.
        epochs: How often each example is asked.
        seed: Seed of sampling and shuffling; None leaves it to the tool.
        params: Parameters of the tasks, under their own keys.
        decoding: Decoding parameters under the API's names, without the seed.
    """

    tasks: tuple[str, ...]
    version: str
    fewshot: int | None
    limit: int | None
    epochs: int
    seed: int | None
    params: Mapping[str, Json]
    decoding: Mapping[str, Json]


def read_asked(job: Job, decoding: Sequence[str], refused: Mapping[str, str]) -> Asked:
    """Read what *job* asks for.

    Args:
        job: The run.
        decoding: Decoding parameters that the tool can send.
        refused: Keys of a task that the tool has no way for, with the reason.

    Raises:
        PermanentError: It asks for what the tool cannot do; all of it is named (EEXT003).
    """
    spec = mapping_of(mapping_of(json.loads(job.declared)).get("spec"))
    tasks = tuple(mapping_of(t) for t in _list(spec.get("tasks")))
    sent = {k: v for k, v in {**dict(job.decoding), **mapping_of(spec.get("modelConfig"))}.items() if v is not None}
    problems = [f"the decoding parameter `{k}` cannot be passed on" for k in sorted(sent.keys() - {*decoding, "seed"})]
    problems += [f"`{key}` is not passed on" for key in ("judge", "quarantine") if spec.get(key)]
    problems += _problems(tasks, refused)
    if problems:
        raise PermanentError(codes.UNSUPPORTED, f"{'; '.join(dict.fromkeys(problems))}.")
    first = tasks[0]
    seed = _whole(first.get("seed"))
    return Asked(
        tasks=tuple(str(t.get("task")) for t in tasks),
        version=str(mapping_of(spec.get("suite")).get("version") or ""),
        fewshot=_whole(first.get("numFewshot")),
        limit=_whole(first.get("limit")),
        epochs=_whole(first.get("epochs")) or 1,
        seed=_whole(sent.get("seed")) if seed is None else seed,
        params=mapping_of(first.get("params")),
        decoding={k: v for k, v in sent.items() if k != "seed"},
    )


def _problems(tasks: Sequence[Mapping[str, Json]], refused: Mapping[str, str]) -> list[str]:
    if not tasks:
        return ["it has no `tasks`"]
    problems = [f"task `{t.get('task')}`: {why}" for t in tasks for key, why in refused.items() if t.get(key)]
    problems += [
        f"task `{t.get('task')}` asks for no chat template; a release is asked as it is served"
        for t in tasks
        if t.get("chatTemplate") is False
    ]
    for key in ("numFewshot", "limit", "epochs", "seed", "params"):
        if any(t.get(key) != tasks[0].get(key) for t in tasks):
            problems.append(f"tasks of one run have one `{key}`; declare an Evaluation for each")
    return problems


def _list(value: Json) -> Sequence[Json]:
    return value if isinstance(value, list) else ()


def _whole(value: Json) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
