"""The files of both sides: what people and the bot have sent, by the names under which Telegram gives them out."""

import hashlib
from dataclasses import dataclass
from typing import Any

MOST_FETCHED = 20 << 20
MOST_SENT = 50 << 20
MOST_PHOTO = 10 << 20
# How the files of each kind begin and where they lie.
FOLDERS = {
    "photo": "photos", "document": "documents", "voice": "voice", "audio": "music", "video": "videos",
    "video_note": "video_notes", "sticker": "stickers",
}  # fmt: skip
IMAGES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"BM", b"RIFF")
# A picture of one point, for whoever needs some picture.
DOT = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)


@dataclass(slots=True)
class File:
    id: str
    unique_id: str
    kind: str
    size: int
    path: str
    content: bytes | None  # None when only the size was claimed.

    def shown(self) -> dict[str, Any]:
        return {"file_id": self.id, "file_unique_id": self.unique_id, "file_size": self.size}

    def read(self) -> bytes:
        return bytes(self.size) if self.content is None else self.content


class Files:
    def __init__(self) -> None:
        self.by_id: dict[str, File] = {}
        self.by_path: dict[str, File] = {}

    def keep(self, kind: str, content: bytes | None, *, size: int | None = None, ending: str = "") -> File:
        number = len(self.by_id)
        mark = hashlib.sha256(f"file {number}".encode()).hexdigest()
        path = f"{FOLDERS[kind]}/file_{number}{ending}"
        size = len(content or b"") if size is None else size
        if content is not None and size != len(content):
            content = None
        file = File(f"AgACAgIAAxkBAAI{mark}", f"AQAD{mark[:12]}", kind, size, path, content)
        self.by_id[file.id] = self.by_path[path] = file
        return file
