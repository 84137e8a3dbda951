# A small, complete policy document that no rule of the library objects to. Tests change one thing of it.
package trueup.fixtures

d(digit) := sprintf("sha256:%s", [concat("", [digit | some _ in numbers.range(1, 64)])])

deployment := "Deployment/prod/support"

model := {
	"kind": "Model",
	"metadata": {"name": "tiny", "version": "2", "owner": "ml-platform"},
	"spec": {
		"source": {"uri": "file:models/tiny/v2", "digest": d("a")},
		"format": "safetensors",
		"licenses": ["Apache-2.0"],
		"trustRemoteCode": false,
	},
}

dataset := {
	"kind": "Dataset",
	"metadata": {"name": "facts", "version": "1", "owner": "ml-platform"},
	"spec": {"source": {"uri": "file:models/tiny/facts.jsonl", "digest": d("d")}, "license": "Apache-2.0"},
}

system := {
	"kind": "System",
	"metadata": {"name": "support-assistant", "owner": "support-team"},
	"spec": {
		"intendedPurpose": "Answers short questions.",
		"operatorRole": "deployer",
		"riskClass": "minimal",
		"jurisdictions": ["EU"],
	},
}

declared := {
	"kind": "Deployment",
	"metadata": {"name": "support", "owner": "support-team"},
	"spec": {
		"system": "support-assistant",
		"environment": "prod",
		"onCall": {"contact": "support-team@example.com", "runbook": "docs/operate.md"},
	},
}

evaluation := {
	"evaluation": {"address": "Evaluation/facts@1", "digest": d("e")},
	"key": d("5"),
	"dataset": {"uri": "file:models/tiny/facts.jsonl", "digest": d("d"), "format": "dataset"},
	"status": "present",
	"evidence": {"key": d("5"), "passed": true, "subject": {"release": d("1"), "dataset": d("d")}},
}

release := {
	"digest": d("1"),
	"model": {"address": "Model/tiny@2", "digest": d("2")},
	"artifact": {"uri": "file:models/tiny/v2", "digest": d("a"), "format": "safetensors"},
	"build": {"address": "Build/tiny-q8@1", "digest": d("3"), "mode": "gguf", "key": d("b"), "implicit": false},
	"prompt": {"address": "Prompt/support@2", "digest": d("4")},
	"adapters": [],
}

rollout := {
	"address": deployment,
	"name": "support",
	"environment": "prod",
	"changed": true,
	"movement": "change",
	"drift": false,
	"fromRelease": d("0"),
	"release": release,
	"evaluations": [evaluation],
	"resources": [
		"Dataset/facts@1",
		deployment,
		"Environment/prod",
		"Evaluation/facts@1",
		"Model/tiny@2",
		"Prompt/support@2",
		"System/support-assistant",
	],
}

resources := {
	"Dataset/facts@1": dataset,
	"Deployment/prod/support": declared,
	"Environment/prod": {"kind": "Environment", "metadata": {"name": "prod", "owner": "platform-team"}, "spec": {}},
	"Evaluation/facts@1": {"kind": "Evaluation", "metadata": {"name": "facts", "owner": "ml-platform"}, "spec": {}},
	"Model/tiny@2": model,
	"Prompt/support@2": {"kind": "Prompt", "metadata": {"name": "support", "owner": "support-team"}, "spec": {}},
	"System/support-assistant": system,
}

apache := {"expression": "Apache-2.0", "alternatives": [["Apache-2.0"]]}

derived := {
	"secrets": [],
	"licenses": {
		"Model/tiny@2": {"field": "licenses", "expressions": [apache]},
		"Dataset/facts@1": {"field": "license", "expressions": [apache]},
	},
	"artifacts": {
		"Model/tiny@2": {"scheme": "file", "suffix": "", "runsCode": false},
		"Dataset/facts@1": {"scheme": "file", "suffix": "jsonl", "runsCode": false},
	},
	"evidenceAgeDays": {},
}

good := {
	"formatVersion": 1,
	"gate": false,
	"change": {"operations": [
		{
			"kind": "build",
			"address": "Build/tiny-q8@1",
			"mode": "gguf",
			"source": d("a"),
			"key": d("b"),
		},
		{"kind": "fetch", "address": "Model/tiny@2", "uri": "file:models/tiny/v2", "digest": d("a")},
	]},
	"environment": {
		"name": "prod",
		"tier": "production",
		"evaluate": "before",
		"settings": {"evaluations": {"required": ["facts@1"]}},
	},
	"deployments": [rollout],
	"resources": resources,
	"observed": {
		"routes": [{"deployment": deployment, "release": d("0")}],
		"verified": [{"deployment": deployment, "release": d("0"), "retained": true}],
		"holds": [],
	},
	"derived": derived,
}

# Changes one place of the good document; `path` is a JSON pointer.
changed(path, value) := json.patch(good, [{"op": "replace", "path": path, "value": value}])

added(path, value) := json.patch(good, [{"op": "add", "path": path, "value": value}])

without(path) := json.patch(good, [{"op": "remove", "path": path}])

in_tier(document, tier) := json.patch(document, [{"op": "replace", "path": "/environment/tier", "value": tier}])
