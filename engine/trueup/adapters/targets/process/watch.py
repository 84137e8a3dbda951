"""Watches one child from a thread of its own: until it is ready, then whether it stays healthy."""

import http.client
import threading
from collections.abc import Callable

from trueup.adapters.targets.process import admin, probes
from trueup.adapters.targets.process.supervision import Probe
from trueup.adapters.targets.process.wanted import WantedChild, WantedGateway, WantedServer
from trueup.core.errors import TrueupError

_STARTING_PAUSE_SECONDS = 0.05
_HEALTH_PAUSE_SECONDS = 5.0
_HEALTH_TIMEOUT_SECONDS = 5.0


class Watch(threading.Thread):
    """What is known of one process from asking it; the supervisor reads the attributes at any time."""

    def __init__(self, wanted: WantedChild, port: int, *, was_ready: bool, on_change: Callable[[], None]) -> None:
        super().__init__(daemon=True, name=f"watch-{wanted.id}")
        self.probe = Probe.READY if was_ready else Probe.PENDING
        self.refusal = ""
        self.healthy = True
        self._wanted = wanted
        self._port = port
        self._on_change = on_change
        self._ended = threading.Event()

    def end(self) -> None:
        """Stop asking; the thread ends by itself."""
        self._ended.set()

    def run(self) -> None:
        """Ask until told to end."""
        while self.probe is Probe.PENDING and not self._ended.wait(_STARTING_PAUSE_SECONDS):
            self._find_readiness()
        self._on_change()
        while self.probe is Probe.READY and not self._ended.wait(_HEALTH_PAUSE_SECONDS):
            healthy = self._is_healthy()
            if healthy != self.healthy:
                self.healthy = healthy
                self._on_change()

    def _find_readiness(self) -> None:
        match self._wanted:
            case WantedGateway():
                if self._is_healthy():
                    self.probe = Probe.READY
            case WantedServer() as server:
                if not probes.is_healthy(self._port, _HEALTH_TIMEOUT_SECONDS):
                    return
                self._try_completion(server)

    def _try_completion(self, server: WantedServer) -> None:
        try:
            problem = probes.smoke(self._port, server.model, server.ready_timeout_seconds)
        except (OSError, http.client.HTTPException):
            return  # It fell over between the two questions: the supervisor sees it end, or this asks again.
        if self._ended.is_set():
            return
        self.refusal = problem
        self.probe = Probe.REFUSED if problem else Probe.READY

    def _is_healthy(self) -> bool:
        match self._wanted:
            case WantedGateway(admin=path):
                try:
                    admin.state(path, _HEALTH_TIMEOUT_SECONDS)
                except TrueupError:
                    return False
                return True
            case WantedServer():
                return probes.is_healthy(self._port, _HEALTH_TIMEOUT_SECONDS)
