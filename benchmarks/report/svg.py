"""Plots as SVG by hand: bars for rows, curves for series. No background, and text in a colour that follows the
reader's preference, so that they read on light pages and on dark ones."""
import math
from xml.sax.saxutils import escape

COLOURS = ('#3b82f6', '#e07a1f', '#2ca36b', '#c05bb5', '#b58900', '#d64550', '#4f9fb3', '#8a7fd6', '#7f9440',
           '#9a8478', '#8c8c8c')
STYLE = '''<style>
svg { color: #24292f }
@media (prefers-color-scheme: dark) { svg { color: #e6edf3 } }
text { fill: currentColor; font: 12px system-ui, sans-serif }
.title { font-weight: 600 }
.small { font-size: 11px }
.grid { stroke: currentColor; stroke-opacity: .18 }
.whisker { stroke: currentColor; stroke-opacity: .7 }
</style>'''


def short(value):
    """Three digits, in units that a plot has room for."""
    if value == 0:
        return '0'
    for size, unit in ((1e9, 'G'), (1e6, 'M'), (1e3, 'k')):
        if abs(value) >= size:
            return f'{value / size:.3g}{unit}'
    return f'{value:.3g}'


class Scale:
    """From values to pixels: logarithmic where they lie far apart."""

    def __init__(self, values, begin, end, from_zero=False, logarithmic=None):
        low, high = min(values), max(values)
        self.logarithmic = low > 0 and high / low > 20 if logarithmic is None else logarithmic
        self.begin, self.end = begin, end
        if self.logarithmic:
            self.low, self.high = math.log10(low), math.log10(high)
            room = (self.high - self.low) * 0.04 or 0.5
            self.low -= room
            self.high += room
        else:
            self.low, self.high = 0 if from_zero else low, high * 1.04 or 1
            if self.low == self.high:
                self.high += 1

    def __call__(self, value):
        if self.logarithmic:
            value = math.log10(value) if value > 0 else self.low
        return self.begin + (value - self.low) / (self.high - self.low) * (self.end - self.begin)

    def ticks(self):
        if self.logarithmic:
            steps = (1, 2, 5) if self.high - self.low < 2.5 else (1,)
            every = [step * 10.0 ** power for power in range(math.floor(self.low), math.ceil(self.high) + 1)
                     for step in steps]
            return [tick for tick in every if self.low <= math.log10(tick) <= self.high]
        step = 10 ** math.floor(math.log10((self.high - self.low) / 4 or 1))
        step *= next(m for m in (1, 2, 5, 10) if (self.high - self.low) / (step * m) <= 6)
        return [step * n for n in range(math.ceil(self.low / step), math.floor(self.high / step) + 1)]


def document(width, height, title, parts):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
            f'height="{height}" role="img" aria-label="{escape(title, {chr(34): "&quot;"})}">\n{STYLE}\n' +
            '\n'.join(parts) + '\n</svg>\n')


def text(x, y, words, anchor='start', kind=''):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}">{escape(words)}</text>'


def line(x1, y1, x2, y2, kind):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def wrapped(title, width=105):
    lines = ['']
    for word in title.split():
        if len(lines[-1]) + len(word) + 1 > width:
            lines.append('')
        lines[-1] += (' ' if lines[-1] else '') + word
    return lines


def bars(title, unit, groups, legend):
    """`groups`: (name, [(value, spread) or None, one for each of `legend`]) from the top down."""
    left, right, bar, gap = 300, 90, 13, 9
    heading = wrapped(title)
    top = 20 + 16 * len(heading) + (18 if len(legend) > 1 else 0)
    width, each = 820, bar * len(legend) + gap
    height = top + each * len(groups) + 42
    values = [pair[0] for _, pairs in groups for pair in pairs if pair]
    x = Scale(values, left, width - right, from_zero=True)
    parts = [text(10, 18 + 16 * i, words, kind='title') for i, words in enumerate(heading)]
    if len(legend) > 1:
        at = left
        for colour, name in zip(COLOURS, legend):
            parts += [f'<rect x="{at}" y="{top - 24}" width="11" height="11" fill="{colour}"/>',
                      text(at + 16, top - 14, name, kind='small')]
            at += 130
    bottom = top + each * len(groups)
    for tick in x.ticks():
        parts += [line(x(tick), top, x(tick), bottom, 'grid'),
                  text(x(tick), bottom + 16, short(tick), 'middle', 'small')]
    parts.append(text((left + width - right) / 2, bottom + 34,
                      unit + (', logarithmic' if x.logarithmic else ''), 'middle', 'small'))
    for row, (name, pairs) in enumerate(groups):
        y = top + each * row + gap / 2
        parts.append(text(left - 8, y + bar * len(legend) / 2 + 4, name if len(name) < 48 else name[:46] + '…', 'end'))
        for i, pair in enumerate(pairs):
            if not pair:
                continue
            value, spread = pair
            parts.append(f'<rect x="{left}" y="{y + i * bar:.1f}" width="{max(1.0, x(value) - left):.1f}" '
                         f'height="{bar - 2}" fill="{COLOURS[i]}"/>')
            middle = y + i * bar + (bar - 2) / 2
            high = x(value + spread)
            parts.append(line(max(left, x(max(value - spread, value / 1e3))), middle, high, middle, 'whisker'))
            parts.append(text(high + 6, middle + 4, short(value), kind='small'))
    return document(width, height, title, parts)


def curves(title, x_label, y_label, series, strong):
    """`series`: (name, [(x, y)]); those that `strong(name)` are drawn thick."""
    left, right = 70, 270
    heading = wrapped(title)
    top = 22 + 16 * len(heading)
    width, height = 820, top + max(300, 20 * len(series)) + 48
    bottom = height - 48
    points = [point for _, line_points in series for point in line_points]
    xs = sorted({x for x, _ in points})
    x = Scale(xs, left, width - right, logarithmic=min(xs) > 0 and len(xs) > 1)
    y = Scale([value for _, value in points], bottom, top, from_zero=True)
    parts = [text(10, 18 + 16 * i, words, kind='title') for i, words in enumerate(heading)]
    for tick in y.ticks():
        parts += [line(left, y(tick), width - right, y(tick), 'grid'),
                  text(left - 6, y(tick) + 4, short(tick), 'end', 'small')]
    for value in xs:
        parts += [line(x(value), top, x(value), bottom, 'grid'),
                  text(x(value), bottom + 16, f'{value:g}', 'middle', 'small')]
    parts.append(text((left + width - right) / 2, bottom + 36, x_label, 'middle', 'small'))
    parts.append(f'<text transform="translate(16 {(top + bottom) / 2:.0f}) rotate(-90)" text-anchor="middle" '
                 f'class="small">{escape(y_label + (", logarithmic" if y.logarithmic else ""))}</text>')
    # The names stand beside the ends of their curves, pushed apart where these lie close together.
    named = sorted(range(len(series)), key=lambda i: y(series[i][1][-1][1]))
    at, labels = top - 10, {}
    for i in named:
        at = max(at + 16, y(series[i][1][-1][1]) + 4)
        labels[i] = at
    over = max(0, at - bottom)
    for i in reversed(named):
        labels[i] = min(labels[i], bottom if over else labels[i])
        if over:
            bottom_left = bottom - 16 * (len(named) - 1 - named.index(i))
            labels[i] = min(labels[i], bottom_left)
    for i, (name, line_points) in enumerate(series):
        colour = COLOURS[i % len(COLOURS)]
        thick = 3 if strong(name) else 1.4
        dashes = '' if i < len(COLOURS) else ' stroke-dasharray="5 3"'
        path = ' '.join(f'{x(px):.1f},{y(py):.1f}' for px, py in line_points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{thick}"{dashes}/>')
        parts += [f'<circle cx="{x(px):.1f}" cy="{y(py):.1f}" r="{thick + 0.8}" fill="{colour}"/>'
                  for px, py in line_points]
        end_x, end_y = x(line_points[-1][0]), y(line_points[-1][1])
        parts.append(f'<polyline points="{end_x:.1f},{end_y:.1f} {width - right + 18},{labels[i] - 4:.1f}" fill="none" '
                     f'stroke="{colour}" stroke-opacity=".5"/>')
        parts.append(text(width - right + 22, labels[i], name, kind='title' if strong(name) else ''))
    return document(width, height, title, parts)
