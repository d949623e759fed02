"""Slugs as Zou makes them, and the form in which two paths are compared.

Zou 1.0.97 pins python-slugify 8.0.4 over text-unidecode. Inside an application the
version of python-slugify is not ours to choose, and it prefers the package Unidecode
(other tables) when some other extension brought that along. So everything beyond ASCII
is transliterated here, with text-unidecode, the way slugify 8.0.4 would; what is left
comes out the same in every version and with either package.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from slugify import slugify
from text_unidecode import unidecode  # type: ignore[import-untyped]

__all__ = ["fold", "slug"]

# A quote that transliteration made is dropped by slugify, one that was there before
# becomes a separator. This character makes slugify see the former.
_MADE_QUOTE = "\u2019"


@lru_cache(maxsize=1 << 17)
def slug(text: str) -> str:
    """``slugify(text, separator="_")`` as the server computes it.

    >>> slug("Lampe à pétrole n°2")
    'lampe_a_petrole_ndeg2'
    """
    return slugify(transliterate(text), separator="_")


def transliterate(text: str) -> str:
    """``text`` in ASCII, but for the mark of a quote that must vanish."""
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text.replace("'", "-"))
    plain: str = unidecode(decomposed)
    return plain.replace("'", _MADE_QUOTE)


def fold(text: str) -> str:
    """``text`` as a disk that ignores case and Unicode form sees it.

    Two paths may share a file on some disk when their folded forms are equal: NTFS and
    APFS ignore case, HFS+ stores decomposed characters.
    """
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())
