"""`dev.py package`: the zip that is deployed."""

from __future__ import annotations

import argparse
import zipfile
from collections.abc import Iterator
from pathlib import Path

from pathspec import GitIgnoreSpec

from sandbox.install import ROOT

ARCHIVE = ROOT / "dist" / "contact-sync.zip"
_TIMESTAMP = (1980, 1, 1, 0, 0, 0)


def run(arguments: argparse.Namespace) -> int:
    """Writes the archive and says where it is."""
    del arguments
    files = deployed_files(ROOT)
    write_archive(ROOT, files, ARCHIVE)
    print(f"{ARCHIVE.relative_to(ROOT)}: {len(files)} files, {ARCHIVE.stat().st_size / 1024:.0f} KiB")
    return 0


def deployed_files(root: Path) -> list[Path]:
    """What `.funcignore` leaves, relative to `root`, sorted: the same files that `func` would publish."""
    ignored = GitIgnoreSpec.from_lines((root / ".funcignore").read_text(encoding="utf-8").splitlines())
    return sorted(_kept(root, Path(), ignored))


def _kept(root: Path, folder: Path, ignored: GitIgnoreSpec) -> Iterator[Path]:
    """Does not look into ignored folders: the virtual environment alone has ten thousand files."""
    for entry in (root / folder).iterdir():
        inside = folder / entry.name
        if entry.is_dir():
            if not ignored.match_file(f"{inside.as_posix()}/"):
                yield from _kept(root, inside, ignored)
        elif not ignored.match_file(inside.as_posix()):
            yield inside


def write_archive(root: Path, files: list[Path], archive: Path) -> None:
    """The same files make the same bytes, whenever and wherever."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for file in files:
            entry = zipfile.ZipInfo(file.as_posix(), _TIMESTAMP)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, (root / file).read_bytes())
