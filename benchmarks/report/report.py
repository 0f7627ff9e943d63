#!/usr/bin/env python3
"""Writes the benchmark report out of what the programs measured.

    report.py FOLDER... --to DIRECTORY

Each FOLDER holds the JSON files of one build (build/bench/results). DIRECTORY gets report.md, a plot for each table,
and a copy of the JSON.
"""
import argparse
import datetime
import json
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import machine
import svg

# The order of the report: program by program.
ORDER = ('alloc_bump_bench', 'alloc_arena_bench', 'alloc_fixed_buffer_bench', 'alloc_pool_bench',
         'alloc_request_bench', 'alloc_containers_bench', 'alloc_locality_bench', 'alloc_churn_bench',
         'alloc_threads_bench', 'alloc_growth_bench', 'alloc_big_block_bench', 'alloc_general_purpose_bench',
         'alloc_malloc_pair', 'alloc_instructions', 'http_warm_request', 'load.py', 'http_instructions')
OURS = re.compile(r'^(Arena|BasicArena|an Arena|BlockPool|Pool|FixedBuffer|StackFallback|AtomicFixedBuffer|heap\(\)|pages\('
                  r'|Vector in|GeneralPurpose|zigmund|.*in Locked|off|sampled|counted|traced|guarded'
                  r'|GET |POST )')
FLOORS = re.compile(r'raw (bump|epoll)')  # the least there can be: no rival


def is_ours(name):
    return bool(OURS.match(name))


def slug(title):
    return re.sub(r'[^a-z0-9]+', '-', title.lower()).strip('-')


class Build:
    """The tables of one folder, by title."""

    def __init__(self, folder):
        self.folder, self.tables, self.compiler, self.programs = folder, {}, '', []
        files = [json.loads(path.read_text()) for path in sorted(folder.glob('*.json'))]
        if not files:
            sys.exit(f'report.py: no results in {folder}: make bench writes them')
        files.sort(key=lambda file: ORDER.index(file['program']) if file['program'] in ORDER else len(ORDER))
        for file in files:
            self.programs.append(file['program'])
            self.compiler = self.compiler or file.get('compiler', '')
            for table in file['tables']:
                self.tables[table['title']] = table
        self.compiler = self.compiler or folder.parent.name


def number(value):
    if value == 0:
        return '0'
    return f'{value:,.2f}' if abs(value) < 100 else f'{value:,.1f}' if abs(value) < 10_000 else f'{value:,.0f}'


def size(bytes_):
    return f'{bytes_ / 1024:,.0f} KiB' if bytes_ < 10 << 20 else f'{bytes_ / (1 << 20):,.0f} MiB'


def markdown_table(head, rows):
    return '\n'.join(['| ' + ' | '.join(head) + ' |', '|---' + '|---:' * (len(head) - 1) + '|'] +
                     ['| ' + ' | '.join(row) + ' |' for row in rows])


def rows_by_name(table):
    return {row['name']: row for row in table['rows']} if table else {}


def names_in(tables):
    """The rows of all builds, in their order."""
    names = []
    for table in tables:
        names += [row['name'] for row in table['rows'] if row['name'] not in names] if table else []
    return names


def row_table(tables, builds):
    """Medians, spread and ratio of each build side by side."""
    found = [rows_by_name(table) for table in tables]
    memory = any('memory_bytes' in row for rows in found for row in rows.values())
    extra = sorted({key for rows in found for row in rows.values() for key in row.get('values', {})})
    head = ['']
    for table, build in zip(tables, builds):
        if table:
            head += [f'median ns{", " + build.compiler if len(builds) > 1 else ""}', 'spread', 'ratio']
            head += (['memory'] if memory else []) + extra
    lines = []
    for name in names_in(tables):
        cells = [name]
        for table, rows in zip(tables, found):
            if not table:
                continue
            row = rows.get(name, {'left_out': 'not measured'})
            if 'left_out' in row:
                cells += [row['left_out']] + [''] * (2 + memory + len(extra))
                continue
            cells += [number(row['median']), f'±{100 * row["spread"] / row["median"]:.1f} %', f'{row["ratio"]:.2f}']
            cells += [size(row['memory_bytes']) if 'memory_bytes' in row else ''] if memory else []
            cells += [number(row['values'][key]) for key in extra]
        lines.append(cells)
    return markdown_table(head, lines)


def curve_table(table):
    """One line for each series: the median with its ratio to the first series at each x."""
    xs = sorted({row['x'] for row in table['rows'] if 'x' in row})
    series = {}
    for row in table['rows']:
        series.setdefault(row['series'], {})[row['x']] = row
    lines = []
    for name, points in series.items():
        cells = [name]
        for x in xs:
            row = points.get(x, {'left_out': ''})
            cells.append(row['left_out'] if 'left_out' in row else
                         f'{number(row["median"])} ±{100 * row["spread"] / row["median"]:.0f} % ({row["ratio"]:.2f})')
        lines.append(cells)
    return markdown_table([f'median ns, spread (ratio); {table["axis"]}:'] + [f'{x:g}' for x in xs], lines)


def value_table(table):
    """Counts and rates: whatever columns the program named."""
    return markdown_table([''] + table['columns'],
                          [[row['name']] + ([row['left_out']] + [''] * (len(table['columns']) - 1)
                                            if 'left_out' in row else
                                            [number(row['values'][c]) if c in row['values'] else ''
                                             for c in table['columns']])
                           for row in table['rows']])


def goal_lines(table):
    """(text, met) of each goal; met is None where it could not be compared."""
    for goal in table['goals']:
        if 'row' in goal:
            said = f'{goal["row"]} at most {goal["at_most"]:.2f} × {goal["base"]}'
            runs = ' in the fastest runs' if table.get('clock') == 'wall' else ''
            yield (f'{said}: {goal["ratio"]:.2f}{runs}', goal['met']) if 'ratio' in goal else (said, None)
        elif 'value' in goal:
            value, bar = number(goal['value']), number(goal['bar'])
            if value == bar and not goal['met']:
                value = f'{goal["value"]:.4g}'
            unit = f' {goal["unit"]}' if goal['unit'] else ''
            yield f'{goal["text"]}: {value}{unit}, {"at most" if goal["at_most"] else "at least"} {bar}{unit}', goal['met']
        else:
            yield goal['text'], goal['met']


def verdict(met):
    return {True: 'met', False: '**MISSED**', None: 'not compared, a row was not measured'}[met]


def plot(title, tables, builds):
    """Of all builds beside each other, or of the first one where it is a family of curves."""
    first = next(table for table in tables if table)
    if 'axis' in first:
        series = {}
        for row in first['rows']:
            if 'median' in row:
                series.setdefault(row['series'], []).append((row['x'], row['median']))
        return svg.curves(title, first['axis'], 'ns', [(n, sorted(p)) for n, p in series.items()], is_ours)
    if 'columns' in first:
        column = first['columns'][0]
        groups = [(row['name'], [(row['values'][column], 0)]) for row in first['rows']
                  if row.get('values', {}).get(column)]
        return svg.bars(title, column, groups, ['']) if groups else None
    shown = [(table, build) for table, build in zip(tables, builds) if table]
    groups = []
    for name in names_in(tables):
        pairs = [rows_by_name(table).get(name, {}) for table, _ in shown]
        if any('median' in row for row in pairs):
            groups.append((name, [(row['median'], row['spread']) if 'median' in row else None for row in pairs]))
    return svg.bars(title, 'ns', groups, [build.compiler for _, build in shown])


def standings(table):
    """(where, our fastest, another's fastest) of a table in which both take part."""
    by_x = {}
    for row in table['rows']:
        if 'median' in row and not FLOORS.search(row['name']):
            by_x.setdefault(row.get('x'), []).append((row['median'], row.get('series', row['name'])))
    for x, rows in by_x.items():
        ours = [row for row in rows if is_ours(row[1])]
        others = [row for row in rows if not is_ours(row[1])]
        if ours and others:
            yield ('' if x is None else f'{table["axis"]} {x:g}'), min(ours), min(others)


def summary(builds):
    text, goals = [], [(build, title, *line) for build in builds for title, table in build.tables.items()
                       for line in goal_lines(table)]
    missed = [goal for goal in goals if goal[3] is False]
    unknown = [goal for goal in goals if goal[3] is None]
    text += [f'## Goals\n\n{sum(goal[3] is True for goal in goals)} of {len(goals)} are met, **{len(missed)} are '
             f'missed**, {len(unknown)} could not be compared.\n']
    text += [f'- **MISSED** ({build.compiler}): {title}: {said}' for build, title, said, _ in missed]
    text += ['\n## Where others are faster\n',
             'For each table and each point of a curve: our fastest row against the fastest of the others, raw floors '
             'left out. Only what is lost by more than 5 % is listed, by ' + builds[0].compiler + '.\n']
    lost, won = [], 0
    for title, table in builds[0].tables.items():
        if 'columns' in table:
            continue
        for where, ours, others in standings(table):
            if ours[0] > 1.05 * others[0]:
                lost.append([f'[{title}](#{anchor(title)})', where, f'{ours[1]}: {number(ours[0])}',
                             f'{others[1]}: {number(others[0])}', f'{ours[0] / others[0]:.2f}'])
            else:
                won += 1
    text += [markdown_table(['table', 'at', 'our fastest, ns', 'the fastest, ns', 'ratio'], lost) if lost else 'None.',
             f'\nIn the other {won} comparisons ours is the fastest, or within 5 % of it.\n']
    return text


def anchor(title):
    return re.sub(r'[^\w\- ]', '', title.lower()).replace(' ', '-')


def conditions(about, builds, commands):
    present = {name: version for name, version in about['versions'].items() if version}
    absent = [name for name, version in about['versions'].items() if not version]
    facts = [['date', datetime.datetime.now(datetime.timezone.utc).strftime('%Y-%m-%d %H:%M UTC')],
             ['processor', f'{about["processor"]}; {about["processors"]} usable'], ['caches', about['caches']],
             ['memory', about['memory']], ['system', f'{about["system"]}, {about["kernel"]}'],
             ['compilers', ', '.join(build.compiler for build in builds)],
             ['load average at the end', ', '.join(map(str, about['load']))],
             ['versions', ', '.join(f'{name} {version}' for name, version in present.items())],
             ['left out of this run', '; '.join(
                 f'{build.compiler}: {", ".join(name for name in ORDER if name not in build.programs) or "nothing"}'
                 for build in builds)],
             ['not installed', ', '.join(absent) or 'nothing that is known to this report']]
    text = ['## Machine\n', markdown_table(['', ''], facts).replace('---:', '---')]
    if about['busy']:
        text.append('\n**The machine was busy with other work while this ran**: times are longer than they need be, and '
                    'spreads wider. All rows of a table take turns in random order, so that ratios suffer less.')
    return text + ['\nMade by:\n', '```sh', *commands, '```\n']


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folders', type=Path, nargs='+')
    parser.add_argument('--to', type=Path, required=True)
    parser.add_argument('--command', action='append', default=[], help='that made the results; may be repeated')
    options = parser.parse_args()
    builds = [Build(folder) for folder in options.folders]
    about = machine.describe()
    raw = options.to / 'results'
    plots = options.to / 'plots'
    for folder in (raw, plots):
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob('**/*.*'):
            old.unlink()
    for build in builds:
        target = raw / slug(build.compiler)
        target.mkdir(exist_ok=True)
        for path in build.folder.glob('*.json'):
            (target / path.name).write_text(path.read_text())
    (raw / 'machine.json').write_text(json.dumps(about, indent=1) + '\n')

    text = ['# Arena against malloc, and the rest of the benchmarks\n',
            'Written by `make bench` out of the JSON in [results](results/); nothing here is edited by hand. Medians of '
            'repetitions that all rows of a program take in random order; ± is half the distance of the quartiles: half '
            'of the repetitions lie that close to the median. A ratio is the time by that of the first row (of a curve: '
            'of the first series at the same point), so that less is faster.\n']
    text += conditions(about, builds, options.command or ['make bench'])
    text += summary(builds)
    titles = []
    for build in builds:
        titles += [title for title in build.tables if title not in titles]
    text += ['## Tables\n'] + [f'- [{title}](#{anchor(title)})' for title in titles] + ['']
    for title in titles:
        tables = [build.tables.get(title) for build in builds]
        first = next(table for table in tables if table)
        text += [f'### {title}\n', first['about'] + '\n']
        drawn = plot(title, tables, builds)
        if drawn:
            name = slug(title) + '.svg'
            (plots / name).write_text(drawn)
            text.append(f'![{title}](plots/{name})\n')
        if 'columns' in first or 'axis' in first:
            for table, build in zip(tables, builds):
                if table:
                    text += [f'{build.compiler}:\n'] if len(builds) > 1 else []
                    text += [value_table(table) if 'columns' in table else curve_table(table), '']
        else:
            text.append(row_table(tables, builds))
        text.append('')
        for table, build in zip(tables, builds):
            for said, met in goal_lines(table) if table else ():
                text.append(f'- goal{f" ({build.compiler})" if len(builds) > 1 else ""}: {said}: {verdict(met)}')
        text.append('')
    path = options.to / 'report.md'
    path.write_text(re.sub(r'\n{3,}', '\n\n', '\n'.join(text)).rstrip() + '\n')
    print(f'the report: {path}')


if __name__ == '__main__':
    main()
