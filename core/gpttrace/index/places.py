"""Places: where the index, its weights, the user's folders and the embedding endpoint are, as one frozen value."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from platformdirs import PlatformDirs

from gpttrace.errors import StoreError, UsageError
from gpttrace.settings import Settings, environment

WEIGHTS = "minilm-int8.npz"
INDEX = "examples.sqlite"
_FOLDERS = "index.json"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An OpenAI-compatible endpoint for embeddings; only used when a model is named, so that a key alone sends nothing."""

    model: str
    base_url: str | None = None
    key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Places:
    """`system` is the root of the installed tools (another one in tests)."""

    cache_dir: Path
    data_dir: Path
    config_dir: Path
    endpoint: Endpoint | None = None
    system: Path = Path("/")

    @property
    def weights(self) -> Path:
        """The weights of the offline embedding; need not exist."""
        return self.data_dir / WEIGHTS

    @property
    def index(self) -> Path:
        """The index file; need not exist."""
        return self.cache_dir / INDEX

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders that the user added; () when there is no list or it cannot be read."""
        with suppress(OSError, ValueError, TypeError, KeyError):
            listed = json.loads((self.config_dir / _FOLDERS).read_text(encoding="utf-8"))["folders"]
            return tuple(Path(os.fsdecode(each)) for each in listed if isinstance(each, str))
        return ()


def find_places(settings: Settings | None = None, environ: Mapping[str, str] | None = None) -> Places:
    """Return the places of the caller: `GPTTRACE_DATA`, `GPTTRACE_EMBEDDING_MODEL`, `OPENAI_BASE_URL` and `OPENAI_API_KEY`."""
    env = environment() if environ is None else environ
    settings = settings or Settings.load(env)
    model = env.get("GPTTRACE_EMBEDDING_MODEL")
    return Places(
        cache_dir=settings.cache_dir,
        data_dir=Path(env.get("GPTTRACE_DATA") or PlatformDirs("gpttrace", appauthor=False).user_data_path),
        config_dir=settings.config_dir,
        endpoint=Endpoint(model, env.get("OPENAI_BASE_URL"), env.get("OPENAI_API_KEY")) if model else None,
    )


def add_folder(places: Places, folder: str) -> Path:
    """Add a folder of `.bt` files to what is indexed; UsageError when it is none, StoreError when that cannot be kept."""
    path = Path(folder).expanduser().resolve()
    if not path.is_dir():
        raise UsageError(f"{folder}: there is no such folder", hint="give a folder that holds .bt files")
    if path not in places.folders:
        _keep(places, (*places.folders, path))
    return path


def remove_folder(places: Places, folder: str) -> Path:
    """Take a folder out again, also one that is gone; UsageError when it was never added."""
    path = Path(folder).expanduser().resolve()
    if path not in places.folders:
        raise UsageError(
            f"{folder}: not among the folders that were added", hint="gpttrace index show lists them"
        )
    _keep(places, tuple(each for each in places.folders if each != path))
    return path


def _keep(places: Places, folders: tuple[Path, ...]) -> None:
    target = places.config_dir / _FOLDERS
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(json.dumps({"folders": [str(each) for each in folders]}, indent=1), encoding="utf-8")
        draft.replace(target)
    except (OSError, UnicodeEncodeError) as error:
        raise StoreError(
            f"the list of folders could not be kept in {target}: {error}",
            hint="set GPTTRACE_CONFIG to a folder that you can write",
        ) from error
