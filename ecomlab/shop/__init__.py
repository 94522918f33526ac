"""A shop's own orders: read, checked, modelled, reported.

From a file to a table of texts
    reading     CSV of any habit, parquet, Excel, or the answer to a query
    textfiles   encoding, separator and header of a text file; `encodings`, `layout`
    database    a query, on a connection that only reads

From texts to order lines
    orders      the whole way, and what was dropped on it; `account` tells it
    columns     which column is what; `exports`, `guessing`, `mapping`
    lines       ids, dates and amounts; `values`, `dates`, `amounts`, `discounts`, `people`
    meaning     which lines are sales of goods; `returns`
    rules       what a line must keep

From order lines to a page
    given       what a report's notebook works on: a file, a checked folder, public data
    features    what a model sees of a customer
    demand      whole weeks, and the stock that a forecast's errors ask for
    model       segments and lists of products; `saved` keeps a model as a folder
    report      a report notebook, its page, its tables
    display     what report notebooks show and write
"""
