"""agentobs: what AI coding agents really did, what it cost, what went wrong, and why."""
