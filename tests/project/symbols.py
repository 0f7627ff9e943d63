#!/usr/bin/env python3
"""symbols.py LIBRARY.so HEADERS OBJECTS: what a shared library shows is what its public headers mark.

HEADERS is a folder of public headers, in which ZIGMUND_EXPORT marks what source files define; OBJECTS is one of
object files that use the library through these headers.

- Each symbol of ours that the library defines for others belongs to something marked. The others are the C++ library's
  templates, which every library that instantiates one shows.
- Each of them is in the inline namespace of the ABI, which is named after the major number of the version.
- All that is marked is there.
- The library shows each symbol that the objects look for in it: nothing was forgotten.
"""
import pathlib
import re
import subprocess
import sys

CLASS = re.compile(r"^(?:class|struct) ZIGMUND_EXPORT (?:\[\[.*?\]\] )?(\w+)", re.M)
# A function's name stands before its parenthesis, a variable's at the end or before an attribute.
FUNCTION = re.compile(r"^ZIGMUND_EXPORT (?:\[\[.*?\]\] )?(?!extern)[^()\[\]]*?(\w+)\(", re.M)
VARIABLE = re.compile(r"^ZIGMUND_EXPORT extern [^;\[]*?(\w+)(?: \[\[.*?\]\])?;", re.M)
# A class within a class, whose body is a source file's.
DECLARED = re.compile(r"^ +(?:class|struct) (\w+);", re.M)
BODY = r"(?:class|struct)\b[^;{]*\b%s\b[^;({]*\{"


def marked(text):
    return {name for pattern in (CLASS, FUNCTION, VARIABLE) for name in pattern.findall(text)}


def bodiless(text):
    return {name for name in DECLARED.findall(text) if not re.search(BODY % name, text)}


def symbols(*arguments):
    """Yields (kind, mangled name, name)."""
    listed = [line.split() for line in subprocess.run(
        ["nm", *arguments], check=True, capture_output=True, text=True).stdout.splitlines()]
    listed = [(words[-2], words[-1].split("@")[0]) for words in listed if len(words) >= 2]
    plain = subprocess.run(["c++filt"], input="\n".join(name for _, name in listed), check=True,
                           capture_output=True, text=True).stdout.splitlines()
    for (kind, mangled), name in zip(listed, plain):
        yield kind, mangled, name


def belongs_to(name, names):
    """Whether one of the scopes that the symbol's name is made of is in `names`."""
    name = re.sub(r"^(vtable|typeinfo name|typeinfo|VTT|guard variable|TLS init function|TLS wrapper function) for ", "",
                  name)
    name = re.sub(r"\[abi:\w+\]", "", name)
    depth, plain = 0, ""
    for letter in name.split("(")[0] if not name.startswith("(") else name:
        depth += (letter == "<") - (letter == ">")
        if depth == 0 and letter != ">":
            plain += letter
    return any(scope in names for scope in re.findall(r"\w+", plain))


def main():
    library, headers, objects = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    text = "\n".join(header.read_text() for header in headers.rglob("*.hpp"))
    names, hidden = marked(text), bodiless(text)
    shown = list(symbols("-D", "--defined-only", library))
    room = f"zigmund::{headers.name}::"
    version = pathlib.Path(__file__).parents[2] / "alloc/include/zigmund/alloc/version.hpp"
    major = re.search(r"define ZIGMUND_VERSION_MAJOR (\d+)", version.read_text())[1]
    wrong = []

    for kind, mangled, name in shown:
        ours = "zigmund::" in name.split("(")[0].split("<")[0]
        if kind in "TDBR" and not ours:
            wrong.append(f"is shown, and not ours: {name}")
        elif ours and f"{room}v{major}::" not in name:
            wrong.append(f"is shown, and not in the namespace of the ABI, v{major}: {name}")
        elif ours and not belongs_to(name, names):
            wrong.append(f"is shown, and nothing marks it: {name}")
        elif ours and belongs_to(name, hidden):
            wrong.append(f"is shown, and the headers do not say what it is: {name}")

    there = {mangled for _, mangled, _ in shown}
    words = {word for _, _, name in shown for word in re.findall(r"\w+", name)}
    wrong += [f"is marked, and not there: {name}" for name in sorted(names - words)]

    files = [str(file) for file in objects.rglob("*.o")]
    if not files:
        wrong.append(f"no objects in {objects}")
    defined = {mangled for _, mangled, _ in symbols("--defined-only", "-g", *files)} if files else set()
    missing = {name for _, mangled, name in (symbols("--undefined-only", *files) if files else ())
               if room in name.split("(")[0].split("<")[0] and mangled not in there and mangled not in defined}
    wrong += [f"is used, and not shown: {name}" for name in sorted(missing)]

    if wrong:
        sys.exit("\n".join(f"{library}: {line}" for line in sorted(set(wrong))))
    print(f"{library}: {len(names)} names are marked, {len(files)} object files use them")


main()
