"""One llama.cpp server for one GGUF file, on loopback, that finishes its answers before it ends.

Run as a file by the runtime's own interpreter, which needs xllamacpp and no trueup: this imports nothing of ours.
Ending the embedded server while a stream runs hangs it or cuts the stream, so SIGTERM waits until no slot works
and then leaves without the library's own clean-up.
"""

import argparse
import http.client
import json
import os
import signal
import socket
import sys
import threading
import time
from typing import Any

# Same numbers as in diagnosis.py; not imported, because trueup need not be installed here.
ARTIFACT_EXIT = 71
MISSING_EXIT = 72
PORT_EXIT = 73

_POLL_SECONDS = 0.05
_WATCH_SECONDS = 5.0
_LAST_BYTES_SECONDS = 0.2
_HOST = "127.0.0.1"


def main(arguments: list[str]) -> int:
    """Serve until SIGTERM, or until the folder given with --watch is gone."""
    options = _options(arguments)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    problem = _problem(options)
    if problem:
        return problem
    # Before Python 3.11 the folder of this file comes first, and its neighbours have the names of libraries.
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [folder for folder in sys.path if folder != here]
    try:
        import xllamacpp
    except ImportError as error:
        return _fail(MISSING_EXIT, f"{sys.executable} cannot import xllamacpp: {error}")
    try:
        server = xllamacpp.Server(_parameters(xllamacpp.CommonParams(), options))
    except RuntimeError as error:
        # The library tells a lost port and a bad file only in its log.
        taken = not _is_free(options.port)
        return _fail(PORT_EXIT if taken else ARTIFACT_EXIT, f"cannot serve {options.model}: {error}")
    _say({"listening": server.listening_address, "model": options.model})
    while not stop.wait(_WATCH_SECONDS):
        if not os.path.isdir(options.watch):
            _say({"ending": f"{options.watch} is gone"})
            break
    _drain(options.port, options.drain_seconds)
    sys.stdout.flush()
    os._exit(0)


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--alias", required=True)
    parser.add_argument("--watch", required=True)
    parser.add_argument("--drain-seconds", type=float, default=30.0)
    for name in ("port", "threads", "slots", "context", "gpu-layers", "batch", "cache-mib"):
        parser.add_argument(f"--{name}", type=int, required=True)
    return parser.parse_args(arguments)


def _problem(options: argparse.Namespace) -> int:
    try:
        with open(options.model, "rb") as file:
            magic = file.read(4)
    except OSError as error:
        return _fail(ARTIFACT_EXIT, f"cannot read {options.model}: {error.strerror}")
    if magic != b"GGUF":
        return _fail(ARTIFACT_EXIT, f"{options.model} is not a GGUF file")
    if not _is_free(options.port):
        return _fail(PORT_EXIT, f"port {options.port} is taken")
    return 0


def _parameters(parameters: Any, options: argparse.Namespace) -> Any:
    parameters.model.path = options.model
    parameters.model_alias = {options.alias}
    parameters.hostnames = [_HOST]
    parameters.port = options.port
    parameters.n_parallel = options.slots
    parameters.n_ctx = options.context
    parameters.n_batch = options.batch
    parameters.n_gpu_layers = options.gpu_layers
    # Its threads wait busily: more of them than free cores is hundreds of times slower.
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = options.threads
    parameters.endpoint_metrics = parameters.endpoint_slots = True
    # 8 GiB by default, for prompts seen before.
    parameters.cache_ram_mib = options.cache_mib
    # No page of another origin may talk to it from a browser on this machine.
    parameters.cors_origins = "http://127.0.0.1"
    parameters.ui = False
    parameters.offline = True
    return parameters


def _drain(port: int, seconds: float) -> None:
    """Wait until no slot works, for at most *seconds*."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and _is_busy(port):
        time.sleep(_POLL_SECONDS)
    time.sleep(_LAST_BYTES_SECONDS)  # The last bytes of a stream are still on their way.


def _is_busy(port: int) -> bool:
    connection = http.client.HTTPConnection(_HOST, port, timeout=2.0)
    try:
        connection.request("GET", "/slots")
        return any(slot["is_processing"] for slot in json.load(connection.getresponse()))
    except (OSError, http.client.HTTPException, ValueError, LookupError, TypeError):
        return False
    finally:
        connection.close()


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError:
            return False
    return True


def _say(event: dict[str, str]) -> None:
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def _fail(code: int, text: str) -> int:
    sys.stderr.write(f"trueup: {text}\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
