#!/usr/bin/env python3
"""run_page.py PAGE.md NAME=PROGRAM...: what a page shows of programs is what they print.

Before a block stands a line that says how it came to be:

    <!-- run -->                   each line `$ command` is run by a shell, and prints what follows it
    <!-- run: ./leak -->           the command prints the block
    <!-- serve: item_service -->   the same as run, while the server runs; the page calls it localhost:8080
    <!-- stop -->                  what the server prints when it is interrupted

The programs are in the current folder of the commands, and in their path. Addresses, ages, the bytes of a block
that hold addresses, and the figures of a peak differ from run to run and are not compared. Files of the project are
shown by their paths in it.
"""
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

from check_page import blocks

VARYING = (
    (r"0x[0-9a-f]+", "0xN"),
    (r"made \d+ s ago", "made N s ago"),
    (r"holds [0-9a-f ]+", "holds BYTES"),
    (r"still reachable: \d+ bytes in \d+ blocks", "still reachable: N bytes in N blocks"),
    (r"peak [\d.]+ \w+ live, \d+ allocations", "peak N live, N allocations"),
)


def masked(text):
    for pattern, mask in VARYING:
        text = re.sub(pattern, mask, text)
    return text.strip("\n")


class Server:
    """A program that, given --port=0, prints a line `... on http://127.0.0.1:PORT ...` when it listens."""

    def __init__(self, command, folder, environment):
        self.process = subprocess.Popen(
            [command, "--port=0"], cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        for line in self.process.stdout:
            if port := re.search(r"on http://127\.0\.0\.1:(\d+)", line):
                self.port = port[1]
                return
        sys.exit(f"{command} ended without saying where it listens")

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        return self.process.communicate()[0]


def commands(lines):
    """Yields (command, what it prints according to the page)."""
    command, printed = None, []
    for line in lines:
        if line.startswith("$ "):
            if command:
                yield command, "\n".join(printed)
            command, printed = line[2:], []
        else:
            printed.append(line)
    if command:
        yield command, "\n".join(printed)


def main():
    page = pathlib.Path(sys.argv[1])
    root = pathlib.Path(__file__).resolve().parents[2]
    server = None
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        for name, _, program in (argument.partition("=") for argument in sys.argv[2:]):
            (pathlib.Path(folder) / name).symlink_to(program)
        environment = os.environ | {"PATH": f"{folder}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}

        def compare(number, shown, printed):
            printed = printed.replace(f"{root}/", "")
            if masked(shown) != masked(printed):
                wrong.append(f"{page}:{number}: the page shows\n{shown}\nbut this is printed:\n{printed}")

        def run(command):
            if server:
                command = command.replace("localhost:8080", f"127.0.0.1:{server.port}")
            done = subprocess.run(
                ["sh", "-c", command], cwd=folder, env=environment, text=True,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )  # fmt: skip
            return done.stdout

        try:
            for number, _, word, text, lines in blocks(page.read_text().splitlines()):
                if word == "serve":
                    server = Server(text, folder, environment)
                if word == "stop":
                    compare(number, "\n".join(lines), server.stop())
                    server = None
                elif word == "run" and text:
                    compare(number, "\n".join(lines), run(text))
                elif word in ("run", "serve"):
                    for command, shown in commands(lines):
                        compare(number, shown, run(command))
        finally:
            if server:
                server.process.kill()
                server.process.wait()
    sys.exit("\n".join(wrong) or 0)


if __name__ == "__main__":
    main()
