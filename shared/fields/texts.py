"""Measuring, cutting and comparing plain text, as both servers would."""

from __future__ import annotations

import re
import unicodedata

_JOINER = "\u200d"
_LONGEST_CLUSTER = 16
_WORD = re.compile(r"[^\W_]+")
# Letters that carry a stroke or are ligatures: Unicode has no decomposition for them.
_UNDECOMPOSED = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d"}
)


def clean(text: str) -> str:
    """The text without the blanks around it."""
    return text.strip()


def fold_blanks(text: str) -> str:
    """The text with every run of blanks and line ends made one blank, none around it."""
    return " ".join(text.split())


def fold_accents(text: str) -> str:
    """Case-folded and without accents: "Łukasz É." and "lukasz e." fold to the same text."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(char for char in decomposed if not unicodedata.combining(char))
    return bare.casefold().translate(_UNDECOMPOSED)


def fold_code(text: str) -> str:
    """Equal for two texts that Business Central, which upper-cases and trims codes, stores alike."""
    return clean(text).upper().casefold()


def fold_company_name(text: str) -> str:
    """The key of a company name: trimmed, blanks folded, case-folded (sync rules §5)."""
    return fold_blanks(text).casefold()


def length(text: str) -> int:
    """Length in UTF-16 units, which is what Business Central counts against a field's maximum."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut(text: str, maximum: int) -> str:
    """The longest beginning of at most `maximum` UTF-16 units, without trailing blanks.

    Never ends inside a surrogate pair, nor inside a letter with its combining marks or a joined emoji
    unless that alone is longer than any real one.
    """
    if length(text) <= maximum:
        return text
    used = fitting = 0
    for char in text:
        used += 2 if char > "\uffff" else 1
        if used > maximum:
            break
        fitting += 1
    end = fitting
    while fitting - end < _LONGEST_CLUSTER and end > 0 and _belong_together(text[end - 1], text[end]):
        end -= 1
    whole = end > 0 and not _belong_together(text[end - 1], text[end])
    return text[: end if whole else fitting].rstrip()


def _belong_together(left: str, right: str) -> bool:
    return (
        right == _JOINER
        or left == _JOINER
        or unicodedata.category(right).startswith("M")
        or "\U0001f3fb" <= right <= "\U0001f3ff"
    )


def words(text: str) -> frozenset[str]:
    """The folded words of a name; a lone letter of an alphabet is an initial, not a word."""
    return frozenset(
        word
        for word in _WORD.findall(fold_accents(text))
        if len(word) > 1 or unicodedata.category(word) == "Lo"
    )


def share_a_word(a: str, b: str) -> bool:
    """Whether two names have a word in common, case and accents aside (sync rules §3).

    Names that differ in blanks only count as sharing: some scripts are written with and without.
    """
    joined_a, joined_b = ("".join(_WORD.findall(fold_accents(name))) for name in (a, b))
    return bool(joined_a) and (joined_a == joined_b or not words(a).isdisjoint(words(b)))
