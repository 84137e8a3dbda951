"""Every command that a page tells people to type is one that trueup understands."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_links import ROOT, pages

from trueup.cli.main import parser_of
from trueup.cli.verbs import ALONE, SUBVERBS, VERBS

_FENCED = re.compile(r"^```(?:sh|console|text|bash)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`(trueup [^`]+)`")


def typed(page: Path) -> Iterator[str]:
    """Yield the commands in blocks, whole: at a prompt, or at the start of a line of a block without prompts."""
    for block in _FENCED.findall(page.read_text(encoding="utf-8")):
        lines = block.replace("\\\n", " ").splitlines()
        at_prompt = [line[2:] for line in lines if line.startswith("$ ")]
        for line in at_prompt or lines:
            if line.startswith("trueup "):
                yield re.split(r"\s+#|\s+\||\s+&&|\s+->|\s+>", line)[0]


def named(page: Path) -> Iterator[str]:
    """Yield the commands in running text, which may leave arguments out."""
    yield from (" ".join(words.split()) for words in _INLINE.findall(page.read_text(encoding="utf-8")))


def split(words: list[str]) -> tuple[str, list[str]]:
    """Return the command and the words behind it."""
    verb, rest = words[0], words[1:]
    assert verb in VERBS, f"`trueup {verb}` is no command"
    if verb not in SUBVERBS or (verb in ALONE and (not rest or rest[0].startswith("-"))):
        return verb, rest
    assert rest, f"`trueup {verb}` needs a word more"
    assert rest[0] in SUBVERBS[verb], f"`trueup {verb} {rest[0]}` is no command"
    return f"{verb} {rest[0]}", rest[1:]


def generated(page: Path) -> bool:
    return page.relative_to(ROOT).as_posix() in ("docs/reference/cli.md", "docs/reference/json.md")


PAGES = [page for page in pages() if not generated(page)]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_command_in_a_block_can_be_typed_as_it_stands(page: Path) -> None:
    for line in typed(page):
        words = shlex.split(line)[1:]
        if words[0].startswith("-"):
            continue
        command, rest = split(words)
        parser_of(command).read(rest, {})


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_command_in_the_text_exists_and_has_the_flags_it_is_named_with(page: Path) -> None:
    for line in named(page):
        words = shlex.split(line.replace("...", ""))[1:]
        if not words or words[0].startswith("-") or (words[0] in SUBVERBS and len(words) == 1):
            continue
        if words[0].isupper():  # `trueup COMMAND --help`
            continue
        command, rest = split(words)
        known = {option for action in parser_of(command).all_actions() for option in action.option_strings}
        assert [w for w in rest if w.startswith("-") and w.split("=")[0] not in known] == [], line
