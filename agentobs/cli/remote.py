"""A server of ours seen from the command line: requests, and what its refusals mean to a person."""

import http.client
import json
import os
import ssl
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from agentobs.cli.output import one_line
from agentobs.errors import ServerNotTrusted, ServerUnavailable, SettingsError

URL = "http://127.0.0.1:4318"
_TIMEOUT_S = 90.0
_EXPIRED, _NAME_MISMATCH, _ADDRESS_MISMATCH = 10, 62, 64  # of OpenSSL's answers, the ones with a remedy of their own


class Answer(NamedTuple):
    """What the server said."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def error(self) -> str:
        """Return why it refused, as it says it itself."""
        return error_of(self.status, self.body)

    def retry_after_s(self, otherwise: float) -> float:
        """Return when to come again."""
        text = self.headers.get("retry-after", "")
        return float(text) if text.isdecimal() and len(text) < 6 else otherwise


class Remote:
    """One server, over one connection that is opened anew when it was closed."""

    def __init__(self, url: str | None, key: str | None) -> None:
        """Take the address and the key; AGENTOBS_URL and AGENTOBS_KEY where they are not given."""
        text = url or os.environ.get("AGENTOBS_URL") or URL
        parts = urlsplit(text)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.username:
            raise SettingsError(f"{one_line(text, 200)!r} is no address of a server; write one like {URL}")
        self.url = text.rstrip("/")
        self._secure, self._host, self._port = parts.scheme == "https", parts.hostname, parts.port
        self._base = parts.path.rstrip("/")
        self._key = key or os.environ.get("AGENTOBS_KEY")
        self._connection: http.client.HTTPConnection | None = None

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send a body and return the answer; raise ServerUnavailable when none comes: it may have been taken."""
        try:
            with self._asked("POST", path, body, headers, _TIMEOUT_S) as response:
                answer = Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise self._gone(error) from error
        if answer.headers.get("connection", "").lower() == "close":
            self.close()
        return answer

    def open(self, path: str, headers: Mapping[str, str], timeout_s: float) -> http.client.HTTPResponse:
        """Return an answer that is read piece by piece; raise ServerUnavailable when none comes."""
        try:
            return self._asked("GET", path, None, headers, timeout_s)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise self._gone(error) from error

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _asked(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], timeout_s: float
    ) -> http.client.HTTPResponse:
        if self._connection is None:
            kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
            self._connection = kind(self._host, self._port, timeout=timeout_s)
        key = {} if self._key is None else {"authorization": f"Bearer {self._key}"}
        self._connection.request(method, f"{self._base}{path}", body, {**headers, **key})
        return self._connection.getresponse()

    def _gone(self, error: Exception) -> ServerUnavailable:
        if isinstance(error, ssl.SSLCertVerificationError):
            return ServerNotTrusted(f"{self.url} is not trusted, and nothing was sent: {_complaint(error)}")
        said = error.strerror if isinstance(error, OSError) and not isinstance(error, ssl.SSLError) else None
        reason = (said or str(error)).lower() or type(error).__name__
        if isinstance(error, ssl.SSLError) and error.reason in {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"}:
            return ServerUnavailable(f"no answer from {self.url}: it does not speak TLS; is it http://?")
        if not self._secure and isinstance(error, http.client.BadStatusLine):
            return ServerUnavailable(
                f"no answer from {self.url}: it hangs up; does it stop just now, or is it https://?"
            )
        return ServerUnavailable(f"no answer from {self.url}: {reason}; is `agentobs serve` running there?")


def _complaint(error: ssl.SSLCertVerificationError) -> str:
    """Return what is wrong with a certificate, and what to do."""
    said = error.verify_message.rstrip(".").lower()
    if error.verify_code in {_NAME_MISMATCH, _ADDRESS_MISMATCH}:
        return f"{said}; call it by a name that is in its certificate"
    if error.verify_code == _EXPIRED:
        return f"{said}; the server needs a new one"
    named = os.environ.get("SSL_CERT_FILE")
    if not named:
        return f"{said}; name the PEM file of its certificate authority in SSL_CERT_FILE"
    return f"{said}; SSL_CERT_FILE={named} must name a PEM file with its certificate authority"


def error_of(status: int, body: bytes) -> str:
    """Return why a request was refused, as the server says it; it is not trusted."""
    try:
        said = str(json.loads(body)["error"])
    except (ValueError, KeyError, TypeError):
        said = "it gives no reason"
    return one_line(f"{said} ({status})", 500)
