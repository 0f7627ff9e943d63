#!/usr/bin/env python3
"""check_page.py PAGE.md: what a page shows is in files that are compiled and run.

A ```cpp block stands in PAGE.cpp, a ```console, ```json or ```text block in PAGE.txt, which is what the program
prints; a line before the block names another file of the project:

    <!-- from: docs/examples/leak.cpp -->

Standing in a file means as a run of whole lines, but for indentation that they share. A line `// ...` or `...`
parts a block into several such runs, in their order; lines of a console block that begin with `$ ` are commands,
and part it as well. Those that run_page.py runs are its affair. `[name](path)` leads to a file that exists, and, with
`#heading`, to a heading of it.

Blocks in other languages are read as those who they are for do: Python by its parser, shell commands by bash, the
configuration of nginx by nginx where it is installed, units of systemd as sections of settings. The make targets, the
CMake targets and the options of a server (in PAGE.txt, which is what `--help` prints) that they name are there.
"""
import ast
import configparser
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
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


NGINX = """
pid {folder}/pid; error_log stderr; events {{}}
http {{
    access_log off; client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
    uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
    {block}
}}
"""


def read_by_nginx(block):
    if not (nginx := shutil.which("nginx", path="/usr/sbin:/usr/bin")):
        return
    with tempfile.TemporaryDirectory() as folder:
        # The port may be somebody's.
        block = re.sub(r"listen \d+;", f"listen unix:{folder}/socket;", block)
        config = pathlib.Path(folder, "nginx.conf")
        config.write_text(NGINX.format(folder=folder, block=block))
        done = subprocess.run([nginx, "-t", "-c", config], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode:
            yield done.stdout.strip()


def misread(page, root, language, lines):
    """Yields what is wrong with a block in a language that does not stand in a file."""
    block = "\n".join(lines)
    if language == "python":
        try:
            ast.parse(block)
        except SyntaxError as error:
            yield str(error)
    elif language == "sh":
        done = subprocess.run(["bash", "-n", "-c", block], text=True, stderr=subprocess.PIPE)
        if done.returncode:
            yield done.stderr.strip()
        targets = re.findall(r"^([\w-]+):", (root / "Makefile").read_text(), re.MULTILINE)
        for target in re.findall(r"\bmake ([\w-]+)", re.sub(r"#.*", "", block)):
            if target not in targets:
                yield f"the Makefile has no target {target}"
    elif language == "ini":
        try:
            configparser.ConfigParser(strict=False).read_string(block)
        except configparser.Error as error:
            yield str(error)
    elif language == "nginx":
        yield from read_by_nginx(block)
    elif language == "cmake":
        targets = "".join(file.read_text() for file in root.glob("*/CMakeLists.txt"))
        for target in re.findall(r"zigmund::(\w+)", block):
            if not re.search(rf"\bzigmund_{target}\b", targets):
                yield f"there is no target zigmund::{target}"
    else:
        yield f"nobody checks a block in {language or 'no language'}"
    if language in ("sh", "ini"):
        listed = page.with_suffix(".txt")
        options = set(re.findall(r"--[\w-]+", listed.read_text())) if listed.is_file() else set()
        for option in re.findall(r"--[\w-]+(?==)", block):
            if option not in options:
                yield f"{listed.name} does not list {option}"


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
        if word in ("run", "serve", "stop"):
            continue
        if word != "from" and language not in CHECKED:
            wrong += [f"{page}:{number}: {what}" for what in misread(page, root, language, lines)]
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
