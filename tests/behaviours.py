"""Behaviour diffs to show: an ordinary one, one of which nothing is known, and one whose answers are hostile."""

from dataclasses import replace

from runs import answer, evidence
from trueup.core.digests import Digest, digest_of
from trueup.diff.behaviour.behaviour import BehaviourDiff, EvaluationDiff, Side, Terms, evaluation_diff
from trueup.diff.behaviour.parts import Part
from trueup.diff.behaviour.usage import TokenPrices
from trueup.evidence.evidence import Measurement
from trueup.evidence.examples import ExampleResult, without_texts

SUPPORT = "Deployment/dev/support"
FACTS = "Evaluation/facts@1"
PRICES = TokenPrices(0.2, 0.8, "EUR")
PROMPT = (Part("prompt", "Prompt/support@1", "Prompt/support@2"),)
KEY = "sk-" + "a1B2" * 6

CAPITALS = (("France", "Paris"), ("Japan", "Tokyo"), ("Peru", "Lima"), ("Kenya", "Nairobi"))
HOSTILE = (
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "]]> --> </details> </td>",
    "ping @acme/admins and #42",
    "::error file=a.py::pwned\n##[error]pwned",
    "```\n</details>\n| a | b |\n````",
    "\x1b[2J\x1b]0;pwned\x07 \u202egnp.exe\u2066",
    '"><a href="javascript:alert(1)">x</a>',
    "&lt;b&gt; &amp;",
    f"The key is {KEY}.",
)
"""What a model might say to whoever reads about it."""


def diff(*evaluations: EvaluationDiff, notes: tuple[str, ...] = (), old: str = "old") -> BehaviourDiff:
    release = digest_of(old) if old else Digest("")
    return BehaviourDiff(SUPPORT, release, digest_of("new"), PROMPT, evaluations, notes)


def evaluated(
    old: list[ExampleResult], new: list[ExampleResult], *more: Measurement, limit: int | None = None
) -> EvaluationDiff:
    sides = (Side(evidence(run, *more), tuple(run)) for run in (old, new))
    return evaluation_diff(FACTS, *sides, Terms(prices=PRICES, limit=limit))


def ordinary() -> tuple[BehaviourDiff, ...]:
    """Some broke, one was repaired, one is worded otherwise, most are the same."""
    counted = {"prompt_tokens": 30, "seconds": 0.12}
    questions = [(f"c{i:02d}", f"What is the capital of {c}?", f"The capital of {c} is {t}.") for i, (c, t) in
                 enumerate(CAPITALS * 10)]  # fmt: skip
    old = [answer(i, a, asked=q, slice_="capital", completion_tokens=9, **counted) for i, q, a in questions]
    new = [answer(i, a, asked=q, slice_="capital", completion_tokens=12, **counted) for i, q, a in questions]
    new[1] = answer("c01", "The capital of Japan is Kyoto, of course.", 0.0, asked=questions[1][1], slice_="capital")
    new[2] = answer("c02", "I cannot say.", 0.0, asked=questions[2][1], slice_="capital")
    old[3] = answer("c03", "Nairobi?", 0.0, asked=questions[3][1], slice_="capital")
    new[5] = answer("c05", "It is Tokyo, the capital of Japan.", asked=questions[5][1], slice_="capital", epoch=0)
    new[6] = answer("c06", "Lima.", asked=questions[6][1], slice_="capital")
    return (diff(evaluated(old, new, limit=4)),)


def unknown() -> tuple[BehaviourDiff, ...]:
    """Nothing is known of the new release, and a deployment serves nothing yet."""
    command = "`trueup evaluate -e dev support` measures it."
    missing = evaluation_diff(FACTS, Side(evidence([answer("a")])), Side(how_to_get=command), Terms())
    fresh = BehaviourDiff("Deployment/dev/chat", Digest(""), digest_of("new"), (), (), ("Nothing serves it yet.",))
    unasked = replace(diff(notes=("Environment/dev requires no evaluation.",)), deployment="Deployment/dev/search")
    return (diff(missing), unasked, fresh)


def hostile() -> tuple[BehaviourDiff, ...]:
    """Ids, slices, questions and answers that try to be something else than text."""
    old = [answer(f"{i} {text}", "plain", asked=text, slice_=text) for i, text in enumerate(HOSTILE)]
    new = [answer(f"{i} {text}", text, 0.0, asked=text, slice_=text) for i, text in enumerate(HOSTILE)]
    return (diff(evaluated(old, new)),)


def scripts() -> tuple[BehaviourDiff, ...]:
    """Right to left, joined letters, emoji, and a difference that nobody can see."""
    old = [
        answer("arabic", "عاصمة اليابان هي طوكيو."),
        answer("hebrew", "בירת יפן היא טוקיו"),
        answer("persian", "می\u200cشود"),
        answer("emoji", "Done \U0001f468\u200d\U0001f469\u200d\U0001f467"),
        answer("space", "to be\nor not"),
        answer("empty", ""),
    ]
    new = [
        answer("arabic", "عاصمة اليابان هي كيوتو.", 0.0),
        answer("hebrew", "בירת יפן היא קיוטו", 0.0),
        answer("persian", "میشود"),
        answer("emoji", "Well done \U0001f468\u200d\U0001f469\u200d\U0001f467"),
        answer("space", "to be or not"),
        answer("empty", "something"),
    ]
    return (diff(evaluated(old, new)),)


def withheld() -> tuple[BehaviourDiff, ...]:
    """Texts that are not kept."""
    old, new = (answer("a", "x", asked="q"), answer("b", "same")), (answer("a", "y", 0.0), answer("b", "same"))
    return (diff(evaluated([without_texts(r) for r in old], [without_texts(r) for r in new])),)
