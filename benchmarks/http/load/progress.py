"""How far a measurement is."""
import sys
import time


class Progress:
    """On a terminal, which run of wrk is on and how long the rest takes."""

    def __init__(self, total):
        self.done, self.total, self.start = 0, total, time.monotonic()

    def step(self, what):
        if sys.stderr.isatty():
            rest = (time.monotonic() - self.start) / self.done * (self.total - self.done) if self.done else 0
            print(f'\r\033[K{what}: {self.done} of {self.total}, {rest:.0f} s to go', end='', file=sys.stderr)
        self.done += 1

    def end(self):
        if sys.stderr.isatty():
            print('\r\033[K', end='', file=sys.stderr)
