"""The errors of agentobs. `retryable` on the class decides whether a caller may try again, never the text."""


class AgentobsError(Exception):
    """Anything agentobs itself refuses or cannot do; its text says what was wrong, where, and what to do."""

    retryable = False
    exit_code = 1


class SettingsError(AgentobsError):
    """A setting has a value we cannot use."""

    exit_code = 2


class PluginError(AgentobsError):
    """An adapter, detector or pipeline is declared wrongly, twice, or not at all."""


class SourceError(AgentobsError):
    """A file or folder cannot be read, or holds nothing we know."""

    exit_code = 3


class DatabaseError(AgentobsError):
    """The database refuses what we asked."""

    exit_code = 4


class DatabaseUnavailable(DatabaseError):
    """The database cannot be reached now; later it may be."""

    retryable = True


class EmbeddedServerError(DatabaseError):
    """The embedded PostgreSQL cannot start in its folder."""


class MigrationError(DatabaseError):
    """The schema of the database is newer than this agentobs, or a migration failed."""


class FenceError(DatabaseError):
    """Another worker moved this source meanwhile: load its state again and go on from there."""

    retryable = True


class PermanentRefusal(DatabaseError):
    """The server will never take this row, however often it is sent."""


class SpoolError(AgentobsError):
    """The spool could not make this durable; nothing of it is kept: send it again."""

    retryable = True
    retry_after_s = 5


class SpoolFull(SpoolError):
    """The spool has reached its cap of bytes, or the disk its floor of free space; both pass when it drains."""

    retry_after_s = 10


class RequestRefused(AgentobsError):
    """The server does not take a request; `status` is that of its answer."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


class ServerUnavailable(AgentobsError):
    """A server of ours does not answer now, or its answers do not come from agentobs."""

    retryable = True
    exit_code = 6


class ServerNotTrusted(ServerUnavailable):
    """A server shows a certificate that is not trusted: nothing was sent to it, and trying again changes nothing."""

    retryable = False


class FrameError(AgentobsError):
    """A frame lacks what a function needs."""


class ReportError(AgentobsError):
    """A report was asked for wrongly, or its notebook failed."""

    exit_code = 5
