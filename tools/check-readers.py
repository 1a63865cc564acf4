"""Reads every table of a run with DuckDB, Polars, pandas and pyarrow, and compares values, nulls, types, units and metadata.

    pip install pyarrow duckdb polars pandas && python tools/check-readers.py [CONFIG]

The tables' Arrow files, read by pyarrow, are what the others are held against; the Arrow stream of `run --stream` pipes into
pyarrow; the SQL of README.md is executed on the default experiment's kind of tables. hyparquet reads the tables in a browser
(check-browser.mjs), R's arrow where Rscript and the package are there. Tables of the second writer, parquetjs-lite, are read by
all of them too, where it is installed. What is not available is said, and passed over.
"""

import io
import math
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import duckdb
import pandas
import polars
import pyarrow
import pyarrow.ipc
import pyarrow.parquet

ROOT = pathlib.Path(__file__).parent.parent
OHMFLOW = ["node", str(ROOT / "dist/cli/main.js")]
TABLES = ["scores", "predictions", "tiles", "columns", "errors"]


def small_config(folder):
    """Digital rows (nulls for chip, read and time), classes and scores, two chips and times."""
    path = folder / "config.json"
    tasks = ",".join(
        f'{{"task":"{task}","checkpoint":"{ROOT}/data/models/{task}","data":"{ROOT}/data/glue/{data}","examples":20}}'
        for task, data in [("cola", "CoLA"), ("stsb", "STS-B")]
    )
    ranges = '"columnRange":{"rule":"abs-max"},"inputRange":{"rule":"abs-max"}'
    path.write_text(
        f'{{"schema":1,"name":"readers","seed":1,"tasks":[{tasks}],"repeat":{{"chips":2,"times":["0 s","1 h"]}},'
        f'"calibration":{{"examples":3}},"methods":[{{"name":"digital","execution":"digital"}},{{"name":"abs-max",{ranges}}}]}}'
    )
    return path


def plain(value):
    """One value, so that equal ones compare equal: NaN by name, lists as tuples, numpy's numbers as Python's."""
    if value is None or value is pandas.NA:
        return None
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return tuple(plain(v) for v in value)
    return "NaN" if isinstance(value, float) and math.isnan(value) else value


def rows(columns, names):
    return [tuple(plain(v) for v in row) for row in zip(*(columns[name] for name in names), strict=True)]


def readers(path):
    """Column by column, what each reader finds."""
    yield "pyarrow", pyarrow.parquet.read_table(path).to_pydict()
    # Nullable types: numpy's would turn a null into NaN, and an integer column with nulls into doubles.
    frame = pandas.read_parquet(path, dtype_backend="pyarrow")
    yield "pandas", {name: frame[name].tolist() for name in frame}
    yield "polars", polars.read_parquet(path).to_dict(as_series=False)
    found = duckdb.sql(f"SELECT * FROM '{path}'")
    yield "duckdb", dict(zip(found.columns, zip(*found.fetchall()), strict=True))


def check_table(out, name, suffix="parquet"):
    with pyarrow.ipc.open_file(str(out / f"{name}.arrow")) as file:
        table = file.read_all()
    expected = rows(table.to_pydict(), table.column_names)
    assert expected, f"{name}: no rows"
    results = {}
    path = out / f"{name}.{suffix}"
    for reader, columns in readers(path):
        assert list(columns) == table.column_names, f"{name}, {reader}: columns {list(columns)}"
        found = rows(columns, table.column_names)
        bad = next((i for i, pair in enumerate(zip(expected, found, strict=True)) if pair[0] != pair[1]), None)
        assert bad is None, f"{name}, {reader}, row {bad}: expected {expected[bad]}, found {found[bad]}"
        results[reader] = len(found)
    # Types, nullability, units and what the file says of itself, as pyarrow finds them in both formats.
    schema = pyarrow.parquet.read_schema(path)
    assert schema.equals(table.schema, check_metadata=False), f"{name}: types {schema} and {table.schema}"
    for a, b in zip(schema, table.schema, strict=True):
        units = [f.metadata[b"unit"] for f in (a, b)]
        assert units[0] == units[1], f"{name}: units of {a.name}: {units}"
    own = {k: v for k, v in table.schema.metadata.items() if k.startswith(b"ohmflow:")}
    assert own and own.items() <= schema.metadata.items(), f"{name}: metadata {schema.metadata}"
    in_duckdb = dict(duckdb.sql(f"SELECT key, value FROM parquet_kv_metadata('{path}')").fetchall())
    assert own.items() <= in_duckdb.items(), f"{name}, duckdb: metadata {in_duckdb}"
    nulls = sum(c.null_count for c in table.columns)
    print(f"{path.name:28} {table.num_rows:6} rows, {nulls:5} nulls: " + ", ".join(f"{r} equal" for r in results))
    return table


# Values as texts of 17 digits, which every double comes back from; lists joined.
R_READS = """
library(arrow)
arguments <- commandArgs(TRUE)
text <- function(v) if (is.null(v) || (length(v) == 1 && is.na(v) && !is.nan(v))) "null" else if (is.character(v)) v else
  paste(ifelse(is.nan(v), "NaN", format(v, digits = 17, trim = TRUE, scientific = TRUE)), collapse = ";")
table <- as.data.frame(read_parquet(arguments[1]))
for (name in names(table)) { cat(name, "\\n", sep = ""); for (i in seq_len(nrow(table))) cat(text(table[[name]][[i]]), "\\n", sep = "") }
"""


def in_r(value):
    if value is None or isinstance(value, str):
        return "null" if value is None else value
    return tuple(float(v) for v in (value if isinstance(value, (tuple, list)) else [value]))


def check_r(out, names, tables):
    """R's arrow, or in plain words that there is none."""
    installed = shutil.which("Rscript") and subprocess.run(
        ["Rscript", "-e", "quit(status = !requireNamespace('arrow', quietly = TRUE))"], capture_output=True
    )
    if not installed or installed.returncode != 0:
        print(f"R: not available ({'no package arrow' if installed else 'no Rscript'})")
        return
    for name in names:
        table = tables[name.split(".")[0]]
        said = subprocess.run(["Rscript", "-e", R_READS, str(out / name)], check=True, capture_output=True, text=True)
        lines = iter(said.stdout.splitlines())
        for column in table.column_names:
            assert next(lines) == column, f"{name}, R: columns"
            for i, value in enumerate(table[column].to_pylist()):
                line, wanted = next(lines), in_r(value)
                found = line if isinstance(wanted, str) else tuple(float(v) for v in line.split(";"))
                assert plain(found) == plain(wanted), f"{name}, R, row {i}, {column}: expected {wanted}, found {found}"
        print(f"{name:28} {table.num_rows:6} rows: R's arrow equal")


def main():
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        config = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else small_config(folder)
        out = folder / "out"
        run = [*OHMFLOW, "run", str(config), "--out", str(out), "--formats", "parquet,arrow"]
        subprocess.run(run, check=True, capture_output=True)
        tables = {name: check_table(out, name) for name in TABLES}
        files = [f"{name}.parquet" for name in TABLES]
        second = subprocess.run([*run[:-1], "parquet,arrow,parquetjs"], capture_output=True, text=True)
        if second.returncode == 0:
            for name in TABLES:
                check_table(out, name, "parquetjs.parquet")
            files += [f"{name}.parquetjs.parquet" for name in TABLES]
        else:
            assert "parquetjs-lite is not installed" in second.stderr, second.stderr
            print("parquetjs-lite: not available")
        subprocess.run(["node", str(ROOT / "tools/check-browser.mjs"), str(out)], check=True)
        check_r(out, files, tables)
        for name, table in tables.items():
            piped = subprocess.run([*run, "--stream", name], check=True, capture_output=True).stdout
            found = pyarrow.ipc.open_stream(io.BytesIO(piped)).read_all()
            assert found.schema.equals(table.schema, check_metadata=True), f"{name}: the stream's schema"
            assert rows(found.to_pydict(), found.column_names) == rows(table.to_pydict(), table.column_names), name
        print("run --stream into pyarrow: every table equal")
        for sql in re.findall(r"```sql\n(.*?)```", (ROOT / "README.md").read_text(), re.S):
            if "results/default/" not in sql:
                print(f"SQL of README.md on another experiment, not executed: {sql.splitlines()[0]}")
                continue
            answer = duckdb.sql(sql.replace("results/default/", f"{out}/")).fetchall()
            assert answer, f"no rows from:\n{sql}"
            print(f"SQL of README.md: {len(answer)} rows, first {answer[0]}")
        for code in re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S):
            names = {}
            exec(code.replace("results/default/", f"{out}/"), names)  # the README's own lines
            print("Python of README.md: executed")


if __name__ == "__main__":
    main()
