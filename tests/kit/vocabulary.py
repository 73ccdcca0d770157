"""Packs OpenAI's o200k vocabulary for `dialects/vocabulary.py`, from the file that OpenAI publishes with tiktoken.

PYTHONPATH=tests uv run python -m kit.vocabulary o200k_base.tiktoken
"""

from __future__ import annotations

import base64
import hashlib
import lzma
import sys
from pathlib import Path

from gophergate.dialects import vocabulary

SHA256 = "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"


def packed(published: bytes) -> bytes:
    """The packed vocabulary. Raises ValueError for a file that is another than the one known."""
    if hashlib.sha256(published).hexdigest() != SHA256:
        raise ValueError("This is not the o200k_base.tiktoken that is known.")
    tokens = [base64.b64decode(line.split()[0]) for line in published.splitlines()]
    raw = b"".join(bytes([len(token)]) + token for token in tokens)
    return lzma.compress(raw, preset=9 | lzma.PRESET_EXTREME)


def published(ranks: dict[bytes, int]) -> bytes:
    """The file that a vocabulary was packed from."""
    return b"".join(base64.b64encode(token) + b" %d\n" % rank for token, rank in ranks.items())


if __name__ == "__main__":
    Path(vocabulary.__file__).with_name(vocabulary.FILE).write_bytes(packed(Path(sys.argv[1]).read_bytes()))
