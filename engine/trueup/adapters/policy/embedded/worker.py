"""The worker process: reads requests from standard input, one JSON object a line, and answers the same way.

Policies are other people's programs. Here they can exhaust only this process: memory and files are limited once,
processor time before every answer, and the parent watches the clock. Started with `-I -S`, so that nothing of
the user's environment or folder is imported.
"""

import gc
import json
import resource
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

from trueup.adapters.policy import codes
from trueup.adapters.policy.embedded.images import ALL, Asked, image_from_json
from trueup.adapters.policy.embedded.policies import Loaded, load, prepare
from trueup.core.diagnostics import Diagnostic, Span

Message = dict[str, Any]


def main() -> None:
    """Answer until standard input ends. Argument: bytes of memory. Requests say how many seconds they may take."""
    _limit(resource.RLIMIT_AS, int(sys.argv[1]))
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    bundles: dict[str, Loaded] = {}
    for line in sys.stdin.buffer:
        request: Message = {}
        try:
            request = json.loads(line)
            _allow_cpu(request["seconds"])
            answer = _answer(request, bundles)
        except ImportError as error:
            answer = {"unusable": str(error)}
        except MemoryError:
            answer = {"failed": "out of memory"}
        except BaseException as error:  # noqa: BLE001 a panic of the engine is no Exception
            answer = {"failed": f"{type(error).__name__}: {str(error)[:500]}"}
        sys.stdout.buffer.write(json.dumps({**answer, "ticket": request.get("ticket")}).encode() + b"\n")
        sys.stdout.buffer.flush()


def _limit(kind: int, amount: int) -> None:
    try:
        resource.setrlimit(kind, (amount, amount))
    except (ValueError, OSError):
        # macOS has limits it does not enforce and does not let lower; the parent's clock still holds.
        return


@contextmanager
def _uncollected() -> Iterator[None]:
    """Collect no garbage while syntax trees are made, which all stay: it would take a quarter of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.freeze()


def _allow_cpu(seconds: int) -> None:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (int(usage.ru_utime + usage.ru_stime) + 1 + seconds, hard))
    except (ValueError, OSError):
        return


def _answer(request: Message, bundles: dict[str, Loaded]) -> Message:
    match request["do"]:
        case "load":
            bundles.clear()  # the parent asks about the last one alone
            with _uncollected():
                loaded = bundles[request["bundle"]] = load([tuple(f) for f in request["files"]])
            return {
                "problems": [_spell(p) for p in loaded.problems],
                "entries": [_describe(a) for a in loaded.entries],
                "tests": [_describe(a) for a in loaded.tests],
            }
        case "prepare":
            bundles.clear()
            loaded = bundles[request["bundle"]] = prepare(image_from_json(request["image"]))
            return {"problems": [_spell(p) for p in loaded.problems]}
        case "image":
            image = bundles[request["bundle"]].image
            return {"image": image.to_json() if image else None}
        case "evaluate":
            only = request.get("only")
            return _evaluate(bundles[request["bundle"]], request["document"], request["now"], only)
        case "test":
            return _test(bundles[request["bundle"]], request["index"], request["now"])
        case "todo" | "lines" | "lines written" | "cover" | "reached" | "reads" | "trace":
            from trueup.adapters.policy.embedded.explaining import answer

            return answer(request, bundles[request["bundle"]])
        case "clock":
            from trueup.adapters.policy.embedded.clock import clock_fields

            return {"fields": clock_fields(bundles[request["bundle"]].modules)}
        case "relocate":
            from trueup.adapters.policy.embedded.relocation import relocate, spell

            loaded = bundles[request["bundle"]]
            return {"modules": spell(relocate(loaded.modules, request["prefix"])), "data": loaded.tree}
        case other:
            raise ValueError(f"unknown request {other}")


def _evaluate(loaded: Loaded, document: str | None, now: int, only: int | None) -> Message:
    """Ask all entries, or the one of that number; without a document, about the one that was asked about before."""
    refused = None if document is None else _take(loaded, document, now)
    if refused is not None:
        return refused
    if only is not None:
        return _one_by_one(loaded, [only])
    values = together(loaded.engine, len(loaded.entries))
    if values is not None:
        return {"results": list(enumerate(values)), "problems": []}
    return _one_by_one(loaded, range(len(loaded.entries)))


def _take(loaded: Loaded, document: str, now: int) -> Message | None:
    """Have the engine hold a document; return the answer when it does not take it."""
    loaded.clock[0] = now
    try:
        loaded.engine.set_input_json(document)
    except BaseException as error:  # noqa: BLE001 a panic of the engine is no Exception
        return {"results": [], "problems": [_spell(loaded.diagnose(error, codes.DOCUMENT_REFUSED, None))]}
    return None


def _one_by_one(loaded: Loaded, indexes: Iterable[int]) -> Message:
    engine = loaded.engine.clone()
    results, problems = [], []
    for index in indexes:
        asked = loaded.entries[index]
        try:
            value = _value(engine, asked.query)
        except BaseException as error:  # noqa: BLE001 a panic of the engine is no Exception
            problems.append(_spell(loaded.diagnose(error, codes.EVALUATION, asked.span)))
            continue
        if isinstance(value, list):
            results.append([index, value])
        else:
            what = "no value" if value is None else "a value that is no set"
            problems.append(_spell(Diagnostic(codes.EVALUATION, f"`{asked.name}` gave {what}.", asked.span)))
    return {"results": results, "problems": problems}


def together(engine: Any, number: int) -> list[Any] | None:
    """Return the sets of all entries by one rule, which shares what they share; None when one has no answer.

    There are *number* of them: any other answer is not that rule's.
    """
    try:
        values = json.loads(engine.eval_rule_as_json(".".join(ALL)))
    except BaseException:  # noqa: BLE001 a panic of the engine is no Exception; asking one by one tells which
        return None
    finally:
        engine.take_prints()  # nobody reads them, and they would add up
    is_whole = isinstance(values, list) and len(values) == number and all(isinstance(v, list) for v in values)
    return values if is_whole else None


def _test(loaded: Loaded, index: int, now: int) -> Message:
    loaded.clock[0] = now
    engine = loaded.engine.clone()
    asked = loaded.tests[index]
    start = perf_counter()
    try:
        value = _value(engine, asked.query)
        passed, output = value is not None and value is not False, ""
    except BaseException as error:  # noqa: BLE001 a panic of the engine is no Exception
        problem = loaded.diagnose(error, codes.EVALUATION, asked.span)
        passed, output = False, f"{problem.span}: {problem.detail}"
    seconds = perf_counter() - start
    return {"passed": passed, "seconds": seconds, "output": "\n".join([*engine.take_prints(), output]).strip()}


def _value(engine: Any, query: str) -> Any:
    """Return the value of *query*, None when it is undefined."""
    answer = json.loads(engine.eval_query_as_json(query))
    results = answer.get("result")
    return results[0]["expressions"][0]["value"] if results else None


def _describe(asked: Asked) -> Message:
    span = asked.span
    return {"package": asked.package, "name": asked.name, "span": [span.path, span.line, span.column]}


def _spell(problem: Diagnostic) -> Message:
    span: Span | None = problem.span
    place = [span.path, span.line, span.column] if span else None
    return {"code": problem.code.id, "detail": problem.detail, "hint": problem.hint, "span": place}
