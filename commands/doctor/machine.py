"""What an installation has on its own machine: settings, the data directory, the key."""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from dotenv import dotenv_values

from bot.findings import Finding, error, look, ok
from desk.settings import Settings

MB = 1024 * 1024
LEAST_FREE = 500 * MB


def settings_read(settings: Settings) -> Iterator[Finding]:
    read = Path(".env").absolute()
    yield ok("The settings can be read" + (f", with those of {read}." if read.exists() else "; there is no .env here."))
    for name in _misspelt():
        yield look(f"{name} is set, and is no setting of Poruch.", "compare the name with docs/settings.md.")
    if settings.public_url and not settings.public_url.startswith("https://"):
        yield look(
            "PORUCH_PUBLIC_URL does not begin with https://, so people's words cross the network readable.",
            "put a reverse proxy with a certificate in front, and change the setting.",
        )


def _misspelt() -> list[str]:
    """Names in the environment or in .env that look like ours and are none: whoever wrote them meant something."""
    known = {f"PORUCH_{name.upper()}" for name in Settings.model_fields}
    given = {*os.environ, *dotenv_values(".env")}
    return sorted(name for name in given if name.upper().startswith("PORUCH_") and name.upper() not in known)


def data_dir(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir.absolute()
    there = next(place for place in (folder, *folder.parents) if place.exists())
    if not there.is_dir():
        yield error(f"{there} is a file, not a folder.", "set PORUCH_DATA_DIR to a folder.")
        return
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError:
        yield error(
            f"The data directory {folder} cannot be written.",
            "give it to the user under which Poruch runs, or set PORUCH_DATA_DIR.",
        )
    else:
        yield ok(f"The data directory {folder} can be written." if there == folder else f"{folder} can be made.")
    free = shutil.disk_usage(there).free
    if free < LEAST_FREE:
        yield error(
            f"Only {free // MB} MB are free on the disk of the data directory.",
            "make room: below 500 MB messages may soon not be stored.",
        )
    else:
        yield ok(f"{free // MB} MB are free on the disk.")


def key(settings: Settings) -> Iterator[Finding]:
    if settings.secret_key.get_secret_value():
        yield ok("The installation's key is set by PORUCH_SECRET_KEY.")
        return
    kept = settings.data_dir / "secret.key"
    try:
        text, mode = kept.read_text().strip(), kept.stat().st_mode
    except FileNotFoundError:
        yield look(
            "There is no key yet; `poruch run` makes one.",
            "if this installation has run before, bring back secret.key: without it kept files cannot be opened.",
        )
    except (OSError, UnicodeDecodeError):
        yield error(f"{kept} cannot be read.", "give it to the user under which Poruch runs.")
    else:
        if not text:
            yield error(f"{kept} is empty.", "bring it back from a backup: without it kept files cannot be opened.")
        elif mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield look(f"Other users of this machine can read {kept}.", f"chmod 600 {kept}")
        else:
            yield ok("The installation's key is there, and only its owner reads it.")


def has_key(settings: Settings) -> bool:
    return bool(settings.secret_key.get_secret_value()) or os.access(settings.data_dir / "secret.key", os.R_OK)
