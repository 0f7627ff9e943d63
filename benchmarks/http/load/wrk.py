"""wrk, pinned to the first processor."""
import os
import re
import subprocess

from server import FIRST, HERE


class Load:
    """One run of wrk: what it saw, and what the server took for it."""

    def __init__(self, server, kind, seconds, connections=64, depth=1):
        user, kernel = server.processor_seconds()
        command = ['wrk', '-t1', f'-c{connections}', f'-d{seconds}s', '--latency', '-s', HERE / 'requests.lua',
                   f'http://127.0.0.1:{server.port}/', '--', kind, str(depth)]
        text = subprocess.run(command, check=True, capture_output=True, text=True,
                              preexec_fn=lambda: os.sched_setaffinity(0, {FIRST})).stdout
        after_user, after_kernel = server.processor_seconds()
        self.user, self.kernel = after_user - user, after_kernel - kernel
        self.requests = int(re.search(r'(\d+) requests in', text)[1])
        self.a_second = float(re.search(r'Requests/sec:\s*([\d.]+)', text)[1])
        number, unit = re.search(r'99%\s+([\d.]+)(us|ms|s)\b', text).groups()
        self.p99 = float(number) * {'us': 1, 'ms': 1e3, 's': 1e6}[unit]
        failed = re.search(r'Non-2xx or 3xx responses: (\d+)', text) or re.search(r'Socket errors: (.*)', text)
        if failed:
            print(f'  ! {server.name}, {kind}: {failed[0]}')
