"""Mutation test of the meaning check: right programs, changed so that they mean something else, or so that they do not."""
