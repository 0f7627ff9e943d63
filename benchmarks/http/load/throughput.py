"""Requests a second, the processor time of one, and how the slowest fare."""
from statistics import median

from progress import Progress
from server import FLOOR, KINDS, MISSING, OURS
from table import RESULTS, begin_table, goal
from wrk import Load


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
    user, all_loads = {}, {}
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
        all_loads[server.name] = mine
    for name in MISSING:
        RESULTS.left_out(name)
    print('\n  user us a request, pooled: ' + ', '.join(f'{name} {value:.2f}' for name, value in user.items()))
    goal('user processor time a request', user[OURS], 1.0, unit=' us')
    goal('requests a second, of raw epoll', of('a_second', all_loads, FLOOR), 0.95, at_most=False)
    if 'nginx' in all_loads:
        goal('requests a second, of nginx', of('a_second', all_loads, 'nginx'), 1.0, at_most=False)
        goal('99th percentile, of nginx', of('p99', all_loads, 'nginx'), 1.0)


def of(figure, loads, other):
    """Our figure by another server's: the median over our runs, each with the other's run of the same round. What
    disturbs the machine for some seconds disturbs both."""
    return median(getattr(mine, figure) / getattr(theirs, figure) for mine, theirs in zip(loads[OURS], loads[other]))


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
    for name, runs in loads.items():
        slow = median(run.p99 for run in runs)
        rate = median(run.a_second for run in runs)
        print(f'  {name:14} {rate:11.0f} {slow:8.0f}')
        RESULTS.row(name, {'requests/s': rate, 'p99 us': slow},
                    {'requests/s': [run.a_second for run in runs], 'p99 us': [run.p99 for run in runs]})
    if 'nginx' in loads:
        goal('99th percentile, of nginx', of('p99', loads, 'nginx'), 1.0)


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
    goal('requests a second, of raw epoll', of('a_second', loads, FLOOR), 0.7, at_most=False)
