"""Helpers for the ecomlab workbook. The networks are not here: each stands in its lesson.

Imports run one way: notebooks -> what notebooks import -> data sets.

What a cell of a lesson imports
    datasets    one loader a data set; where its files come from
    splits      what is known and what is asked: next trips, purchases by week, sequences
    baselines   the strongest simple methods: item-kNN, EASE, ALS, rules, HOG
    metrics     rankings scored whole, bootstrap intervals, MASE
    segments    recency, frequency, money
    lifetime    BG/NBD and Pareto/NBD
    weekly      sales by week, rolling origins
    plots       one look for all figures, each with a text beside it
    seeds       one seed for every source of chance
    results     numbers that leave a notebook, and those of the full profile
    widgets     playgrounds
    checks      what an exercise answers
    yardstick   how fast this machine is, beside the one on which lessons were timed

What knows notebooks as files and parameters (only three lessons import of it: 00 calls `doctor`,
11a reads a shop's orders, 13c plans a `sweep`)
    running     one run with checked parameters, or many runs
    sweep       one notebook with many parameters, on Dask
    pages       a notebook, the workbook and the book as HTML
    shop        a shop's own orders: reading, rules, features, models, reports
    classroom   exercises: variants, fingerprints, grading
    authoring   what authors store in lessons and results
    papers      what README and book tell of the lessons, written from the results
    expected    what lessons are expected to record: snapshots and bands
    doctor      whether the lessons run on this machine, and what to do
    address     the repository's address, and all that is written from it
    cli         the command line, one module a group of commands

Below all of these
    project     folders, lessons and profiles
    files       whole files or none
    stopping    how a command ends, and with it all that it started
    errors      what can go wrong
"""

__version__ = "0.1.0"
