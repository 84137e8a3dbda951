"""Text to tokens by a model's own tokenizer.json.

Byte-level BPE of the known rules is read here: `tokenizers` brings a client of a model hub and 70 MB with it, which the
core does without. All other tokenizers are left to that package where it is installed.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path

from trueup.adapters.builders import codes as builder_codes
from trueup.adapters.builders.gguf.config import read_config
from trueup.adapters.builders.gguf.documents import read_document
from trueup.adapters.builders.gguf.tokenizer import LLAMA3_SPLIT, QWEN2_SPLIT, Tokenizer, read_tokenizer
from trueup.adapters.networks import codes
from trueup.core.errors import PermanentError

_CONTRACTIONS = "'s|'t|'re|'ve|'m|'ll|'d"
_WORDS = rf"{_CONTRACTIONS}| ?\p{{L}}+| ?\p{{N}}+| ?[^\s\p{{L}}\p{{N}}]+|\s+(?!\S)|\s+"
RULES: Mapping[str, tuple[str, ...]] = {
    "gpt-2": (_WORDS,),
    "smollm": (r"\p{N}", _WORDS),
    "llama-bpe": (LLAMA3_SPLIT,),
    "qwen2": (QWEN2_SPLIT,),
}
"""Expressions that cut text into words, one after the other, by llama.cpp's name of the rule."""

Encode = Callable[[str], list[int]]


def encoder_of(folder: Path) -> tuple[Encode, int | None]:
    """Return what encodes text for the model in *folder*, and the token that goes before every sequence, if any.

    Raises:
        PermanentError: The tokenizer is of another kind and the package that reads it is absent (PAR005), or broken.
    """
    try:
        tokenizer = read_tokenizer(folder, read_config(folder))
    except PermanentError as error:
        if error.code != builder_codes.UNKNOWN_TOKENIZER:
            raise
        return _by_package(folder), None
    if tokenizer.pre_tokenizer not in RULES:
        return _by_package(folder), None
    return BytePairs(tokenizer).encode, tokenizer.special["bos"] if tokenizer.adds_bos else None


def _by_package(folder: Path) -> Encode:
    read_document(folder, "tokenizer.json")
    try:
        from tokenizers import Tokenizer as PackagedTokenizer
    except ImportError as error:
        raise PermanentError(codes.NO_TOKENIZER, "The package `tokenizers` is not installed.") from error
    packaged = PackagedTokenizer.from_file(str(folder / "tokenizer.json"))

    def encode(text: str) -> list[int]:
        return list(packaged.encode(text, add_special_tokens=False).ids)

    return encode


class BytePairs:
    """A byte-level BPE: text is cut into words, words into bytes, and pairs are merged in the order of their rank."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._ids = {word: number for number, word in enumerate(tokenizer.words)}
        self._ranks = {pair: rank for rank, pair in enumerate(tokenizer.merges)}
        self._rules = [re.compile(_spelled(rule)) for rule in RULES[tokenizer.pre_tokenizer]]
        self._normal = tokenizer.pre_tokenizer == "qwen2"
        # Added tokens stand for themselves wherever they appear; longer ones first, as one may begin another.
        added = sorted((w for w, t in zip(tokenizer.words, tokenizer.types, strict=True) if t in (3, 4)), key=len)
        self._added = re.compile("(" + "|".join(map(re.escape, reversed(added))) + ")") if added else None
        self._known: dict[str, list[int]] = {}

    def encode(self, text: str) -> list[int]:
        """Return the tokens of *text*, without any that only mark its beginning or end."""
        parts = self._added.split(text) if self._added else [text]
        found: list[int] = []
        for number, part in enumerate(parts):
            # What a split keeps stands at the odd places.
            if number % 2:
                found.append(self._ids[part])
                continue
            for word in self._words(unicodedata.normalize("NFC", part) if self._normal else part):
                found += self._word(word)
        return found

    def _words(self, text: str) -> Iterable[str]:
        words: Iterable[str] = [text]
        for rule in self._rules:
            words = [piece for word in words for piece in _isolated(rule, word)]
        return words

    def _word(self, word: str) -> list[int]:
        known = self._known.get(word)
        if known is None:
            letters = _letters()
            known = self._known[word] = [self._ids[p] for p in self._merged([letters[b] for b in word.encode()])]
        return known

    def _merged(self, pieces: list[str]) -> Sequence[str]:
        while len(pieces) > 1:
            ranks = [self._ranks.get(f"{a} {b}") for a, b in pairwise(pieces)]
            best = min((rank for rank in ranks if rank is not None), default=None)
            if best is None:
                break
            at = ranks.index(best)
            pieces[at : at + 2] = [pieces[at] + pieces[at + 1]]
        return pieces


def _isolated(rule: "re.Pattern[str]", text: str) -> Iterator[str]:
    """Yield what *rule* matches and what stands between, each apart."""
    begin = 0
    for found in rule.finditer(text):
        if found.start() > begin:
            yield text[begin : found.start()]
        if found.end() > found.start():
            yield found.group()
        begin = found.end()
    if begin < len(text):
        yield text[begin:]


@cache
def _letters() -> tuple[str, ...]:
    """Return the letter that stands for each byte: printable ones for themselves, the rest from U+0100 on.

    Source of the table: the byte-level BPE of GPT-2.
    """
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    rest = iter(range(0x100, 0x200))
    return tuple(chr(byte) if byte in printable else chr(next(rest)) for byte in range(256))


_SPACE = r"\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""White space of Unicode; Python's own counts four separators besides."""


def _spelled(rule: str) -> str:
    """Spell a rule for Python, whose expressions know no classes of Unicode."""
    spelled, is_inside = [], False
    for part in re.findall(r"\\p\{[LN]\}|\\.|.", rule):
        is_inside = (is_inside or part == "[") and part != "]"
        match part:
            case r"\p{L}" | r"\p{N}":
                members = _class(part[3])
            case r"\s" | r"\S":
                members = _SPACE
            case _:
                spelled.append(part)
                continue
        spelled.append(members if is_inside else f"[{'^' if part == chr(92) + 'S' else ''}{members}]")
    return "".join(spelled)


@cache
def _class(major: str) -> str:
    """Return the characters of a major category of Unicode, as the inside of a set."""
    ranges: list[list[int]] = []
    for point in range(0x110000):
        if unicodedata.category(chr(point))[0] != major:
            continue
        if ranges and ranges[-1][1] == point - 1:
            ranges[-1][1] = point
        else:
            ranges.append([point, point])
    return "".join(f"\\U{a:08x}-\\U{b:08x}" for a, b in ranges)
