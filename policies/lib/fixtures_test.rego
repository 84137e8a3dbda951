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
		"purposeCategories": ["customer-support"],
		"transparency": {"notice": "Answers come from a language model.", "contentMarking": "metadata"},
	},
}

declared := {
	"kind": "Deployment",
	"metadata": {"name": "support", "owner": "support-team"},
	"spec": {
		"system": "support-assistant",
		"environment": "prod",
		"onCall": {
			"contact": "support-team@example.com",
			"runbook": "docs/operate.md",
			"escalation": ["head-of-support@example.com"],
		},
		"monitors": [
			{"name": "slow", "signal": "latency", "op": "<=", "threshold": 2, "route": "support-team@example.com"},
			{"name": "failing", "signal": "errors", "op": "<=", "threshold": 0.01, "route": "support-team@example.com"},
			{"name": "dear", "signal": "cost", "op": "<=", "threshold": 100, "route": "support-team@example.com"},
			{"name": "other-questions", "signal": "drift", "op": "<=", "threshold": 0.2, "route": "support-team@example.com"},
			{"name": "harm", "signal": "safety", "op": "<=", "threshold": 0, "route": "support-team@example.com"},
		],
		"rollout": {
			"strategy": "canary",
			"steps": [{"setWeight": 10}, {"setWeight": 50}],
			"analysis": {"metrics": [{"name": "error_rate", "successCondition": "<= 0.01"}], "minRequests": 100},
		},
	},
}

measured := {
	"kind": "Evaluation",
	"metadata": {"name": "facts", "version": "1", "owner": "ml-platform"},
	"spec": {
		"suite": {"tool": "builtin"},
		"category": "quality",
		"dataset": "facts@1",
		"tasks": [{"task": "exact_match", "seed": 7}],
		"metrics": [{"name": "exact_match", "unit": "ratio", "higherIsBetter": true}],
		"metricDecisionThreshold": [{"metric": "exact_match", "op": ">=", "value": 0.6}],
		"regression": {"margin": 0.02},
		"maxAge": "30d",
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
	"running": {
		"release": json.patch(release, [
			{"op": "replace", "path": "/digest", "value": d("0")},
			{"op": "replace", "path": "/model", "value": {"address": "Model/tiny@1", "digest": d("6")}},
		]),
		"server": {"runtime": "llama.cpp", "arguments": {}},
		"revision": "2222222222222222222222222222222222222222",
		"appliedAt": "2026-11-01T12:00:00Z",
	},
	"server": {"key": d("7"), "runtime": "llama.cpp", "arguments": {}},
	"route": {"limits": {"maxTokens": 512, "requestsPerMinute": 60, "timeoutSeconds": 30}},
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
	"Evaluation/facts@1": measured,
	"Model/tiny@2": model,
	"Prompt/support@2": {"kind": "Prompt", "metadata": {"name": "support", "owner": "support-team"}, "spec": {}},
	"System/support-assistant": system,
}

apache := {"expression": "Apache-2.0", "alternatives": [["Apache-2.0"]]}

derived := {
	"secrets": [],
	"prompts": [],
	"licenses": {
		"Model/tiny@2": {"field": "licenses", "expressions": [apache]},
		"Dataset/facts@1": {"field": "license", "expressions": [apache]},
	},
	"lineage": {
		"Model/tiny@2": {"parents": [], "ancestors": [], "unknown": []},
		"Dataset/facts@1": {"parents": [], "ancestors": [], "unknown": []},
	},
	"artifacts": {
		"Model/tiny@2": {"scheme": "file", "suffix": "", "runsCode": false},
		"Dataset/facts@1": {"scheme": "file", "suffix": "jsonl", "runsCode": false},
	},
	"images": [],
	"components": [{"address": deployment, "path": ["spec", "runtime"], "name": "xllamacpp", "version": "2026.8.0"}],
	"builds": {deployment: {
		"mode": "gguf",
		"window": null,
		"toolVersion": null,
		"inWindow": null,
		"runtime": "llama.cpp",
		"runtimeVersion": "2026.8.0",
		"runtimeLoads": true,
		"accelerator": null,
		"capability": null,
		"acceleratorMatches": null,
		"capabilityMatches": null,
	}},
	"capacity": {
		"demand": {"accelerators": 0, "replicas": 1, "cpuMillis": 0, "memoryMiB": 0, "storageMiB": 0},
		"quota": {"accelerators": null, "replicas": 4, "cpuMillis": null, "memoryMiB": null, "storageMiB": null},
		"unbounded": [],
		"bySku": {},
	},
	"cost": {
		"currency": "USD",
		"monthlyBefore": 0,
		"monthlyAfter": 0,
		"monthlyDelta": 0,
		"monthlyBudget": 10000,
		"unpriced": [],
	},
	"soak": {deployment: {"requiredSeconds": 0, "servedSeconds": 172800, "upstream": "staging", "retired": false}},
	"freeze": {"active": [], "unreadable": []},
	"lifecycle": {"Model/tiny@2": {"phase": "active", "deprecatedForDays": null, "retiresInDays": null}},
	"evaluationChanges": [],
	"releaseChanges": {deployment: ["model"]},
	"evidenceAgeDays": {d("5"): 1},
	"purposes": [{"address": "System/support-assistant", "categories": ["customer-support"]}],
	"reviews": {"oldestDays": 12, "unreviewed": []},
}

settings := {"tool": "builtin", "version": "1", "task": "exact_match", "fewshot": 0, "chatTemplate": true, "seed": 7}

evidence := {
	"type": "evaluation",
	"address": deployment,
	"key": d("5"),
	"evaluation": "Evaluation/facts@1",
	"category": "quality",
	"subject": {"release": d("1"), "artifact": d("a"), "prompt": d("4"), "dataset": d("d"), "build": d("b"), "server": d("7")},
	"settings": settings,
	"comparison": {
		"baseline": d("0"),
		"baselineSettings": settings,
		"test": "paired-bootstrap",
		"alpha": 0.05,
		"margin": 0.02,
		"samples": 59,
		"correction": "holm",
		"regressed": false,
	},
	"attacks": [],
	"passed": true,
	"simulated": false,
	"signed": null,
	"completedAt": "2026-11-20T12:00:00Z",
	"ageDays": 1,
	"tool": "trueup 0.1.0",
	"measurements": [{"metric": "exact_match", "value": 0.9, "unit": "ratio", "samples": 59, "slice": ""}],
	"gates": [{"metric": "exact_match", "operator": ">=", "threshold": 0.6, "value": 0.9, "slice": "", "passed": true}],
}

ada := "Ada <ada@example.com>"

commit := "1111111111111111111111111111111111111111"

parent := "2222222222222222222222222222222222222222"

good := {
	"formatVersion": 2,
	"gate": false,
	"clock": {"now": "2026-11-21T12:00:00Z", "nowNs": "1795262400000000000", "today": "2026-11-21"},
	"plan": {"id": d("c"), "environment": "prod", "targets": []},
	"policies": {
		"digest": d("8"),
		"revision": commit,
		"from": "head",
		"changed": [],
		"rules": [{
			"id": "SC-01",
			"ruleSet": "supply-chain",
			"lastReviewed": "2026-11-09",
			"reviewAgeDays": 12,
			"effectiveFrom": "",
			"inForce": true,
			"controls": ["OWASP LLM03:2025"],
		}],
	},
	"change": {
		"revision": commit,
		"base": parent,
		"author": ada,
		"actor": "Ada <ada@example.com> on build-1",
		"trailers": {},
		"signature": {"status": "none", "signer": ""},
		"commits": [{"revision": commit, "author": ada, "signature": "none"}],
		"files": [{"path": "spec/deployments/support-prod.yaml", "status": "modified"}],
		"operations": [
			{
				"kind": "build",
				"address": "Build/tiny-q8@1",
				"mode": "gguf",
				"source": d("a"),
				"key": d("b"),
			},
			{"kind": "fetch", "address": "Model/tiny@2", "uri": "file:models/tiny/v2", "digest": d("a")},
		],
	},
	"approvals": [{
		"by": "Grace <grace@example.com>",
		"email": "grace@example.com",
		"roles": ["risk-owner"],
		"commit": commit,
		"source": "trailer",
		"signed": false,
		"isAuthor": false,
	}],
	"environment": {
		"name": "prod",
		"tier": "production",
		"upstream": "staging",
		"target": "process",
		"evaluate": "before",
		"settings": {
			"tier": "production",
			"upstream": "staging",
			"approvals": {"required": 0, "roles": [], "separateAuthor": true},
			"budget": {"maxBudget": 100, "budgetDuration": "30d", "currency": "USD"},
			"evaluations": {"required": ["facts@1"], "run": "before", "maxAge": null},
			"freezeWindows": [],
			"policy": {"enforcement": "deny", "rules": {}},
		},
	},
	"deployments": [rollout],
	"resources": resources,
	"base": {"resources": {}},
	"observed": {
		"gateway": "healthy",
		"servers": [],
		"routes": [{"deployment": deployment, "release": d("0")}],
		"verified": [{"deployment": deployment, "release": d("0"), "retained": true, "ageDays": 20, "servedSeconds": 1728000}],
		"upstream": [{
			"deployment": "Deployment/staging/support",
			"release": d("1"),
			"retained": true,
			"ageDays": 2,
			"servedSeconds": 172800,
		}],
		"holds": [],
		"drift": [],
		"drills": [{"deployment": "Deployment/staging/support", "environment": "staging", "at": "2026-11-01T12:00:00Z", "ageDays": 20}],
	},
	"evidence": [evidence],
	"artifacts": [d("a"), d("b")],
	"exceptions": [],
	"derived": derived,
}

# Changes one place of the good document; `path` is a JSON pointer.
changed(path, value) := json.patch(good, [{"op": "replace", "path": path, "value": value}])

added(path, value) := json.patch(good, [{"op": "add", "path": path, "value": value}])

without(path) := json.patch(good, [{"op": "remove", "path": path}])

in_tier(document, tier) := json.patch(document, [{"op": "replace", "path": "/environment/tier", "value": tier}])
