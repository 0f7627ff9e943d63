#!/usr/bin/env python3
"""filter.py HEADER: the header as Doxygen reads it.

What our headers say in the way that people read them, said in Doxygen's way:

- A public header is about one noun, which has the header's name, and begins with what that is. This becomes the
  description of the type, or of the file where the noun is a function or a macro.
- A comment stands for the declarations that follow, up to the next comment or blank line.
- It does not stand for a destructor, nor for a friend, nor for constructors that a class takes over from its base.
- Of the friends of a class its operators are members to a reader, and Doxygen shows no others.
- An inline namespace that stands for an ABI is nobody's to name.
- What is in a namespace `detail`, how that and `std` are specialised, and a macro without a comment is nobody's to use.
"""
import pathlib
import re
import sys

def description(lines):
    """What the header begins with, as Markdown: examples and exact messages are indented."""
    text, code = [], False
    for line in lines:
        line = line[2:].removeprefix(" ")
        indented = line.startswith("    ")
        if indented and not code:
            text.append("~~~{.cpp}")
        elif code and line and not indented:
            text.append("~~~")
        code = indented or (code and not line)
        text.append(line.removeprefix("    ") if code else plain(line))
    return "\n".join(text + (["~~~"] if code else []))


def plain(line):
    """Text that Doxygen does not take for its own commands, or for HTML; what is between backticks it leaves alone."""
    parts = line.split("`")
    parts[::2] = [re.sub(r"([<>@\\#])", r"\\\1", part) for part in parts[::2]]
    return "`".join(parts)


def without_details(lines):
    """Blanks the namespaces `detail`, and what specialises a template of those or of the standard library."""
    kept, skipped = [], None
    for line in lines:
        begins = re.match(r"(?:inline )?namespace (?:\w+::)*detail \{$", line)
        if skipped is None and begins:
            skipped = r"\}  // namespace (\w+::)*detail$"
        elif skipped is None and re.match(r"(?:template <.*> ?)?(?:struct|class) std::", line):
            if kept and kept[-1].startswith("template"):
                kept[-1] = ""
            skipped = r"\};$"
        elif skipped is None and re.match(r"inline constexpr \w+ \w+(?:::\w+)*::detail::", line):
            # A variable in one line, with its `template <>` and its comment.
            while kept and (kept[-1].startswith("template") or COMMENT.match(kept[-1])):
                kept.pop()
            line = ""
        kept.append(line if skipped is None else "")
        if skipped is not None and re.match(skipped, line):
            skipped = None
    return kept


COMMENT = re.compile(r"\s*///(?!<)")
ENDS = re.compile(r"\s*(?:$|//|(?:public|private|protected):)")
# What has no comment of its own where another declaration's comment stands before it.
OTHER = re.compile(r"~|friend (?!.*operator)|using (?:\w+::)*(\w+)(?:<.*>)?::\1;$")
TYPE = re.compile(r"(?:template <.*> ?)?(?:class|struct|union|enum|namespace|concept)\b")


def without_helper_macros(lines):
    """Blanks the macros that no comment introduces."""
    kept, inside = [], False
    for number, line in enumerate(lines):
        helper = re.match(r"\s*#\s*define ZIGMUND_", line) and not (number and COMMENT.match(lines[number - 1]))
        blank = inside or helper
        inside = blank and line.endswith("\\")
        kept.append("" if blank else line)
    return kept


def share_comments(lines):
    """Repeats a comment for each of the declarations that it stands for."""
    shared, comment, depth, begins = [], [], 0, True
    for line in lines:
        code = line.split("//")[0].strip()
        if COMMENT.match(line) and depth == 0:
            comment = comment + [line] if shared and COMMENT.match(shared[-1]) else [line]
        elif depth == 0 and (ENDS.match(line) or TYPE.match(code) or code.startswith("}")):
            comment = []
        elif depth == 0 and begins and comment and not COMMENT.match(shared[-1]) and "///<" not in line:
            shared += [] if OTHER.match(code) else comment
        if shared and COMMENT.match(shared[-1]):
            line = re.sub(r"^(\s*)friend (?=.*\boperator)", r"\1", line)
        shared.append(line)
        code = re.sub(r"'[^']'", "", code)
        depth += sum(code.count(c) for c in "{(") - sum(code.count(c) for c in "})")
        # What encloses the declarations is not counted.
        if not comment or depth < 0:
            depth = 0
        begins = depth == 0 and (not code or code.endswith((";", "}", ":")) or code.startswith("#"))
    return shared


def main():
    path = pathlib.Path(sys.argv[1])
    nobodys = r"(?:inline |\}  // )namespace ZIGMUND_\w+(?: \{)?$|::inline \w+|^\s*friend (?!.*operator).*\(.*\);$"
    lines = [re.sub(nobodys, "", line) for line in path.read_text().splitlines()]
    length = next((number for number, line in enumerate(lines) if not line.startswith("//")), 0)
    # In lists Doxygen begins each description with a capital, which a name in code keeps it from.
    said = re.sub(r"^(\w+(?:\(\))?(?:(?:, | and )\w+(?:\(\))?)*): ", r"`\1`: ", description(lines[:length]))
    body = without_helper_macros(without_details(lines[length:]))

    noun = path.stem.replace("_", "")
    start = None
    for number, line in enumerate(body):
        declared = re.match(r"(?:class|struct) (?:ZIGMUND_EXPORT )?(?:\[\[.*?\]\] )?(\w+)(?!.*;$)", line)
        if declared and declared[1].lower() == noun:
            start = number
            break
    if start is None:
        print("/** \\file\n" + said + "\n*/")
        print("\n".join(share_comments(body)))
        return
    while start > 0 and re.match(r"template|requires|///| ", body[start - 1]):
        start -= 1
    # The first paragraph stands for the file.
    print("/** \\file\n" + said.split("\n\n")[0] + "\n*/")
    # Nothing of the type's own comment is lost: it goes on with that.
    print("\n".join(share_comments(body[:start])))
    print("/** " + said + "\n*/")
    print("\n".join(share_comments(body[start:])))


main()
