"""pipeline.py: the standalone program that a spec is rendered to."""

from __future__ import annotations

import ast
import textwrap
from typing import TYPE_CHECKING

from tidemill.domain.connectors import HttpJsonSource
from tidemill.domain.table_schema import ColumnType
from tidemill.render.connectors_py import docstring, load_function, long_text, read_columns, write_function
from tidemill.render.conversions_py import conversions_source
from tidemill.render.library import definitions_of, import_lines, names_used, needed_helpers
from tidemill.render.names import load_name, write_name
from tidemill.render.needs import environment_of, transient_source
from tidemill.render.plan import Plan
from tidemill.render.python_step import embedded
from tidemill.render.python_text import text_source
from tidemill.render.transforms_py import parameters_of, step_body
from tidemill.render.words import destination_words, one_line, operation_words, source_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tidemill.domain.pipeline import PipelineSpec, TransformStep
    from tidemill.domain.schema_flow import SchemaFlow
    from tidemill.render.library import Definition

WIDTH = 96
"""Of docstrings, which the formatter leaves as they are."""
_SETUP = """
log = logging.getLogger("pipeline")
log.propagate = False

NAME = {name}
LOGS = Path(__file__).resolve().parent / "logs"
"""
_ABOVE = ("_P", "step", "write", "_is_transient", "_log_retry", "_wait_s", "_BACKOFF", "_retry", "_TRANSIENT_SQL", "MAX_RETRY_AFTER_S")
_BELOW = """# What follows is the same in every pipeline that reads and writes such sources and destinations.


"""
_RETRY = """
_BACKOFF = tenacity.wait_exponential_jitter(initial=1, max=30)
_retry = tenacity.retry(
    retry=tenacity.retry_if_exception(_is_transient),
    wait={wait},
    stop=tenacity.stop_after_attempt(5),
    before_sleep=_log_retry,
    reraise=True,
)
"""
_MAIN = '''
def main() -> int:
    """Runs the pipeline; 0 if it succeeded, 1 if it failed."""
    _start_logging()
    began = time.perf_counter()
    log.info("%s: started", NAME)
    try:
        run(_connect())
    except Exception as error:
        log.error("%s: failed after %.1f s: %s", NAME, time.perf_counter() - began, _reason(error))
        log.debug("How it came about", exc_info=error)
        return 1
    log.info("%s: finished in %.1f s", NAME, time.perf_counter() - began)
    return 0
'''
_START = """
if __name__ == "__main__":
    sys.exit(main())
"""


def render_pipeline(spec: PipelineSpec, flow: SchemaFlow) -> str:
    """The text of pipeline.py, not formatted yet.

    Args:
        spec: A spec without error findings.
        flow: Its schema flow.
    """
    return _PipelineText(Plan(spec, flow)).text()


class _PipelineText:
    """Puts the file together: what is particular to the spec first, the helpers it needs below."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.constants: dict[str, str] = {}

    def text(self) -> str:
        functions = [*self._loads(), *self._steps(), *self._transform(), *self._writes(), self._run(), _MAIN.strip()]
        setup = _SETUP.format(name=text_source(one_line(self.plan.spec.name))).strip()
        constants = "\n".join([setup, "", *(f"{name} = {source}" for name, source in self.constants.items())])
        kinds = self._kinds()
        own = [*self._retry_definitions(), *definitions_of(conversions_source(kinds))]
        used = names_used(ast.parse("\n\n".join([constants, *functions])))
        helpers = needed_helpers(used, own, finds_types=ColumnType.UNKNOWN in kinds)
        # Decorators are called while the file is read, so these stand above the functions that carry them.
        above = _spaced([d for d in helpers if d.name in _ABOVE])
        below = _spaced([d for d in helpers if d.name not in _ABOVE])
        parts = [constants, above, *functions, _BELOW + below, _START.strip()]
        body = "\n\n\n".join(parts)
        imports = import_lines(names_used(ast.parse(body)))
        return f"{self._docstring()}\n\nfrom __future__ import annotations\n\n{imports}\n\n{body}\n"

    def _docstring(self) -> str:
        spec = self.plan.spec
        described = f"\n{_wrapped(one_line(spec.description))}\n" if spec.description else ""
        sources = [_item(s.name, source_words(s.config)) for s in self.plan.sources]
        written = [_item(d.name, destination_words(d.config)) for d in self.plan.destinations]
        lines = [
            f'"""{one_line(spec.name)}', described, "Reads", *sources, "Writes", *written, "",
            "Run it with `python pipeline.py`; it ends with 0 if it succeeded and with 1 if it failed.", "", "Environment",
            *(_item(name, meaning) for name, meaning in environment_of(self.plan)), '"""',
        ]  # fmt: skip
        return "\n".join(lines).replace("\\", "\\\\")

    def _loads(self) -> list[str]:
        functions = []
        for step in self.plan.sources:
            constants, function = load_function(self.plan, step)
            self.constants |= constants
            functions.append(function)
        return functions

    def _writes(self) -> list[str]:
        functions = []
        for step in self.plan.destinations:
            constants, function = write_function(self.plan, step)
            self.constants |= constants
            functions.append(function)
        return functions

    def _steps(self) -> list[str]:
        return [self._step(step) for step in self.plan.transforms]

    def _step(self, step: TransformStep) -> str:
        plan, name = self.plan, self.plan.names[step.name]
        # What SQL and Python make is a table of the backend already.
        made = step.config.operations in (("sql",), ("python",))
        options = ", cache=True" if plan.is_kept(step.name) and not made else ""
        if plan.keeps_rows(step):
            options += f", rows_of={text_source(plan.inputs[step.name][0])}"
        if step.config.sql:
            self.constants[f"{name.upper()}_SQL"] = long_text(step.config.sql)
        parameters = ", ".join(f"{p}: ir.Table" for p in parameters_of(plan, step.name))
        said = one_line(step.description) or _sentence(operation_words(step.config)) or step.name
        lines = [f"@step({text_source(step.name)}{options})", f"def {name}({parameters}) -> ir.Table:", *_docstring_lines(said)]
        if step.config.python:
            code = embedded(step.config.python.code)
            lines += ["    # Written by hand; from here on as it stands in config.yaml.", *code, "    # End of what was written by hand.", ""]
        return "\n".join([*lines, *(f"    {line}" for line in step_body(plan, step.name))])

    def _transform(self) -> list[str]:
        plan = self.plan
        several = len(plan.destinations) > 1
        lines = []
        for step in plan.transforms:
            lines.append(f"    {plan.tables[step.name]} = {self._call(step)}")
        results = {plan.names[d.name]: plan.tables[plan.inputs[d.name][0]] for d in plan.destinations}
        made = next(iter(results.values()))
        returned = f"    return Tables({', '.join(f'{n}={v}' for n, v in results.items())})" if several else f"    return {made}"
        if not several and lines and lines[-1].startswith(f"    {made} = "):
            returned = "    return " + lines.pop().removeprefix(f"    {made} = ")
        parameters = ", ".join(f"{plan.names[s.name]}: ir.Table" for s in plan.sources)
        head = f"def transform({parameters}) -> {'Tables' if several else 'ir.Table'}:"
        said = "Everything between the sources and the destinations, which is what the tests check."
        function = "\n".join([head, f'    """{said}"""', *lines, returned])
        return [_named_tuple(results), function] if several else [function]

    def _call(self, step: TransformStep) -> str:
        tables = [self.plan.tables[n] for n in self.plan.inputs[step.name]]
        if columns := self.plan.narrowed(step):
            tables[0] += f".select({', '.join(map(text_source, columns))})"
        return f"{self.plan.names[step.name]}({', '.join(tables)})"

    def _run(self) -> str:
        plan = self.plan
        lines = [f"    {plan.names[s.name]} = {load_name(plan.names[s.name])}(con)" for s in plan.sources]
        call = f"transform({', '.join(plan.names[s.name] for s in plan.sources)})"
        if len(plan.destinations) > 1:
            lines.append(f"    results = {call}")
            lines += [f"    {write_name(plan.names[d.name])}(results.{plan.names[d.name]})" for d in plan.destinations]
        else:
            lines += [f"    result = {call}", *(f"    {write_name(plan.names[d.name])}(result)" for d in plan.destinations)]
        said = '    """Loads the sources, computes all results and only then writes the first of them."""'
        return "\n".join(["def run(con: BaseBackend) -> None:", said, *lines])

    def _kinds(self) -> set[ColumnType]:
        """The types that values of the sources, or of a Python step, have to be turned into; all of them where that shows at run time only."""
        kinds: set[ColumnType] = set()
        for step in self.plan.transforms:
            kinds |= set(step.config.python.columns.values()) if step.config.python else set()
        for source in self.plan.sources:
            columns, others = read_columns(self.plan, source)
            kinds |= {*columns.values(), ColumnType.UNKNOWN} if others else set(columns.values())
        return set(ColumnType) if ColumnType.UNKNOWN in kinds else kinds

    def _retry_definitions(self) -> list[Definition]:
        """`_is_transient` and `_retry` for the connectors of this very pipeline."""
        configs = self.plan.configs
        waits = "_wait_s" if any(isinstance(c, HttpJsonSource) for c in configs) else "_BACKOFF"
        return definitions_of(transient_source(configs) + _RETRY.format(wait=waits))


def _spaced(definitions: Sequence[Definition]) -> str:
    """Definitions below each other, short constants without gaps between them."""
    text = ""
    for before, one in zip([None, *definitions], definitions, strict=False):
        close = before is not None and "\n" not in before.source + one.source
        text += one.source if before is None else ("\n" if close else "\n\n\n") + one.source
    return text


def _wrapped(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def _item(name: str, meaning: str) -> str:
    lines = textwrap.wrap(f"{name}: {meaning}", WIDTH - 8, break_long_words=False, break_on_hyphens=False)
    return "\n".join([f"    {lines[0]}", *(f"        {line}" for line in lines[1:])])


def _sentence(phrases: Sequence[str]) -> str:
    text = "; ".join(phrases)
    return text[:1].upper() + text[1:]


def _docstring_lines(said: str) -> list[str]:
    """A docstring, broken where it is too long for a line."""
    whole = docstring(said)
    if len(whole) + 4 <= 100:
        return [f"    {whole}"]
    lines = textwrap.wrap(whole[3:-3], WIDTH - 4, break_long_words=False, break_on_hyphens=False)
    return ['    """' + lines[0], *(f"    {line}" for line in lines[1:]), '    """']


def _named_tuple(results: Mapping[str, str]) -> str:
    fields = "\n".join(f"    {name}: ir.Table" for name in results)
    return f'class Tables(NamedTuple):\n    """What is written, by destination."""\n\n{fields}'
