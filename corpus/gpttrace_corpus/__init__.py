"""Data: the event catalogue and the examples, found with `importlib.resources.files("gpttrace_corpus")`."""
