"""Phone numbers: any text in Outlook, a text without letters in Business Central."""

from __future__ import annotations

import re
import unicodedata

from shared.fields.texts import clean, fold_accents, fold_blanks

# What people write before an extension, folded and without dots, in the languages of the page.
_EXTENSION_WORDS = frozenset(
    {"x", "ext", "extn", "extension", "dw", "durchwahl", "nst", "nebenstelle", "klappe", "kl"}
    | {"poste", "interne", "int", "interno", "anexo", "ramal", "toestel", "tst", "lok", "lokal"}
    | {
        "lokalnummer",
        "anknytning",
        "ankn",
        "internnummer",
        "alanumero",
        "wewn",
        "wew",
        "linka",
        "klapka",
        "доб",
    }
)
MAX_LENGTH = 30

_ASCII_LETTER = re.compile(r"[A-Za-z]")
_NOT_DIALLED = re.compile(r"[^0-9+;]")
_WITH_EXTENSION = re.compile(
    r"(?P<number>[\d+(][^;]{0,60}?)"
    r"[\s,;:./(\[-]*(?P<word>[^\W\d_]+)[\s.:=#-]*(?P<extension>\d{1,9})[\s.)\]]*"
)


def has_letters(text: str) -> bool:
    """Whether Business Central would refuse the number (contracts/business-central.md §2, row 15)."""
    if text.isascii():
        return _ASCII_LETTER.search(text) is not None
    return any(char.isalpha() for char in text)


def without_letters(text: str) -> str | None:
    """The number as Business Central can hold it, or None where a letter would be lost.

    "+44 20 7946 0001 ext. 12" becomes "+44 20 7946 0001;12"; other letters mean something (sync rules §5).
    """
    number = clean(text)
    if not has_letters(number):
        return number
    found = _WITH_EXTENSION.fullmatch(number)
    if found is None or fold_accents(found["word"]) not in _EXTENSION_WORDS:
        return None
    main = found["number"].rstrip()
    if has_letters(main) or not any(char.isdecimal() for char in main):
        return None
    return f"{main};{found['extension']}"


def dialled(text: str) -> str:
    """What counts when numbers are compared: digits (of any script), `+` and `;` (sync rules §5)."""
    if text.isascii():
        return _NOT_DIALLED.sub("", text)
    return "".join(
        char if char in "+;" else str(unicodedata.decimal(char))
        for char in text
        if char in "+;" or char.isdecimal()
    )


def same_number(a: str, b: str) -> bool:
    """Whether two texts are the same number; texts that dial nothing are compared as written."""
    bare_a, bare_b = without_letters(a), without_letters(b)
    if bare_a is None or bare_b is None:
        return fold_blanks(a).casefold() == fold_blanks(b).casefold()
    dialled_a, dialled_b = dialled(bare_a), dialled(bare_b)
    return dialled_a == dialled_b and (bool(dialled_a) or fold_blanks(a) == fold_blanks(b))
