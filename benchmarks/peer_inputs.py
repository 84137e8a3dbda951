"""What other tools are given to read: as many files, tags, models or versions as asked for, the same at every run."""

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import corpus
import scale

WHO = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in corpus.AUTHOR.items()}
Run = Callable[..., str]
"""Runs a program of the peer in a folder, with arguments, and returns what it says."""


def corpus_files(_: Run, folder: Path, number: int) -> None:
    number = max(number, corpus.FEWEST)
    corpus.write(folder, number, environments=scale.environments(number))


def prompts(folder: Path, number: int) -> None:
    """Write a repository of *number* prompts, one a file, and nothing else."""
    texts = (text for _, kind, text in corpus.documents(number * 5 + 20) if kind == "Prompt")
    _written(folder, {f"spec/{index:06}.yaml": text for index, text in zip(range(number), texts, strict=False)})
    (folder / "trueup.yaml").write_text(corpus.PROJECT)
    commit(folder)


def prompts_and_schema(_: Run, folder: Path, number: int) -> None:
    prompts(folder, number)
    schema = subprocess.run([*scale.TRUEUP, "schema", "Prompt"], cwd=folder, check=True, capture_output=True).stdout
    (folder / "schema.json").write_bytes(schema)


def kubernetes(_: Run, folder: Path, number: int) -> None:
    _written(folder, {f"app-{n:06}.yaml": KUBERNETES.format(name=f"app-{n:06}") for n in range(number)})


def dvc(run: Run, folder: Path, number: int) -> None:
    """Track *number* files, each with a file of its own that says so."""
    commit(folder)
    run(folder, "dvc", "init", "--quiet")
    _written(folder, {f"data/{n:06}.txt": f"Content of file {n}\n" for n in range(number)})
    run(folder, "dvc", "add", "--quiet", *(f"data/{n:06}.txt" for n in range(number)))
    commit(folder)


def change_data(folder: Path) -> None:
    path = folder / "data" / "000000.txt"
    path.write_text(path.read_text() + "One more line.\n")


def gto(_: Run, folder: Path, number: int) -> None:
    """Register *number* versions of a tenth as many artifacts, all of a version on one commit."""
    artifacts = max(number // 10, 1)
    text = "".join(f"model-{n:04}:\n  type: model\n  path: models/{n:04}\n" for n in range(artifacts))
    commit(folder)
    stream = []
    for version in range(-(-number // artifacts)):
        stream.append(f"commit refs/heads/main\nmark :{version + 1}\n{_at(version)}data 4\nNext\n")
        stream.append("from refs/heads/main^0\n" if not version else "")
        stream.append(f"M 100644 inline artifacts.yaml\ndata {len(text)}\n{text}\n")
        for artifact in range(min(artifacts, number - version * artifacts)):
            stream.append(f"tag model-{artifact:04}@v{version + 1}.0.0\nfrom :{version + 1}\n")
            stream.append(f"tagger {_at(version).removeprefix('committer ')}data 8\nRegister\n")
    subprocess.run(["git", "fast-import", "--quiet"], cwd=folder, input="".join(stream).encode(), check=True)
    subprocess.run(["git", "reset", "--quiet", "--hard"], cwd=folder, check=True)


def _at(number: int) -> str:
    return f"committer Corpus <corpus@example.com> {1_700_000_000 + number} +0000\n"


def sqlmesh(run: Run, folder: Path, number: int) -> None:
    """Declare *number* views in chains of ten, and have them planned and applied once."""
    models = {}
    for index in range(number):
        source = f"warehouse.m{index - 1}" if index % 10 else "(SELECT 1 AS id, 2 AS amount) AS seed"
        models[f"models/m{index}.sql"] = SQL.format(index=index, source=source, added=index)
    _written(folder, {"config.yaml": SQLMESH, **models})
    run(folder, "sqlmesh", "plan", "--no-prompts", "--auto-apply", "--skip-tests", "--skip-backfill")


def change_model(folder: Path) -> None:
    """Change the last view, which no other reads."""
    path = max((folder / "models").iterdir(), key=lambda p: int(p.stem[1:]))
    text = path.read_text()
    added = int(text.split("amount + ")[1].split()[0])
    path.write_text(text.replace(f"amount + {added} ", f"amount + {added + 1} "))


def mlflow(run: Run, folder: Path, number: int) -> None:
    """Register *number* versions of a tenth as many models in a database of SQLite."""
    _written(folder, {"make.py": MLFLOW_MAKE, "list.py": MLFLOW_LIST})
    run(folder, "python", "make.py", str(number))


def _written(folder: Path, files: Mapping[str, str]) -> None:
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content)


def commit(folder: Path) -> None:
    """Commit everything in *folder*, which becomes a repository if it is none."""
    starting = [] if (folder / ".git").exists() else [["init", "-q", "-b", "main"]]
    for words in (*starting, ["add", "."], ["commit", "-q", "--allow-empty", "-m", "Write"]):
        settings = ["-c", "gc.auto=0", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *settings, *words], cwd=folder, env={**os.environ, **WHO}, check=True)


KUBERNETES = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  namespace: serving
  labels:
    app.kubernetes.io/name: {name}
spec:
  replicas: 2
  selector:
    matchLabels:
      app: {name}
  template:
    metadata:
      labels:
        app: {name}
    spec:
      containers:
        - name: server
          image: registry.example.com/server@sha256:1111111111111111111111111111111111111111111111111111111111111111
          args: ["--model", "/models/{name}.gguf", "--port", "8080"]
          ports:
            - containerPort: 8080
          readinessProbe:
            httpGet: {{path: /health, port: 8080}}
          livenessProbe:
            httpGet: {{path: /health, port: 8080}}
          resources:
            requests: {{cpu: "2", memory: 4Gi}}
            limits: {{cpu: "4", memory: 8Gi}}
          securityContext:
            readOnlyRootFilesystem: true
            allowPrivilegeEscalation: false
"""
SQL = """\
MODEL (
  name warehouse.m{index},
  kind VIEW
);

SELECT id, amount + {added} AS amount
FROM {source}
"""
SQLMESH = """\
gateways:
  local:
    connection: {type: duckdb, database: warehouse.db}
    state_connection: {type: duckdb, database: state.db}
default_gateway: local
model_defaults: {dialect: duckdb, start: 2026-01-01}
disable_anonymized_analytics: true
"""
MLFLOW_MAKE = """\
import sys
from mlflow import MlflowClient
number = int(sys.argv[1])
models = max(number // 10, 1)
client = MlflowClient(tracking_uri="sqlite:///registry.db", registry_uri="sqlite:///registry.db")
for index in range(models):
    client.create_registered_model(f"model-{index:04}")
for index in range(number):
    client.create_model_version(f"model-{index % models:04}", f"file:///models/{index}")
"""
MLFLOW_LIST = """\
from mlflow import MlflowClient
client = MlflowClient(tracking_uri="sqlite:///registry.db", registry_uri="sqlite:///registry.db")
token = None
while True:
    page = client.search_model_versions(max_results=1000, page_token=token)
    for version in page:
        print(version.name, version.version, version.current_stage, version.source)
    token = page.token
    if not token:
        break
"""
