"""Formulas rendered as Ibis expressions read well and mean on DuckDB what the plain-Python evaluation says (P4, P8)."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidemill.domain.formula import Binary, Call, Cast, Column, Formula, If, Literal, Node, Unary, formula_of, parse_formula, type_of
from tidemill.domain.formula_eval import evaluate, evaluate_condition
from tidemill.domain.table_schema import ColumnType
from tidemill.domain.transforms import Condition
from tidemill.errors import FormulaError
from tidemill.render.formula_py import condition_source, exclusion_source, ibis_source, literal_source

if TYPE_CHECKING:
    from collections.abc import Sequence

    Row = dict[str, Any]

TYPES = {"s": "string", "p": "string", "i": "integer", "j": "integer", "x": "number", "y": "number", "b": "boolean", "c": "boolean",
         "d": "date", "e": "date", "t": "timestamp", "u": "timestamp", "z": "timestamptz"}  # fmt: skip
SCHEMA = {name: ColumnType(kind) for name, kind in TYPES.items()}
ARROW = {"string": pa.string(), "integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_(), "date": pa.date32(),
         "timestamp": pa.timestamp("us"), "timestamptz": pa.timestamp("us", "UTC")}  # fmt: skip
DUCKDB = {"string": ("VARCHAR",), "integer": ("BIGINT", "INTEGER"), "number": ("DOUBLE",), "boolean": ("BOOLEAN",), "date": ("DATE",),
          "timestamp": ("TIMESTAMP",), "timestamptz": ("TIMESTAMP WITH TIME ZONE",)}  # fmt: skip
VALUES = (
    ("Hello World", "o", 7, 2, 2.5, 0.5, True, False, date(2024, 1, 31), date(2024, 2, 29), datetime(2024, 2, 29, 13, 5, 7, 123456),
     datetime(2023, 12, 31, 23, 59, 59), datetime(2024, 2, 29, 22, 0, 0, 500000, tzinfo=UTC)),
    ("  straße İst ǰ ﬁ ", "", -7, 0, -2.5, 0.0, False, None, date(1969, 12, 31), date(1970, 1, 1), datetime(1969, 12, 31, 23, 59, 59, 999999),
     datetime(1970, 1, 1), datetime(1960, 1, 1, tzinfo=UTC)),
    ("", "a", 0, -3, 0.0, -1.5, None, True, date(2021, 1, 3), date(2020, 12, 28), datetime(2021, 1, 3), datetime(2021, 1, 4, 11, 30),
     datetime(2021, 1, 3, tzinfo=UTC)),
    (None,) * 13,
    ("a,b,,ç", ",", 2**31 + 1, 10, 1e300, 1e-300, True, True, date(1, 1, 1), date(9999, 12, 31), datetime(1, 1, 1),
     datetime(9999, 12, 31, 23, 59, 59, 999999), datetime(2000, 1, 1, tzinfo=UTC)),
    ("e\u0301x A\nb", "x", 1, 1, 0.1, 0.2, False, False, date(2000, 2, 29), date(2000, 2, 29), datetime(2000, 2, 29, 12),
     datetime(2000, 2, 29, 0, 30), datetime(2000, 2, 29, 12, tzinfo=UTC)),
)  # fmt: skip
ROWS: list[Row] = [dict(zip(SCHEMA, values, strict=True)) for values in VALUES]


@pytest.fixture(scope="module")
def duckdb() -> ibis.BaseBackend:
    return ibis.duckdb.connect()


def expression(source: str, table: ibis.Table) -> Any:
    return eval(source, {"ibis": ibis, "table": table, "__builtins__": {}})


def loaded(backend: ibis.BaseBackend, rows: Sequence[Row]) -> ibis.Table:
    arrays = {name: pa.array([r[name] for r in rows], ARROW[kind]) for name, kind in TYPES.items()}
    return backend.create_table("rows", pa.table(arrays), overwrite=True)


def same(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-12, abs_tol=1e-300) or (math.isnan(one) and math.isnan(other))
    return type(one) is type(other) and one == other


def assert_same_meaning(backend: ibis.BaseBackend, formulas: Sequence[Formula], rows: Sequence[Row]) -> None:
    """Both ways give the same values, and DuckDB and Ibis hold them as the type the formula has."""
    table = loaded(backend, rows)
    query = table.select(**{f"f{i}": expression(ibis_source(f, SCHEMA), table) for i, f in enumerate(formulas)})
    found = backend.to_pyarrow(query)
    types = [row[1] for row in backend.raw_sql(f"DESCRIBE {ibis.to_sql(query, dialect='duckdb')}").fetchall()]
    for i, formula in enumerate(formulas):
        expected = [evaluate(formula, r, schema=SCHEMA) for r in rows]
        wrong = [(r, e, g) for r, e, g in zip(rows, expected, found[f"f{i}"].to_pylist(), strict=True) if not same(e, g)]
        assert not wrong, f"{formula.text}  {ibis_source(formula, SCHEMA)}  {wrong[0]}"
        assert types[i] in DUCKDB[type_of(formula, SCHEMA)], f"{formula.text}  {ibis_source(formula, SCHEMA)}  {types[i]}"
        if type_of(formula, SCHEMA) is ColumnType.INTEGER:
            assert query.schema()[f"f{i}"].is_int64(), f"{formula.text}  {ibis_source(formula, SCHEMA)}"


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("{x} * {i}", 'table["x"] * table["i"]'),
        ("x - (y + 1)", 'table["x"] - (table["y"] + 1)'),
        ("i / j", 'table["i"] / table["j"].nullif(0)'),
        ("i / 2", 'table["i"] / 2'),
        ("i * 0.5", 'table["i"].cast("float64") * 0.5'),
        ("round(x * 100, 2)", '(table["x"] * 100).round(2)'),
        ("if(i >= 80, 'hot', 'cold')", '(table["i"] >= 80).ifelse("hot", "cold")'),
        (
            "if i >= 80 then 'hot' else if i >= 50 then 'warm' else 'cold'",
            'ibis.cases((table["i"] >= 80, "hot"), (table["i"] >= 50, "warm"), else_="cold")',
        ),
        ("coalesce(s, p)", 'ibis.coalesce(table["s"], table["p"])'),
        ("coalesce(s, 'none')", 'table["s"].fill_null("none")'),
        ("lower(trim(s))", 'table["s"].strip().lower()'),
        ("s || ' ' || p", 'table["s"] + " " + table["p"]'),
        ("i > 1 and not b or s is not null", '(table["i"] > 1) & ~table["b"] | table["s"].notnull()'),
        ("s in ('a', 'b')", 'table["s"].isin(["a", "b"])'),
        ("s not in ('a', 'b')", 'table["s"].notin(["a", "b"])'),
        ("d >= '2024-01-31'", 'table["d"] >= ibis.date("2024-01-31")'),
        ("s matches '\\d+'", r'table["s"].re_search(r"\d+")'),
        ("year(d)", 'table["d"].year().cast("int64")'),
        ("year(d) * 100 + month(d)", '(table["d"].year() * 100 + table["d"].month()).cast("int64")'),
        ("days_between(d, e)", 'table["e"].delta(table["d"], unit="day")'),
        ("if(b, 0.2, 0.1) * x", 'table["b"].ifelse(0.2, 0.1) * table["x"]'),
        ("5", 'ibis.literal(5, "int64")'),
        ("ln(x)", 'ibis.cases((table["x"] > 0, table["x"].ln()))'),
        ("b = true", 'table["b"]'),
    ],
)
def test_the_source_reads_as_a_person_would_write_it(text: str, source: str) -> None:
    assert ibis_source(parse_formula(text), SCHEMA) == source


def test_a_column_name_cannot_break_out_of_the_source() -> None:
    name = 'x"]; import os; ["\\\n'
    source = ibis_source(formula_of(Binary("+", Column(name), Literal(1))), {name: ColumnType.INTEGER})
    table = ibis.table({name: "int64"}, name="t")
    assert expression(source, table).get_name()


def test_the_name_of_the_table_can_be_chosen() -> None:
    assert ibis_source(parse_formula("i + 1"), SCHEMA, table="orders") == 'orders["i"] + 1'


ARITHMETIC = """
i + j; i - j * 2; i * 0.1; 0.1 * i; i * 0.1 + x; x * 3; i / j; i // j; x // (y + 3); round(x); x / y; i % j; x % y; i % 3; 2 ** j; x ** 2;
x ** 0.5; x ** -1; x ** -0.5; (x / 1e200) ** y; j ** 3; -x; -i + 1; -(i + 1); 20%; 0.1 + 0.2; 5; i - (j - 1); (i + j) * 2; i / j / 2;
x ** 2 ** 2; (-2) ** 2; -2 ** 2; 100 / i; 100 % j; round(x); round(y, 1); round(y * 1.005, 2); round(i * 0.285, 2); round(i, -1);
round(i, 2); round(y, -2); floor(y); ceil(y); sign(x); sign(i) * 3000000000; abs(i); abs(x); sqrt(x); exp(y); ln(x); log10(i);
i * 3000000000; least(i, j); greatest(i, j, 3); least(i, 0.5); greatest(x, 1); greatest(0, least(i, 10))
"""
CHOICES = """
if(b, 100, 0) * 100; if(b, 100000, 0) * 100000; if(b, 0.2, 0.1); if(b, 0.2, 0.1) * i; if(b, 0.2, 0.1) * x; if(b, 0.2, 0.1) * 2;
if(b, 1, 2.5); if(b, i, 2.5); if(b, i, x); if(b, 1, 0); if(b, year(d), 0); if(b, null, i); if(b, 'a', null);
case when i > 1 then 'p' when i = 0 then null else s end; if b then d else '2024-01-01'; if b then d else t; coalesce(i, 0);
coalesce(i, 0.5); coalesce(x, 0); coalesce(i, j, 0); coalesce(s, p, 'none'); coalesce(null, i); nullif(i, 0); nullif(i, 0.5);
nullif(s, ''); least(s, p, 'm'); greatest(d, e); coalesce(b, false); if(b, true, false); if(true, i, 0); round(if(b, 0.285, 0.125), 2);
if(b, if(c, 0.1, 0.2), 0.3); x + if(b, 1, 0); if(b, 1, 0) + if(c, 1, 0); greatest(0.5, if(b, 1, 2)); to_string(coalesce(i, 0.5))
"""
CONDITIONS = """
i = 7; i != 7; i > 0.5; x = 0.1; i = x; s < 'a'; b = false; b != true; b = c; b and c; b or c; not b or c; i > 1 and x < 1 or b;
not (i > 1); i in (7, 0); i not in (7, 0); i in (j, 7); s in ('', 'x'); d in ('2024-01-31', '1970-01-01'); i between j and 7.5;
d between '2000-01-01' and '2024-12-31'; t > '2000-01-01'; d > '2000-01-01 12:00:00'; z > '2000-01-01T00:00:00+02:00'; d < t; t < z;
s is null; s is not null; s is empty; i is empty; b is true; b is not true; b is false; 'a' < 'b'; 1 < 2 and b; 1 < i <= 7; (i > 1) = b;
(i + j) is null; (i in (1, 2)) = b
"""
TEXTS = """
lower(s); upper(s); capitalize(s); title(s); trim(s); ltrim(s); rtrim(s); length(s) * length(p); s + p; s || ' ' || i;
concat(s, ' - ', x, b, d, t, z); 'a' + s; concat('a', 'b', s); concat_ws(', ', s, p, i, null, 'x'); substring(s, 2); substring(s, 2, 3);
substring(s, j, j); left(s, 3); left(s, j); left(s, length(s) - 1); right(s, 3); right(s, j); replace(s, 'o', '0'); replace(s, p, '!');
lpad(s, 12, '*'); rpad(s, 12); repeat(s, 2); split_part(s, ',', 1); split_part(s, ',', -1); split_part(s, ',', 9); position(s, p);
contains(s, p); s not contains 'o'; s starts with p; ends_with(s, p); s matches '^[A-Z]\\w+'; s matches 'b$';
s matches '(?i)STRASSE|straße'; regex_extract(s, '(\\w+) (\\w+)', 2); regex_extract(s, '[a-z]+'); regex_replace(s, '([aeiou])', '<\\1>');
s matches '\\bA'; lower('ABC' + s)
"""
DATES = """
year(d); quarter(d); month(t); week(d); day(d); day_of_year(d); weekday(t) * 10; day_name(d); month_name(t); hour(t); minute(t); second(t);
hour(z); -year(d); date_trunc('year', d); date_trunc('quarter', d); date_trunc('day', d); date_trunc('month', t); date_trunc('hour', t);
date_trunc('second', t); date_trunc('month', z); date_trunc('week', u); date_diff('day', d, e); date_diff('week', d, e);
date_diff('month', d, e); date_diff('quarter', d, e); date_diff('year', d, e); date_diff('hour', d, e); date_diff('day', t, u);
date_diff('hour', t, u); date_diff('second', t, u); date_diff('week', t, u); date_diff('day', d, t); date_diff('day', d, z);
format_date(d, '%d.%m.%Y'); format_date(t, '%Y-%m-%d %H:%M:%S.%f %p %I %-d %-m %-H %j %b %B %a %A %y %G-W%V-%u 100%%'); year('2024-01-31');
date_add(z, 1, 'month')
"""
CASTS = """
to_string(i); to_string(x); to_string(b); to_string(d); to_string(t); to_string(z); to_string(if(b, 0.2, 0.1)); to_string(2.50);
to_number(i); to_number(b); to_integer(y); to_integer(b); to_boolean(i); to_boolean(x); date(t); date(z); to_timestamp(d); to_timestamp(z);
to_timestamptz(t); try_to_number(s); try_to_integer(p); try_to_date(s)
"""


@pytest.mark.parametrize(
    "texts", [ARITHMETIC, CHOICES, CONDITIONS, TEXTS, DATES, CASTS], ids=["arithmetic", "choices", "conditions", "texts", "dates", "casts"]
)
def test_formulas_mean_the_same_on_duckdb(duckdb: ibis.BaseBackend, texts: str) -> None:
    formulas = [parse_formula(t) for t in texts.replace("\n", " ").split("; ")]
    failing = [f for f in formulas if any(fails(f, r) for r in ROWS)]
    assert_same_meaning(duckdb, [f for f in formulas if f not in failing], ROWS)
    for formula in failing:
        assert_same_meaning(duckdb, [formula], [r for r in ROWS if not fails(formula, r)])
        assert all(fails_on_duckdb(duckdb, formula, r) for r in ROWS if fails(formula, r))


def fails(formula: Formula, row: Row) -> bool:
    try:
        evaluate(formula, row, schema=SCHEMA)
    except (OverflowError, ValueError):
        return True
    return False


def fails_on_duckdb(backend: ibis.BaseBackend, formula: Formula, row: Row) -> bool:
    table = loaded(backend, [row])
    try:
        backend.to_pyarrow(table.select(v=expression(ibis_source(formula, SCHEMA), table)))
    except Exception as error:  # DuckDB's own classes share no other base
        return "range" in str(error) or "onver" in str(error)
    return False


MOVES = [
    f"date_add({start}, {count}, '{unit}')"
    for start in "dtz"
    for count in ("3", "-1", "j")
    for unit in ("year", "quarter", "month", "week", "day", "hour", "second")
]


def test_dates_move_the_same_on_duckdb(duckdb: ibis.BaseBackend) -> None:
    inner = [r for r in ROWS if r["d"] is None or 1900 < r["d"].year < 2100]
    assert_same_meaning(duckdb, [parse_formula(m) for m in MOVES], inner)


def texts_read(backend: ibis.BaseBackend, formulas: Sequence[str], texts: Sequence[str]) -> None:
    assert_same_meaning(backend, [parse_formula(f) for f in formulas], [{**ROWS[0], "s": t} for t in texts])


def test_numbers_in_texts_are_read_the_same_on_duckdb(duckdb: ibis.BaseBackend) -> None:
    texts = [
        "1",
        " 12 ",
        "-2.5",
        "+3",
        "1E-2",
        ".5",
        "5.",
        "",
        "abc",
        "1,5",
        "1_000",
        "1__0",
        "0x10",
        "2.5",
        "9223372036854775808",
        "1 0",
        "\t7\n",
        "- 1",
        "1e1_0",
    ]
    texts_read(duckdb, ["try_to_number(s)", "try_to_integer(s)", "try_to_boolean(s)"], texts)


def test_dates_in_texts_are_read_the_same_on_duckdb(duckdb: ibis.BaseBackend) -> None:
    days = ["2024-01-05", "2024-1-5", " 2024-01-05", "2024/01/05", "20240105", "2024-13-01", "2024-02-30", "05.01.2024", "24-01-05", "2024-01", ""]
    times = [
        "10:00:00",
        "10:00",
        "10",
        "10:00:00.5",
        "10:00:00.1234567",
        "25:00:00",
        "1:2:3",
        "24:00:00",
        "10:00:00Z",
        "10:00:00+02:00",
        "10:00:00-0530",
        "10:00:00 UTC",
    ]
    texts = [*days, *(f"2024-01-05 {t}" for t in times), "2024-01-05T10:00:00"]
    texts_read(duckdb, ["try_to_date(s)", "try_to_timestamp(s)", "try_to_timestamptz(s)"], texts)


def test_dates_of_a_form_are_read_the_same_on_duckdb(duckdb: ibis.BaseBackend) -> None:
    texts_read(duckdb, ["parse_date(s, '%d.%m.%Y')"], ["05.01.2024", "5.1.2024", " 05.01.2024 "])
    texts_read(duckdb, ["parse_timestamp(s, '%b %d, %y %I:%M %p')"], ["Jan 5, 24 10:30 PM", "may 15, 68 12:30 am", "DEC 31, 69 1:05 AM"])


@pytest.mark.parametrize("text", ["30.02.2024", "05.01.24x", "2024-01-05", ""])
def test_a_date_of_another_form_is_an_error_on_both_sides(duckdb: ibis.BaseBackend, text: str) -> None:
    formula, row = parse_formula("parse_date(s, '%d.%m.%Y')"), {**ROWS[0], "s": text}
    table = loaded(duckdb, [row])
    with pytest.raises(ValueError, match=r".+"):
        evaluate(formula, row)
    with pytest.raises(Exception, match=r"parse|range"):
        duckdb.to_pyarrow(table.select(v=expression(ibis_source(formula, SCHEMA), table)))


DEEPEST = [
    "upper(" * 58 + "s" + ")" * 58,
    "if(b, " * 58 + "i" + ", 2)" * 58,
    "i - (" * 58 + "i" + ")" * 58,
    "date_trunc('month', " * 58 + "d" + ")" * 58,
    " or ".join(f"i = {k}" for k in range(58)),
    "i / (" * 8 + "j" + ")" * 8,
    "title(" * 8 + "s" + ")" * 8,
]


@pytest.mark.parametrize("text", DEEPEST, ids=lambda t: t[:12])
def test_the_deepest_formulas_still_run_on_duckdb(duckdb: ibis.BaseBackend, text: str) -> None:
    assert_same_meaning(duckdb, [parse_formula(text)], ROWS[:1])


def condition(**fields: Any) -> Condition:
    return Condition.model_validate(fields)


CASES: list[tuple[str, dict[str, Any]]] = [
    ("s", {"equals": "HELLO world", "ignoreCase": True}),
    ("s", {"notEquals": ""}),
    ("s", {"in": ["", "x"]}),
    ("s", {"notIn": ["", "x"]}),
    ("s", {"contains": "o"}),
    ("s", {"notContains": "o"}),
    ("s", {"startsWith": "H", "endsWith": "d"}),
    ("s", {"matches": "^h", "ignoreCase": True}),
    ("s", {"isNull": True}),
    ("s", {"isNull": False}),
    ("i", {"greaterThan": 0.5}),
    ("i", {"between": [0, 7]}),
    ("x", {"lessThanOrEqual": 0}),
    ("d", {"greaterThanOrEqual": "2000-01-01", "lessThan": "2024-01-31"}),
    ("t", {"greaterThan": "2000-01-01"}),
    ("z", {"between": ["2000-01-01", "2024-12-31T00:00:00+01:00"]}),
    ("b", {"equals": True}),
    ("b", {"notEquals": True}),
]


@pytest.mark.parametrize(("column", "fields"), CASES, ids=str)
def test_a_filter_keeps_the_same_rows_on_duckdb(duckdb: ibis.BaseBackend, column: str, fields: dict[str, Any]) -> None:
    table = loaded(duckdb, ROWS)
    kept = duckdb.to_pyarrow(table.filter(expression(condition_source(column, condition(**fields), SCHEMA), table)))[column].to_pylist()
    assert kept == [r[column] for r in ROWS if evaluate_condition(condition(**fields), r[column], SCHEMA[column])]


def test_exclude_drops_only_rows_that_fulfil_all_conditions(duckdb: ibis.BaseBackend) -> None:
    conditions = {"i": condition(greaterThan=0), "s": condition(contains="o")}
    table = loaded(duckdb, ROWS)
    kept = duckdb.to_pyarrow(table.filter(expression(exclusion_source(conditions, SCHEMA), table)))["i"].to_pylist()
    assert kept == [-7, 0, None, 2**31 + 1, 1]


@pytest.mark.parametrize(
    ("value", "column_type", "source"),
    [
        (0.5, ColumnType.NUMBER, 'ibis.literal("0.5").cast("float64")'),
        (2, ColumnType.NUMBER, 'ibis.literal(2).cast("float64")'),
        (2, ColumnType.INTEGER, 'ibis.literal(2, "int64")'),
        ("a", ColumnType.STRING, 'ibis.literal("a")'),
        (None, ColumnType.DATE, 'ibis.null("date")'),
        (date(2024, 1, 31), ColumnType.DATE, 'ibis.date("2024-01-31")'),
    ],
)
def test_a_literal_has_exactly_its_type(value: Any, column_type: ColumnType, source: str) -> None:
    assert literal_source(value, column_type) == source


LITERALS = {
    "string": st.sampled_from(["", "a", "B", "ß", "a b", "10", "%", "'"]),
    "integer": st.integers(-100, 100),
    "number": st.sampled_from([0.5, -2.25, 0.1, 100.0, 1e-3, 2.675]),
    "boolean": st.booleans(),
    "date": st.dates(date(1960, 1, 1), date(2030, 12, 31)),
    "timestamp": st.datetimes(datetime(1960, 1, 1), datetime(2030, 12, 31)),
}
COLUMNS = {kind: [n for n, k in TYPES.items() if k == kind] for kind in LITERALS}
UNITS = st.sampled_from(["year", "quarter", "month", "week", "day"])


@cache
def nodes(kind: str, depth: int) -> st.SearchStrategy[Node]:
    """Trees of a type; the functions whose last digit depends on the C library stand in the fixed lists only."""
    leaf = st.one_of(st.sampled_from(COLUMNS[kind]).map(Column), LITERALS[kind].map(Literal))
    if depth == 0:
        return leaf

    def below(other: str) -> st.SearchStrategy[Node]:
        return st.deferred(lambda: nodes(other, depth - 1))

    def call(function: str, *arguments: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
        return st.tuples(*arguments).map(lambda a: Call(function, a))

    def binary(operators: str, left: str, right: str) -> st.SearchStrategy[Node]:
        return st.builds(Binary, st.sampled_from(operators.split()), below(left), below(right))

    def small(low: int, high: int) -> st.SearchStrategy[Node]:
        return st.integers(low, high).map(Literal)

    units: st.SearchStrategy[Node] = UNITS.map(Literal)
    choice = st.builds(If, st.tuples(st.tuples(below("boolean"), below(kind))), st.one_of(st.none(), below(kind)))
    shared = [leaf, choice, call("coalesce", below(kind), below(kind))]
    if kind != "boolean":
        shared += [call("nullif", below(kind), below(kind)), call("greatest", below(kind), below(kind)), call("least", below(kind), below(kind))]
    own = {
        "integer": lambda: [
            binary("+ - * %", "integer", "integer"),
            binary("//", "integer", "integer"),
            st.builds(Unary, st.just("-"), below("integer")),
            call("length", below("string")),
            call("year", below("date")),
            call("weekday", below("timestamp")),
            call("round", below("number")),
            call("date_diff", units, below("date"), below("date")),
            call("sign", below("number")),
            call("position", below("string"), below("string")),
        ],
        "number": lambda: [
            binary("+ - * / %", "number", "number"),
            binary("+ - * /", "integer", "number"),
            binary("/", "integer", "integer"),
            call("round", below("number"), small(-2, 4)),
            call("abs", below("number")),
            call("sqrt", below("number")),
            st.builds(Cast, below("integer"), st.just(ColumnType.NUMBER)),
        ],
        "boolean": lambda: [
            binary("and or", "boolean", "boolean"),
            binary("= != < <= > >=", "number", "integer"),
            binary("= != < >", "string", "string"),
            binary("= < >=", "date", "timestamp"),
            st.builds(Unary, st.just("not"), below("boolean")),
            call("is_null", below("number")),
            call("in", below("integer"), below("integer"), below("integer")),
            call("between", below("date"), below("date"), below("date")),
            call("contains", below("string"), below("string")),
            call("is_empty", below("string")),
        ],
        "string": lambda: [
            call("concat", below("string"), below("string")),
            call("upper", below("string")),
            call("trim", below("string")),
            call("left", below("string"), small(-1, 4)),
            call("right", below("string"), small(-1, 4)),
            call("substring", below("string"), small(-1, 4), small(-1, 4)),
            call("replace", below("string"), below("string"), below("string")),
            st.builds(Cast, below("integer"), st.just(ColumnType.STRING)),
            st.builds(Cast, below("date"), st.just(ColumnType.STRING)),
            call("title", below("string")),
        ],
        "date": lambda: [
            call("date_trunc", units, below("date")),
            call("date_add", below("date"), small(-30, 30), units),
            st.builds(Cast, below("timestamp"), st.just(ColumnType.DATE)),
        ],
        "timestamp": lambda: [
            call("date_trunc", units, below("timestamp")),
            call("date_add", below("timestamp"), small(-30, 30), units),
            call("date_add", below("date"), small(-30, 30), st.just(Literal("hour"))),
            st.builds(Cast, below("date"), st.just(ColumnType.TIMESTAMP)),
        ],
    }
    return st.one_of(*shared, *own[kind]())


def cells(kind: str) -> st.SearchStrategy[Any]:
    drawn = LITERALS["timestamp"].map(lambda t: t.replace(tzinfo=UTC)) if kind == "timestamptz" else LITERALS[kind]
    return st.one_of(st.none(), drawn)


RANDOM_ROWS = st.lists(st.fixed_dictionaries({name: cells(kind) for name, kind in TYPES.items()}), min_size=2, max_size=6)
RANDOM_TREES = st.lists(st.sampled_from(sorted(LITERALS)).flatmap(lambda kind: nodes(kind, 3)), min_size=12, max_size=12)


def has_values(root: Node, rows: Sequence[Row]) -> Formula | None:
    """The formula, unless it is refused or a row makes it fail: then there is nothing to compare."""
    try:
        formula = formula_of(root)
        type_of(formula, SCHEMA)
        for row in rows:
            evaluate(formula, row, schema=SCHEMA)
    except (FormulaError, OverflowError, ValueError):
        return None
    return formula


@settings(max_examples=100, derandomize=True, deadline=None)
@given(roots=RANDOM_TREES, rows=RANDOM_ROWS)
def test_random_formulas_mean_the_same_on_duckdb(duckdb: ibis.BaseBackend, roots: list[Node], rows: list[Row]) -> None:
    formulas = [f for f in (has_values(root, rows) for root in roots) if f is not None and type_of(f, SCHEMA) is not ColumnType.UNKNOWN]
    if formulas:
        assert_same_meaning(duckdb, formulas, rows)


def test_the_session_that_the_comparison_runs_in_is_utc(duckdb: ibis.BaseBackend) -> None:
    later = evaluate(parse_formula("date_add(z, 1, 'day')"), ROWS[0])
    assert later == ROWS[0]["z"] + timedelta(days=1)
    assert duckdb.raw_sql("SELECT current_setting('TimeZone')").fetchall() == [("UTC",)]
