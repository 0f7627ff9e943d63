#!/usr/bin/env python3
"""check_site.py FOLDER: the site that docs/reference/build.sh has made: no link of it is dead, and all is there.

A link leads to a file of the site, and with `#name` to a place in it that has that name; or to another site, which is
not asked. What a page loads is the site's own. From the first page links lead to each page of the guide, to the
benchmarks, to each public header and to each example.
"""
import html.parser
import pathlib
import re
import sys
import urllib.parse


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.names, self.links, self.loads = set(), [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        said = dict(attributes)
        self.names |= {said[key] for key in ("id", "name") if said.get(key)}
        if tag in ("a", "area") and said.get("href"):
            self.links.append(said["href"])
        elif tag == "link" and said.get("href"):
            self.loads.append(said["href"])
        elif said.get("src"):
            self.loads.append(said["src"])


folder = pathlib.Path(sys.argv[1])
root = pathlib.Path(__file__).resolve().parents[2]
pages = {path: Page(path.read_text()) for path in folder.rglob("*.html")}
wrong = []


def follow(page, target):
    """The file that a link leads to; None: it leads out of the site, or nowhere, which is said."""
    if re.match(r"(javascript|https?):", target):
        return None
    path, _, name = target.partition("#")
    to = (page.parent / urllib.parse.unquote(path)).resolve() if path else page
    if not to.is_file():
        wrong.append(f"{page.name}: the link to {target} leads nowhere")
        return None
    if name and name not in pages[to].names and urllib.parse.unquote(name) not in pages[to].names:
        wrong.append(f"{page.name}: the link to {target} names no place of that page")
    return to


folder = folder.resolve()
pages = {path.resolve(): page for path, page in pages.items()}
reached = {}
for path, page in pages.items():
    reached[path] = {follow(path, target) for target in page.links}
    for target in page.loads:
        if re.match(r"(https?:)?//", target):
            wrong.append(f"{path.name}: loads {target} from another site")
        else:
            follow(path, target)
# What is found by a search.
for script in folder.glob("search/*.js"):
    for target in re.findall(r"'(\.\./[^']+\.html(?:#[^']*)?)'", script.read_text()):
        follow(script, target)

found, waiting = set(), [folder / "index.html"]
while waiting:
    path = waiting.pop()
    if path not in found:
        found.add(path)
        waiting += [to for to in reached.get(path, ()) if to]
there = {path.name for path in found}
wanted = {f"guide_{page.stem}.html" for page in root.glob("docs/guide/*.md") if page.stem != "README"}
wanted |= {"guide.html", "examples.html", "benchmarks.html", "annotated.html", "files.html"}
wanted |= {f"source_examples_{path.stem}_cpp.html" for path in root.glob("docs/examples/*.cpp")}
wrong += [f"no links from the first page lead to {name}" for name in sorted(wanted - there)]
for header in root.glob("*/include/**/*.hpp"):
    page = header.name.replace("_", "__").replace(".", "_8") + ".html"
    if "detail" not in header.parts and not any(name.endswith(page) for name in there):
        wrong.append(f"no links from the first page lead to a page of {header.relative_to(root)}")

print(f"{len(pages)} pages, {sum(len(page.links) for page in pages.values())} links")
sys.exit("\n".join(wrong) or 0)
