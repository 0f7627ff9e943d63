#!/usr/bin/env python3
"""pages.py FOLDER: the pages of the site that are no headers, as Doxygen reads Markdown, in FOLDER.

README.md is the first page, docs/guide the guide, docs/benchmarks/report.md the benchmarks, and each example a page with
its text. What they are written for is any renderer of Markdown, so what Doxygen has of its own is added here: names for
headings, languages of blocks, its commands escaped. A link to one of them, or to a public header, leads to its page;
one to a file that is not part of the site is text.
"""
import pathlib
import re
import shutil
import sys

root = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(root / "tests/docs"))
from check_page import anchor_of  # noqa: E402

NAMESPACES = """
/** \\namespace zigmund
The library. */
/** \\namespace zigmund::alloc
Allocators, and what belongs to them. Needs libc, libstdc++ and mimalloc. */
/** \\namespace zigmund::alloc::testing
For tests of what allocates. */
/** \\namespace zigmund::inject
A callable's parameters, injected by type. Needs zigmund::alloc. */
/** \\namespace zigmund::http
A server for HTTP and JSON whose requests live in arenas. Needs zigmund::inject, and Boost. */
/** \\namespace zigmund::http::testing
For tests of applications, in process. */
"""

sources = sorted(
    path.relative_to(root)
    for pattern in ("docs/examples/*.cpp", "docs/examples/tour/*.[ch]pp", "docs/guide/*.cpp")
    for path in root.glob(pattern)
)


def label(path):
    """What a file of the project is called in the site; None: it has no page."""
    if path in sources:
        return "source_" + re.sub(r"\W", "_", str(path.relative_to("docs")))
    name = str(path)
    known = {"README.md": "index", "docs/guide/README.md": "guide", "docs/benchmarks/report.md": "benchmarks"}
    if name in known:
        return known[name]
    return f"guide_{path.stem}" if re.fullmatch(r"docs/guide/\w+\.md", name) else None


def heading_label(page, anchor):
    return f"{page}-{re.sub(r'[^a-z0-9_-]', '', anchor)}"


def address(page, target):
    """Where a link of `page` leads in the site; None: nowhere."""
    if re.match(r"[a-z]+:", target):
        return target
    path, _, anchor = target.partition("#")
    to = (root / page.parent / path).resolve().relative_to(root) if path else page
    if header := re.fullmatch(r"(?:alloc|inject|http)/include/(.*\.hpp)", str(to)):
        return f"@ref {header[1]}"
    if re.fullmatch(r"(alloc|inject|http)/include/.*", str(to)):
        return "files.html"
    if str(to).startswith("docs/examples") and (root / to).is_dir():
        return "examples.html"
    name = label(to)
    if name is None:
        return None
    return f"{name}.html#{heading_label(name, anchor)}" if anchor else f"{name}.html"


def escaped(text):
    """Text in which Doxygen finds no command, no HTML and no dash."""
    return re.sub(r"([<>@%]|\\(?!\|)|--)", r"\\\1", text)


INLINE = re.compile(r"(`[^`]*`)|(!?)\[((?:`[^`]*`|[^\]`])*)\]\(([^)\s]+)\)")


def inline(page, text):
    # Doxygen does not see what is strong around code.
    strong = re.split(r"\*\*(.+?)\*\*", text)
    if len(strong) > 1:
        strong = [inline(page, part) for part in strong]
        strong[1::2] = [f"<b>{part}</b>" for part in strong[1::2]]
        return "".join(strong)
    done, end = [], 0
    for match in INLINE.finditer(text):
        done.append(escaped(text[end : match.start()]))
        end = match.end()
        code, image, words, target = match.groups()
        if code:
            done.append(code)
        elif image:
            file = pathlib.Path(target).name
            done.append(f'<a href="{file}"><img src="{file}" alt="{words.replace("<", "&lt;")}"/></a>')
        elif (to := address(page, target)) is not None:
            done.append(f"[{inline(page, words)}]({to})")
        else:
            done.append(inline(page, words))
    return "".join(done) + escaped(text[end:])


def convert(page):
    """The page as Doxygen reads it."""
    name = label(page)
    fenced = False
    for line in (root / page).read_text().splitlines():
        if fence := re.match(r"\s*```(\w*)$", line):
            fenced = not fenced
            language = {"cpp": "cpp", "python": "py"}.get(fence[1], "unparsed")
            yield f"```{{.{language}}}" if fenced else "```"
        elif fenced:
            yield line
        elif re.fullmatch(r"<!--.*-->", line):
            continue
        elif re.fullmatch(r"[|:\- ]+", line):
            yield line
        elif heading := re.match(r"(#+) (.*)", line):
            if heading[1] == "#":
                this = "mainpage" if name == "index" else name
            else:
                this = heading_label(name, anchor_of(heading[2]))
            yield f"{heading[1]} {inline(page, heading[2])} {{#{this}}}"
        else:
            yield inline(page, line)


def main():
    folder = pathlib.Path(sys.argv[1])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    pages = ["README.md", "docs/benchmarks/report.md", *(str(p.relative_to(root)) for p in root.glob("docs/guide/*.md"))]
    for page in map(pathlib.Path, pages):
        (folder / f"{label(page)}.md").write_text("\n".join(convert(page)) + "\n")
    listing = ["# Examples {#examples}", "", "Each is compiled and run by a test."]
    group = None
    for path in sources:
        if path.parent != group:
            group = path.parent
            listing += ["", f"## {group} {{#examples-{group.name}}}", ""]
        listing.append(f"- [{path.name}]({label(path)}.html)")
        text = (root / path).read_text().rstrip()
        (folder / f"{label(path)}.md").write_text(f"# {path} {{#{label(path)}}}\n\n```{{.cpp}}\n{text}\n```\n")
    (folder / "examples.md").write_text("\n".join(listing) + "\n")
    (folder / "namespaces.dox").write_text(NAMESPACES)


main()
