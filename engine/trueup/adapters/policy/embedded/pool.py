"""Several workers for several documents: two evaluate in the time of one where two cores are free."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from types import MappingProxyType, TracebackType
from typing import Any, Self

from trueup.adapters.policy.embedded.engine import EmbeddedEngine
from trueup.adapters.policy.embedded.kept_images import ImageMemory, Images
from trueup.core.diagnostics import Diagnostic
from trueup.policy.results import Evaluation, PolicyFile, RuleInfo

_WORTH_ANOTHER = 8
"""Documents for each worker, at least: a start costs as much as some decisions."""


class EnginePool:
    """`PolicyEngine` over up to *size* workers; each is started when there is enough for it."""

    def __init__(
        self, size: int, images: Images | None = None, *, limits: Mapping[str, Any] = MappingProxyType({})
    ) -> None:
        """Share what one worker has checked with the others, and with whoever keeps *images*.

        Args:
            size: The most workers.
            images: Where checked bundles are kept.
            limits: `timeout_seconds` and `memory_bytes` of each worker, where they are not the usual ones.
        """
        shared = ImageMemory(images)
        self._engines = [EmbeddedEngine(images=shared, **limits) for _ in range(max(size, 1))]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the workers."""
        for engine in self._engines:
            engine.close()

    @property
    def name(self) -> str:
        """Name and version, as decisions record it."""
        return self._engines[0].name

    def check(self, bundle: Sequence[PolicyFile]) -> tuple[Diagnostic, ...]:
        """Find what is wrong with the policies."""
        return self._engines[0].check(bundle)

    def describe(self, bundle: Sequence[PolicyFile]) -> tuple[RuleInfo, ...] | tuple[Diagnostic, ...]:
        """Return what the rules of the bundle say of themselves, or what is wrong with it."""
        return self._engines[0].describe(bundle)

    def clock_fields(self, bundle: Sequence[PolicyFile]) -> frozenset[str] | None:
        """Return the fields of `input.clock` that the policies may read; None when it may be any, or the time."""
        return self._engines[0].clock_fields(bundle)

    def evaluate(self, bundle: Sequence[PolicyFile], documents: Sequence[bytes], now: datetime) -> list[Evaluation]:
        """Evaluate the bundle on each document, in the documents' order."""
        number = min(len(self._engines), len(documents) // _WORTH_ANOTHER)
        first = self._engines[0]
        if number < 2:
            return first.evaluate(bundle, documents, now)
        # The first document has the bundle checked once; the other workers are given its image.
        answers = [*first.evaluate(bundle, documents[:1], now), *[None] * (len(documents) - 1)]
        shares = [range(1 + worker, len(documents), number) for worker in range(number)]
        with ThreadPoolExecutor(number) as threads:
            jobs = [
                threads.submit(engine.evaluate, bundle, [documents[i] for i in share], now)
                for engine, share in zip(self._engines, shares, strict=False)
            ]
            for job, share in zip(jobs, shares, strict=True):
                for index, answer in zip(share, job.result(), strict=True):
                    answers[index] = answer
        return [answer for answer in answers if answer is not None]
