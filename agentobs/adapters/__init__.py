"""Adapters: one module per agent format, found by scanning this folder and by the entry point `agentobs.adapters`."""
