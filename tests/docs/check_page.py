#!/usr/bin/env python3
"""check_page.py PAGE.md: what a page shows is in files that are compiled and run.

A ```cpp block stands in PAGE.cpp, a ```console, ```json or ```text block in PAGE.txt, which is what the program
prints; a line before the block names another file of the project:

    <!-- from: docs/examples/leak.cpp -->

Standing in a file means as a run of whole lines, but for indentation that they share. A line `// ...` or `...`
parts a block into several such runs, in their order; lines of a console block that begin with `$ ` are commands,
and part it as well. Blocks in other languages are not looked at, nor are those that run_page.py runs. `[name](path)`
leads to a file that exists, and, with `#heading`, to a heading of it.
"""
import pathlib
import re
import sys
import textwrap

CHECKED = {"cpp": ".cpp", "console": ".txt", "json": ".txt", "text": ".txt"}


def blocks(lines):
    """Yields (line number, language, word, text, lines) of each fenced block; `<!-- word: text -->` before it."""
    block, remark = None, ("", "")
    for number, line in enumerate(lines, 1):
        fence = re.fullmatch(r"\s*```(\w*)\s*", line)
        if block is None:
            if fence:
                block = (number, fence[1], *remark, [])
            said = re.fullmatch(r"<!-- (\w+)(?:: (.*))? -->", line.strip())
            remark = (said[1], said[2] or "") if said else ("", "")
        elif fence:
            yield block
            block = None
        else:
            block[4].append(line)
    if block is not None:
        sys.exit(f"{sys.argv[1]}:{block[0]}: the block does not end")


def runs(language, lines):
    """The parts of a block that stand together, each without the indentation that its lines share."""
    run = []
    for line in [*lines, "..."]:
        if line.strip() in ("...", "// ...") or (language == "console" and line.startswith("$ ")):
            if any(text.strip() for text in run):
                yield textwrap.dedent("\n".join(run)).strip("\n").split("\n")
            run = []
        else:
            run.append(line.rstrip())


def find(run, lines, start):
    """Where the run ends in `lines`, looked for from `start`; None: nowhere."""
    for begin in range(start, len(lines) - len(run) + 1):
        window = lines[begin : begin + len(run)]
        if textwrap.dedent("\n".join(window)).split("\n") == run:
            return begin + len(run)
    return None


def anchor_of(heading):
    """What renderers of Markdown make of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def heading_anchors(path):
    """The anchors of a page's headings."""
    fenced = False
    for line in path.read_text().splitlines():
        if line.lstrip().startswith("```"):
            fenced = not fenced
        if not fenced and (heading := re.match(r"#+ (.*)", line)):
            yield anchor_of(heading[1])


def main():
    page = pathlib.Path(sys.argv[1])
    root = pathlib.Path(__file__).resolve().parents[2]
    text = page.read_text()
    wrong = []

    for number, language, word, origin, lines in blocks(text.splitlines()):
        if word in ("run", "serve", "stop") or (word != "from" and language not in CHECKED):
            continue
        file = root / origin if word == "from" else page.with_suffix(CHECKED[language])
        if not file.is_file():
            wrong.append(f"{page}:{number}: the block should stand in {file}, which is not there")
            continue
        there = [line.rstrip() for line in file.read_text().splitlines()]
        end = 0
        for run in runs(language, lines):
            found = find(run, there, end)
            if found is None:
                shown = "\n    ".join(run)
                wrong.append(f"{page}:{number}: these lines do not stand in {file}:\n    {shown}")
                break
            end = found

    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        path, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        file = page.parent / path if path else page
        if not file.exists():
            wrong.append(f"{page}: the link to {target} leads nowhere")
        elif anchor and anchor not in heading_anchors(file):
            wrong.append(f"{page}: the link to {target} names no heading of it")

    sys.exit("\n".join(wrong) or 0)


if __name__ == "__main__":
    main()
