"""The program that owns one bpftrace: it starts it, limits it, and always stops it gracefully.

A program of its own (standard library only, `python -I -S`), so that it alone can be elevated; `launch.py` starts it.
stdin: one JSON header line, then commands (`stop CAUSE`, `snapshot`, `kill`), one per line; its end means that the
parent is gone and stops the trace. stdout: what bpftrace prints, unchanged. stderr: events, one JSON object per line.
Everything also goes into the spool folder, so that a trace whose parent was killed keeps its data.
It never waits for the parent: commands, deadlines and signals are served while pipes are full.
"""
