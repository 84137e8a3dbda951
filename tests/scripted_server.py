"""A server that misbehaves on purpose, behind the port of the llama.cpp runtime.

    python scripted_server.py SCRIPT FOLDER llamacpp_server.py --port N ...

Scripts: good, slow (a stream of a second), mute (never healthy), silly (constant answers), dying (ends at start),
crashing (ends some time after it was ready), cutting (breaks off every stream), resetting (closes the first
connection of a request without a byte), stubborn (ignores SIGTERM).

Files in FOLDER change its mind while it runs: `fail` has every answer fail, `say` holds the words of the answers,
`wait` holds seconds that each answer takes. Every request is a line in `asked.jsonl`.
"""

import json
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SCRIPT, FOLDER = sys.argv[1], Path(sys.argv[2])
PORT = int(sys.argv[sys.argv.index("--port") + 1])
MODEL = sys.argv[sys.argv.index("--alias") + 1]
COUNTS = {"requests": 0}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send(500 if SCRIPT == "mute" else 200, {"status": "ok"})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        COUNTS["requests"] += 1
        asked = {"body": body, "path": self.path, "shadow": self.headers.get("x-trueup-shadow")}
        (FOLDER / f"last-{PORT}.json").write_text(json.dumps(asked))
        with (FOLDER / "asked.jsonl").open("a") as file:
            file.write(json.dumps(asked) + "\n")
        time.sleep(float(said("wait", "0")))
        if (FOLDER / "fail").exists():
            self.send(500, {"error": {"message": "told to fail"}})
            return
        first = COUNTS["requests"]
        if SCRIPT == "resetting" and first > 1 and not (FOLDER / "was-reset").exists():
            (FOLDER / "was-reset").touch()
            self.close_connection = True
            self.connection.close()
            return
        if body.get("stream"):
            self.stream()
            return
        text = "DDDDDDDD" if SCRIPT == "silly" else said("say", f"Hello from {os.getpid()}.")
        message = {"role": "assistant", "content": text}
        usage = {"prompt_tokens": 3, "completion_tokens": 4}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        self.send(200, {"object": "chat.completion", "model": MODEL, "choices": [choice], "usage": usage})

    def stream(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        words = said("say", "").split()
        for number in range(20):
            delta = {
                "index": 0,
                "delta": {"content": f"{words[number % len(words)] if words else number} "},
                "finish_reason": None,
            }
            self.chunk({"object": "chat.completion.chunk", "model": MODEL, "choices": [delta]})
            if SCRIPT == "cutting" and number == 3:
                self.close_connection = True
                self.connection.close()
                return
            time.sleep(0.05)
        if SCRIPT == "undone":
            end = {"index": 0, "delta": {}, "finish_reason": "stop"}
            self.chunk({"object": "chat.completion.chunk", "model": MODEL, "choices": [end]})
        else:
            self.chunk("[DONE]")
        self.wfile.write(b"0\r\n\r\n")

    def chunk(self, event):
        text = event if isinstance(event, str) else json.dumps(event)
        line = f"data: {text}\n\n".encode()
        try:
            self.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
            self.wfile.flush()
        except OSError:
            (FOLDER / "client-left").touch()
            raise SystemExit from None

    def send(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def said(name, default):
    try:
        return (FOLDER / name).read_text()
    except OSError:
        return default


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


def main():
    if SCRIPT == "dying":
        print("the scripted server cannot go on", flush=True)
        sys.exit(1)
    server = Server(("127.0.0.1", PORT), Handler)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: None if SCRIPT == "stubborn" else stop.set())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    until = time.monotonic() + 600
    while not stop.wait(0.05) and time.monotonic() < until:
        if SCRIPT == "crashing" and COUNTS["requests"]:
            time.sleep(0.3)
            os._exit(3)
    os._exit(0)


if __name__ == "__main__":
    main()
