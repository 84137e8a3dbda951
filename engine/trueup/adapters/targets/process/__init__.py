"""The process target: model servers as supervised local processes behind one local gateway per environment.

Start reading at `target.py` (what a command does), then `supervision.py` (what the supervisor decides).
"""
