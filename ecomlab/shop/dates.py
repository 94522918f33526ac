"""Texts to dates: several spellings in one column, each decided by all evidence in the file.

A spelling is a way to write: ISO 8601, 31/12/2025, 31-12-25, Dec-31-25, days as a spreadsheet
counts them, seconds since 1970. A 13 cannot be a month: that decides whether the day or the
month comes first. A spelling that does not decide takes the order of those that do.
"""

import re
import unicodedata
from itertools import pairwise

import numpy as np
import pandas as pd

from ecomlab.shop.values import as_texts, distinct, spread

_MONTHS = """
january february march april may june july august september october november december
januar februar marz april mai juni juli august september oktober november dezember
janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre
enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre
janeiro fevereiro marco abril maio junho julho agosto setembro outubro novembro dezembro
januari februari maart april mei juni juli augustus september oktober november december
"""
_FILLER_WORDS = """
de del di of the le den der um at th st nd rd er o a
mon tue tues wed thu thur thurs fri sat sun
monday tuesday wednesday thursday friday saturday sunday
mo di mi do fr sa so montag dienstag mittwoch donnerstag freitag samstag sonntag
lun mar mer jeu ven sam dim lundi mardi mercredi jeudi vendredi samedi dimanche
mie jue vie sab dom lunes martes miercoles jueves viernes sabado domingo
"""
_FILLERS = frozenset(_FILLER_WORDS.split()) - {"mar"}  # which is March, too
# Patterns for whole columns spell digits out: Arrow then matches them, several times as fast.
_BEFORE_CLOCK = r"[T ,]+(?:um |at |a las )?"
_SOME_CLOCK = r"[0-9]{1,2}[:h.][0-9]{2}(?:[^0-9].*)?"
_CLOCK = (
    r"^(?P<clock>\d{1,2}[:h.]\d{2}(?:[:.]\d{2})?)(?:[.,]\d+)?"
    r"\s*(?P<half>[AaPp]\.?\s?[Mm]\.?)?\s*(?:Uhr)?\s*"
    r"(?P<zone>Z|(?:UTC|GMT)?[+-]\d{2}:?\d{2}|[A-Za-z]{2,5}|\([A-Za-z +-]+\))?\.?$"
)
_ZONE = r"(?:Z|[+-][0-9]{2}:?[0-9]{2})"
# Bare numbers that stand for a day: name, least, most, what one is in days, where they begin.
_COUNTS = (
    ("spreadsheet days", 20_000, 80_000, 1.0, "1899-12-30"),
    ("seconds since 1970", 5e8, 5e9, 1 / 86_400, "1970-01-01"),
    ("milliseconds since 1970", 5e11, 5e12, 1 / 86_400_000, "1970-01-01"),
)
_ORDERS = {"dmy": "day first", "mdy": "month first", "ymd": "year first"}


class AmbiguousDatesError(ValueError):
    """Dates can be read with the day first and with the month first, and nothing decides."""


def read_dates(column, date_format=None, others=()):
    """Return a column's values as dates.

    Parameters
    ----------
    column : Series
        Dates, texts, days as a spreadsheet counts them, or seconds or milliseconds since 1970.
    date_format : str, optional
        As for `strptime`, where the values alone do not tell.
    others : iterable of Series
        Other columns of the same file: their dates may decide what this column's do not.

    Returns
    -------
    dates : Series of datetime64
        What the shop's clock showed, without a time zone; in UTC where one column holds zones
        that lie more than an hour apart. NaT where a value cannot be read.
    how : str
        How they were read.

    Raises
    ------
    AmbiguousDatesError
        If the values make sense with the day first and with the month first.
    """
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        dates = column.dt.tz_localize(None) if column.dt.tz is not None else column
        return dates.astype("datetime64[ns]"), "dates"
    codes, values = distinct(column)
    texts = as_texts(values)
    if date_format:
        dates = pd.to_datetime(texts, format=date_format, errors="coerce")
        if getattr(dates.dtype, "tz", None) is not None:
            dates = dates.dt.tz_localize(None)
        return spread(dates.astype("datetime64[ns]"), codes, column), date_format
    dates, how = _read_iso(texts)
    if dates.isna().sum() > texts.isna().sum():
        weights = pd.Series(np.bincount(codes[codes >= 0], minlength=len(values)))
        dates, how = _read_spellings(texts, weights, column, others)
    return spread(dates, codes, column), how


def _read_iso(texts):
    """Read texts as ISO 8601, which also knows 2026 and 202601: years and months, no dates."""
    zoned = texts.str.contains(rf"[0-9]:[0-9]{{2}}[0-9:.]* ?{_ZONE}$", regex=True, na=False)
    bare, zone = texts, pd.Series(pd.NA, index=texts.index, dtype="str")
    if zoned.any():
        bare = texts.mask(zoned, texts.str.replace(rf" ?{_ZONE}$", "", regex=True))
        zone = zone.mask(zoned, texts.str.replace(rf"^.*?({_ZONE})$", r"\1", regex=True))
    dates = pd.to_datetime(bare, format="ISO8601", errors="coerce", utc=True)
    dates = dates.dt.tz_localize(None)
    dates = dates.mask(dates.dt.year > 2261).astype("datetime64[ns]")  # pandas counts no further
    dates = dates.mask(bare.str.len().fillna(0) < 8)
    return _one_clock(dates, zone), "ISO8601"


def _one_clock(dates, zone):
    """Leave local times as they are; take all to UTC where zones lie far apart."""
    if not zone.notna().any():
        return dates
    codes, zones = pd.factorize(zone)
    parts = pd.Series(zones).str.extract(r"([+-])(\d{2}):?(\d{2})")
    minutes = (parts[1].astype(float) * 60 + parts[2].astype(float)).fillna(0)
    minutes = minutes.where(parts[0] != "-", -minutes)
    if minutes.max() - minutes.min() <= 60:  # one place, in summer and in winter
        return dates
    shift = np.append(minutes.to_numpy(), 0)[codes]
    return dates - pd.to_timedelta(shift, unit="min")


def _read_spellings(texts, weights, column, others):
    """Read each spelling of a column, the order of day and month by all evidence."""
    tail = rf"{_BEFORE_CLOCK}{_SOME_CLOCK}$"
    timed = texts.str.contains(tail, regex=True, na=False)
    clocks = texts.str.replace(rf"^.*?{_BEFORE_CLOCK}({_SOME_CLOCK})$", r"\1", regex=True)
    clocks = clocks.where(timed)
    clock_codes, clocks = pd.factorize(clocks)
    clock = pd.Series(clocks, dtype="str").str.extract(_CLOCK)
    clock["time"] = _clock(clock["clock"], clock["half"])
    clock["zone"] = clock["zone"].where(clock["zone"].str.contains(r"\d|Z", regex=True, na=False))
    clock = clock[["time", "zone"]].reindex(clock_codes).set_axis(texts.index)
    timed &= clock["time"].notna()
    day = texts.mask(timed, texts.str.replace(tail, "", regex=True).str.strip())
    codes, days = pd.factorize(day)
    known = pd.Series(days, dtype="str")
    table = pd.DataFrame([_parts(text) for text in known], columns=["kind", "a", "b", "c"])
    table["n"] = np.bincount(codes[codes >= 0], weights[codes >= 0], minlength=len(table))
    orders = _orders(table, column, codes, others, known)
    table["order"] = table["kind"].map(orders)
    when = _calendar(table)
    back = _swapped_back(table, when)
    dates = when.reindex(codes).set_axis(texts.index)
    dates += clock["time"].fillna(pd.Timedelta(0))
    fraction = table["c"].where(table["kind"].isin([name for name, *_ in _COUNTS]))
    dates += pd.to_timedelta(fraction.reindex(codes).set_axis(texts.index).fillna(0), unit="D")
    dates = _one_clock(dates, clock["zone"])
    return dates.astype("datetime64[ns]"), _how(table, when, known, timed, texts) + back


def _parts(text):
    """Name a day's spelling, and give its three numbers."""
    text = text.strip().rstrip(".,;")
    if match := re.fullmatch(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})", text):
        return "ISO8601", int(match[1]), int(match[3]), int(match[4])
    if match := re.fullmatch(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})", text):
        return f"{match[2]}{len(match[4])}", int(match[1]), int(match[3]), int(match[4])
    if re.fullmatch(r"(19|20|21)\d{6}(\.0)?", text):
        return "%Y%m%d", int(text[:4]), int(text[4:6]), int(text[6:8])
    if re.fullmatch(r"\d{5,13}([.,]\d+)?", text):
        number = float(text.replace(",", "."))
        for name, least, most, unit, _ in _COUNTS:
            if least <= number <= most:
                whole, rest = divmod(number * unit, 1)
                return name, int(whole), 0, round(rest * 86_400) / 86_400
    if match := re.fullmatch(
        r"(\d{4})\s?[年년.]\s?(\d{1,2})\s?[月월.]\s?(\d{1,2})\s?[日일]?", text
    ):
        return "ISO8601", int(match[1]), int(match[2]), int(match[3])
    return _named_month(text)


def _named_month(text):
    folded = unicodedata.normalize("NFKD", text.lower()).encode("ascii", "ignore").decode()
    tokens = re.findall(r"[a-z]+|\d+", folded)
    words = [token for token in tokens if not token.isdigit() and token not in _FILLERS]
    # "mar" is March, and not Tuesday, where it is the only word.
    words = words or [token for token in tokens if token in MONTHS]
    words = words[1:] if len(words) == 2 and words[0] == "mar" else words
    numbers = [token for token in tokens if token.isdigit()]
    if len(words) != 1 or words[0] not in MONTHS or len(numbers) != 2:
        return "none", 0, 0, 0
    first, last = numbers
    if len(first) == 4 or (len(first) == 2 and int(first) > 31):
        first, last = last, first
    return f"name{len(last)}", int(first), MONTHS[words[0]], int(last)


def _month_names():
    """Return each month's name and abbreviations in seven languages, where they are clear."""
    found = {}
    for line in _MONTHS.strip().splitlines():
        for number, name in enumerate(line.split(), 1):
            for size in range(3, len(name) + 1):
                found.setdefault(name[:size], set()).add(number)
    clear = {word: min(numbers) for word, numbers in found.items() if len(numbers) == 1}
    return clear | {"mrz": 3, "mrt": 3}


MONTHS = _month_names()


def _orders(table, column, codes, others, known):
    """Decide for each numeric spelling which of day, month and year comes first."""
    orders, open_kinds = {}, []
    for kind, rows in table[table["kind"].str.fullmatch(r"[-/.][24]")].groupby("kind"):
        order = _own_order(kind, rows)
        if order:
            orders[kind] = order
        else:
            open_kinds.append(kind)
    decided = set(orders.values())
    for kind in open_kinds:
        rows = table[table["kind"] == kind]
        if (rows["a"] == rows["b"]).all() or kind[0] == ".":
            orders[kind] = "dmy"  # no country writes the month first before a point
        elif len(decided) == 1:
            orders[kind] = next(iter(decided))
        else:
            orders[kind] = (
                _order_elsewhere(kind, others)
                or _order_of_rows(table, kind, column, known)
                or _ask(rows, known)
            )
    return orders


def _own_order(kind, rows):
    """Return the order that a spelling's own values decide, or None."""
    first = int(rows.loc[rows["a"] > 12, "n"].sum())
    second = int(rows.loc[rows["b"] > 12, "n"].sum())
    if kind.endswith("2"):
        narrow = rows["a"].nunique() <= 3 and rows["c"].between(1, 31).all()
        if (rows["a"] > 31).any() or (narrow and rows["c"].nunique() >= 8):
            return "ymd"
    if first and second and min(first, second) > 0.02 * (first + second):
        raise AmbiguousDatesError(
            f"{first:,} dates can only have the day first and {second:,} only the month first: "
            f"write them one way, or name one by date_format under [read] in the columns' TOML"
        )
    if first or second:
        return "dmy" if first > second else "mdy"
    return None


def _order_elsewhere(kind, others):
    """Return the order that the same spelling has in other columns of the file, or None."""
    found = set()
    for other in others:
        if not pd.api.types.is_numeric_dtype(other.dtype):
            texts = as_texts(pd.Series(other.dropna().unique()[:5000]))
            texts = texts.str.extract(r"^(\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})\b", expand=False)
            parts = [_parts(text) for text in texts.dropna()]
            table = pd.DataFrame(parts, columns=["kind", "a", "b", "c"]).assign(n=1)
            rows = table[table["kind"] == kind]
            if len(rows):
                found.add(_own_order(kind, rows))
    found.discard(None)
    return found.pop() if len(found) == 1 else None


def _order_of_rows(table, kind, column, known):
    """Return the order under which a sorted file is sorted, or None."""
    day = column.astype("str").str.strip().str.extract(r"^([^\s,T]+)", expand=False)
    place = pd.Series(range(len(known)), index=known.to_numpy()).groupby(level=0).first()
    rows = day.map(place).dropna().astype(int).to_numpy()
    rows = rows[(table["kind"] == kind).to_numpy()[rows]]
    rows = [one for one, then in pairwise([*rows, -1]) if one != then]
    shown = known[rows].tolist()
    if len(rows) < 20 or shown in (sorted(shown), sorted(shown, reverse=True)):
        return None  # sorted as texts, which tells nothing
    is_sorted = {}
    for order in ("dmy", "mdy"):
        when = _calendar(table.assign(order=order)).reindex(rows)
        is_sorted[order] = when.is_monotonic_increasing or when.is_monotonic_decreasing
    found = [order for order, yes in is_sorted.items() if yes]
    return found[0] if len(found) == 1 else None


def _ask(rows, known):
    """Stop with both readings."""
    spans = []
    for order in ("dmy", "mdy"):
        when = _calendar(rows.assign(order=order)).dropna()
        spans.append(f"{_ORDERS[order]}, {when.min():%Y-%m-%d} to {when.max():%Y-%m-%d}")
    mark = rows["kind"].iloc[0][0]
    year = "%Y" if rows["kind"].iloc[0].endswith("4") else "%y"
    raise AmbiguousDatesError(
        f"dates such as {known[rows.index[0]]!r} read both ways ({spans[0]}; {spans[1]}): "
        f'say which by date_format = "%d{mark}%m{mark}{year}" or "%m{mark}%d{mark}{year}" '
        f"under [read] in the columns' TOML"
    )


def _calendar(table):
    """Return the day of each row of numbers, NaT where there is no such day."""
    order = table["order"] if "order" in table else pd.Series(None, index=table.index)
    year, month, day = table["c"], table["b"], table["a"]
    iso = table["kind"].isin(["ISO8601", "%Y%m%d"]) | (order == "ymd")
    year, day = year.mask(iso, table["a"]), day.mask(iso, table["c"])
    month_first = order == "mdy"
    month, day = month.mask(month_first, table["a"]), day.mask(month_first, table["b"])
    year = year.mask(year < 70, year + 2000)
    year = year.mask(year < 100, year + 1900)
    year = year.mask(year.between(2500, 2600), year - 543)  # Thailand counts from the Buddha
    year = year.where(year < 2262, 0)  # pandas counts no further
    parts = pd.DataFrame({"year": year, "month": month, "day": day}).round().astype("int64")
    when = pd.to_datetime(parts, errors="coerce").astype("datetime64[ns]")
    for name, _, _, _, origin in _COUNTS:
        here = table["kind"] == name
        if here.any():
            count = pd.to_timedelta(table.loc[here, "a"], unit="D")
            when[here] = pd.Timestamp(origin) + count
    return when


def _swapped_back(table, when):
    """Swap day and month of dates that a spreadsheet of another country took for its own.

    It turns into dates what it can read, with day and month exchanged, and leaves the rest as
    texts: then no text has both numbers below 13, and no date has a day above 12.
    """
    text = table[table["kind"].str.fullmatch(r"[-/.][24]")]
    dates = table["kind"].isin(["ISO8601", "spreadsheet days"])
    if text["n"].sum() < 20 or table.loc[dates, "n"].sum() < 20 or dates.sum() < 5:
        return ""
    if ((text["a"] <= 12) & (text["b"] <= 12)).any() or (when[dates].dt.day > 12).any():
        return ""
    swapped = pd.DataFrame(
        {
            "year": when[dates].dt.year,
            "month": when[dates].dt.day,
            "day": when[dates].dt.month,
        }
    ).dropna()
    when[swapped.index] = pd.to_datetime(swapped.astype(int), errors="coerce")
    return ", day and month swapped back where a spreadsheet of another country exchanged them"


def _clock(clock, half):
    """Return times of day as timedeltas, missing where there is none."""
    parts = clock.str.split(r"[:h.]", regex=True, expand=True)
    parts = parts.reindex(columns=range(3)).astype(float)
    seconds = parts[0] * 3600 + parts[1] * 60 + parts[2].fillna(0)
    if half.notna().any():
        half = half.str[0].str.lower()
        noon = (seconds >= 12 * 3600) & (seconds < 13 * 3600)
        seconds = seconds + 43_200 * ((half == "p") & ~noon) - 43_200 * ((half == "a") & noon)
    return pd.to_timedelta(seconds, unit="s")


def _how(table, when, known, timed, texts):
    """Say which spellings at least one value in a hundred has."""
    read = table[when.notna()]
    counts = read.groupby("kind")["n"].sum().sort_values(ascending=False)
    names = []
    for kind in counts.index[counts >= 0.01 * counts.sum()]:
        rows = read[read["kind"] == kind]
        if re.fullmatch(r"[-/.][24]", kind):
            mark, year = kind[0], "%Y" if kind[1] == "4" else "%y"
            letters = {"d": "%d", "m": "%m", "y": year}
            name = mark.join(letters[one] for one in rows["order"].iloc[0])
        elif kind.startswith("name"):
            name = f"days such as {known[rows.index[0]]}"
        else:
            name = kind
        names.append(name)
    if not names:
        return "nothing known"
    if timed.mean() > 0.5 and "%" in names[0]:
        seconds = texts[timed].str.count(":").median() > 1
        names[0] += " %H:%M:%S" if seconds else " %H:%M"
    return " and ".join(names)


def looks_like_dates(texts):
    """Return the share of texts that some spelling of dates fits."""
    days = texts.str.replace(rf"{_BEFORE_CLOCK}{_SOME_CLOCK}$", "", regex=True).unique()[:400]
    return sum(_parts(day)[0] != "none" for day in days) / max(len(days), 1)
