"""The MCP server of GPTtrace: tools that are thin calls into the core, for AI assistants that trace a kernel and leave it clean.

Nothing is imported here: `gpttrace mcp` starts `gpttrace_mcp.main`.
"""
