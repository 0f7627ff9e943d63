"""The servers that are measured: ours, the floor, and the peers that are installed. Each has one worker, pinned to the last
processor."""
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
KINDS = ('text', 'user', 'item')
FIRST, LAST = min(os.sched_getaffinity(0)), max(os.sched_getaffinity(0))
TICKS = os.sysconf('SC_CLK_TCK')
OURS, FLOOR = 'zigmund', 'raw epoll'

MISSING = []


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
