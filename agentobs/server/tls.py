"""TLS of the server: a certificate and its key, checked before anything starts, taken anew when the files change."""

import os
import ssl
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from agentobs.errors import SettingsError

# How OpenSSL says that they do not belong together; the last: of another kind, such as RSA and EC.
_MISMATCHES = {"KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED"}
_Marks = tuple[tuple[int, int, int] | None, ...]


class Certificate:
    """A certificate with its private key, as two PEM files hold them."""

    def __init__(self, certificate: Path, key: Path, say: Callable[[str], None]) -> None:
        """Read both; raise SettingsError for what cannot serve; say what clients or the owner should know."""
        self._certificate, self._key, self._say = certificate, key, say
        self._marks = self._marks_now()
        self._latest = self._read()
        self.context = self._latest  # the one that a server is started with: it hands each connection the latest
        self.context.sni_callback = self._hand_over

    def _read(self) -> ssl.SSLContext:
        context = context_of(self._certificate, self._key)
        for flaw in flaws_of(self._certificate, self._key, context):
            self._say(flaw)
        return context

    def _hand_over(self, connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        """Give a new connection the certificate that the files hold now. It is called for those without a name, too.

        Who renews a certificate replaces one file after the other: until both fit, connections get the old one.
        """
        marks = self._marks_now()
        if marks != self._marks:
            self._marks = marks
            try:
                self._latest = self._read()
                self._say(f"{str(self._certificate)!r} has changed; new connections get the new certificate")
            except (SettingsError, OSError) as error:
                self._say(f"{error}; until then connections get the certificate that was there before")
        connection.context = self._latest

    def _marks_now(self) -> _Marks:
        return tuple(_mark(path) for path in (self._certificate, self._key))


def context_of(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return what serves by TLS 1.2 or newer; raise SettingsError that names the file and what to do."""
    _check_pem(certificate, "--tls-certificate", "CERTIFICATE")
    _check_pem(key, "--tls-key", "PRIVATE KEY")

    def ask() -> str:  # without this, OpenSSL asks on the terminal
        raise SettingsError(
            f"--tls-key {str(key)!r} is encrypted, and nobody is there to be asked; decrypt it into a file of yours: "
            "openssl pkey -in KEY -out NEW"
        )

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(certificate, key, ask)
    except (ssl.SSLError, OSError) as error:
        raise SettingsError(_why(error, certificate, key)) from error
    return context


def flaws_of(certificate: Path, key: Path, context: ssl.SSLContext) -> Iterator[str]:
    """Yield what does not keep a server from serving, and should not stay: a line each."""
    if os.name == "posix" and key.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH):
        yield f"--tls-key {str(key)!r} is open to every user of this machine; chmod 600 it"
    complaint = _complaint(certificate, context)
    if complaint is not None:
        yield f"--tls-certificate {str(certificate)!r}: {complaint}; clients will refuse it; renew it, or set the clock"


def _check_pem(path: Path, option: str, what: str) -> None:
    try:
        held = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SettingsError(f"{option} {str(path)!r} cannot be read: {reason}; name a PEM file of yours") from error
    if f"{what}-----".encode() not in held:
        raise SettingsError(f"{option} {str(path)!r} is no PEM file with a {what.lower()}; name one, or convert it")


def _why(error: OSError, certificate: Path, key: Path) -> str:
    """Return why a certificate and a key were refused: OpenSSL says it in codes, and does not name the file."""
    reason = error.reason if isinstance(error, ssl.SSLError) else str(error)
    if reason in _MISMATCHES:
        return (
            f"--tls-key {str(key)!r} is not the key of --tls-certificate {str(certificate)!r}; "
            "name two that belong together; in a chain, the server's own certificate comes first"
        )
    if reason:
        said = reason.replace("_", " ").lower()
        return f"--tls-certificate {str(certificate)!r} cannot serve: {said}; make a new one"
    try:
        _trusting(certificate)
    except (ssl.SSLError, OSError):
        return f"--tls-certificate {str(certificate)!r} is damaged; copy or make it anew"
    return f"--tls-key {str(key)!r} is damaged; copy or make it anew"


def _trusting(certificate: Path) -> ssl.SSLContext:
    """Return a client that trusts this one certificate."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    client.load_verify_locations(certificate)
    return client


def _complaint(certificate: Path, context: ssl.SSLContext) -> str | None:
    """Return what a client has against a certificate that it trusts, such as that its time is over."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = _trusting(certificate).wrap_bio(to_client, to_server)
    server = context.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):  # a handshake in memory takes two turns
        for end in (client, server):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLError as error:
                return getattr(error, "verify_message", None) or str(error)
    return None


def _mark(path: Path) -> tuple[int, int, int] | None:
    """Return what tells whether a file was replaced; None while there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
