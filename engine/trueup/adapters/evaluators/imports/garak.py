"""garak: `*.report.jsonl`, one entry a line. Its probes are attacks; what matters is how many got through."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from trueup.adapters.evaluators.imports import codes
from trueup.adapters.evaluators.imports.documents import Node, Problems, parse_lines, read_file
from trueup.adapters.evaluators.imports.measuring import share_error
from trueup.core.frozen import dataclass
from trueup.evidence.evidence import Measurement, Settings
from trueup.evidence.examples import ExampleResult
from trueup.evidence.imported import ImportedRun

TOOL = "garak"
VERSIONS = ("0.17.",)
METRIC = "attack_success_rate"

ATTACKS: Mapping[str, str] = {
    "adaptive_attacks": "jailbreak",
    "agent_breaker": "tool-abuse",
    "apikey": "leakage",
    "badchars": "jailbreak",
    "dan": "jailbreak",
    "divergence": "leakage",
    "doctor": "jailbreak",
    "dra": "jailbreak",
    "encoding": "injection",
    "exploitation": "tool-abuse",
    "fitd": "jailbreak",
    "goat": "jailbreak",
    "grandma": "jailbreak",
    "latentinjection": "injection",
    "latentinjection.LatentJailbreak": "jailbreak",
    "latentinjection.LatentJailbreakFull": "jailbreak",
    "leakreplay": "leakage",
    "phrasing": "jailbreak",
    "promptinject": "injection",
    "propile": "leakage",
    "sata": "jailbreak",
    "smuggling": "jailbreak",
    "suffix": "jailbreak",
    "sysprompt_extraction": "leakage",
    "tap": "jailbreak",
    "visual_jailbreak": "jailbreak",
    "web_injection": "injection",
}
"""Attack by module of probes, or by probe where it differs. Other probes (toxicity, hallucination, malware, ...) are
measured under their own names and count for no attack."""

HIT = 0.5
"""Score from which garak takes an attempt for a success, unless it was told `--eval_threshold`."""

_EVALUATED = 2
"""Status of an attempt that detectors have looked at; the same attempt is in the file before, with status 1."""


@dataclass(frozen=True, slots=True)
class _Attempts:
    """The attempts of one probe that count: by the probe's own detector."""

    probe: str
    hits: int
    total: int


def recognises(first: Mapping[str, object]) -> bool:
    """Tell whether the *first* line looks like one of a report."""
    return first.get("entry_type") == "start_run setup"


def read(path: Path) -> ImportedRun:
    """Read a report.

    Raises:
        RefusedResultsError: It cannot be used.
    """
    problems = Problems(str(path))
    entries = parse_lines(read_file(path, problems), path.name, problems)
    by_type: dict[str, list[Node]] = {}
    for entry in entries:
        by_type.setdefault(entry.at("entry_type").text(), []).append(entry)
    nothing = Node(None, path.name, problems)
    setup, init, end = (by_type.get(t, [nothing])[0] for t in ("start_run setup", "init", "completion"))
    version = init.at("garak_version").text(codes.UNKNOWN_VERSION)
    if version and not version.startswith(VERSIONS):
        problems.add(codes.UNKNOWN_VERSION, f"garak {version} is not known; known is 0.17.")
    if "completion" not in by_type:
        problems.add(codes.NOT_FINISHED, "The report has no `completion`: the run did not come to its end.")
    primary = _primary_detectors(by_type.get("plugin_cache", ()))
    counted = tuple(_counted(by_type.get("eval", ()), primary))
    if not counted:
        problems.add(codes.NO_RESULTS, "The report has no `eval`.")
    threshold = setup.at("run.eval_threshold").maybe_number()
    examples = tuple(_examples(by_type.get("attempt", ()), primary, HIT if threshold is None else threshold))
    _agree(counted, examples, problems)
    run = ImportedRun(
        settings=Settings(
            tool=TOOL,
            version=version,
            task=_task(setup, counted),
            seed=setup.at("run.seed").maybe_whole(),
            backend=setup.at("plugins.target_type").text(codes.NOT_COMPARABLE),
        ),
        model=setup.at("plugins.target_name").text(codes.NOT_COMPARABLE),
        measurements=tuple(_measured(counted)),
        examples=examples,
        attacks=tuple(sorted({a for c in counted if (a := attack_of(c.probe))})),
        started_at=init.at("start_time").time(),
        completed_at=end.at("end_time").time(),
    )
    problems.refuse()
    return run


def attack_of(probe: str) -> str:
    """Return the attack that *probe* (`module.Class`) belongs to; empty when it is none."""
    return ATTACKS.get(probe) or ATTACKS.get(probe.partition(".")[0], "")


def _task(setup: Node, counted: Sequence["_Attempts"]) -> str:
    """Return the probes, and how many prompts and answers each was held to."""
    cap = setup.at("run.soft_probe_prompt_cap").maybe_whole()
    answers = setup.at("run.generations").whole(codes.NOT_COMPARABLE)
    held = f"{answers} answers a prompt" + (f", at most {cap} prompts" if cap is not None else "")
    return f"{', '.join(sorted(c.probe for c in counted))} ({held})"


def _primary_detectors(caches: Sequence[Node]) -> Mapping[str, str]:
    """Return the detector by which each probe itself judges; others tell of other things, such as that it refused."""
    found = {}
    for cache in caches:
        probes = cache.at("plugin_cache", "probes")
        for name in probes.fields():
            detector = probes.at(name, "primary_detector").maybe_text()
            if detector:
                found[name.removeprefix("probes.")] = detector
    return found


def _counted(evals: Sequence[Node], primary: Mapping[str, str]) -> Iterator[_Attempts]:
    """Yield one count a probe: its own detector's; where the report does not tell it, of the one that saw most hits."""
    by_probe: dict[str, list[Node]] = {}
    for entry in evals:
        by_probe.setdefault(entry.at("probe").text(), []).append(entry)
    for probe, entries in by_probe.items():
        own = [e for e in entries if e.at("detector").value == primary.get(probe)]
        if probe in primary and not own:
            detail = f"`{probe}` was not judged by its own detector, `{primary[probe]}`."
            entries[0].problems.add(codes.NOT_COMPARABLE, detail)
        worst = max(own or entries, key=lambda e: e.at("fails").whole())
        passed, hits, nones = (worst.at(name).whole() for name in ("passed", "fails", "nones"))
        total = worst.at("total_evaluated").whole()
        if nones:
            detail = f"{nones} of {passed + hits + nones} attempts of `{probe}` got no answer."
            worst.problems.add(codes.FAILED_REQUESTS, detail)
        if passed + hits != total:
            detail = f"`{probe}`: {passed} passed and {hits} failed are not {total}."
            worst.problems.add(codes.CONTRADICTION, detail)
        if total == 0:
            worst.problems.add(codes.NO_RESULTS, f"`{probe}` has no attempts.")
        yield _Attempts(probe, hits, max(total, 1))


def _measured(counted: Sequence[_Attempts]) -> Iterator[Measurement]:
    """Yield the success rate of each attack over its probes, then of each probe."""
    by_attack: dict[str, list[_Attempts]] = {}
    for attempts in counted:
        if attack := attack_of(attempts.probe):
            by_attack.setdefault(attack, []).append(attempts)
    for attack, group in sorted(by_attack.items()):
        yield _rate(sum(a.hits for a in group), sum(a.total for a in group), attack)
    for attempts in counted:
        yield _rate(attempts.hits, attempts.total, attempts.probe)


def _rate(hits: int, total: int, part: str) -> Measurement:
    return Measurement(METRIC, hits / total, "ratio", total, share_error(hits / total, total), slice=part)


def _examples(attempts: Sequence[Node], primary: Mapping[str, str], threshold: float) -> Iterator[ExampleResult]:
    for attempt in attempts:
        if attempt.at("status").value != _EVALUATED:
            continue
        probe = attempt.at("probe_classname").text()
        results = attempt.at("detector_results")
        names = [d for d in results.fields() if d == primary.get(probe)] or list(results.fields())
        outputs = attempt.at("outputs").items()
        for place, output in enumerate(outputs):
            scores = [s for n in names for s in results.at(n).items()[place : place + 1]]
            hits = [s.number() >= threshold for s in scores if not s.is_missing]
            if not hits:
                continue
            yield ExampleResult(
                id=f"{probe}/{attempt.at('seq').whole()}",
                epoch=place,
                slice=attack_of(probe) or probe,
                scores=((METRIC, float(any(hits))),),
                input=_asked(attempt),
                output=output.at("text").maybe_text() or "",
                notes=(("goal", attempt.at("goal").maybe_text() or ""), ("probe", probe)),
            )


def _asked(attempt: Node) -> str:
    turns = attempt.at("prompt", "turns").items()
    return (turns[-1].at("content", "text").maybe_text() or "") if turns else ""


def _agree(counted: Sequence[_Attempts], examples: Sequence[ExampleResult], problems: Problems) -> None:
    """Note where the attempts in the file are not those that were counted."""
    if not examples:
        problems.add(codes.CONTRADICTION, "The report has no attempts.")
        return
    for attempts in counted:
        own = [e.scores[0][1] for e in examples if e.id.rpartition("/")[0] == attempts.probe]
        if len(own) != attempts.total or sum(own) != attempts.hits:
            detail = (
                f"`{attempts.probe}` counts {attempts.hits} hits in {attempts.total} attempts; "
                f"the file has {sum(own):g} in {len(own)}."
            )
            problems.add(codes.CONTRADICTION, detail)
