#!/usr/bin/env python3
"""finish.py FOLDER: what Doxygen has written to FOLDER, without what would mislead a reader.

- In a block of code Doxygen links each name that it knows, whatever the name means there: those of types stay.
- Of the lists at a page's top it names some that the page does not have.
- Lists that no page leads to are left out.
"""
import pathlib
import re
import sys

folder = pathlib.Path(sys.argv[1])
GUESSED = re.compile(r'<a class="code hl_(?:enumvalue|enumeration|variable|function|define|namespace)" href="[^"]*">(.*?)</a>')


def links(text):
    return re.findall(r"""(?:href="|['"]\\?(?:\.\./)?)([\w~.-]+\.html)""", text)


pages = {path.name: path.read_text() for path in folder.glob("*.html")}
for name, text in pages.items():
    # The box that shows over a name belongs to the link.
    text = re.sub(r'<div class="ttc".*</div></div>\n', "", GUESSED.sub(r"\1", text))
    # The room for the type of what has none, a constructor.
    text = re.sub(r"(\n|top\">)&#160;</td>", r"\1</td>", text)
    for place in re.findall(r'<a href="#([\w-]+)">[\w ]+</a>(?: &#124;)?  ?', text):
        if f'id="{place}"' not in text:
            text = re.sub(rf'<a href="#{place}">[\w ]+</a>(?: &#124;)?', "", text)
    (folder / name).write_text(text)
    pages[name] = text

found = {"index.html"}
waiting = ["index.html"]
for path in folder.glob("search/*.js"):
    waiting += [name for name in links(path.read_text()) if name in pages]
while waiting:
    name = waiting.pop()
    found.add(name)
    waiting += [to for to in links(pages[name]) if to in pages and to not in found]
for name in pages.keys() - found:
    (folder / name).unlink()
