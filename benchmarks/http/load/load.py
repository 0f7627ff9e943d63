#!/usr/bin/env python3
"""Zigmund's server under load, beside raw epoll and the servers that are installed.

    load.py PROGRAMS [--seconds S] [--rounds N] [--json FILE]

PROGRAMS is the folder of the built servers. Each server has one worker, pinned to the last processor; wrk is pinned
to the first. All servers are up at the same time and take turns, round by round, so that what disturbs the machine
disturbs each of them, and goals compare runs that were next to each other; only loopback is used. Processor time is
the kernel's account of the process, so `user` is what the server itself takes and `kernel` what the sockets take
whatever the server does.
"""
import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

from footprint import idle_connections, resident_memory, system_calls
from server import FIRST, LAST, OURS, installed, start_servers
from table import RESULTS, heading
from throughput import keep_alive, many_connections, pipelined
from wrk import Load


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('programs', type=Path)
    parser.add_argument('--seconds', type=int, default=1, help='of one run of wrk')
    parser.add_argument('--rounds', type=int, default=10)
    parser.add_argument('--json', type=Path, metavar='FILE', help='writes what is printed there, too')
    options = parser.parse_args()
    if not installed('wrk'):
        sys.exit('load.py: wrk is not installed')
    heading('HTTP under load')
    if FIRST == LAST:
        print('  only one processor: wrk and the servers share it')
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)  # servers that were started by root serve as somebody else
        servers = start_servers(options.programs, Path(directory))
        try:
            for server in servers:
                Load(server, 'text', 1)
            keep_alive(servers, options.seconds, options.rounds)
            pipelined(servers, options.seconds, options.rounds)
            many_connections(servers, options.seconds, options.rounds)
            if installed('strace'):
                system_calls([server for server in servers if server.name != 'cpp-httplib'])
            idle_connections([server for server in servers if server.name != 'cpp-httplib'])
            resident_memory(next(server for server in servers if server.name == OURS), options.seconds)
        finally:
            for server in servers:
                server.stop()
    print()
    if options.json:
        options.json.write_text(json.dumps({'program': 'load.py', 'tables': RESULTS.tables}, indent=1))


if __name__ == '__main__':
    main()
