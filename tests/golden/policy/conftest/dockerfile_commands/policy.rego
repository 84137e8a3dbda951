package main

denylist := ["openjdk", "alpine:3.9"]

deny contains msg if {
	input[i].Cmd == "from"
	val := input[i].Value
	contains(val[_], denylist[_])
	msg := sprintf("unallowed image found %s", [val])
}

deny contains msg if {
	input[i].Cmd == "run"
	some word in input[i].Value
	regex.match("(apk|yum|apt|pip) (upgrade|dist-upgrade)", word)
	msg := sprintf("unallowed command found %s in line %d", [word, i + 1])
}
