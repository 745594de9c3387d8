"""Files that staff add to a reply: which may go out, and under which name."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from desk.errors import Invalid
from desk.files import UNKNOWN, kind_of
from desk.reading import readable

MOST = 5
ALL_TOGETHER = 20 * 1024 * 1024  # Bytes; every channel takes a file of this size.
LONGEST_NAME = 80
# Containers that do not say by their bytes what is in them: what the name must end in, and what it then is.
OFFICE = {
    b"PK\x03\x04": {
        ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        ".odt": "application/vnd.oasis.opendocument.text",
        ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    },
    b"\xd0\xcf\x11\xe0": {".doc": "application/msword", ".xls": "application/vnd.ms-excel"},
    b"{\\rtf": {".rtf": "application/rtf"},
}
PLAIN = {".txt": "text/plain", ".ics": "text/calendar", ".csv": "text/csv"}
ENDINGS = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "image/heic": ".heic",
    "application/pdf": ".pdf",
    "audio/ogg": ".ogg",
    "audio/mpeg": ".mp3",
    "audio/mp4": ".m4a",
    "audio/webm": ".webm",
    "video/mp4": ".mp4",
}
# What the file field of the page offers first.
ACCEPTED = ",".join(["image/*", *ENDINGS.values(), *(ending for known in OFFICE.values() for ending in known), *PLAIN])


@dataclass(frozen=True)
class Attachment:
    """A file on its way to a person; `kind` and `mime` are those of its bytes."""

    name: str
    kind: str
    mime: str
    content: bytes

    def nameless(self) -> "Attachment":
        """The same under a name that says nothing: it stands in the notification on a phone that others may see."""
        called = "photo" if self.kind == "photo" else "document"
        return replace(self, name=called + PurePosixPath(self.name).suffix)


def attachments(given: Sequence[tuple[str, bytes]]) -> tuple[Attachment, ...]:
    """What may go out of these (name, bytes); raises Invalid with a sentence for whoever has chosen them."""
    if len(given) > MOST:
        raise Invalid("error.files_many", n=MOST)
    if sum(len(content) for _, content in given) > ALL_TOGETHER:
        raise Invalid("error.files_big", mb=ALL_TOGETHER // 1024 // 1024)
    return tuple(_attachment(name, content) for name, content in given)


def _attachment(name: str, content: bytes) -> Attachment:
    """Only what a phone opens and what runs nothing."""
    name = readable(name).replace("\\", "/").rpartition("/")[2].replace('"', "").strip(" .")
    if not content:
        raise Invalid("error.file_empty", name=name)
    path = PurePosixPath(name)
    ending = path.suffix.lower()
    kind, mime = kind_of(content)
    if mime == UNKNOWN:
        kind, mime = "document", _by_its_name(ending, content)
    elif ENDINGS[mime] != ending and not (mime == "image/jpeg" and ending == ".jpeg"):
        ending = ENDINGS[mime]
    if not mime:
        raise Invalid("error.file_kind", name=name)
    return Attachment((path.stem or "document")[:LONGEST_NAME] + ending, kind, mime, content)


def _by_its_name(ending: str, content: bytes) -> str:
    """What a container or a plain text is, where name and bytes agree; empty where they do not."""
    for mark, known in OFFICE.items():
        if content.startswith(mark):
            return known.get(ending, "")
    if ending in PLAIN and b"\0" not in content:
        try:
            content.decode()
        except UnicodeDecodeError:
            return ""
        return PLAIN[ending]
    return ""
