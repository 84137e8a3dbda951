"""Policy engines: Rego inside the process's own worker, and the bundles they evaluate."""
