"""The second runtime: `transformers serve`, for artifacts that are a folder with safetensors.

It is slower and heavier than llama.cpp and needs torch, usually in an environment of its own (`interpreter`). Its
control routes (/load_model, /reset) ask nobody for a login: the gateway lets none of them pass, and it listens on
loopback only.
"""

import json
from pathlib import Path

from trueup.adapters.targets.process import codes
from trueup.adapters.targets.process.runtimes.runtime import Arguments, Launch, base_environment, find_interpreter
from trueup.adapters.targets.process.wanted import PORT
from trueup.core.errors import PermanentError
from trueup.desired.state import ServerSpec

_DTYPES = ("auto", "float32", "bfloat16", "float16")


class Transformers:
    """`Runtime` for folders in the Hugging Face layout.

    Arguments: `threads` (1); under the engine's own keys `device` (`cpu`), `dtype` (`auto`), `cb_num_blocks` (0; more
    switches continuous batching on, with this much memory); and `readyTimeoutSeconds` (600),
    `drainTimeoutSeconds` (60).
    """

    module = "transformers"

    def launch(self, server: ServerSpec, artifact: Path, scratch: Path) -> Launch:
        """Return how to start *server* on *artifact*.

        Raises:
            PermanentError: It is quantized by Model Optimizer, whose scales would be dropped without an error.
        """
        _refuse_modelopt(artifact)
        arguments = Arguments(server.runtime, server.arguments)
        threads = arguments.threads()
        device = arguments.choice("device", "cpu", ("cpu", "cuda", "mps", "auto"))
        dtype = arguments.choice("dtype", "auto", _DTYPES)
        blocks = arguments.integer("cb_num_blocks", 0, 0, 1_000_000)
        ready_seconds = arguments.seconds("readyTimeoutSeconds", 600)
        drain_seconds = arguments.seconds("drainTimeoutSeconds", 60)
        arguments.finish()
        model = str(artifact)
        # The model is named on the command line, so that a request cannot make it load another one.
        argv = [find_interpreter(server.interpreter), "-m", "transformers.cli.transformers", "serve", model]
        argv += ["--host", "127.0.0.1", "--port", PORT, "--device", device, "--dtype", dtype]
        if blocks:
            # Without a bound it takes memory by what is free: 13.9 GB were seen for a model of 135 M parameters.
            argv += ["--continuous-batching", "--cb-num-blocks", str(blocks)]
        home = scratch / "huggingface"
        # /v1/models of the server fails when the cache folder does not exist.
        (home / "hub").mkdir(parents=True, exist_ok=True)
        env = {
            **base_environment(threads),
            "HF_HOME": str(home),
            "HF_HUB_OFFLINE": "1",
            "TRANSFORMERS_OFFLINE": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "TOKENIZERS_PARALLELISM": "false",
        }
        return Launch(tuple(argv), tuple(sorted(env.items())), model, ready_seconds, drain_seconds)


_MADE_BY = (("config.json", "quantization_config", "quant_method"), ("hf_quant_config.json", "producer", "name"))
"""Where a checkpoint says what quantized it: a file, a key, and a key below that."""


def _refuse_modelopt(artifact: Path) -> None:
    for name, key, said in (
        ("config.json", "quantization_config", "quant_method"),
        ("hf_quant_config.json", "producer", "name"),
    ):
        try:
            found = json.loads((artifact / name).read_bytes())[key][said]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            continue
        if found == "modelopt":
            detail = f"transformers: `{name}` says that Model Optimizer quantized it, and its scales would be dropped."
            hint = "serve it by vLLM or TensorRT-LLM, or serve the model unquantized"
            raise PermanentError(codes.ARTIFACT_UNREADABLE, detail, hint=hint)
