"""The default runtime: llama.cpp's server from the xllamacpp wheel, inside our own draining program."""

from pathlib import Path

from trueup.adapters.targets.process.runtimes import llamacpp_server
from trueup.adapters.targets.process.runtimes.runtime import Arguments, Launch, base_environment, find_interpreter
from trueup.adapters.targets.process.wanted import PORT
from trueup.core.digests import short
from trueup.desired.state import ServerSpec

_LARGEST_CONTEXT = 1_048_576


class LlamaCpp:
    """`Runtime` for GGUF artifacts.

    Arguments: `threads` (1), `slots` (2: requests at a time), `contextPerSlot` (2048 tokens); under the engine's own
    keys `n_gpu_layers` (0), `n_batch` (512), `cache_ram_mib` (128: memory for prompts seen before); and
    `readyTimeoutSeconds` (120), `drainTimeoutSeconds` (30).
    """

    module = "xllamacpp"

    def launch(self, server: ServerSpec, artifact: Path, scratch: Path) -> Launch:
        """Return how to start *server* on *artifact*."""
        arguments = Arguments(server.runtime, server.arguments)
        threads = arguments.threads()
        slots = arguments.integer("slots", 2, 1, 256)
        context = arguments.integer("contextPerSlot", 2048, 64, _LARGEST_CONTEXT)
        options = {
            "threads": threads,
            "slots": slots,
            # The server shares its context out among the slots.
            "context": slots * context,
            "gpu-layers": arguments.integer("n_gpu_layers", 0, 0, 1000),
            "batch": arguments.integer("n_batch", 512, 32, 65_536),
            "cache-mib": arguments.integer("cache_ram_mib", 128, 0, 1_048_576),
        }
        drain_seconds = arguments.seconds("drainTimeoutSeconds", 30)
        ready_seconds = arguments.seconds("readyTimeoutSeconds", 120)
        arguments.finish()
        model = f"trueup-{short(server.key, 16)}"
        # Run as a file: it needs no trueup in the runtime's environment.
        argv = [find_interpreter(server.interpreter), llamacpp_server.__file__]
        argv += ["--model", str(_gguf(artifact)), "--port", PORT, "--alias", model, "--watch", str(scratch)]
        argv += ["--drain-seconds", f"{drain_seconds:g}"]
        for name, value in options.items():
            argv += [f"--{name}", str(value)]
        return Launch(
            argv=tuple(argv),
            env=tuple(sorted(base_environment(threads).items())),
            model=model,
            ready_timeout_seconds=ready_seconds,
            drain_seconds=drain_seconds,
        )


def _gguf(artifact: Path) -> Path:
    """Return the file to load: the artifact, or the one GGUF file (or first part) in its folder."""
    if not artifact.is_dir():
        return artifact
    files = sorted(artifact.glob("*.gguf"))
    return files[0] if files else artifact
