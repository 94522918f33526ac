"""Queries: each engine answers one SELECT, and nothing that a query says writes anything."""

import getpass
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import duckdb
import pytest
import sqlalchemy

from ecomlab.errors import OrdersError
from ecomlab.shop.database import query_table, shown_url

REFUSED = "a query is one SELECT"


@pytest.fixture
def duckdb_url(tmp_path):
    """A DuckDB file: a table of one line, and a sequence."""
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as connection:
        connection.execute("CREATE TABLE orders AS SELECT 1 AS customer; CREATE SEQUENCE numbers")
    return f"duckdb:///{tmp_path}/shop.duckdb"


@pytest.fixture
def sqlite_url(tmp_path):
    """A SQLite file: a table of one line."""
    url = f"sqlite:///{tmp_path}/my shop.db"
    engine = sqlalchemy.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE orders AS SELECT 1 AS customer")
    engine.dispose()
    return url


def snapshot(folder):
    """The bytes of every file in a folder."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refuses(url, query, folder, message=None):
    """Check that a query ends in one line and that no file came, went or changed."""
    before = snapshot(folder)
    with pytest.raises(OrdersError, match=message) as raised:
        query_table(url, query.format(folder=folder))
    assert "\n" not in str(raised.value)
    assert snapshot(folder) == before


COPY = "COPY (SELECT 1 AS a) TO '{folder}/w.csv'"
HIDDEN = f"WITH x AS ({COPY}) SELECT * FROM x"
QUOTED = HIDDEN.replace("'", "''")
EXECUTED = f"FROM json_execute_serialized_sql(json_serialize_sql('{QUOTED}'))"


@pytest.mark.parametrize("url", ["duckdb_url", None])
@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("DROP TABLE orders", REFUSED),
        ("CREATE TABLE more AS SELECT 1 AS a", REFUSED),
        ("INSERT INTO orders VALUES (2) RETURNING *", REFUSED),
        (COPY, REFUSED),
        ("EXPORT DATABASE '{folder}/w'", REFUSED),
        ("ATTACH '{folder}/w.duckdb'", REFUSED),
        ("INSTALL httpfs", REFUSED),
        ("LOAD httpfs", REFUSED),
        ("PRAGMA version", REFUSED),
        ("SET threads = 1", REFUSED),
        ("CALL pragma_version()", REFUSED),
        ("SELECT 1; SELECT 2", REFUSED),
        ("SELECT 1; DROP TABLE orders", REFUSED),
        ("-- nothing", REFUSED),
        (HIDDEN, REFUSED),
        (f"FROM query('{QUOTED}')", REFUSED),
        (EXECUTED, "json_execute_serialized_sql is refused"),
        (f"SELECT ({EXECUTED})", "json_execute_serialized_sql is refused"),
        ("WITH x AS (INSERT INTO orders VALUES (2) RETURNING *) SELECT * FROM x", REFUSED),
        ("SELECT nextval('numbers')", "the query on duckdb failed"),
        ("FROM enable_logging(storage = 'file', storage_path = '{folder}/w')", "locked"),
        ("SELECT * INTO more FROM orders", "the query on duckdb failed"),
    ],
)
def test_duckdb_reads_and_writes_nothing(query, message, url, request, tmp_path):
    url = request.getfixturevalue(url) if url else "duckdb://"
    refuses(url, query, tmp_path, message)


def test_duckdb_answers_what_only_reads(duckdb_url, tmp_path):
    (tmp_path / "prices.csv").write_text("customer,price\n1,2.5\n")
    for query in (
        "SELECT customer, price FROM orders JOIN '{folder}/prices.csv' USING (customer);",
        "WITH p AS (FROM '{folder}/prices.csv') FROM p ORDER BY price -- the dear last",
        "FROM query('FROM ''{folder}/prices.csv'''); /* all */",
    ):
        frame, source = query_table(duckdb_url, query.format(folder=tmp_path))
        assert frame.to_dict("records") == [{"customer": 1, "price": 2.5}]
        assert list(frame.index) == [1] and source == "a query on duckdb"


@pytest.mark.parametrize(
    "query",
    [
        "DROP TABLE orders",
        "CREATE TABLE more AS SELECT 1",
        "INSERT INTO orders VALUES (2) RETURNING *",
        "REPLACE INTO orders VALUES (2)",
        "ATTACH '{folder}/w.db' AS w",
        "VACUUM INTO '{folder}/w.db'",
        "PRAGMA query_only = 0",
        "SELECT 1; DROP TABLE orders",
        "EXPLAIN SELECT 1",
        "-- nothing",
    ],
)
def test_sqlite_takes_one_select(query, sqlite_url, tmp_path):
    refuses(sqlite_url, query, tmp_path, REFUSED)


@pytest.mark.parametrize("function", ["load_extension('x')", "writefile('{folder}/w', 'x')"])
def test_sqlite_has_no_function_that_writes(function, sqlite_url, tmp_path):
    refuses(sqlite_url, f"SELECT {function}", tmp_path, "the query on sqlite failed")


def test_sqlite_opens_its_file_for_reading_only(sqlite_url, tmp_path, monkeypatch):
    frame, _ = query_table(sqlite_url, "SELECT customer, 'at 12 :30' AS time FROM orders;")
    assert frame.to_dict("records") == [{"customer": 1, "time": "at 12 :30"}]
    # What the parser lets pass, the engine does not do.
    monkeypatch.setattr("ecomlab.shop.database._check_select", lambda query, dialect: None)
    refuses(sqlite_url, "DROP TABLE orders", tmp_path, "readonly database")


@pytest.mark.parametrize(
    ("dialect", "query"),
    [
        ("mysql", "SELECT * FROM t INTO OUTFILE '/tmp/w'"),
        ("mysql", "SELECT 1 /*! INTO OUTFILE '/tmp/w' */"),
        ("mysql", "SELECT 1 INTO @x"),
        ("tsql", "SELECT * INTO more FROM t"),
        ("tsql", "EXEC sp_configure"),
        ("tsql", "SELECT 1 DROP TABLE t"),
        ("postgres", "WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x"),
        ("of_a_stranger", "MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN DELETE"),
    ],
)
def test_other_dialects_are_read_before_they_are_asked(dialect, query):
    from ecomlab.shop.database import _check_select

    with pytest.raises(OrdersError, match=REFUSED):
        _check_select(query, dialect)
    _check_select("SELECT a, 'x; y' FROM t -- all", dialect)


@pytest.mark.parametrize("kind", ["duckdb", "sqlite"])
def test_a_file_that_is_not_there_is_not_made(kind, tmp_path):
    with pytest.raises(OrdersError, match=f"no such .* file: {tmp_path}/away"):
        query_table(f"{kind}:///{tmp_path}/away", "SELECT 1")
    assert not list(tmp_path.iterdir())


def test_a_password_is_not_shown():
    url = "postgresql+nodriver://me:secret@shop/db?password=secret"
    assert shown_url(url) == "postgresql+nodriver://me:***@shop/db"
    for wrong in (url, "postgresql:me:secret@shop", "duckdb//secret"):
        with pytest.raises(OrdersError) as raised:
            query_table(wrong, "SELECT 1")
        assert "secret" not in str(raised.value) and "\n" not in str(raised.value)


def test_an_absent_driver_is_named():
    with pytest.raises(OrdersError, match="pip install pymysql"):
        query_table("mysql+pymysql://me@shop/db", "SELECT 1")


@pytest.fixture(scope="module")
def postgres():
    """A PostgreSQL server of the test's own, on a socket in its folder: a URL and an engine."""
    tools = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    initdb = tools[-1] if tools else shutil.which("initdb")
    if not initdb:
        pytest.skip("no PostgreSQL server here: what its transactions refuse is not tried")
    # Not in pytest's own folder, which only its owner may enter; and a socket's path is short.
    own = tempfile.TemporaryDirectory(prefix="postgres-")
    folder, prefix, user = Path(own.name), [], getpass.getuser()
    if os.geteuid() == 0:  # the server refuses to run as root
        prefix, user = ["runuser", "-u", "postgres", "--"], "postgres"
        shutil.chown(folder, "postgres")
    quiet = {"check": True, "cwd": folder, "capture_output": True}
    new = ["-D", folder / "data", "-A", "trust", "-U", user]
    subprocess.run([*prefix, initdb, *new], **quiet)
    control = [*prefix, Path(initdb).with_name("pg_ctl"), "-D", folder / "data", "-w"]
    options = f"-k {folder} -c listen_addresses='' -c fsync=off"
    subprocess.run([*control, "-l", folder / "log", "-o", options, "start"], **quiet)
    url = f"postgresql+psycopg://{user}@/postgres?host={folder}"
    engine = sqlalchemy.create_engine(url)
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE orders AS SELECT 1 AS customer")
            connection.exec_driver_sql("CREATE SEQUENCE numbers")
        yield url, engine
    finally:
        engine.dispose()
        subprocess.run([*control, "-m", "immediate", "stop"], **quiet)
        own.cleanup()


@pytest.mark.exhaustive
@pytest.mark.parametrize("parsed", [True, False])
@pytest.mark.parametrize(
    "query",
    [
        "DROP TABLE orders",
        "CREATE TABLE more AS SELECT 1",
        "SELECT * INTO more FROM orders",
        "SELECT nextval('numbers')",
        "SELECT setval('numbers', 9)",
        "SELECT 1; DROP TABLE orders",
        "SELECT 1; COMMIT; DROP TABLE orders",
        "COMMIT; DROP TABLE orders",
        "SET TRANSACTION READ WRITE; DROP TABLE orders",
        "SELECT set_config('transaction_read_only', 'off', true), nextval('numbers')",
        "WITH x AS (INSERT INTO orders VALUES (2) RETURNING *) SELECT * FROM x",
        "COPY (SELECT 1) TO '{folder}/w.csv'",
        "SELECT * FROM orders FOR UPDATE",
    ],
)
def test_postgresql_reads_and_writes_nothing(query, parsed, postgres, monkeypatch):
    url, engine = postgres
    folder = Path(sqlalchemy.make_url(url).query["host"])
    if not parsed:  # what the parser lets pass, the server does not do
        monkeypatch.setattr("ecomlab.shop.database._check_select", lambda query, dialect: None)
    with pytest.raises(OrdersError) as raised:
        query_table(url, query.format(folder=folder))
    assert "\n" not in str(raised.value)
    assert not (folder / "w.csv").exists()
    with engine.connect() as connection:
        tables = "SELECT string_agg(relname, ' ') FROM pg_class WHERE relname IN ('orders', 'more')"
        assert connection.exec_driver_sql(tables).scalar() == "orders"
        assert connection.exec_driver_sql("SELECT count(*) FROM orders").scalar() == 1
        assert connection.exec_driver_sql("SELECT is_called FROM numbers").scalar() is False


@pytest.mark.exhaustive
def test_postgresql_answers(postgres):
    query = "SELECT customer, '100%'::text AS share, 2.5 AS price FROM orders;"
    frame, _ = query_table(postgres[0], query)
    assert frame.to_dict("records") == [{"customer": 1, "share": "100%", "price": 2.5}]
