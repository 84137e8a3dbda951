"""Runtimes: from a declared server to a command line and an environment."""

import importlib.util
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from trueup.adapters.targets.process.runtimes.llamacpp import LlamaCpp
from trueup.adapters.targets.process.runtimes.runtime import find_interpreter, is_installed, load_runtime
from trueup.adapters.targets.process.runtimes.transformers import Transformers
from trueup.adapters.targets.process.wanted import PORT
from trueup.core.digests import digest_of
from trueup.core.errors import PermanentError
from trueup.core.json import Json
from trueup.desired.state import ServerSpec


def spec(runtime: str, **arguments: Json) -> ServerSpec:
    return ServerSpec(runtime, digest_of("a"), tuple(sorted(arguments.items())))


def option(argv: tuple[str, ...], name: str) -> str:
    return argv[argv.index(name) + 1]


def test_runtimes_are_found_by_entry_point() -> None:
    assert isinstance(load_runtime("llama.cpp"), LlamaCpp)
    assert isinstance(load_runtime("transformers"), Transformers)
    with pytest.raises(PermanentError, match="RUN011") as caught:
        load_runtime("transfomers")
    assert caught.value.hint == "did you mean `transformers`?"


def test_llama_cpp_gets_its_context_for_all_slots_and_one_thread(tmp_path: Path) -> None:
    launch = LlamaCpp().launch(spec("llama.cpp", slots=3, contextPerSlot=512), tmp_path / "m.gguf", tmp_path)
    assert launch.argv[0] == sys.executable
    assert option(launch.argv, "--context") == "1536"
    assert option(launch.argv, "--slots") == "3"
    assert option(launch.argv, "--threads") == "1"
    assert option(launch.argv, "--port") == PORT
    assert option(launch.argv, "--model") == str(tmp_path / "m.gguf")
    assert option(launch.argv, "--alias") == launch.model
    assert dict(launch.env)["OMP_NUM_THREADS"] == "1"


def test_a_folder_with_one_gguf_file_is_served_by_that_file(tmp_path: Path) -> None:
    (tmp_path / "model.gguf").touch()
    launch = LlamaCpp().launch(spec("llama.cpp"), tmp_path, tmp_path)
    assert option(launch.argv, "--model") == str(tmp_path / "model.gguf")


def test_the_engine_s_own_keys_are_taken_and_null_means_absent(tmp_path: Path) -> None:
    given = spec("llama.cpp", args={"n_batch": 64, "cache_ram_mib": 0}, slots=None)
    argv = LlamaCpp().launch(given, tmp_path / "m.gguf", tmp_path).argv
    assert (option(argv, "--batch"), option(argv, "--cache-mib"), option(argv, "--slots")) == ("64", "0", "2")


def test_an_argument_with_a_field_of_its_own_is_refused_among_the_engine_s_keys(tmp_path: Path) -> None:
    given = spec("llama.cpp", threads=1, slots=2, args={"threads": 8})
    with pytest.raises(PermanentError, match=r"RUN010.*`threads`") as caught:
        LlamaCpp().launch(given, tmp_path / "m.gguf", tmp_path)
    assert caught.value.hint == "set `runtime.threads` and leave it out of `runtime.args`"


def test_transformers_is_pinned_offline_and_on_loopback(tmp_path: Path) -> None:
    launch = Transformers().launch(spec("transformers", args={"dtype": "float32"}), tmp_path / "model", tmp_path)
    argv, env = launch.argv, dict(launch.env)
    assert argv[argv.index("serve") + 1] == str(tmp_path / "model") == launch.model
    assert (option(argv, "--host"), option(argv, "--port")) == ("127.0.0.1", PORT)
    assert (option(argv, "--device"), option(argv, "--dtype")) == ("cpu", "float32")
    assert "--continuous-batching" not in argv
    assert (env["HF_HUB_OFFLINE"], env["OMP_NUM_THREADS"]) == ("1", "1")
    assert (Path(env["HF_HOME"]) / "hub").is_dir()


def test_continuous_batching_of_transformers_is_always_bounded(tmp_path: Path) -> None:
    argv = Transformers().launch(spec("transformers", cb_num_blocks=64), tmp_path, tmp_path).argv
    assert "--continuous-batching" in argv
    assert option(argv, "--cb-num-blocks") == "64"


@pytest.mark.parametrize(
    ("name", "value", "fragment"),
    [
        ("threads", 0, "`threads` is 0"),
        ("threads", 100_000, "whole number from 1 to"),
        ("threads", "2", "`threads` is '2'"),
        ("slots", True, "`slots` is True"),
        ("contextPerSlot", 1, "from 64"),
        ("readyTimeoutSeconds", -1, "number of seconds"),
        ("contextPerSlt", 512, "no argument `contextPerSlt`"),
    ],
)
def test_a_wrong_argument_is_refused(tmp_path: Path, name: str, value: Json, fragment: str) -> None:
    with pytest.raises(PermanentError, match="RUN010") as caught:
        LlamaCpp().launch(spec("llama.cpp", **{name: value}), tmp_path / "m.gguf", tmp_path)
    assert fragment in caught.value.detail


def test_arguments_of_one_runtime_are_unknown_to_the_other(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="no argument `slots`"):
        Transformers().launch(spec("transformers", slots=2), tmp_path, tmp_path)


def test_an_interpreter_is_found_and_its_environment_kept(tmp_path: Path) -> None:
    link = tmp_path / "python"
    link.symlink_to(sys.executable)
    assert find_interpreter(str(link)) == str(link)
    assert find_interpreter("") == sys.executable
    with pytest.raises(PermanentError, match="RUN008"):
        find_interpreter(str(tmp_path / "absent"))
    launch = LlamaCpp().launch(replace(spec("llama.cpp"), interpreter=str(link)), tmp_path / "m.gguf", tmp_path)
    assert launch.argv[0] == str(link)


def test_doctor_can_ask_whether_a_runtime_is_installed(tmp_path: Path) -> None:
    assert is_installed(LlamaCpp(), "")
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec "{os.path.realpath(sys.executable)}" -S "$@"\n')
    bare.chmod(0o755)
    assert not is_installed(LlamaCpp(), str(bare))
    assert not is_installed(LlamaCpp(), str(tmp_path / "absent"))
    assert is_installed(Transformers(), "") is (importlib.util.find_spec("transformers") is not None)


@pytest.mark.parametrize(
    ("name", "content", "is_refused"),
    [
        ("config.json", '{"quantization_config": {"quant_method": "modelopt"}}', True),
        ("hf_quant_config.json", '{"producer": {"name": "modelopt", "version": "0.47.0"}}', True),
        ("config.json", '{"quantization_config": {"quant_method": "gptq"}}', False),
        ("config.json", '{"architectures": ["LlamaForCausalLM"]}', False),
        ("config.json", "[1", False),
        ("hf_quant_config.json", '{"producer": "modelopt"}', False),
    ],
)
def test_transformers_is_not_given_what_it_would_load_without_its_scales(
    tmp_path: Path, name: str, content: str, is_refused: bool
) -> None:
    (tmp_path / name).write_text(content)
    if not is_refused:
        assert str(tmp_path) in Transformers().launch(spec("transformers"), tmp_path, tmp_path / "scratch").argv
        return
    with pytest.raises(PermanentError, match="its scales would be dropped") as caught:
        Transformers().launch(spec("transformers"), tmp_path, tmp_path / "scratch")
    assert caught.value.code.id == "RUN006"
    assert "vLLM" in caught.value.hint
