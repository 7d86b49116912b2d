"""Mapping files: adapters that a team teaches by TOML, beside those that are modules.

They lie in the folder `mappings` of the data folder, or are named: `agentobs ingest --mapping FILE`. What a mapping
says is described in `agentobs.adapters._mapping`.
"""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from agentobs.adapters._base import Adapter
from agentobs.adapters._mapping import adapter_of
from agentobs.errors import PluginError, SettingsError

FOLDER = "mappings"


def paths_of(home: Path, more: Sequence[Path] = ()) -> tuple[str, ...]:
    """Return the mapping files of a data folder, sorted, then those named; raise SettingsError if one is not there."""
    paths = sorted((home / FOLDER).glob("*.toml"))
    for path in more:
        named = path.expanduser().absolute()
        if not named.is_file():
            raise SettingsError(f"mapping {str(path)!r} is not there; name a TOML file")
        if named not in paths:
            paths.append(named)
    return tuple(str(path) for path in paths)


def read(path: str | Path) -> Adapter:
    """Return the adapter that a mapping file describes; raise PluginError saying what is wrong, where, what to do."""
    try:
        given = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise PluginError(f"cannot read the mapping {str(path)!r}: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise PluginError(f"mapping {str(path)!r} is no TOML: {error}") from error
    return adapter_of(given, f"mapping {str(path)!r}")


def with_mappings(known: Mapping[str, Adapter], taught: Sequence[str | Path]) -> dict[str, Adapter]:
    """Return known adapters and those of mapping files, by name; raise PluginError when a name is taken."""
    found = dict(known)
    places = {name: f"the adapter agentobs.adapters.{name}" for name in known}
    for path in taught:
        adapter = read(path)
        if adapter.name in found:
            taken = places[adapter.name]
            raise PluginError(f"mapping {str(path)!r} is named {adapter.name!r}, as is {taken}; rename one of them")
        found[adapter.name] = adapter
        places[adapter.name] = f"the mapping {str(path)!r}"
    return {name: found[name] for name in sorted(found)}
