"""The `%%gpttrace` magic: trace results as DataFrames. It arrives with a later release."""
