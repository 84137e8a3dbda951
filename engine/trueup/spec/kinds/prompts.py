"""Prompt: what is put before the user's words, with its variables, decoding parameters and tests."""

from typing import Annotated, Literal, Self

from pydantic import Field, JsonValue, StringConstraints, model_validator

from trueup.spec.kinds.base import ApiVersion, Declared, Text, VersionedMetadata, text_of
from trueup.spec.kinds.spellings import Count, Identifier, Items, Name, Sentence, refused

Role = Literal["system", "user", "assistant", "tool", "developer"]


class Message(Declared):
    """One chat message."""

    role: Role = Field(description="Who speaks [OpenAI `role`].")
    content: Text = Field(description="What is said: a template, as text or `{file: ...}`.")


class Variable(Declared):
    """A value that the client or the caller fills in."""

    name: Identifier = Field(description="Name, as it stands in the template.")
    required: bool = Field(default=True, description="Whether a request without it is refused.")
    default: JsonValue = Field(default=None, description="Value when it is absent; only for one that is not required.")
    description: Sentence | None = Field(default=None, description="What it means.")
    schema_: dict[str, JsonValue] = Field(
        default_factory=dict, alias="schema", description="JSON Schema its values must fit."
    )


class Decoding(Declared):
    """Decoding parameters under the names of the OpenAI API; filled in where the client gives none."""

    temperature: float | None = Field(
        default=None, alias="temperature", ge=0, le=2, description="Randomness, 0 to 2; 0 takes the likeliest token."
    )
    top_p: float | None = Field(default=None, alias="top_p", gt=0, le=1, description="Nucleus sampling, above 0 to 1.")
    top_k: int | None = Field(default=None, alias="top_k", ge=0, description="Likeliest tokens kept; 0 keeps all.")
    min_p: float | None = Field(
        default=None, alias="min_p", ge=0, le=1, description="Least share of the likeliest token's chance, 0 to 1."
    )
    max_tokens: Count | None = Field(default=None, alias="max_tokens", description="Most tokens of an answer.")
    stop: Items[Annotated[str, StringConstraints(min_length=1)]] | None = Field(
        default=None, alias="stop", max_length=8, description="Texts that end an answer, 8 at most."
    )
    seed: int | None = Field(default=None, alias="seed", ge=0, description="Seed of the sampler.")
    presence_penalty: float | None = Field(
        default=None, alias="presence_penalty", ge=-2, le=2, description="Penalty for tokens already seen, -2 to 2."
    )
    frequency_penalty: float | None = Field(
        default=None, alias="frequency_penalty", ge=-2, le=2, description="Penalty that grows with use, -2 to 2."
    )
    repeat_penalty: float | None = Field(
        default=None, alias="repeat_penalty", gt=0, description="Divides the chance of repeated tokens [llama.cpp]."
    )
    extra_body: dict[str, JsonValue] = Field(
        default_factory=dict,
        alias="extra_body",
        description="Further keys of the runtime's own API, sent as they are [OpenAI client `extra_body`].",
    )


class Assertion(Declared):
    """One thing that must hold of an answer [promptfoo `assert`]."""

    type: Sentence = Field(
        description="`equals`, `contains`, `icontains`, `regex`, `is-json`, `javascript`, `llm-rubric`, `not-...`, ..."
    )
    value: JsonValue = Field(default=None, description="What the answer is compared with.")
    threshold: float | None = Field(default=None, description="Least score that passes.")
    metric: Sentence | None = Field(default=None, description="Name under which the result is counted.")
    weight: float | None = Field(default=None, ge=0, description="Weight in the test's score.")


class PromptTest(Declared):
    """One test of the prompt [promptfoo `tests`]."""

    description: Sentence | None = Field(default=None, description="What it shows.")
    vars: dict[str, JsonValue] = Field(default_factory=dict, description="Values of the variables.")
    message: Sentence | None = Field(default=None, description="What the user says; empty for the prompt alone.")
    assertions: Items[Assertion] = Field(default=(), alias="assert", description="What must hold of the answer.")


class PromptSpec(Declared):
    """What a Prompt declares."""

    type: Literal["text", "chat"] = Field(
        default="text",
        description="`text` has a `template`, which becomes the system message; `chat` has `messages` [Langfuse].",
    )
    template: Text | None = Field(default=None, description="The template of a `text` prompt, or `{file: ...}`.")
    messages: Items[Message] = Field(default=(), description="The messages of a `chat` prompt.")
    template_format: Literal["mustache", "jinja2", "fstring"] = Field(
        default="mustache", description="How variables are written: `{{name}}`, Jinja, or `{name}` [LangChain]."
    )
    variables: Items[Variable] = Field(default=(), description="Values to fill in.")
    decoding: Decoding = Field(
        default_factory=Decoding.model_construct,
        alias="modelConfig",
        description="Decoding parameters [MLflow `model_config`].",
    )
    response_format: dict[str, JsonValue] | None = Field(
        default=None, description="What the answer must look like [OpenAI `response_format`]."
    )
    tools: Items[dict[str, JsonValue]] = Field(default=(), description="Tools the model may call [OpenAI `tools`].")
    labels: Items[Sentence] = Field(default=(), description="Labels in a prompt registry [Langfuse].")
    tests: Items[PromptTest] = Field(default=(), description="Tests that run when the prompt changes [promptfoo].")
    targets: Items[Name] = Field(default=(), description="Names of the models it was written for; empty: any.")

    @model_validator(mode="after")
    def _fits_type(self) -> Self:
        if self.type == "text" and self.template is None:
            raise refused("A `text` prompt has no `template`.", "add `template`, or say `type: chat`", kind="rule")
        if self.type == "text" and self.messages:
            raise refused("A `text` prompt has `messages`.", "say `type: chat`, or drop `messages`", kind="rule")
        if self.type == "chat" and not self.messages:
            raise refused("A `chat` prompt has no `messages`.", "add `messages`, or say `type: text`", kind="rule")
        if self.type == "chat" and self.template is not None:
            raise refused("A `chat` prompt has a `template`.", "say `type: text`, or drop `template`", kind="rule")
        return self

    @property
    def chat(self) -> tuple[tuple[str, str], ...]:
        """The messages as (role, template); a `text` prompt is one system message."""
        if self.template is not None:
            return (("system", text_of(self.template)),)
        return tuple((m.role, text_of(m.content)) for m in self.messages)


class Prompt(Declared):
    """A text or chat template with its variables, decoding parameters and tests."""

    api_version: ApiVersion = Field(description="Version of this format.")
    kind: Literal["Prompt"] = Field(description="The kind.")
    metadata: VersionedMetadata = Field(description="Name, version, labels, owner.")
    spec: PromptSpec = Field(description="The declaration.")
