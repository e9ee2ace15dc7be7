"""The street: two lines in Business Central, one text of lines in Outlook."""

from __future__ import annotations

import re

from shared.fields.texts import clean, cut

LINE1_MAX = 100
LINE2_MAX = 50

_LINE_END = re.compile(r"\r\n|\r|\n")


def street_lines(street: str) -> list[str]:
    """The lines of a street, trimmed, without the blank ones at its end."""
    lines = [clean(line) for line in _LINE_END.split(street)]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def two_lines(street: str) -> tuple[str, str]:
    """The street as two lines, uncut: lines beyond two are joined to the second with ", " (sync rules §5)."""
    first, *rest = street_lines(street) or [""]
    return first, ", ".join(line for line in rest if line)


def one_street(line1: str, line2: str) -> str:
    """Two lines as one street; a blank second line is left out."""
    return f"{line1}\n{line2}" if line2 else line1


def cut_lines(street: str) -> tuple[str, str]:
    """The two lines as Business Central can hold them, each cut to its own maximum."""
    first, second = two_lines(street)
    return cut(first, LINE1_MAX), cut(second, LINE2_MAX)


def merged_street(line1: str, line2: str, current: str) -> str:
    """The street to write to Outlook over `current`: a line Business Central shows unchanged stays as it is.

    So the user's third line, or the end of a line too long for Business Central, outlives an edit of the other.
    """
    held1, held2 = cut_lines(current)
    first, *rest = street_lines(current) or [""]
    kept1 = first if clean(line1) == held1 else clean(line1)
    kept2 = "\n".join(rest) if clean(line2) == held2 else clean(line2)
    return one_street(kept1, kept2)


def same_street(line1: str, line2: str, street: str) -> bool:
    """Whether Business Central's lines and Outlook's street say the same, line ends and cuts aside.

    Without a first line the second one counts, wherever it stands: a server that trims moves it up.
    """
    bc = two_lines(one_street(clean(line1), clean(line2)))
    if not bc[0]:
        whole = ", ".join(line for line in street_lines(street) if line)
        return bc[1] in (whole, cut(whole, LINE2_MAX))
    return bc in (two_lines(street), cut_lines(street))
