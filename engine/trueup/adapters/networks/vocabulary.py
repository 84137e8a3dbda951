"""What turns text into the tokens of an artifact, from the artifact itself: a GGUF file carries its tokenizer."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from trueup.adapters.builders.gguf.config import read_config
from trueup.adapters.builders.gguf.documents import read_optional
from trueup.adapters.builders.gguf.tokenizer import Tokenizer, read_tokenizer
from trueup.adapters.networks import codes
from trueup.adapters.networks.checkpoints import is_quantized
from trueup.adapters.networks.encoding import RULES, BytePairs, Encode, encoder_of
from trueup.adapters.networks.opening import gguf_in
from trueup.core.errors import PermanentError, TrueupError
from trueup.core.frozen import dataclass
from trueup.core.json import Json


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The tokens of a model.

    Attributes:
        encode: Text to tokens, without any that only mark its beginning or end.
        first: Token that the tokenizer puts before every sequence; None when it puts none.
        prefix: Token that a text begins after when nothing else is before it: `first`, else the one that begins
            a text, else the one that ends one.
        context: Most tokens that are read at once.
        chat_template: Template of conversations; empty without one.
        specials: Texts of the tokens that begin and end a text, as templates ask for them.
    """

    encode: Encode
    first: int | None
    prefix: int
    context: int
    chat_template: str = ""
    specials: tuple[tuple[str, str], ...] = ()


def vocabulary_of(place: Path, fields: Mapping[str, Any] | None = None, source: Path | None = None) -> Vocabulary:
    """Return the vocabulary of the artifact at *place*.

    Args:
        place: GGUF file, folder with one, or model folder.
        fields: The fields of the GGUF file when they were read already.
        source: Model folder that it was built from, for a GGUF whose tokenizer is not read here.

    Raises:
        PermanentError: The tokenizer is of another kind, and the package that reads it is absent (PAR005), or broken.
    """
    gguf = gguf_in(place)
    if gguf is None:
        return _of_folder(place)
    if fields is None:
        import gguf as library

        fields = {name: field.contents() for name, field in library.GGUFReader(gguf).fields.items()}
    if fields.get("tokenizer.ggml.model") == "gpt2" and fields.get("tokenizer.ggml.pre") in RULES:
        return _of_file(fields)
    if source is not None and source.is_dir():
        return _of_folder(source)
    name = f"{fields.get('tokenizer.ggml.model')}, {fields.get('tokenizer.ggml.pre')}"
    raise PermanentError(codes.NO_TOKENIZER, f"`{gguf.name}` has a tokenizer of the kind `{name}`.")


def _of_folder(folder: Path) -> Vocabulary:
    config = read_config(folder, is_quantized=is_quantized(folder))
    encode, first = encoder_of(folder)
    try:
        tokenizer = read_tokenizer(folder, config)
        special, template = dict(tokenizer.special), tokenizer.chat_template
        named = tuple((f"{n}_token", tokenizer.words[i]) for n, i in sorted(special.items()))
    except TrueupError:
        # The package reads the text; ids of special tokens are in config.json.
        special, template, named = dict(config.tokens), _template_beside(folder), ()
    return _vocabulary(encode, first, special, config.context, (template, named))


def _of_file(fields: Mapping[str, Any]) -> Vocabulary:
    words = tuple(str(w) for w in fields["tokenizer.ggml.tokens"])
    keys = {"bos": "bos_token_id", "eos": "eos_token_id"}
    special = {n: int(fields[f"tokenizer.ggml.{k}"]) for n, k in keys.items() if f"tokenizer.ggml.{k}" in fields}
    adds_bos = bool(fields.get("tokenizer.ggml.add_bos_token", False))
    tokenizer = Tokenizer(
        str(fields["tokenizer.ggml.pre"]),
        words,
        tuple(int(t) for t in fields["tokenizer.ggml.token_type"]),
        tuple(str(m) for m in fields["tokenizer.ggml.merges"]),
        special,
        adds_bos,
        str(fields.get("tokenizer.chat_template", "")),
    )
    named = tuple((f"{n}_token", words[i]) for n, i in sorted(special.items()))
    context = int(fields[f"{fields['general.architecture']}.context_length"])
    first = special.get("bos") if adds_bos else None
    return _vocabulary(BytePairs(tokenizer).encode, first, special, context, (tokenizer.chat_template, named))


def _vocabulary(
    encode: Encode,
    first: int | None,
    special: Mapping[str, int],
    context: int,
    chat: tuple[str, Sequence[tuple[str, str]]],
) -> Vocabulary:
    prefix = next((t for t in (first, special.get("bos"), special.get("eos")) if t is not None), None)
    if prefix is None:
        detail = "The tokenizer names no token that begins or ends a text, so the first token cannot be predicted."
        raise PermanentError(codes.NOT_COMPARABLE, detail)
    return Vocabulary(encode, first, prefix, context, chat[0], tuple(chat[1]))


def _template_beside(folder: Path) -> str:
    file = folder / "chat_template.jinja"
    if file.is_file():
        return file.read_text(encoding="utf-8")
    declared = (read_optional(folder, "tokenizer_config.json") or {}).get("chat_template")
    return declared if isinstance(declared, str) else ""


def render_chat(vocabulary: Vocabulary, messages: Sequence[Mapping[str, Json]]) -> str:
    """Return a conversation as the model reads it, up to where its answer begins.

    Raises:
        ValueError: There is no template, or it cannot be filled in.
    """
    import jinja2
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    if not vocabulary.chat_template:
        raise ValueError("the artifact has no chat template")

    def refuse(message: str) -> None:
        raise jinja2.TemplateError(message)

    # The settings that templates of models are written for.
    controls = ["jinja2.ext.loopcontrols"]
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=controls)
    environment.globals["raise_exception"] = refuse
    try:
        template = environment.from_string(vocabulary.chat_template)
        return template.render(messages=messages, add_generation_prompt=True, **dict(vocabulary.specials))
    except (jinja2.TemplateError, TypeError) as error:
        raise ValueError(str(error)) from error
