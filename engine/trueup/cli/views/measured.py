"""What evaluations gave, as text: each metric with its interval, each threshold with how it was judged."""

from collections.abc import Iterator, Mapping, Sequence

from trueup.cli.output import Style
from trueup.core.frozen import dataclass
from trueup.evidence.evidence import GateResult, Measurement
from trueup.evidence.gates import shortfall

_COSTS = frozenset({"prompt_tokens", "completion_tokens", "gpu_hours", "cost"})
"""Measurements of the run and not of the release."""

_MOST_SLICES = 12
"""Slices that are shown of one metric; the record has all."""


@dataclass(frozen=True, slots=True)
class Result:
    """One evaluation of one deployment."""

    deployment: str
    evaluation: str
    passed: bool
    undecided: bool
    measurements: tuple[Measurement, ...]
    gates: tuple[GateResult, ...]


def render(results: Sequence[Result], style: Style) -> str:
    """Return a block for each of *results*."""
    return "\n".join(line for result in results for line in _block(result, style))


def _block(result: Result, style: Style) -> Iterator[str]:
    yield f"{_verdict(result, style)}  {style.paint(result.evaluation, 'bold')} of {result.deployment}"
    gated = {(g.metric, g.slice) for g in result.gates}
    rows = [*_gates(result, style), *_others(result, gated)]
    width = max((len(name) for name, _ in rows), default=0)
    for name, said in rows:
        yield f"    {name:<{width}}  {said}".rstrip()


def _verdict(result: Result, style: Style) -> str:
    if result.passed:
        return style.paint("ok passed    ", "green")
    if result.undecided:
        return style.paint("?  undecided ", "yellow", "bold")
    return style.paint("!  failed    ", "red", "bold")


def _gates(result: Result, style: Style) -> Iterator[tuple[str, str]]:
    measured = {(m.metric, m.slice): m for m in result.measurements}
    for gate in result.gates:
        found = measured.get((gate.metric, gate.slice))
        value = "not measured" if found is None else _value(found)
        wanted = f"wanted {gate.operator} {gate.threshold:g}"
        if gate.passed:
            mark = style.paint("ok", "green")
        elif gate.undecided:
            mark = style.paint(shortfall(gate), "yellow", "bold")
        else:
            mark = style.paint("missed", "red", "bold")
        yield _name(gate.metric, gate.slice), f"{value}   {wanted}: {mark}"


def _others(result: Result, gated: set[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    shown: dict[str, int] = {}
    for one in result.measurements:
        if (one.metric, one.slice) in gated or one.metric in _COSTS:
            continue
        shown[one.metric] = shown.get(one.metric, 0) + 1
        if shown[one.metric] <= _MOST_SLICES:
            yield _name(one.metric, one.slice), _value(one)
    for metric, count in shown.items():
        if count > _MOST_SLICES:
            yield _name(metric, ""), f"and {count - _MOST_SLICES} slices more"
    costs = {m.metric: m for m in result.measurements if m.metric in _COSTS}
    if costs:
        yield "run", ", ".join(_cost(m) for m in costs.values())


def _name(metric: str, slice_name: str) -> str:
    return f"{metric} in {slice_name}" if slice_name else metric


def _value(one: Measurement) -> str:
    unit = "" if one.unit in {"", "ratio", "count"} else f" {one.unit}"
    interval = "" if one.interval is None else f" [{_number(one.interval[0])}, {_number(one.interval[1])}]"
    return f"{_number(one.value)}{unit}{interval} of {one.samples}"


def _cost(one: Measurement) -> str:
    words: Mapping[str, str] = {"prompt_tokens": "tokens read", "completion_tokens": "tokens written"}
    match one.metric:
        case "gpu_hours":
            return f"{one.value:.3f} GPU hours"
        case "cost":
            return f"{one.value:.4f} {one.unit}"
        case name:
            return f"{one.value:,.0f} {words[name]}"


def _number(value: float) -> str:
    """Spell a number with the digits a reader compares."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}" if value and abs(value) < 0.1 else f"{value:.3f}"
