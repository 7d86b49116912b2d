"""The environment of a report's process: what it needs to run and to find the database, and no secret."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

KEPT = {
    *("PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TEMP", "TMP", "VIRTUAL_ENV"),
    *("PYTHONPATH", "PYTHONHASHSEED", "SYSTEMROOT", "LD_LIBRARY_PATH", "PGPASSFILE", "PGSERVICEFILE", "PGSSLROOTCERT"),
}
KEPT_BEGINNINGS = ("LC_", "XDG_", "AGENTOBS_")
SECRET_WORDS = ("SECRET", "TOKEN", "PASSWORD", "KEY", "CREDENTIAL")


def clean(environment: Mapping[str, str], scratch: Path) -> dict[str, str]:
    """Return what a report's process may see; the database's password moves into a private file in scratch."""
    kept = {name: value for name, value in environment.items() if _kept(name)}
    url = kept.get("AGENTOBS_DATABASE_URL", "")
    if url:
        kept["AGENTOBS_DATABASE_URL"], password = _without_password(url)
        if password:
            kept["PGPASSFILE"] = str(_password_file(scratch / "pgpass", password))
    folders = {
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTER_CONFIG_DIR": "config",
        "IPYTHONDIR": "ipython",
    }
    kept |= {name: str(scratch / folder) for name, folder in folders.items()}
    kept |= {
        "JUPYTER_PATH": str(scratch / "kernels_here"),
        "JUPYTER_NO_CONFIG": "1",
        "JUPYTER_PLATFORM_DIRS": "1",
        "PLOTLY_RENDERER": "plotly_mimetype",
        "PYTHONUTF8": "1",
        "TQDM_DISABLE": "1",  # a bar has no place on paper, nor has the complaint that it cannot be drawn nicely
        "PYTHONWARNINGS": "ignore:IProgress not found",
        "AGENTOBS_REPORT_SCRATCH": str(scratch),
    }
    return kept


def _kept(name: str) -> bool:
    upper = name.upper()
    return (upper in KEPT or upper.startswith(KEPT_BEGINNINGS)) and not any(word in upper for word in SECRET_WORDS)


def _without_password(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
        query = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        return url, ""
    password = unquote(parts.password or "") or dict(query).get("password", "")
    user, at, host = parts.netloc.rpartition("@")
    netloc = user.partition(":")[0] + at + host
    rest = urlencode([(name, value) for name, value in query if name != "password"], quote_via=quote)
    return (urlunsplit(parts._replace(netloc=netloc, query=rest)), password) if password else (url, "")


def _password_file(path: Path, password: str) -> Path:
    path.touch(mode=0o600)
    escaped = password.replace("\\", "\\\\").replace(":", "\\:")
    path.write_text(f"*:*:*:*:{escaped}\n", "utf-8")
    return path
