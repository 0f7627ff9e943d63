#!/usr/bin/env python3
"""Zigmund's server under load, beside raw epoll and the servers that are installed.

    load.py PROGRAMS [--seconds S] [--rounds N] [--json FILE]

PROGRAMS is the folder of the built servers. Each server has one worker, pinned to the last processor; wrk is
pinned to the first. All servers are up at the same time and take turns, round by round, so that what disturbs the
machine disturbs each of them; only loopback is used. Processor time is the kernel's account of the process, so
`user` is what the server itself takes and `kernel` what the sockets take whatever the server does.
"""
import argparse
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
KINDS = ('text', 'user', 'item')
FIRST, LAST = min(os.sched_getaffinity(0)), max(os.sched_getaffinity(0))
TICKS = os.sysconf('SC_CLK_TCK')
OURS, FLOOR = 'zigmund', 'raw epoll'


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


class Server:
    def __init__(self, name, command, port, kinds=KINDS):
        self.name, self.port, self.kinds = name, port, kinds
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        preexec_fn=lambda: os.sched_setaffinity(0, {LAST}))
        for _ in range(500):
            if self.process.poll() is not None:
                sys.exit(f'load.py: {name} ended with {self.process.returncode}: {" ".join(command)}')
            try:
                socket.create_connection(('127.0.0.1', port)).close()
                return
            except ConnectionRefusedError:
                time.sleep(0.01)
        sys.exit(f'load.py: {name} does not listen on port {port}')

    def pids(self):
        """The process and its children: nginx serves from one."""
        children = Path(f'/proc/{self.process.pid}/task/{self.process.pid}/children').read_text().split()
        return [self.process.pid, *map(int, children)]

    def processor_seconds(self):
        user = kernel = 0
        for pid in self.pids():
            fields = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
            user, kernel = user + int(fields[11]), kernel + int(fields[12])
        return user / TICKS, kernel / TICKS

    def resident_bytes(self):
        pages = sum(int(Path(f'/proc/{pid}/statm').read_text().split()[1]) for pid in self.pids())
        return pages * os.sysconf('SC_PAGE_SIZE')

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


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


def installed(name):
    return shutil.which(name) or shutil.which(name, path='/usr/sbin')


def configured(directory, name, port):
    text = (HERE / f'{name}.conf.in').read_text()
    path = directory / f'{name}.conf'
    path.write_text(text.replace('@PORT@', str(port)).replace('@DIRECTORY@', str(directory)))
    return str(path)


def start_servers(programs, directory):
    """Ours and the floor, and the peers that are there."""
    servers = []
    for name, program in ((FLOOR, 'raw_epoll'), (OURS, 'zigmund_server')):
        port = free_port()
        servers.append(Server(name, [str(programs / program), str(port)], port))
    if installed('nginx'):
        port = free_port()
        servers.append(Server('nginx', [installed('nginx'), '-p', str(directory), '-e', 'stderr', '-c',
                                        configured(directory, 'nginx', port)], port))
    else:
        MISSING.append('nginx')
    if installed('h2o'):
        files = directory / 'files' / 'users'
        files.mkdir(parents=True)
        (files.parent / 'text').write_text('Hello, World!')
        (files / '7').write_text('{"id":7,"name":"Alice"}')
        port = free_port()
        servers.append(Server('h2o, files', [installed('h2o'), '-c', configured(directory, 'h2o', port)], port,
                              ('text', 'user')))
    else:
        MISSING.append('h2o')
    if (programs / 'cpp_httplib_server').exists():
        port = free_port()
        servers.append(Server('cpp-httplib', [str(programs / 'cpp_httplib_server'), str(port)], port))
    else:
        MISSING.append('cpp-httplib')
    if MISSING:
        print(f'  not installed, left out: {", ".join(MISSING)} (make bench-peers installs them)')
    return servers


def median(values):
    return statistics.median(values)


class Results:
    """What was printed, for --json: tables of rows with named values, in the form that benchmarks/report reads."""

    def __init__(self):
        self.tables = []

    def begin(self, title, about):
        self.tables.append({'title': title, 'about': about, 'columns': [], 'rows': [], 'goals': []})

    def row(self, name, values, samples=None):
        table = self.tables[-1]
        table['columns'] += [column for column in values if column not in table['columns']]
        table['rows'].append({'name': name, 'values': values, **({'samples': samples} if samples else {})})

    def left_out(self, name):
        self.tables[-1]['rows'].append({'name': name, 'left_out': 'not installed (make bench-peers)'})

    def goal(self, text, value, bar, at_most, unit, met):
        self.tables[-1]['goals'].append(
            {'text': text, 'value': value, 'bar': bar, 'at_most': at_most, 'unit': unit.strip(), 'met': met})


RESULTS = Results()
MISSING = []


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


def heading(text):
    print(f'\n{text}\n')


def begin_table(title, about):
    heading(title)
    RESULTS.begin(title, about)


def goal(text, value, bar, at_most=True, unit=''):
    met = value <= bar if at_most else value >= bar
    RESULTS.goal(text, value, bar, at_most, unit, met)
    print(f'  goal: {text}: {value:.2f}{unit}, {"at most" if at_most else "at least"} {bar:.2f}{unit}: '
          f'{"met" if met else "MISSED"}')


def keep_alive(servers, seconds, rounds):
    begin_table(f'64 keep-alive connections, one request at a time on each (medians of {rounds} rounds)',
                'Throughput and processor time of one worker: raw epoll answers a constant and is the floor, so what '
                'lies above its user time is parsing, routing, injection and JSON. Kernel time is the same work '
                'for all.')
    loads = {}
    progress = Progress(rounds * sum(len(server.kinds) for server in servers))
    for _ in range(rounds):
        for kind in KINDS:
            for server in servers:
                if kind in server.kinds:
                    progress.step(f'keep-alive, {server.name}')
                    loads.setdefault((server.name, kind), []).append(Load(server, kind, seconds))
    progress.end()
    print(f'  {"":14} {"":6} {"requests/s":>11} {"ratio":>6} {"user us":>8} {"kernel us":>10} {"p99 us":>8}')
    user, speed, p99 = {}, {}, {}
    for server in servers:
        mine = [load for kind in server.kinds for load in loads[server.name, kind]]
        for kind in server.kinds:
            runs = loads[server.name, kind]
            requests = sum(run.requests for run in runs)
            rate = median(run.a_second for run in runs)
            ratio = rate / median(run.a_second for run in loads[FLOOR, kind])
            user_us = 1e6 * sum(run.user for run in runs) / requests
            kernel_us = 1e6 * sum(run.kernel for run in runs) / requests
            slow = median(run.p99 for run in runs)
            print(f'  {server.name:14} {kind:6} {rate:11.0f} {ratio:6.2f} {user_us:8.2f} {kernel_us:10.2f} '
                  f'{slow:8.0f}')
            RESULTS.row(f'{server.name}, {kind}',
                        {'requests/s': rate, 'ratio': ratio, 'user us': user_us, 'kernel us': kernel_us,
                         'p99 us': slow},
                        {'requests/s': [run.a_second for run in runs], 'p99 us': [run.p99 for run in runs]})
        requests = sum(load.requests for load in mine)
        user[server.name] = 1e6 * sum(load.user for load in mine) / requests
        speed[server.name] = median(load.a_second for load in mine)
        p99[server.name] = median(load.p99 for load in mine)
    for name in MISSING:
        RESULTS.left_out(name)
    print('\n  user us a request, pooled: ' + ', '.join(f'{name} {value:.2f}' for name, value in user.items()))
    goal('user processor time a request', user[OURS], 1.0, unit=' us')
    goal('requests a second, of raw epoll', speed[OURS] / speed[FLOOR], 0.95, at_most=False)
    if 'nginx' in speed:
        goal('requests a second, of nginx', speed[OURS] / speed['nginx'], 1.0, at_most=False)
        goal('99th percentile, of nginx', p99[OURS] / p99['nginx'], 1.0)


def in_turn(what, servers, rounds, load):
    """By server's name, the loads of all rounds."""
    loads = {}
    progress = Progress(rounds * len(servers))
    for _ in range(rounds):
        for server in servers:
            progress.step(f'{what}, {server.name}')
            loads.setdefault(server.name, []).append(load(server))
    progress.end()
    return loads


def many_connections(servers, seconds, rounds):
    begin_table(f'512 keep-alive connections, text (medians of {rounds} rounds)',
                'How the slowest of a hundred requests fares when many connections are ready at once.')
    loads = in_turn('512 connections', servers, rounds, lambda server: Load(server, 'text', seconds, connections=512))
    print(f'  {"":14} {"requests/s":>11} {"p99 us":>8}')
    p99 = {}
    for name, runs in loads.items():
        p99[name] = median(run.p99 for run in runs)
        rate = median(run.a_second for run in runs)
        print(f'  {name:14} {rate:11.0f} {p99[name]:8.0f}')
        RESULTS.row(name, {'requests/s': rate, 'p99 us': p99[name]},
                    {'requests/s': [run.a_second for run in runs], 'p99 us': [run.p99 for run in runs]})
    if 'nginx' in p99:
        goal('99th percentile, of nginx', p99[OURS] / p99['nginx'], 1.0)


def pipelined(servers, seconds, rounds):
    begin_table(f'64 connections, 16 requests pipelined, text (medians of {rounds} rounds)',
                'Sixteen requests a read take most of the kernel out of the picture: what is left is the '
                'server itself.')
    loads = in_turn('pipelined', servers, rounds, lambda server: Load(server, 'text', seconds, depth=16))
    floor = median(run.a_second for run in loads[FLOOR])
    print(f'  {"":14} {"requests/s":>11} {"ratio":>6}')
    for name, runs in loads.items():
        rate = median(run.a_second for run in runs)
        print(f'  {name:14} {rate:11.0f} {rate / floor:6.2f}')
        RESULTS.row(name, {'requests/s': rate, 'ratio': rate / floor}, {'requests/s': [run.a_second for run in runs]})
    goal('requests a second, of raw epoll', median(run.a_second for run in loads[OURS]) / floor, 0.7,
         at_most=False)


def receive_response(connection):
    """Reads one response with a content-length."""
    text = b''
    while True:
        part = connection.recv(65536)
        if not part:
            sys.exit('load.py: the server closed a connection')
        text += part
        head, blank, body = text.partition(b'\r\n\r\n')
        if blank and len(body) >= int(re.search(rb'(?i)content-length: *(\d+)', head)[1]):
            return


GET_TEXT = b'GET /text HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'


def system_calls(servers):
    begin_table('System calls a warm request: one connection, 2000 requests, one after the other',
                'Counted by strace: what a server asks of the kernel beside the one read and the one write of a '
                'request.')
    requests = 2000
    for server in servers:
        tracer = subprocess.Popen(['strace', '-f', '-c', *(f'-p{pid}' for pid in server.pids())],
                                  stderr=subprocess.PIPE, text=True)
        with socket.create_connection(('127.0.0.1', server.port)) as connection:
            while 'TracerPid:\t0' in Path(f'/proc/{server.pids()[-1]}/status').read_text():
                time.sleep(0.01)
            for _ in range(requests):
                connection.sendall(GET_TEXT)
                receive_response(connection)
        tracer.send_signal(signal.SIGINT)
        table = tracer.communicate()[1]
        calls = {}
        for line in table.splitlines():
            fields = line.split()
            if len(fields) >= 5 and re.fullmatch(r'[\d.]+', fields[0]) and fields[-1] != 'total':
                calls[fields[-1]] = int(fields[3]) / requests
        listed = ', '.join(f'{name} {count:.2f}' for name, count in calls.items() if count >= 0.01)
        print(f'  {server.name:14} {sum(calls.values()):6.2f}   {listed}')
        RESULTS.row(server.name, {'system calls': sum(calls.values())})
        if server.name == OURS:
            ours = sum(count for count in calls.values() if count >= 0.01)
    goal('system calls a warm request', round(ours, 2), 3.0)


def idle_connections(servers, count=1000):
    begin_table(f'Resident memory of an idle keep-alive connection: {count}, each after one request',
                'What each connection holds on to while its client thinks: growth of the resident set, shared by all.')
    for server in servers:
        before = server.resident_bytes()
        connections = []
        for _ in range(count):
            connection = socket.create_connection(('127.0.0.1', server.port))
            connections.append(connection)
            connection.sendall(GET_TEXT)
            receive_response(connection)
        each = (server.resident_bytes() - before) / count
        for connection in connections:
            connection.close()
        print(f'  {server.name:14} {each:9.0f} bytes')
        RESULTS.row(server.name, {'bytes': each})
        if server.name == OURS:
            ours = each
    goal('memory of an idle connection', ours / 1024, 2.0, unit=' KiB')


def resident_memory(server, seconds):
    begin_table('Resident memory under mixed requests',
                'Whether the server holds what it held early on, two million requests later.')
    done, marks = 0, {}
    while done < 2_000_000:
        done += Load(server, 'mixed', seconds).requests
        if done >= 200_000:
            marks[done] = server.resident_bytes()
    early, late = min(marks), max(marks)
    for requests in (early, late):
        print(f'  after {requests:8} requests {marks[requests] / 1024:9.0f} KiB')
        RESULTS.row(f'{OURS}, after {requests} requests', {'KiB': marks[requests] / 1024})
    goal('growth', (marks[late] - marks[early]) / 1024, 0, unit=' KiB')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('programs', type=Path)
    parser.add_argument('--seconds', type=int, default=2, help='of one run of wrk')
    parser.add_argument('--rounds', type=int, default=5)
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
