"""Tests that a Prompt declares: what they may assert, and everything that can be found out without a model.

The shape is promptfoo's `assert`, and so is what a type, a threshold and a weight mean. Types that begin with `prompt-`
are our own: they are about the prompt as it is filled in, and need no model. What would run code, or needs what is not
there, is refused when it is declared and never left out.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from trueup.core.diagnostics import Diagnostic
from trueup.core.frozen import dataclass
from trueup.core.json import Json, mapping_of
from trueup.core.suggestions import did_you_mean
from trueup.desired import codes
from trueup.desired.prompting import PromptProblems, compose
from trueup.spec.resource import Resource, document_of

NOT, PROMPT = "not-", "prompt-"
"""What a type begins with that is turned round, and one that is about the prompt itself."""

RESERVED = frozenset({"pass_rate"})
"""Names that an assertion's `metric` must not take."""


def _text(value: Json) -> str:
    return "" if isinstance(value, str) and value else "a text"


def _texts(value: Json) -> str:
    good = isinstance(value, str) or (isinstance(value, Sequence) and all(isinstance(v, str) and v for v in value))
    return "" if good and value else "a list of texts"


def _pattern(value: Json) -> str:
    if not isinstance(value, str) or not value:
        return "a regular expression"
    try:
        re.compile(value)
    except re.error as error:
        return f"a regular expression ({error})"
    return ""


def _count(value: Json) -> str:
    return "" if isinstance(value, int) and not isinstance(value, bool) and value > 0 else "a whole number above 0"


def _schema(value: Json) -> str:
    return "" if value is None or isinstance(value, Mapping) else "a JSON Schema: an object"


def _something(value: Json) -> str:
    return "something to compare with" if value is None else ""


def _nothing(value: Json) -> str:
    return "" if value is None else "nothing: what is compared is its `threshold`"


_QUICK = 10**8
"""Most steps of a pattern that is tried when a Prompt is validated; about a second."""


@dataclass(frozen=True, slots=True)
class Form:
    """How one type of assertion is written.

    Attributes:
        wrong: Says what `value` must be; empty when it is that.
        threshold: Threshold where none is declared; None when a threshold means nothing here.
        needs_threshold: It says nothing without one.
    """

    wrong: Callable[[Json], str]
    threshold: float | None = None
    needs_threshold: bool = False


FORMS: Mapping[str, Form] = MappingProxyType(
    {
        "equals": Form(_something),
        "contains": Form(_text),
        "icontains": Form(_text),
        "contains-any": Form(_texts),
        "contains-all": Form(_texts),
        "icontains-any": Form(_texts),
        "icontains-all": Form(_texts),
        "starts-with": Form(_text),
        "regex": Form(_pattern),
        "is-json": Form(_schema),
        "contains-json": Form(_schema),
        "rouge-n": Form(_text, 0.75),
        "rouge-l": Form(_text, 0.75),
        "bleu": Form(_text, 0.5),
        "levenshtein": Form(_text, 5.0),
        "similar": Form(_text, 0.75),
        "latency": Form(_nothing, 0.0, needs_threshold=True),
        "max-tokens": Form(_count),
        "prompt-equals": Form(_text),
        "prompt-contains": Form(_text),
        "prompt-icontains": Form(_text),
        "prompt-regex": Form(_pattern),
        "prompt-max-tokens": Form(_count),
    }
)
"""Each type of assertion; `not-` before it turns it round."""

_CODE = "it would run code of the repository, which whoever opens a pull request can write"
_JUDGE = "a model would have to judge, and a Prompt declares none: use an Evaluation with the task `judge`"
REFUSED: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("javascript", "python", "ruby", "webhook"), _CODE),
        **dict.fromkeys(
            ("llm-rubric", "g-eval", "factuality", "model-graded-closedqa", "model-graded-factuality", "select-best"),
            _JUDGE,
        ),
        **dict.fromkeys(("answer-relevance", "context-faithfulness", "context-recall", "context-relevance"), _JUDGE),
        "perplexity": "servers give no probabilities of their answers that are comparable: use an Evaluation with the "
        "task `perplexity`",
        "perplexity-score": "use an Evaluation with the task `perplexity`",
        "cost": "no price of a token is known where the tests run",
    }
)
"""Types that promptfoo has and that are refused, each with the reason."""


@dataclass(frozen=True, slots=True)
class Assertion:
    """One assertion, as it is meant.

    Attributes:
        type: Its type without `not-`.
        value: What is compared with.
        threshold: Least score, or most of what is counted.
        is_turned: Whether it must not hold.
        weight: Its part in the test's score; with 0 it is counted and decides nothing.
        metric: Name under which its score is counted; empty without.
    """

    type: str
    value: Json
    threshold: float
    is_turned: bool
    weight: float
    metric: str

    @property
    def is_about_prompt(self) -> bool:
        """Whether it is about the prompt and needs no answer."""
        return self.type.startswith(PROMPT)


@dataclass(frozen=True, slots=True)
class DeclaredTest:
    """One test: values of variables, what the user says, and what must hold."""

    name: str
    variables: Mapping[str, Json]
    message: str
    assertions: tuple[Assertion, ...]

    @property
    def asks(self) -> bool:
        """Whether an answer is needed."""
        return any(not a.is_about_prompt for a in self.assertions)


def declared_tests(document: Mapping[str, Json]) -> tuple[DeclaredTest, ...]:
    """Return the tests of a Prompt in which `test_problems` finds nothing."""
    return tuple(_test(number, test) for number, test in enumerate(_tests(document), start=1))


def test_problems(document: Mapping[str, Json]) -> tuple[str, ...]:
    """Return everything that is wrong with the tests of a Prompt: their assertions first, then what is filled in."""
    return (*_assertion_problems(document), *rendering_problems(document))


def prompt_problems(resources: Iterable[Resource]) -> Iterator[Diagnostic]:
    """Yield what is wrong with the tests of each Prompt of *resources*."""
    for resource in resources:
        document = mapping_of(document_of(resource))
        for problem in test_problems(document):
            detail = f"`{resource.id}`: {problem}"
            yield Diagnostic(codes.PROMPT_TEST, detail, resource.origin.span, codes.PROMPT_TEST.remedy)


def rendering_problems(document: Mapping[str, Json]) -> tuple[str, ...]:
    """Return which tests cannot be filled in, or do not hold of the prompt alone."""
    found: list[str] = []
    for number, test in enumerate(_tests(document), start=1):
        rendered = compose(_route(document), (), mapping_of(test.get("vars")))
        if isinstance(rendered, PromptProblems):
            found += [f"test {number}: {problem}" for problem in rendered.problems]
            continue
        text = prompt_text(rendered)
        good = [a for a in _mappings(test.get("assert")) if not _form_problem(a)]
        ours = [a for a in map(_assertion, good) if a.is_about_prompt and a.weight and _is_quick(a, text)]
        found += [f"test {number}: {said}" for a in ours if (said := prompt_failure(a, text))]
        if not test.get("message") and any(not _assertion(a).is_about_prompt for a in good) and not _asks(rendered):
            found.append(f"test {number}: it asserts something of an answer, and nobody asks: give it a `message`.")
    return tuple(found)


def prompt_text(messages: Iterable[Mapping[str, Json]]) -> str:
    """Return what the model reads of the prompt, one message after the other."""
    return "\n".join(str(m.get("content", "")) for m in messages)


def estimated_tokens(text: str) -> int:
    """Return about how many tokens *text* has: a quarter of its bytes in UTF-8, rounded up.

    Every tokenizer counts otherwise; this needs none, is the same everywhere, and is what `prompt-max-tokens` means.
    """
    return -(-len(text.encode()) // 4)


def prompt_failure(assertion: Assertion, text: str) -> str:
    """Say why *assertion* does not hold of the filled-in prompt; empty when it does."""
    value = assertion.value
    match assertion.type.removeprefix(PROMPT):
        case "equals":
            holds = text == value
        case "contains":
            holds = str(value) in text
        case "icontains":
            holds = str(value).casefold() in text.casefold()
        case "regex":
            holds = re.search(str(value), text) is not None
        case _:
            holds = isinstance(value, int) and estimated_tokens(text) <= value
    if holds != assertion.is_turned:
        return ""
    said = f"{NOT if assertion.is_turned else ''}{assertion.type}"
    counted = f"; it has about {estimated_tokens(text)} tokens" if assertion.type.endswith("max-tokens") else ""
    return f"`{said}: {json.dumps(value, ensure_ascii=False)}` does not hold of the prompt{counted}."


def _is_quick(assertion: Assertion, text: str) -> bool:
    """Whether an assertion can be tried on whatever a stranger wrote: a pattern can take longer than anyone waits.

    The bound is a rough one from above: each open repetition may begin at each character, each choice doubles what is
    tried, and the repetition of a group is left to the evaluation.
    """
    if assertion.type != "prompt-regex":
        return True
    pattern = re.sub(r"\\.|\[\^?\]?(?:\\.|[^\]])*\]", "c", str(assertion.value))
    if re.search(r"\)[*+{?]", pattern):
        return False
    repetitions = len(re.findall(r"[*+]|\{\d*,?\d*\}", pattern))
    choices = len(re.findall(r"[|?]", pattern))
    steps: int = (len(text) + 1) ** (repetitions + 1) * 2**choices
    return steps <= _QUICK


def _assertion_problems(document: Mapping[str, Json]) -> Iterator[str]:
    for number, test in enumerate(_tests(document), start=1):
        assertions = _mappings(test.get("assert"))
        if not assertions:
            yield f"test {number} asserts nothing, so it would pass whatever is answered."
        elif not any(_weight(a) for a in assertions):
            yield f"test {number} has no assertion with a weight above 0, so it would pass whatever is answered."
        for place, assertion in enumerate(assertions, start=1):
            if problem := _form_problem(assertion):
                yield f"test {number}, assertion {place}: {problem}"


def _form_problem(assertion: Mapping[str, Json]) -> str:
    declared = str(assertion.get("type"))
    name = declared.removeprefix(NOT)
    if name in REFUSED:
        return f"`{declared}` is refused: {REFUSED[name]}."
    if name not in FORMS:
        hint = did_you_mean(declared, [*FORMS, *(NOT + f for f in FORMS)]) or f"known are {', '.join(FORMS)}"
        return f"the type `{declared}` is not known; {hint}"
    form, threshold = FORMS[name], assertion.get("threshold")
    if wrong := form.wrong(assertion.get("value")):
        return f"`value` of `{declared}` must be {wrong}."
    if threshold is not None and form.threshold is None:
        return f"a `threshold` means nothing for `{declared}`."
    if threshold is None and form.needs_threshold:
        return f"`{declared}` needs a `threshold`."
    if assertion.get("metric") in RESERVED:
        return f"the `metric` of an assertion cannot be called `{assertion['metric']}`."
    return ""


def _test(number: int, test: Mapping[str, Json]) -> DeclaredTest:
    said = test.get("description")
    return DeclaredTest(
        name=f"{number}: {said}" if said else str(number),
        variables=mapping_of(test.get("vars")),
        message=str(test.get("message") or ""),
        assertions=tuple(_assertion(a) for a in _mappings(test.get("assert"))),
    )


def _assertion(assertion: Mapping[str, Json]) -> Assertion:
    declared = str(assertion.get("type"))
    name = declared.removeprefix(NOT)
    threshold = assertion.get("threshold")
    return Assertion(
        type=name,
        value=assertion.get("value"),
        threshold=float(threshold) if isinstance(threshold, int | float) else FORMS[name].threshold or 0.0,
        is_turned=declared.startswith(NOT),
        weight=_weight(assertion),
        metric=str(assertion.get("metric") or ""),
    )


def _weight(assertion: Mapping[str, Json]) -> float:
    weight = assertion.get("weight")
    return float(weight) if isinstance(weight, int | float) else 1.0


def _route(document: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return the parts of a Prompt that `compose` reads, under the names of a route."""
    spec = mapping_of(document.get("spec"))
    template = spec.get("template")
    text = [{"role": "system", "content": template}] if template is not None else []
    messages = [{**m, "content": _content(m.get("content"))} for m in (*text, *_mappings(spec.get("messages")))]
    return {
        "messages": messages,
        "templateFormat": spec.get("templateFormat"),
        "variables": spec.get("variables"),
    }


def _content(text: Json) -> Json:
    return text.get("content", "") if isinstance(text, Mapping) else text


def _asks(messages: Sequence[Mapping[str, Json]]) -> bool:
    return bool(messages) and messages[-1].get("role") == "user"


def _tests(document: Mapping[str, Json]) -> Sequence[Mapping[str, Json]]:
    return _mappings(mapping_of(document.get("spec")).get("tests"))


def _mappings(value: Json) -> tuple[Mapping[str, Json], ...]:
    items = value if isinstance(value, Sequence) and not isinstance(value, str) else ()
    return tuple(mapping_of(item) for item in items)
