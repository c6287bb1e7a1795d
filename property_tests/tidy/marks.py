"""Each mark of core/base/mark.h stands in a branch of production code: one that stands nowhere would never be reached."""
import re

from source import Finding

LIST = 'core/base/mark.h'


def check(sources):
    by_path = {source.path: source for source in sources}
    if LIST not in by_path:
        return
    text = by_path[LIST].text
    listed = re.search(r'enum class Mark\b[^{]*\{(.*?)\};', text, re.DOTALL)
    names = re.findall(r'^  (\w+),', listed.group(1), re.MULTILINE) if listed else []
    if not names:
        yield Finding(LIST, 1, 'lists no marks')
    used = set()
    for source in sources:
        if source.path.startswith(('core/', 'storage/')) and not source.path.startswith('core/base/mark') and not source.is_test:
            used.update(re.findall(r'\bMark::(\w+)', source.text))
    for name in names:
        if name not in used:
            line = text[:text.index(f'  {name},')].count('\n') + 1
            yield Finding(LIST, line, f'the mark {name} stands in no branch of core/ or storage/')
