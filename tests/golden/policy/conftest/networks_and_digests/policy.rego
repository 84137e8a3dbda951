package main

deny contains sprintf("%s is not inside %s", [cidr, "10.0.0.0/8"]) if {
	some cidr in input.cidrs
	not net.cidr_contains("10.0.0.0/8", cidr)
}

deny contains sprintf("%s overlaps %s", [a, b]) if {
	some i, a in input.cidrs
	some j, b in input.cidrs
	i < j
	net.cidr_intersects(a, b)
}

warn contains crypto.sha256(input.text) if input.text
