"""Documents that are nearly right, and what two engines make of each."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from opa_server import error_list
from oracle import VERSION, Bundle, Oracle
from trueup.adapters.policy import codes
from trueup.adapters.policy.both import compare
from trueup.adapters.policy.embedded.engine import EmbeddedEngine
from trueup.adapters.policy.embedded.policies import load
from trueup.adapters.policy.opa.client import Answer, OpaRefusedError
from trueup.adapters.policy.opa.engine import OpaEngine
from trueup.adapters.policy.opa.settings import OpaSettings
from trueup.core.json import Json, canonical
from trueup.policy.results import Evaluation, PolicyFile

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
GOLDEN = Path(__file__).parent / "golden" / "policy"

ODD: Sequence[Any] = (
    *(None, True, False, 0, -1, 1, 1.5, 0.1, 1e-7, 2**53 + 1, 2**63, -(2**63), 10**6, 1234567.5),
    *(
        "",
        " ",
        "x",
        "0",
        "true",
        "é",
        "😀",
        "\u0663",
        "\u0000",
        "a/b",
        "*",
        "sha256:" + "a" * 64,
        "2026-11-21",
        "v1.0.0",
    ),
    *([], {}, [None], [[]], [{}], {"": None}, {"a": {"b": []}}, ["x", "x"], [1, "1"]),
)


class DirectServer:
    """Stands for the client and its server: the oracle without the sockets, which would take most of the time."""

    def __init__(self, oracle: Oracle) -> None:
        self._oracle = oracle
        self._policies: dict[str, str] = {}
        self._data: dict[str, Any] = {}
        self._bundle: Bundle | None = None

    def put_policy(self, name: str, text: str) -> None:
        self._policies[name] = text
        self._bundle = None

    def put_data(self, name: str, data: dict[str, Any]) -> None:
        self._data[name] = data
        self._bundle = None

    def query(self, path: str, document: Json) -> Answer:
        if self._bundle is None:
            self._bundle = Bundle(dict(self._policies), dict(self._data))
        reference = "data" + "".join(f"[{json.dumps(part)}]" for part in path.split("/"))
        said = self._oracle.ask(self._bundle, reference, json.dumps(document))
        if said.error:
            raise OpaRefusedError(codes.EVALUATION, said.error, 500, tuple(error_list(said)))
        return Answer(said.value, said.is_defined, VERSION)

    def close(self) -> None:
        """Nothing is open."""


def direct_engine(oracle: Oracle, local: EmbeddedEngine) -> OpaEngine:
    """Return the engine on a server, without the sockets."""
    engine = OpaEngine(OpaSettings("http://localhost"), local, Path())
    engine._server = DirectServer(oracle)  # type: ignore[assignment]  # has what is asked of it
    return engine


def documents(library: Sequence[PolicyFile]) -> list[Any]:
    """Return right documents: the one that the library's tests start from, and the golden ones."""
    loaded = load([(f.path, f.root, f.content.decode()) for f in library])
    assert loaded.problems == (), loaded.problems
    answer = json.loads(loaded.engine.eval_query_as_json("data.trueup.fixtures.good"))
    golden = [json.loads(path.read_text()) for path in sorted(GOLDEN.glob("*/document.json"))]
    return [answer["result"][0]["expressions"][0]["value"], *golden]


def mutated(document: Any, random: Random) -> Any:
    """Return *document* with one to four places changed."""
    changed = copy.deepcopy(document)
    for _ in range(random.randint(1, 4)):
        _mutate(changed, random)
    return changed


def _places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Yield (container, key) of every place below *node*."""
    stack = [node]
    while stack:
        inner = stack.pop()
        items = list(inner.items()) if isinstance(inner, dict) else list(enumerate(inner))
        for key, value in items:
            yield inner, key
            if isinstance(value, dict | list):
                stack.append(value)


def _mutate(document: Any, random: Random) -> None:
    places = list(_places(document))
    if not places:
        return
    container, key = random.choice(places)
    other, place = random.choice(places)
    match random.randint(0, 7):
        case 0:
            del container[key]
        case 1 | 2:
            container[key] = copy.deepcopy(random.choice(ODD))
        case 3:
            container[key] = copy.deepcopy(other[place])
        case 4 if isinstance(container, list):
            container.append(copy.deepcopy(container[key]))
        case 5 if isinstance(container, dict):
            container[random.choice(("", "x", "é", str(place)))] = container.pop(key)
        case 6 if isinstance(container[key], bool):
            container[key] = not container[key]
        case 6 if isinstance(container[key], int | float):
            container[key] = random.choice((0, -container[key], container[key] + 1, container[key] / 2))
        case _ if isinstance(container[key], str):
            text = container[key]
            container[key] = random.choice((text.upper(), text + "x", text[1:], f" {text}", text.replace("/", "-")))
        case _:
            container[key] = [container[key]]


@dataclass
class Tally:
    """What came of the documents."""

    documents: int = 0
    results: int = 0
    denied: int = 0
    both_erred: int = 0
    decisions_differ: int = 0
    differ: Counter[str] = field(default_factory=Counter)
    examples: dict[str, Any] = field(default_factory=dict)

    def add(self, document: Any, one: Evaluation, other: Evaluation) -> None:
        self.documents += 1
        self.results += len(one.results)
        self.denied += denies(one)
        self.both_erred += bool(one.errors) and bool(other.errors)
        self.decisions_differ += denies(one) != denies(other)
        for problem in compare(one, other).errors:
            if problem.code.id == "POL047":
                place = str(problem.span.path if problem.span else "")
                why = next((e.detail for e in (*one.errors, *other.errors)), "")
                key = f"{place}: {problem.detail.split(' gives ')[0]} {why}"[:220]
                self.differ[key] += 1
                self.examples.setdefault(key, (document, problem.detail))


def denies(evaluation: Evaluation) -> bool:
    """Tell whether the decision is to deny."""
    return bool(evaluation.errors) or any(r.entry.startswith(("deny", "violation")) for r in evaluation.results)


def compared(
    one: EmbeddedEngine, other: OpaEngine, bundle: Sequence[PolicyFile], samples: Iterable[Any], tally: Tally
) -> Tally:
    """Ask both engines for each document."""
    for sample in samples:
        text = canonical(sample)
        (left,), (right,) = one.evaluate(bundle, [text], NOW), other.evaluate(bundle, [text], NOW)
        tally.add(sample, left, right)
    return tally


def differences(tally: Tally) -> list[str]:
    """Return what differed, most often first."""
    return [f"{count:5} {what}" for what, count in tally.differ.most_common()]
