package main

deny contains "x" if parse_config_file("other.yaml").a == 1
