"""The MCP tool server: thin calls into the core. Its tools arrive with a later release."""
