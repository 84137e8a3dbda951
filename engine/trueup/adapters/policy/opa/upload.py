"""A bundle on the server: what it is called there, the module that asks all its rules at once, and what OPA says of it.

Everything lies below one package whose name has the bundle's digest, so that one server may hold many bundles. The
module that asks comes last; without it there is no answer, and with it each answer tells which modules took part.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from trueup.adapters.policy import codes as policy_codes
from trueup.adapters.policy.embedded.relocated import PRESENT, Relocated
from trueup.adapters.policy.opa import codes
from trueup.core.diagnostics import Code, Diagnostic, Span, sort_diagnostics
from trueup.core.frozen import dataclass
from trueup.core.json import Json
from trueup.policy.results import RuleResult

_QUERY = "trueup_query"
_DATA = "trueup_data"
"""Beside the bundle's data: says that it is there."""
_FORMAT = 1
"""Part of the name; another layout on the server is another bundle."""


def prefix_of(digest: str) -> str:
    """Return the package that a bundle lies in."""
    return f"trueup_{_FORMAT}_{digest.rpartition(':')[2][:32]}"


@dataclass(frozen=True, slots=True)
class Upload:
    """A bundle as it is put on the server."""

    prefix: str
    bundle: Relocated

    @property
    def needs_aligned_not(self) -> bool:
        """Whether a module imports what OPA has since 1.17."""
        return any(module.aligned_not for module in self.bundle.modules)

    @property
    def data(self) -> dict[str, Any]:
        """What lies below the package, besides rules."""
        return {**self.bundle.data, _DATA: self.prefix}

    def policies(self) -> Iterable[tuple[str, str, str]]:
        """Yield name on the server, file and text of each upload, in order."""
        for number, module in enumerate(self.bundle.modules):
            if module.stub:
                yield self._name(number), module.path, module.stub
        for number, module in enumerate(self.bundle.modules):
            yield self._name(number), module.path, module.text
        yield f"{self.prefix}-query", "", self._query()

    def _name(self, number: int) -> str:
        return f"{self.prefix}-{number}"

    def path(self, entry: int | None = None) -> str:
        """Return the path that gives the sets of all entries, or of one."""
        return f"{self.prefix}/{_QUERY}/{'all' if entry is None else f'entry_{entry}'}"

    def _query(self) -> str:
        packages = sorted({module.package for module in self.bundle.modules})
        present = " | ".join(_reference((self.prefix, *package, PRESENT)) for package in packages) or "set()"
        sets = [_reference((self.prefix, *package.split("."), name)) for package, name, _ in self.bundle.entries]
        lines = [f"package {self.prefix}.{_QUERY}"]
        for name, values in (("all", sets), *((f"entry_{n}", [one]) for n, one in enumerate(sets))):
            lines += [
                f"{name} := said if {{",
                f'\tsaid := {{"bundle": {_reference((self.prefix, _DATA))}, "modules": {present}, "sets": [',
                *(f"\t\t{one}," for one in values),
                "\t]} with input as input.document with time.now_ns as input.now",
                "}",
            ]
        return "\n".join(lines) + "\n"

    def read(self, result: Json, entry: int | None = None) -> tuple[RuleResult, ...] | Diagnostic:
        """Return the results in an answer, or why it is none to this bundle's question."""
        asked = list(range(len(self.bundle.entries))) if entry is None else [entry]
        wrong = _wrong(result, self.prefix, len(self.bundle.modules), len(asked))
        if wrong or not isinstance(result, dict):
            return Diagnostic(codes.ANSWER, wrong)
        return tuple(
            RuleResult(name, package, raw, span)
            for (package, name, span), values in zip(
                (self.bundle.entries[n] for n in asked), _lists(result["sets"]), strict=True
            )
            for raw in values
        )

    def problems(self, errors: Sequence[Mapping[str, Any]], code: Code) -> tuple[Diagnostic, ...]:
        """Return what OPA says of policies, at the places that they have here."""
        return sort_diagnostics(self._problem(error, code) for error in errors)

    def _problem(self, error: Mapping[str, Any], code: Code) -> Diagnostic:
        location = error.get("location")
        place = location if isinstance(location, dict) else {}
        number = str(place.get("file", "")).removeprefix(f"{self.prefix}-")
        row = place.get("row")
        span = None
        if number.isdecimal() and int(number) < len(self.bundle.modules):
            span = Span(self.bundle.modules[int(number)].path, row if isinstance(row, int) else 0, 1)
        said = str(error.get("message", "")).replace(f"data.{self.prefix}.", "data.").replace(f"{self.prefix}.", "")
        return Diagnostic(code, f"{error.get('code', 'error')}: {' '.join(said.split())[:500]}", span)


def _reference(parts: Sequence[str]) -> str:
    return "data" + "".join(f"[{json.dumps(part)}]" for part in parts)


def _lists(value: Json) -> list[list[Json]]:
    return [item for item in value if isinstance(item, list)] if isinstance(value, list) else []


def _wrong(result: Json, prefix: str, modules: int, asked: int) -> str:
    """Say what is wrong with the shape of an answer, or with what it says it is about."""
    if not isinstance(result, dict):
        return "The result is no object."
    if result.get("bundle") != prefix:
        return "The answer is not about the policies that were asked."
    present = result.get("modules")
    if not isinstance(present, list) or set(map(str, present)) != set(map(str, range(modules))):
        return "Not all policies that were sent took part in the answer."
    sets = result.get("sets")
    if not isinstance(sets, list) or len(sets) != asked or len(_lists(sets)) != asked:
        return "The answer has not one set for each rule that was asked."
    return ""


EVALUATION = policy_codes.EVALUATION
"""Of errors of rules, as the embedded engine has it: an error is the same on both."""
