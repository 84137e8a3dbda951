"""A byte-level BPE tokenizer.json as the lists that GGUF carries, with the chat template."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from trueup.adapters.builders import codes
from trueup.adapters.builders.gguf.config import LlamaConfig
from trueup.adapters.builders.gguf.documents import read_document, read_optional
from trueup.core.errors import PermanentError
from trueup.core.json import Json

LLAMA3_SPLIT = (
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
    "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
)
"""The expression by which the tokenizers of Llama 3 are known."""

QWEN2_SPLIT = LLAMA3_SPLIT.replace("\\p{N}{1,3}", "\\p{N}")
"""That of Qwen2 and Qwen3: digits stand alone."""

NORMAL, CONTROL, USER_DEFINED, UNUSED = 1, 3, 4, 5
"""Token types of GGUF."""


@dataclass(frozen=True, slots=True)
class Tokenizer:
    """Tokens by id with their types, merges in order of rank, special ids, and the chat template if there is one."""

    pre_tokenizer: str
    words: tuple[str, ...]
    types: tuple[int, ...]
    merges: tuple[str, ...]
    special: Mapping[str, int]
    adds_bos: bool
    chat_template: str


def read_tokenizer(folder: Path, config: LlamaConfig, pre_tokenizer: str = "") -> Tokenizer:
    """Read the tokenizer of the model in *folder*.

    Args:
        folder: The model.
        config: Its configuration.
        pre_tokenizer: llama.cpp's name of the rule that cuts text into words; empty to find it out.

    Raises:
        PermanentError: Not byte-level BPE, or the rule is not known for certain (ART205).
    """
    document = read_document(folder, "tokenizer.json")
    settings = read_optional(folder, "tokenizer_config.json") or {}
    model = document.get("model")
    if not isinstance(model, Mapping) or model.get("type", "BPE") != "BPE" or model.get("byte_fallback"):
        raise PermanentError(codes.UNKNOWN_TOKENIZER, "tokenizer.json is not a byte-level BPE.")
    pre_tokenizer_name = _pre_tokenizer(document.get("pre_tokenizer"), pre_tokenizer)
    normalizer = document.get("normalizer")
    # llama.cpp takes text as it comes; Qwen's normaliser changes only text that is not composed (NFC), which is rare.
    if normalizer and not (pre_tokenizer_name == "qwen2" and normalizer == {"type": "NFC"}):
        raise PermanentError(codes.UNKNOWN_TOKENIZER, "tokenizer.json changes text by a normalizer before cutting it.")
    words, types = _vocabulary(document, model, config.vocabulary)
    special = _special(settings, words, config)
    return Tokenizer(
        pre_tokenizer=pre_tokenizer_name,
        words=words,
        types=types,
        merges=_merges(model),
        special=special,
        adds_bos=_adds_bos(document, settings, words, special),
        chat_template=_chat_template(folder, settings),
    )


def _vocabulary(
    document: Mapping[str, Json], model: Mapping[str, Json], size: int
) -> tuple[tuple[str, ...], tuple[int, ...]]:
    vocabulary = model.get("vocab")
    if not isinstance(vocabulary, Mapping):
        raise PermanentError(codes.BAD_FILE, "`tokenizer.json` has no vocabulary.")
    words = [f"[PAD{number}]" for number in range(size)]
    types = [UNUSED] * size
    entries: list[tuple[Json, Json, int]] = [(word, number, NORMAL) for word, number in vocabulary.items()]
    added = document.get("added_tokens")
    for token in added if isinstance(added, Sequence) else ():
        if isinstance(token, Mapping):
            kind = CONTROL if token.get("special") is True else USER_DEFINED
            entries.append((token.get("content"), token.get("id"), kind))
    for word, number, kind in entries:
        if not isinstance(word, str) or not isinstance(number, int) or not 0 <= number < size:
            detail = (
                f"Token {word!r} in tokenizer.json has the id {number!r}, config.json says there are {size} tokens."
            )
            raise PermanentError(codes.DISAGREEING_WEIGHTS, detail)
        words[number], types[number] = word, kind
    return tuple(words), tuple(types)


def _merges(model: Mapping[str, Json]) -> tuple[str, ...]:
    merges = model.get("merges")
    if not isinstance(merges, Sequence) or isinstance(merges, str):
        raise PermanentError(codes.BAD_FILE, "`tokenizer.json` has no merges.")
    return tuple(m if isinstance(m, str) else " ".join(str(p) for p in m) for m in merges if isinstance(m, Sequence))


def _pre_tokenizer(rule: Json, declared: str) -> str:
    found = _known_rule(rule)
    if declared and found and declared != found:
        detail = f"The Build declares preTokenizer `{declared}`, tokenizer.json is `{found}`."
        raise PermanentError(codes.UNKNOWN_TOKENIZER, detail)
    if not declared and not found:
        raise PermanentError(codes.UNKNOWN_TOKENIZER, "The pre_tokenizer in tokenizer.json is none that is known here.")
    return declared or found


def _known_rule(rule: Json) -> str:
    """Return llama.cpp's name for the steps of a pre_tokenizer; empty when they are none of the known ones."""
    steps = list(_steps(rule))
    match steps:
        case [{"type": "ByteLevel", "add_prefix_space": False} as last] if last.get("use_regex", True):
            return "gpt-2"
        case [{"type": "Digits", "individual_digits": True}, {"type": "ByteLevel", "add_prefix_space": False} as last]:
            return "smollm" if last.get("use_regex", True) else ""
        case [{"type": "Split", "pattern": {"Regex": str(pattern)}}, {"type": "ByteLevel", "use_regex": False}]:
            return {LLAMA3_SPLIT: "llama-bpe", QWEN2_SPLIT: "qwen2"}.get(pattern, "")
        case _:
            return ""


def _steps(rule: Json) -> Iterator[Mapping[str, Json]]:
    if not isinstance(rule, Mapping):
        return
    inner = rule.get("pretokenizers")
    if rule.get("type") == "Sequence" and isinstance(inner, Sequence):
        for step in inner:
            yield from _steps(step)
    else:
        yield rule


def _special(settings: Mapping[str, Json], words: Sequence[str], config: LlamaConfig) -> dict[str, int]:
    """Return the special ids: tokenizer_config.json knows best what ends an answer, config.json fills in."""
    special = {n: i for n, i in config.tokens.items() if i < len(words)}
    for name in ("bos", "eos", "pad"):
        token = settings.get(f"{name}_token")
        text = token.get("content") if isinstance(token, Mapping) else token
        if isinstance(text, str) and text in words:
            special[name] = words.index(text)
    if "eos" not in special:
        raise PermanentError(codes.BAD_FILE, "Neither tokenizer_config.json nor config.json names the end token.")
    return special


def _adds_bos(
    document: Mapping[str, Json], settings: Mapping[str, Json], words: Sequence[str], special: Mapping[str, int]
) -> bool:
    declared = settings.get("add_bos_token")
    if isinstance(declared, bool):
        return declared
    post = document.get("post_processor")
    steps = post.get("processors") if isinstance(post, Mapping) and post.get("type") == "Sequence" else [post]
    for step in steps if isinstance(steps, Sequence) else ():
        match step:
            case {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": str(first)}}, *_]}:
                return "bos" in special and first == words[special["bos"]]
            case _:
                continue
    return False


def _chat_template(folder: Path, settings: Mapping[str, Json]) -> str:
    file = folder / "chat_template.jinja"
    if file.is_file():
        return file.read_text(encoding="utf-8")
    template = settings.get("chat_template")
    if isinstance(template, str):
        return template
    for entry in template if isinstance(template, Sequence) else ():
        if isinstance(entry, Mapping) and entry.get("name") == "default":
            return str(entry.get("template") or "")
    return ""
