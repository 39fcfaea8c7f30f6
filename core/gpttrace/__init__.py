"""GPTtrace: ask a Linux machine in plain words."""
