"""Tools in a Python of their own: what they are told, and what becomes of every way they can end.

A small script stands for the interpreter here; the real tools are run by `test_external_real_tools.py`.
"""

import json
import os
import stat
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from imported_files import GOLDEN, one
from trueup.adapters.evaluators.external.asked import Job
from trueup.adapters.evaluators.external.inspect import run_inspect
from trueup.adapters.evaluators.external.lm_eval import run_lm_eval
from trueup.adapters.evaluators.external.running import environment
from trueup.adapters.evaluators.imports.documents import RefusedResultsError
from trueup.core.errors import PermanentError, TransientError, TrueupError
from trueup.core.json import Json

LM_EVAL = GOLDEN / "lm-eval-0.4.13" / "facts"
INSPECT = GOLDEN / "inspect-0.3.285" / "complete.json"

DOUBLE = """#!{python}
import json, os, shutil, subprocess, sys, time
from pathlib import Path

arguments = sys.argv[1:]
if arguments[:2] == ["-I", "-c"]:
    print({version!r})
    sys.exit({version_status})
Path("told.json").write_text(json.dumps({{"argv": arguments, "env": dict(os.environ), "cwd": os.getcwd()}}))
{script}
"""

WRITES_LM_EVAL = f"shutil.copytree({str(LM_EVAL)!r}, 'output')"
WRITES_INSPECT = f"Path('output').mkdir(); shutil.copy({str(INSPECT)!r}, 'output')"


def silent(what: str, done: int, total: int) -> None:
    """Tell nobody."""


def double(folder: Path, script: str, version: str = "0.4.13", version_status: int = 0) -> Path:
    """Return an "interpreter" that tells *version* and runs *script* for everything else."""
    path = folder / "python"
    path.write_text(DOUBLE.format(python=sys.executable, version=version, version_status=version_status, script=script))
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def declared(tasks: list[dict[str, Json]] | None = None, **spec: Json) -> bytes:
    asked: list[dict[str, Json]] = [{"task": "facts", "seed": 7}] if tasks is None else tasks
    return json.dumps({"kind": "Evaluation", "spec": {"tasks": asked, **spec}}).encode()


def job(folder: Path, script: str, document: bytes | None = None, version: str = "0.4.13", status: int = 0) -> Job:
    work = folder / "work"
    work.mkdir()
    suite = folder / "facts.yaml"
    suite.write_text("task: facts\n")
    dataset = folder / "facts.jsonl"
    dataset.write_text("{}\n")
    return Job(
        interpreter=double(folder, script, version, status),
        declared=declared() if document is None else document,
        suite=suite,
        dataset=dataset,
        base_url="http://127.0.0.1:9999/",
        model="tiny-v2",
        work=work,
        timeout_seconds=60,
    )


def told(asked: Job) -> Any:
    return json.loads((asked.work / "told.json").read_text())


def test_lm_eval_is_told_by_a_file_what_to_ask(tmp_path: Path) -> None:
    document = declared(
        [{"task": "facts", "seed": 7, "numFewshot": 3, "limit": 6, "params": {"level": 2}}],
        modelConfig={"temperature": 0, "max_tokens": 48, "seed": 1},
    )
    asked = job(tmp_path, WRITES_LM_EVAL, document)
    asked = replace(asked, decoding=(("temperature", 1), ("top_p", 0.9)), system="Be kind.", concurrency=2)
    seen: list[tuple[str, int, int]] = []
    run = run_lm_eval(asked, lambda *what: seen.append(what))
    assert one(run, "exact_match").samples == 6
    assert told(asked)["argv"] == ["-I", "-m", "lm_eval", "run", "--config", str(asked.work / "config.json")]
    assert json.loads((asked.work / "config.json").read_text()) == {
        "model": "local-chat-completions",
        "model_args": {
            "model": "tiny-v2",
            "base_url": "http://127.0.0.1:9999/v1/chat/completions",
            "num_concurrent": 2,
            "max_retries": 3,
            "tokenizer_backend": None,
            "seed": 7,
        },
        "apply_chat_template": True,
        "log_samples": True,
        "output_path": "output",
        "tasks": [str(tmp_path / "facts.yaml")],
        "num_fewshot": 3,
        "limit": 6,
        "seed": [7, 7, 7, 7],
        "gen_kwargs": {"temperature": 0, "top_p": 0.9, "max_gen_toks": 48},
        "system_instruction": "Be kind.",
        "metadata": {"level": 2},
    }
    assert (asked.work / "dataset.jsonl").read_text() == "{}\n"
    assert seen == [("lm-eval", 0, 1), ("lm-eval", 1, 1)]


def test_lm_eval_finds_tasks_by_name_in_a_folder(tmp_path: Path) -> None:
    asked = job(tmp_path, WRITES_LM_EVAL, declared([{"task": "facts"}]))
    folder = tmp_path / "suite"
    folder.mkdir()
    run_lm_eval(replace(asked, suite=folder, dataset=folder), silent)
    config = json.loads((asked.work / "config.json").read_text())
    assert (config["tasks"], config["include_path"]) == (["facts"], str(folder))
    assert not {"seed", "limit", "num_fewshot", "gen_kwargs", "system_instruction", "metadata"} & config.keys()
    assert (asked.work / "dataset").is_dir()


def test_inspect_is_told_by_files_what_to_ask(tmp_path: Path) -> None:
    document = declared(
        [{"task": "facts", "seed": 7, "limit": 4, "epochs": 2, "params": {"level": 2}}],
        modelConfig={"temperature": 0, "max_tokens": 48, "stop": ["."]},
        suite={"version": "0.3.285"},
    )
    asked = job(tmp_path, WRITES_INSPECT, document, version="0.3.285")
    run = run_inspect(replace(asked, system="Be kind."), silent)
    assert one(run, "exact_match").samples == 4
    argv = told(asked)["argv"]
    assert argv[:5] == ["-I", "-m", "inspect_ai", "eval", f"{tmp_path / 'facts.yaml'}@facts"]
    for option, value in [("--model", "openai-api/local/tiny-v2"), ("--epochs", "2"), ("--limit", "4")]:
        assert argv[argv.index(option) + 1] == value
    assert json.loads((asked.work / "task.json").read_text()) == {"level": 2, "dataset": str(tmp_path / "facts.jsonl")}
    assert json.loads((asked.work / "generate.json").read_text()) == {
        "temperature": 0,
        "max_tokens": 48,
        "stop_seqs": ["."],
        "seed": 7,
        "system_message": "Be kind.",
    }
    assert told(asked)["env"]["LOCAL_BASE_URL"] == "http://127.0.0.1:9999/v1"
    assert (asked.work / ".env").read_text() == ""


def test_inspect_gets_no_files_that_say_nothing(tmp_path: Path) -> None:
    asked = replace(job(tmp_path, WRITES_INSPECT, declared([{"task": "facts"}]), version="0.3.285"), dataset=None)
    run_inspect(asked, silent)
    assert not {"--task-config", "--generate-config", "--limit"} & set(told(asked)["argv"])


@pytest.mark.parametrize("name", ["HF_TOKEN", "OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY", "HTTPS_PROXY", "PYTHONPATH"])
def test_a_tool_gets_no_keys_no_proxies_and_no_hub(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "secret")
    asked = job(tmp_path, WRITES_LM_EVAL)
    run_lm_eval(asked, silent)
    got = told(asked)
    assert "secret" not in got["env"].values()
    assert (got["env"]["HF_HUB_OFFLINE"], got["env"]["HOME"]) == ("1", str(asked.work))
    assert got["cwd"] == str(asked.work)
    assert os.environ[name] not in environment(asked.work).values()


def failure(asked: Job, tool: str = "lm-eval") -> TrueupError:
    run = run_lm_eval if tool == "lm-eval" else run_inspect
    with pytest.raises(TrueupError) as caught:
        run(asked, silent)
    return caught.value


def test_a_tool_that_fails_is_shown_by_its_last_lines(tmp_path: Path) -> None:
    script = "print('begins'); print('\\n' * 3 + 'KeyError: no such task', file=sys.stderr); sys.exit(3)"
    error = failure(job(tmp_path, script))
    assert (error.code.id, type(error)) == ("EEXT004", PermanentError)
    assert "ended with 3" in error.detail
    assert "KeyError: no such task" in error.detail
    assert str(tmp_path / "work" / "log.txt") in error.detail


def test_a_tool_that_fails_after_it_wrote_results_gives_none(tmp_path: Path) -> None:
    assert failure(job(tmp_path, f"{WRITES_LM_EVAL}; sys.exit(1)")).code.id == "EEXT004"


def test_a_tool_that_dies_of_a_signal_says_which(tmp_path: Path) -> None:
    error = failure(job(tmp_path, "os.kill(os.getpid(), 9)"))
    assert "by signal 9" in error.detail
    assert "said nothing" in error.detail


def test_a_tool_that_takes_too_long_is_killed_with_all_that_it_started(tmp_path: Path) -> None:
    # The child ignores the polite signal and outlives its parent, which does not.
    child_script = (
        "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "open('child.new', 'w').write(str(os.getpid())); os.rename('child.new', 'child'); time.sleep(600)"
    )
    script = (
        f"subprocess.Popen([sys.executable, '-c', {child_script!r}])\nprint('still at it', flush=True); time.sleep(600)"
    )
    asked = replace(job(tmp_path, script), timeout_seconds=2.0)
    error = failure(asked)
    assert (error.code.id, type(error)) == ("EEXT005", TransientError)
    assert "still at it" in error.detail
    assert is_gone(asked)


def test_a_tool_leaves_nothing_behind_when_it_ends(tmp_path: Path) -> None:
    script = (
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"Path('child').write_text(str(child.pid)); {WRITES_LM_EVAL}"
    )
    asked = job(tmp_path, script)
    run_lm_eval(asked, silent)
    assert is_gone(asked)


def is_gone(asked: Job) -> bool:
    """Wait for the end of the process that the tool had started; it was killed, so this takes no time."""
    child = int((asked.work / "child").read_text())
    until = time.monotonic() + 5
    while time.monotonic() < until:
        try:
            if psutil.Process(child).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.01)
    return False


def test_a_tool_that_writes_nothing_is_no_pass(tmp_path: Path) -> None:
    assert failure(job(tmp_path, "pass")).code.id == "EEXT006"


@pytest.mark.parametrize("script", ["pass", "Path('output').mkdir()"])
def test_inspect_that_writes_nothing_is_no_pass(script: str, tmp_path: Path) -> None:
    assert failure(job(tmp_path, script, version="0.3.285"), "inspect").code.id == "EEXT006"


@pytest.mark.parametrize(("tool", "script"), [("lm-eval", WRITES_LM_EVAL), ("inspect", WRITES_INSPECT)])
def test_results_of_another_model_or_task_are_refused(tool: str, script: str, tmp_path: Path) -> None:
    version = {"lm-eval": "0.4.13", "inspect": "0.3.285"}[tool]
    asked = job(tmp_path, script, version=version)
    error = failure(replace(asked, model="another"), tool)
    assert error.code.id == "EEXT006"
    assert "another" in error.detail


def test_results_of_another_task_are_refused(tmp_path: Path) -> None:
    assert failure(job(tmp_path, WRITES_LM_EVAL, declared([{"task": "riddles"}]))).code.id == "EEXT006"


def test_results_that_cannot_be_used_are_refused_by_their_importer(tmp_path: Path) -> None:
    asked = job(tmp_path, f"{WRITES_LM_EVAL}; next(Path('output').glob('results_*')).write_text('{{')")
    error = failure(asked)
    assert isinstance(error, RefusedResultsError)
    assert error.code.id == "EIMP002"


def test_the_results_must_be_of_the_version_that_the_interpreter_has(tmp_path: Path) -> None:
    assert failure(job(tmp_path, WRITES_LM_EVAL, version="0.4.12")).code.id == "EIMP012"


def test_another_version_than_declared_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    asked = job(tmp_path, WRITES_LM_EVAL, declared(suite={"version": "0.4.9"}))
    error = failure(asked)
    assert error.code.id == "EEXT002"
    assert "0.4.9" in error.detail
    assert not (asked.work / "told.json").exists()


def test_an_interpreter_without_the_tool_is_refused(tmp_path: Path) -> None:
    asked = replace(job(tmp_path, ""), interpreter=Path(sys.executable))
    error = failure(asked)
    assert error.code.id == "EEXT001"
    assert "lm_eval" in error.detail


def test_an_interpreter_that_is_not_there_is_refused(tmp_path: Path) -> None:
    asked = replace(job(tmp_path, ""), interpreter=tmp_path / "nowhere" / "python")
    assert failure(asked).code.id == "EEXT001"


def test_an_interpreter_that_says_nothing_is_refused(tmp_path: Path) -> None:
    assert "it said nothing" in failure(job(tmp_path, "", version="", status=1)).detail


@pytest.mark.parametrize(
    ("tool", "document", "told_of"),
    [
        ("lm-eval", declared([]), ["no `tasks`"]),
        ("lm-eval", declared([{"task": "a", "epochs": 2}]), ["`a`: the harness asks each example once"]),
        ("lm-eval", declared([{"task": "a", "chatTemplate": False}]), ["as it is served"]),
        ("lm-eval", declared([{"task": "a", "seed": 1}, {"task": "b", "seed": 2}]), ["one `seed`"]),
        ("lm-eval", declared([{"task": "a", "limit": 1}, {"task": "b"}]), ["one `limit`"]),
        ("lm-eval", declared(modelConfig={"mirostat": 2}), ["`mirostat` cannot be passed on"]),
        ("lm-eval", declared(judge={"model": "m@1"}, quarantine=[{}]), ["`judge`", "`quarantine`"]),
        ("inspect", declared([{"task": "a", "numFewshot": 2}]), ["part of its task"]),
        ("inspect", declared([{"task": "a"}, {"task": "b"}]), ["a log for each task"]),
    ],
)
def test_what_a_tool_would_leave_out_is_refused(tool: str, document: bytes, told_of: list[str], tmp_path: Path) -> None:
    asked = job(tmp_path, "", document)
    error = failure(asked, tool)
    assert error.code.id == "EEXT003"
    for part in told_of:
        assert part in error.detail
    assert not (asked.work / "told.json").exists()
