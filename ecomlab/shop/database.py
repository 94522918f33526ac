"""The answer to a query: DuckDB, which reads files by name, or any database of SQLAlchemy."""

from pathlib import Path

import pandas as pd

from ecomlab.errors import UserError, one_line
from ecomlab.shop.errors import OrdersError


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
    """Return what a query answers.

    Parameters
    ----------
    url : str
        As SQLAlchemy writes it; ``duckdb://`` alone reads files by name.
    query : str
        SQL.

    Returns
    -------
    frame : DataFrame
        Its index counts the rows from 1.
    source : str
        The kind of database, for people.

    Raises
    ------
    OrdersError
        If the database is not there or the query fails.
    """
    url = _parse(url)
    kind = url.get_backend_name()
    try:
        frame = _from_duckdb(url, query) if kind == "duckdb" else _from_sql(url, query)
    except UserError:
        raise
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


def _from_duckdb(url, query):
    import duckdb

    path = url.database or ":memory:"
    memory = path == ":memory:"
    if not memory and not Path(path).is_file():
        raise OrdersError(f"no such DuckDB file: {path}")
    # Read only, and no extension fetched from elsewhere.
    config = {"autoinstall_known_extensions": "false"}
    with duckdb.connect(path, read_only=not memory, config=config) as connection:
        return connection.execute(query).df()


def _from_sql(url, query):
    import sqlalchemy

    engine = sqlalchemy.create_engine(url)
    try:
        with engine.connect() as connection:
            return pd.read_sql_query(sqlalchemy.text(query), connection)
    finally:
        engine.dispose()
