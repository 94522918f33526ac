"""The answer to a query: DuckDB, which reads files by name, or any database of SQLAlchemy.

A query reads and does not write. What holds it to that, on each engine:

- One statement only, a SELECT or a WITH ... SELECT in which nothing is inserted, changed or
  copied. DuckDB's own parser says so there, sqlglot's elsewhere.
- A connection that reads: DuckDB and SQLite open their file read-only, PostgreSQL, MySQL,
  MariaDB and Oracle get a read-only transaction, and every transaction is rolled back.
- DuckDB fetches and loads no extension, and no setting can be changed.

What it cannot hold: a function that does more than read, on a server, by the rights of the
user who asks (PostgreSQL's ``lo_export`` or ``pg_terminate_backend``), and other databases
(SQL Server), which have no read-only transaction. A user who may only read holds those.
"""

import logging
import tempfile
from pathlib import Path

import pandas as pd

from ecomlab.errors import OrdersError, UserError, one_line

ONLY_SELECT = "a query is one SELECT (or WITH ... SELECT) that only reads"
# SQLAlchemy's names of databases, where sqlglot has another.
_DIALECTS = {"postgresql": "postgres", "mariadb": "mysql", "mssql": "tsql"}


def shown_url(url):
    """Return a database URL without what is secret in it.

    Parameters
    ----------
    url : str
        As SQLAlchemy writes it.

    Raises
    ------
    OrdersError
        If it is no database URL.
    """
    # Some drivers take a password among the options, too.
    return _parse(url).set(query={}).render_as_string(hide_password=True)


def query_table(url, query):
    """Return what a query answers; it changes nothing, see above.

    Parameters
    ----------
    url : str
        As SQLAlchemy writes it; ``duckdb://`` alone reads files by name.
    query : str
        One SELECT.

    Returns
    -------
    frame : DataFrame
        Its index counts the rows from 1.
    source : str
        The kind of database, for people.

    Raises
    ------
    OrdersError
        If the database is not there, or the query is refused or fails.
    """
    url = _parse(url)
    kind = url.get_backend_name()
    if kind in ("duckdb", "sqlite") and url.database not in (None, "", ":memory:"):
        _check_file(url.database, kind)
    try:
        frame = _from_duckdb(url, query) if kind == "duckdb" else _from_sql(url, kind, query)
    except UserError:
        raise
    except ModuleNotFoundError as error:  # SQLAlchemy imports the driver that the URL asks for
        raise OrdersError(
            f"the driver for {kind} is not installed here: pip install {error.name}"
        ) from None
    except Exception as error:  # each driver has errors of its own
        line = one_line(error)
        if url.password:
            line = line.replace(str(url.password), "***")
        raise OrdersError(f"the query on {kind} failed: {line}") from None
    frame = frame.reset_index(drop=True)
    frame.index += 1
    return frame, f"a query on {kind}"


def _parse(url):
    import sqlalchemy

    try:
        return sqlalchemy.make_url(url)
    except sqlalchemy.exc.ArgumentError:
        raise OrdersError(
            "the database URL does not read: write it as KIND://USER:PASSWORD@HOST/NAME, "
            "or KIND:///FILE"
        ) from None


def _check_file(path, kind):
    if not Path(path).is_file():
        raise OrdersError(f"no such {'DuckDB' if kind == 'duckdb' else 'SQLite'} file: {path}")


def _from_duckdb(url, query):
    import duckdb

    path = url.database or ":memory:"
    with tempfile.TemporaryDirectory(prefix="ecomlab-") as folder:
        config = {
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "temp_directory": folder,  # not beside the shop's file
            "lock_configuration": "true",
        }
        with duckdb.connect(path, read_only=path != ":memory:", config=config) as connection:
            # query() takes one SELECT, and a subquery may not write: both are DuckDB's own rules.
            # The type of the statement alone is not enough: WITH x AS (COPY ... TO ...) SELECT
            # counts as a SELECT and writes a file.
            asked = "FROM query(?)"
            try:
                ((_, plan),) = connection.execute(
                    f"EXPLAIN (FORMAT json) {asked}", [query]
                ).fetchall()
            except duckdb.Error as error:
                if any(words in str(error) for words in ("single SELECT", "top level")):
                    raise OrdersError(ONLY_SELECT) from None
                raise
            # The one function through which DuckDB runs SQL that these rules do not see.
            if '"name": "JSON_EXECUTE_SERIALIZED_SQL"' in plan:
                raise OrdersError(f"{ONLY_SELECT}: json_execute_serialized_sql is refused")
            return connection.execute(asked, [query]).df()


def _from_sql(url, kind, query):
    import sqlalchemy

    _check_select(query, _DIALECTS.get(kind, kind))
    if kind == "sqlite" and url.database not in (None, "", ":memory:"):
        name = Path(url.database).absolute().as_uri()
        url = url.set(database=name).update_query_dict({"mode": "ro", "uri": "true"})
    engine = sqlalchemy.create_engine(url)
    try:
        with engine.connect() as connection:  # closed without a commit: rolled back
            # As it stands: a driver would take its percent signs for places of values.
            connection = connection.execution_options(no_parameters=True)
            if kind == "postgresql":
                # A cursor of the server's takes one SELECT and nothing else.
                connection = connection.execution_options(
                    postgresql_readonly=True, stream_results=True
                )
            elif kind in ("mysql", "mariadb", "oracle"):
                connection.exec_driver_sql("SET TRANSACTION READ ONLY")
            elif kind == "sqlite":
                connection.exec_driver_sql("PRAGMA query_only = 1")
            return pd.read_sql_query(query, connection)
    finally:
        engine.dispose()


def _check_select(query, dialect):
    """Refuse what is not one SELECT, by sqlglot's reading of the database's dialect."""
    import sqlglot
    from sqlglot import exp

    logging.getLogger("sqlglot").setLevel(logging.ERROR)  # what it cannot read is refused below
    known = dialect if dialect in sqlglot.Dialect.classes else None
    try:
        tokens = sqlglot.tokenize(query, dialect=known)
        statements = [found for found in sqlglot.parse(query, dialect=known) if found]
    except sqlglot.errors.SqlglotError as error:
        first = (getattr(error, "errors", None) or [{}])[0]
        place = f" (line {first['line']}, column {first['col']})" if first.get("line") else ""
        raise OrdersError(f"{ONLY_SELECT}; this one does not read as one{place}") from None
    writing = (exp.Into, exp.DML, exp.DDL, exp.Command)
    if (
        len(statements) != 1
        or not isinstance(statements[0], exp.Query)
        or any(True for _ in statements[0].find_all(*writing))
        # MySQL runs what stands in a comment that begins with an exclamation mark.
        or any(text.startswith(("!", "M!")) for token in tokens for text in token.comments)
    ):
        raise OrdersError(ONLY_SELECT)
