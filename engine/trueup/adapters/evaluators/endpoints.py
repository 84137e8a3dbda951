"""Finds where a server of a target answers, for evaluators that ask it directly and not through the gateway."""

from trueup.core.digests import Digest, short
from trueup.core.errors import TransientError
from trueup.observed.state import Health
from trueup.ports import TargetObserver
from trueup.reconcile.codes import NO_SERVER


class Endpoints:
    """Base addresses of the healthy servers of *target*."""

    def __init__(self, target: TargetObserver) -> None:
        self._target = target

    def __call__(self, environment: str, server: Digest) -> str:
        """Return the base address of a healthy server.

        Raises:
            TransientError: None is healthy.
        """
        for found in self._target.observe(environment).servers:
            if found.key == server and found.health is Health.HEALTHY:
                return f"http://127.0.0.1:{found.port}"
        raise TransientError(NO_SERVER, f"No server {short(server)} is healthy in `{environment}`.")
