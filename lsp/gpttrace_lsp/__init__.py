"""A language server for bpftrace scripts: each feature is a thin call into the core, over one look at the text per version."""
