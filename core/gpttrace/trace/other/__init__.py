"""Another program than bpftrace under the same supervision: deadline, limits, dead-man switch, run store.

What it prints are lines; where a header and its rows are plain to see, they become tables too.
"""
