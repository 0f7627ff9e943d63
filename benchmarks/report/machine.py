"""What the numbers were measured on: processor, memory, kernel, and the versions of all that took part."""
import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

# Debian's packages of what is measured or compared with.
PACKAGES = ('libc6', 'libstdc++6', 'libmimalloc2.0', 'libjemalloc2', 'libtcmalloc-minimal4', 'llvm-19-dev',
            'libprotobuf-dev', 'libfoonathan-memory-dev', 'libboost-json1.81-dev', 'libbenchmark-dev', 'valgrind',
            'heaptrack', 'libclang-rt-19-dev', 'wrk', 'nginx-light', 'h2o', 'libcpp-httplib-dev')


def first_match(path, pattern, otherwise='unknown'):
    try:
        found = re.search(pattern, Path(path).read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found[1].strip() if found else otherwise


def package_versions():
    """By name; a package that is not installed has None."""
    if not shutil.which('dpkg-query'):
        return {}
    versions = {}
    for name in PACKAGES:
        shown = subprocess.run(['dpkg-query', '-W', '-f=${db:Status-Status} ${Version}', name], capture_output=True,
                               text=True, check=False).stdout
        status, _, version = shown.partition(' ')
        versions[name] = version if status == 'installed' else None
    return versions


def caches():
    """The caches of the first processor, as in "L1d 48K, L2 2048K"."""
    found = []
    for index in sorted(Path('/sys/devices/system/cpu/cpu0/cache').glob('index*')):
        kind = (index / 'type').read_text().strip()
        if kind != 'Instruction':
            level = (index / 'level').read_text().strip() + ('d' if kind == 'Data' else '')
            found.append(f'L{level} {(index / "size").read_text().strip()}')
    return ', '.join(found) or 'unknown'


def describe():
    processors = len(os.sched_getaffinity(0))
    one, five, fifteen = os.getloadavg()
    memory = int(first_match('/proc/meminfo', r'^MemTotal:\s*(\d+)', '0'))
    hypervisor = 'hypervisor' in first_match('/proc/cpuinfo', r'^flags\s*:(.*)$', '').split()
    return {
        'processor': first_match('/proc/cpuinfo', r'^model name\s*:\s*(.*)$') +
                     (', a virtual machine' if hypervisor else ''),
        'processors': processors,
        'caches': caches(),
        'memory': f'{memory / 1024 / 1024:.1f} GiB',
        'kernel': f'{platform.system()} {platform.release()}',
        'system': first_match('/etc/os-release', r'^PRETTY_NAME="?([^"\n]*)'),
        'load': [round(one, 2), round(five, 2), round(fifteen, 2)],
        # The benchmarks themselves keep at most all processors busy, most of them one.
        'busy': five > processors + 0.5,
        'versions': package_versions(),
    }
