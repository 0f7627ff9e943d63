"""What a server takes of the system: its calls, and the memory of connections and of requests that are over."""
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from server import OURS
from table import RESULTS, begin_table, goal
from wrk import Load


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
