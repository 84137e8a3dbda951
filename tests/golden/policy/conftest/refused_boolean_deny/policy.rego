package main

default deny := false

deny if input.kind == "Deployment"
