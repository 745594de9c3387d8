"""What is encrypted at rest, with the installation's key: files, and updates that were set aside."""

import base64
from typing import Any

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import LargeBinary
from sqlalchemy.types import TypeDecorator

_box: Fernet | None = None


def use_key(key: str) -> None:
    """Set the installation's key, once, when the program starts."""
    global _box
    derived = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"poruch files").derive(key.encode())
    _box = Fernet(base64.urlsafe_b64encode(derived))


def _opened() -> Fernet:
    if _box is None:
        raise RuntimeError("sealing.use_key() has not been called")
    return _box


class Sealed(TypeDecorator[bytes]):
    """Bytes that are encrypted in the database and plain in memory."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Any) -> bytes | None:
        return None if value is None else _opened().encrypt(value)

    def process_result_value(self, value: bytes | None, dialect: Any) -> bytes | None:
        return None if value is None else _opened().decrypt(value)
