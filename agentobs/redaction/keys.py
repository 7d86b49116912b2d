"""The local key of the marks: one file of 32 random bytes that only its owner can read."""

import os
import secrets
from pathlib import Path

from agentobs.errors import SettingsError

KEY_BYTES = 32


def load_key(path: Path) -> bytes:
    """Return the key in this file, made on the first call; processes that race for it all get the same one.

    Raises SettingsError when the file cannot be made or read, or holds something else.
    """
    try:
        if not path.exists():
            _create(path)
        key = path.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"redaction key {path} cannot be used: {error.strerror}; make its folder writable or name another file"
        ) from error
    if len(key) != KEY_BYTES:
        raise SettingsError(
            f"redaction key {path} has {len(key)} bytes, not {KEY_BYTES}; restore it, or remove it to start a new one"
        )
    return key


def _create(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        # A link appears whole or not at all, and never replaces the key of a faster process.
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()
