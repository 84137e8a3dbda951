"""The vocabulary of an artifact: a GGUF file has the tokens of what it was built from."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from artifacts import TINY, silent
from trueup.adapters.builders.builder import BuildTask
from trueup.adapters.builders.gguf.builder import GgufBuilder
from trueup.adapters.networks.vocabulary import Vocabulary, render_chat, vocabulary_of
from trueup.core.errors import PermanentError

TEXT = "The capital of France is Paris.<|im_end|>\n  1234 naïve 木 "
CONVERSATION = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello?"}]


def built(folder: Path) -> Path:
    folder.mkdir()
    return GgufBuilder().build(BuildTask(TINY / "v2", folder, {"quantization": "F16"}), silent).path


def test_a_gguf_file_reads_text_as_its_source_does(tmp_path: Path) -> None:
    source, file = vocabulary_of(TINY / "v2"), vocabulary_of(built(tmp_path / "b"))
    folder = vocabulary_of(tmp_path / "b")
    assert source.encode(TEXT) == file.encode(TEXT) == folder.encode(TEXT)
    assert (source.prefix, source.first, source.context) == (file.prefix, file.first, file.context)
    assert render_chat(source, CONVERSATION) == render_chat(file, CONVERSATION)


def test_a_conversation_reads_up_to_where_its_answer_begins() -> None:
    assert render_chat(vocabulary_of(TINY / "v2"), CONVERSATION) == (
        "<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nHello?<|im_end|>\n<|im_start|>assistant\n"
    )


@pytest.mark.parametrize(
    "template",
    ["", "{{ nobody.knows.this }}", "{% if %}", "{{ raise_exception('no system') }}", "{{ ''.__class__() }}"],
)
def test_a_template_that_is_missing_broken_or_refuses_is_no_text(template: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        render_chat(Vocabulary(lambda _: [], None, 0, 8, template), CONVERSATION)


def test_another_tokenizer_in_a_gguf_file_is_read_from_the_source_or_refused(tmp_path: Path) -> None:
    fields: dict[str, Any] = {"tokenizer.ggml.model": "llama", "tokenizer.ggml.pre": "default"}
    file = built(tmp_path / "b")
    assert vocabulary_of(file, fields, TINY / "v2").encode(TEXT) == vocabulary_of(TINY / "v2").encode(TEXT)
    with pytest.raises(PermanentError, match="PAR005"):
        vocabulary_of(file, fields)


def test_the_token_of_the_tokenizer_goes_before_a_text_that_has_nothing_before_it(tmp_path: Path) -> None:
    model = tmp_path / "model"
    shutil.copytree(TINY / "v2", model)
    settings = json.loads((model / "tokenizer_config.json").read_text())
    (model / "tokenizer_config.json").write_text(json.dumps({**settings, "add_bos_token": True}))
    found = vocabulary_of(model)
    assert found.first is not None
    assert found.first == found.prefix
