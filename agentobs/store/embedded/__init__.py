"""The PostgreSQL that starts by itself in a data folder, for people who have set up no server.

`start(home)` gives a running server, shared by every process that asks for the same home; it stops by itself when its
last user has been gone for a while. The programs come from a wheel or from a system PostgreSQL >= 14 (`binaries`).
Linux and macOS: it needs unix sockets and flock.
"""

from agentobs.store.embedded.server import Server, Status, start, status, stop

__all__ = ["Server", "Status", "start", "status", "stop"]
