"""`PolicyEngine` over an OPA server: checked here as for the embedded engine, uploaded once, then asked."""

import json
import re
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from trueup.adapters.policy import codes as policy_codes
from trueup.adapters.policy.bundle import digest_of_files
from trueup.adapters.policy.embedded.engine import EmbeddedEngine
from trueup.adapters.policy.opa import codes
from trueup.adapters.policy.opa.client import Answer, OpaRefusedError, OpaServer
from trueup.adapters.policy.opa.settings import OpaSettings
from trueup.adapters.policy.opa.upload import Upload, prefix_of
from trueup.core.diagnostics import Diagnostic
from trueup.core.errors import TrueupError
from trueup.core.json import Json
from trueup.policy.results import Evaluation, PolicyFile, RuleResult

_VERSION = re.compile(r"v?(\d+)\.(\d+)")
_REGO_V1 = (1, 0)
_ALIGNED_NOT = (1, 17)
_MAX_DEPTH = 127
"""Of a document; the embedded engine takes no deeper one."""
_SERVER_ERROR = 500

Problems = tuple[Diagnostic, ...]


class OpaEngine:
    """Rego on an OPA server.

    A server may serve others as well: each bundle lies in a package of its own. Static checks run in *local*.
    """

    def __init__(self, settings: OpaSettings, local: EmbeddedEngine, root: Path) -> None:
        self._settings = settings
        self._local = local
        self._server = OpaServer(settings, root)
        self._lock = threading.Lock()
        self._held: tuple[str, Upload] | None = None
        self._version = ""

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._server.close()

    @property
    def name(self) -> str:
        """Name, version and place, as decisions record them; the version is known after the first answer."""
        return f"opa {self._version or 'of unknown version'} at {self._settings.server}"

    def check(self, bundle: Sequence[PolicyFile]) -> tuple[Diagnostic, ...]:
        """Find what is wrong with the policies, tests included, without evaluating anything."""
        return self._local.check(bundle)

    def evaluate(self, bundle: Sequence[PolicyFile], documents: Sequence[bytes], now: datetime) -> list[Evaluation]:
        """Evaluate every `deny`, `violation` and `warn` of the bundle on each document (JSON text).

        *now* is what `time.now_ns()` gives. Whatever goes wrong is in `errors`: nothing is raised.
        """
        with self._lock:
            upload = self._upload_of(bundle)
            if isinstance(upload, tuple):
                return [Evaluation((), upload, (), self.name) for _ in documents]
            return [self._evaluate(upload, document, now) for document in documents]

    def _upload_of(self, bundle: Sequence[PolicyFile]) -> Upload | Problems:
        digest = digest_of_files(file for file in bundle if not file.path.endswith("_test.rego"))
        if self._held is None or self._held[0] != digest:
            prefix = prefix_of(digest)
            relocated = self._local.relocate(bundle, prefix)
            if isinstance(relocated, tuple):
                return relocated
            self._held = (digest, Upload(prefix, relocated))
        return self._held[1]

    def _evaluate(self, upload: Upload, document: bytes, now: datetime) -> Evaluation:
        value = read_document(document)
        said = ((), (value,)) if isinstance(value, Diagnostic) else self._said(upload, _question(value, now))
        rules = tuple(sorted({rule.id for rule in upload.bundle.rules}))
        return Evaluation(said[0], said[1], rules, self.name, upload.bundle.rules)

    def _said(self, upload: Upload, question: Json) -> tuple[tuple[RuleResult, ...], Problems]:
        try:
            return self._ask(upload, question)
        except OpaRefusedError as error:
            # What the server's compiler says has places; the rest is one sentence.
            found = upload.problems(error.errors, codes.POLICY_REFUSED)
            return (), found or (error.diagnostic(),)
        except TrueupError as error:
            return (), (error.diagnostic(),)

    def _ask(self, upload: Upload, question: Json) -> tuple[tuple[RuleResult, ...], Problems]:
        answer = self._query(upload, question)
        results = upload.read(answer.result) if answer is not None and answer.is_defined else None
        if answer is not None and not isinstance(results, tuple):
            # The bundle is not there, or not whole: another server, a restart, or somebody removed some of it.
            self._put(upload)
            answer = self._query(upload, question)
            results = upload.read(answer.result) if answer is not None and answer.is_defined else results
        if answer is None:
            return self._one_by_one(upload, question)
        if isinstance(results, tuple):
            return results, ()
        none = Diagnostic(codes.ANSWER, f"{self._settings.server} gives no result for the policies it was sent.")
        return (), (results or none,)

    def _query(self, upload: Upload, question: Json, entry: int | None = None) -> Answer | None:
        """Return the server's answer; None when rules ended with an error."""
        try:
            answer = self._server.query(upload.path(entry), question)
        except OpaRefusedError as error:
            if entry is None and error.status == _SERVER_ERROR and error.errors:
                return None
            raise
        self._take_version(upload, answer.version)
        return answer

    def _one_by_one(self, upload: Upload, question: Json) -> tuple[tuple[RuleResult, ...], Problems]:
        """Ask rule by rule, so that an error takes no more than its own rule's results away."""
        results: list[RuleResult] = []
        problems: list[Diagnostic] = []
        for number in range(len(upload.bundle.entries)):
            try:
                answer = self._query(upload, question, number)
            except OpaRefusedError as error:
                if error.status != _SERVER_ERROR or not error.errors:
                    raise
                problems += upload.problems(error.errors, policy_codes.EVALUATION)
                continue
            read = upload.read(answer.result if answer else None, number)
            if isinstance(read, Diagnostic):
                return (), (read,)
            results += read
        return tuple(results), tuple(problems)

    def _put(self, upload: Upload) -> None:
        self._server.put_data(upload.prefix, upload.data)
        for name, _, text in upload.policies():
            self._server.put_policy(name, text)

    def _take_version(self, upload: Upload, version: str) -> None:
        """Remember the version that answered.

        Raises:
            OpaRefusedError: It is unknown, or too old for the policies.
        """
        found = _VERSION.match(version)
        if found is None:
            raise OpaRefusedError(codes.VERSION, f"{self._settings.server} does not say which version of OPA it is.")
        needed = _ALIGNED_NOT if upload.needs_aligned_not else _REGO_V1
        if (int(found[1]), int(found[2])) < needed:
            detail = f"{self._settings.server} is OPA {version}, and the policies need {needed[0]}.{needed[1]}."
            raise OpaRefusedError(codes.VERSION, detail)
        self._version = version.removeprefix("v")


def _question(document: Json, now: datetime) -> dict[str, Json]:
    since = now - datetime(1970, 1, 1, tzinfo=UTC)
    nanoseconds = ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1_000
    return {"document": document, "now": nanoseconds}


def read_document(text: bytes) -> Json | Diagnostic:
    """Return the document, or why no engine takes it: what is refused here is refused by the embedded one."""
    try:
        value: Json = json.loads(text, parse_constant=_refuse)
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        return Diagnostic(policy_codes.DOCUMENT_REFUSED, f"{error}.")
    if _is_deeper(value, _MAX_DEPTH):
        return Diagnostic(policy_codes.DOCUMENT_REFUSED, f"It is nested more than {_MAX_DEPTH} deep.")
    return value


def _refuse(constant: str) -> Json:
    raise ValueError(f"{constant} is no number of JSON")


def _is_deeper(value: Json, depth: int) -> bool:
    level = [value]
    for _ in range(depth + 1):
        level = [
            child
            for item in level
            if isinstance(item, dict | list)
            for child in (item.values() if isinstance(item, dict) else item)
        ]
        if not level:
            return False
    return True
