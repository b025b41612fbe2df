#!/usr/bin/env python3
"""Fetches natural text for the evaluation and writes it as one clean file.

The text is the six novels that Jane Austen finished, as packed for R by Debian (package below). The
novels are in the public domain; the package that carries them is under the MIT licence. Nothing of
it is kept in this repository: it is fetched each time a cache folder is empty.

    python3 haystack.py CACHE_FOLDER            # writes CACHE_FOLDER/haystack.txt, prints its SHA-256
    python3 haystack.py CACHE_FOLDER --package FILE.deb     # the same from a package you already have

Needs only the standard library, and apt-get (on a Debian or Ubuntu system) unless --package is given.

The output has one paragraph per line block, blocks separated by one empty line, every run of white
space made one space, title pages, contents and chapter headings left out.
"""

import argparse
import hashlib
import io
import os
import re
import struct
import subprocess
import sys
import tarfile
import zlib
from pathlib import Path

PACKAGE = "r-cran-janeaustenr"
# Known good: version 1.0.0-1, licence MIT (package), public domain (novels).
PACKAGE_SHA256 = "df6bddf211906d1ff404f8ff662c21b34e6660e7f54a311084e749050c019c95"
HAYSTACK_SHA256 = "be9cfdf4a46843d7631e7f63d1129f1ce8e6a7a91eb945e99420acb60c88f339"
# In this order, so that the haystack does not depend on the order inside the package.
NOVELS = ["SENSE AND SENSIBILITY", "PRIDE AND PREJUDICE", "MANSFIELD PARK", "EMMA", "NORTHANGER ABBEY", "PERSUASION"]
STORE = "./usr/lib/R/site-library/janeaustenr/data/Rdata.rdb"


class Failure(Exception):
    """A message for the person who runs the script."""


def fetch(folder: Path) -> Path:
    """Downloads the package into the folder with apt-get, unless one lies there."""
    found = sorted(folder.glob(PACKAGE + "_*.deb"))
    if not found:
        try:
            done = subprocess.run(["apt-get", "download", PACKAGE], cwd=folder, capture_output=True, text=True)
        except FileNotFoundError:
            raise Failure(f"apt-get is not here: get the Debian package {PACKAGE} yourself and name it with --package")
        if done.returncode:
            raise Failure(f"apt-get download {PACKAGE} failed (is the package list old? try apt-get update):\n"
                          + done.stderr.strip())
        found = sorted(folder.glob(PACKAGE + "_*.deb"))
        if not found:
            raise Failure(f"apt-get download {PACKAGE} said that it worked but left no file in {folder}")
    return found[-1]


def members_of_deb(blob: bytes) -> dict:
    """A .deb is an `ar` archive: name -> bytes."""
    if not blob.startswith(b"!<arch>\n"):
        raise Failure("the package is not a .deb archive: delete it and run again")
    members, at = {}, 8
    while at + 60 <= len(blob):
        name, size = blob[at:at + 16].decode("ascii").strip().rstrip("/"), int(blob[at + 48:at + 58])
        members[name] = blob[at + 60:at + 60 + size]
        at += 60 + size + size % 2
    return members


def read_package(path: Path) -> dict:
    """R's lazy-load store of the package: title of the novel -> its lines."""
    members = members_of_deb(path.read_bytes())
    data = next((name for name in members if name.startswith("data.tar")), None)
    if data is None or data.endswith(".zst"):
        raise Failure(f"{path.name} holds no data.tar that this script can open (xz, gz or bz2): found {sorted(members)}")
    with tarfile.open(fileobj=io.BytesIO(members[data])) as tar:
        store = tar.extractfile(STORE).read()
    novels = {}
    while store:
        lines, store = first_record(store)
        title = next((line.strip().upper() for line in lines if line.strip()), "")
        novels[title] = lines
    missing = [title for title in NOVELS if title not in novels]
    if missing:
        raise Failure(f"{path.name} lacks {missing}: it holds {sorted(novels)}")
    return novels


def first_record(store: bytes) -> tuple:
    """A record of the store is a length (4 bytes) and a zlib stream; the stream's end is where the next one begins."""
    length, unpacker = struct.unpack(">I", store[:4])[0], zlib.decompressobj()
    try:
        plain = unpacker.decompress(store[4:])
    except zlib.error as error:
        raise Failure(f"the package's data are not packed as this script expects ({error}): another version?")
    if len(plain) != length:
        raise Failure(f"a record of the package has {len(plain)} bytes where {length} were announced")
    return strings(plain), unpacker.unused_data


def strings(plain: bytes) -> list:
    """R's XDR serialisation of one vector of strings, versions 2 and 3."""
    if plain[:2] != b"X\n":
        raise Failure("a record of the package is not in R's binary format")
    version = struct.unpack(">i", plain[2:6])[0]
    at = 14
    if version == 3:                                                # the name of the native encoding
        at += 4 + struct.unpack(">i", plain[14:18])[0]
    flags, count = struct.unpack(">ii", plain[at:at + 8])
    if flags & 0xFF != 16:
        raise Failure(f"a record of the package holds an R object of kind {flags & 0xFF}, not a vector of strings")
    at += 8
    lines = []
    for _ in range(count):
        size = struct.unpack(">i", plain[at + 4:at + 8])[0]
        lines.append(plain[at + 8:at + 8 + max(size, 0)].decode("utf-8", "replace"))
        at += 8 + max(size, 0)
    return lines


HEADING = re.compile(r"(chapter|volume|vol\.|finis|the end|by jane austen|end of )", re.IGNORECASE)


def paragraphs(lines: list) -> list:
    """Lines of a printed novel -> paragraphs without title page and headings."""
    first = next(i for i, line in enumerate(lines) if re.match(r"\s*chapter (1|i)\b", line or "", re.IGNORECASE))
    blocks, block = [], []
    for line in [*lines[first:], ""]:
        line = re.sub(r"\s+", " ", line or "").strip()
        if line:
            block.append(line)
        elif block:
            blocks.append(" ".join(block))
            block = []
    kept = []
    for text in blocks:
        # Underscores mark italics in these files; they are no part of the prose.
        text = re.sub(r"_([^_]+)_", r"\1", text)
        heading = len(text) < 60 and HEADING.match(text) or not re.search(r"[a-z]{3}", text)
        note_of_the_printer = text.startswith("[") and text.endswith("]")
        if heading or note_of_the_printer:
            continue
        kept.append(text)
    return kept


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("cache", type=Path, help="folder for the package and for haystack.txt")
    parser.add_argument("--package", type=Path, help="the .deb file, if you have it already")
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    package = options.package or fetch(options.cache)
    digest = hashlib.sha256(package.read_bytes()).hexdigest()
    print(f"package  {package.name} sha256 {digest}"
          + ("" if digest == PACKAGE_SHA256 else " (another version than the one the results in docs/ were made with)"))
    novels = read_package(package)
    text = "\n\n".join("\n\n".join(paragraphs(novels[name])) for name in NOVELS) + "\n"
    target = options.cache / "haystack.txt"
    part = target.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, target)
    digest = hashlib.sha256(text.encode("utf-8")).hexdigest()
    print(f"haystack {target} sha256 {digest}, {len(text.split())} words"
          + ("" if digest == HAYSTACK_SHA256 else " (differs from the haystack the results in docs/ were made with)"))


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"haystack.py: {failure}")
