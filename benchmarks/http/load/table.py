"""What was measured, as it is printed and as --json has it."""


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
