"""Files: uploaded by the business or sent by people, kept in memory, fetched by an address that expires."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Any

from simulator import ids
from simulator.errors import ApiError
from simulator.live import Live

MB = 1024 * 1024
LINK_LASTS = 300.0  # seconds
KEPT = 30 * 24 * 3600.0  # seconds; 7 days for what people sent
KEPT_INBOUND = 7 * 24 * 3600.0
ROOM = 256 * MB  # of all files together

_DOCUMENTS = ("application/pdf", "application/msword", "text/plain", "application/vnd.ms-excel",
              "application/vnd.ms-powerpoint", "application/vnd.openxmlformats-officedocument")  # fmt: skip
_MAX = {"image/jpeg": 5 * MB, "image/png": 5 * MB, "image/webp": MB // 2, "video/mp4": 16 * MB,
        "video/3gpp": 16 * MB, "audio/ogg": 16 * MB, "audio/mpeg": 16 * MB, "audio/aac": 16 * MB,
        "audio/amr": 16 * MB, "audio/mp4": 16 * MB}  # fmt: skip
_MAGIC = {"image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG\r\n\x1a\n", "application/pdf": b"%PDF-",
          "audio/ogg": b"OggS"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class File:
    """One file and until when its id holds."""

    id: str
    mime: str
    content: bytes
    sha256: str
    until: float
    inbound: bool = False


class MediaStore:
    """Every file, by id."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._files: dict[str, File] = {}
        self._links: dict[str, tuple[str, float]] = {}
        self._uploads: dict[str, str] = {}
        self.bytes = 0

    def add(self, content: bytes, mime: str, *, inbound: bool = False) -> File:
        """Keep a file; raises 131053 for what the provider does not take."""
        mime = mime.split(";")[0].strip().lower()
        check(content, mime)
        if self.bytes + len(content) > ROOM:
            raise ApiError(131053, "The simulator has no more room for files")
        until = self._live.now() + (KEPT_INBOUND if inbound else KEPT)
        digest = hashlib.sha256(content).digest()
        shown = base64.b64encode(digest).decode() if inbound else digest.hex()
        made = File(ids.object_id(self._live.rng), mime, content, shown, until, inbound)
        self._files[made.id] = made
        self.bytes += len(content)
        return made

    def get(self, media_id: str) -> File | None:
        """The file with this id while the id holds."""
        found = self._files.get(media_id)
        return found if found and self._live.now() < found.until else None

    def knows(self, media_id: str) -> bool:
        """Whether a message may name this id."""
        return self.get(media_id) is not None

    def delete(self, media_id: str) -> None:
        """Forget a file."""
        self.bytes -= len(self._files.pop(media_id).content)

    def link(self, item: File) -> str:
        """A new path for downloading the file, good for five minutes."""
        key = hashlib.sha256(f"{item.id}:{self._live.rng.random()}".encode()).hexdigest()[:32]
        self._links[key] = (item.id, self._live.now() + LINK_LASTS)
        return f"/whatsapp_business/attachments/{key}"

    def linked(self, key: str) -> File | None:
        """The file behind a download path, None once it has expired."""
        media_id, until = self._links.get(key, ("", 0.0))
        return self.get(media_id) if self._live.now() < until else None

    def start_upload(self, mime: str) -> str:
        """Begin a resumable upload, as examples of template headers need."""
        key = f"upload:{ids.object_id(self._live.rng)}"
        self._uploads[key] = mime
        return key

    def finish_upload(self, key: str, content: bytes) -> str:
        """Return the handle of an uploaded example."""
        mime = self._uploads.pop(key, None)
        if mime is None:
            raise ApiError(100, "The upload session is not known")
        encoded = base64.b64encode(self.add(content, mime).id.encode()).decode()
        return f"4::{encoded}"

    def clear(self) -> None:
        """Forget every file."""
        self._files.clear()
        self._links.clear()
        self._uploads.clear()
        self.bytes = 0


def check(content: bytes, mime: str) -> None:
    """Raise 131053 where type, size or first bytes do not fit."""
    known = mime in _MAX or mime.startswith(_DOCUMENTS)
    if not known:
        raise ApiError(131053, f"Param file must be a file with one of the supported types, not {mime}")
    if not content or len(content) > _MAX.get(mime, 100 * MB):
        raise ApiError(131053, f"The file is empty or too large for {mime}")
    magic = _MAGIC.get(mime)
    if magic and not content.startswith(magic):
        raise ApiError(131053, f"The file is not {mime}")


def described(item: File, url: str) -> dict[str, Any]:
    """What the provider says of a file."""
    return {
        "messaging_product": "whatsapp",
        "url": url,
        "mime_type": item.mime,
        "sha256": item.sha256,
        "file_size": str(len(item.content)),
        "id": item.id,
    }
