"""Data of GPTtrace, no code: the catalogue of events, the numbers of system calls, the examples."""
