"""What an answer may use, read from its source before it runs.

A hidden test runs in the kernel in which the answer was defined. So an answer that reaches for
the checks, for Python's own names or for the sheet's data is refused before it runs. The rules
say what is needed, not which tricks are known: few modules, no classes, no private names.
"""

import ast
import string
import symtable

MODULES = {  # what an answer may import
    *("bisect", "collections", "datetime", "decimal", "fractions", "functools", "heapq"),
    *("itertools", "math", "numpy", "pandas", "random", "re", "statistics", "string", "time"),
}
_NAMES = {
    **dict.fromkeys(("eval", "exec", "compile", "__import__"), "runs text as code"),
    **dict.fromkeys(("globals", "locals", "vars", "dir"), "reads names that are not its own"),
    **dict.fromkeys(("getattr", "setattr", "delattr"), "reaches into objects by name"),
    **dict.fromkeys(("get_ipython", "In", "Out", "exit", "quit"), "talks to the notebook"),
    **dict.fromkeys(("open", "breakpoint"), "leaves the notebook"),
    **dict.fromkeys(("checks", "builtins", "sys"), "reaches what judges the answer"),
    "VARIANT": "reads the sheet's own number",
}
_FRAMES = {
    *("f_back", "f_builtins", "f_code", "f_globals", "f_locals"),
    *("ag_frame", "cr_frame", "gi_frame", "tb_frame"),
}
# Modules that allowed modules bring along, and what reaches into objects by text.
_INSIDE = {
    *("abc", "builtins", "compat", "copyreg", "core", "ctypes", "ctypeslib", "enum", "importlib"),
    *("inspect", "io", "npyio", "operator", "os", "pickle", "src", "sys", "types", "warnings"),
    *("attrgetter", "eval", "Formatter", "methodcaller", "query"),
    *("update_wrapper", "wraps"),  # set what attributes a text names
    *("bmat", "defmatrix", "matrixlib"),  # look up names that a text holds
    *("extensions", "format_index", "style"),
}
_MEMORY = {"as_strided", "capsule", "cffi", "DummyArray"}  # what is not the answer's own
_ELSEWHERE = {"applications", "datasets"}  # Keras's photos and trained networks
_FILES = {  # what reads or writes files
    *("DataSource", "ExcelWriter", "export", "f2py", "fromfile", "fromregex", "genfromtxt"),
    *("get_file", "HDFStore", "load", "load_model", "load_weights", "loadtxt", "memmap", "open"),
    *("open_memmap", "save", "savetxt", "savez", "savez_compressed", "save_weights", "saving"),
    *("testing", "tofile"),
}
_TO = {  # of pandas' and Keras's `to_...` those that write no file
    *("to_categorical", "to_datetime", "to_dict", "to_frame", "to_list", "to_numeric"),
    *("to_numpy", "to_period", "to_records", "to_series", "to_timedelta", "to_timestamp"),
}
_BY_TEXT = {"format", "format_map"}  # a text may ask for parts of objects: plain ones do not
_JOINERS = {"c_", "r_"}  # they look up the name that a text holds, unless several parts stand there
_CLASS = "it makes a class of its own; a function is asked"
_KEPT = {"trainable", "columns", "index", "name"}  # attributes that an answer may set
_COMPREHENSIONS = {"listcomp", "setcomp", "dictcomp", "genexpr"}


def tree_of(source):
    """Return a cell's syntax tree, as a notebook reads it, or None for what is no Python."""
    from IPython.core.inputtransformer2 import TransformerManager

    flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    try:
        return compile(TransformerManager().transform_cell(source), "<answer>", "exec", flags)
    except (SyntaxError, ValueError):
        return None


def bound_names(source):
    """Return the names that a cell of plain Python binds, as {name: module or None}.

    The module is the one from which the name was imported.
    """
    tree = ast.parse(source)
    modules = {}
    for node in tree.body:
        if isinstance(node, ast.Import):
            modules |= {(a.asname or a.name.split(".")[0]): a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom):
            modules |= {(a.asname or a.name): node.module for a in node.names}
    symbols = symtable.symtable(source, "<cell>", "exec").get_symbols()
    bound = (s.get_name() for s in symbols if s.is_assigned() or s.is_imported())
    return {name: modules.get(name) for name in bound}


class Scan:
    """Reads one answer after another, as they stand in a sheet.

    Parameters
    ----------
    withheld : iterable of str
        Names of the sheet that an answer may not use: its data, its helpers.
    keras : bool
        Whether an answer may import Keras.
    """

    def __init__(self, withheld=(), keras=False):
        self.withheld, self._functions = set(withheld), set()
        self.modules = MODULES | ({"keras"} if keras else set())

    def objections(self, source):
        """Return what a cell does that no answer may do.

        Parameters
        ----------
        source : str
            The cell, as it stands in the notebook.

        Returns
        -------
        list of str
            One sentence for each kind, with its line; empty for a cell that may run. What is no
            Python at all is left to Python.
        """
        tree = tree_of(source)
        if tree is None:
            return []
        found = {}
        self._asked_types, self._joined = _asked_types(tree), _joined(tree)
        for node in ast.walk(tree):
            for words in self._wrong(node):
                found.setdefault(words, getattr(node, "lineno", 1))
        self._follow(tree)
        lines = {n.id: n.lineno for n in ast.walk(tree) if isinstance(n, ast.Name)}
        kept = _read_in_functions(tree) | _read_by_definitions(tree)
        for name in sorted(kept & self.withheld):
            found.setdefault(
                f"`{name}` is the sheet's; use what the function is given", lines[name]
            )
        return [f"line {line}: {words}" for words, line in found.items()]

    def _wrong(self, node):
        """Yield what is wrong with one node of the tree."""
        match node:
            case ast.Import(names=names):
                asked = [name.name for name in names]
            case ast.ImportFrom(module=module, names=names):
                asked = [f"{module}.{name.name}" for name in names]
            case _:
                asked = []
        for name in asked:
            parts = name.split(".")
            if parts[0] not in self.modules or not _allowed(*parts[1:]) or parts[-1] == "*":
                yield f"it imports `{name}`, which no answer needs"
        for name in _names_in(node):
            if name in _NAMES:
                yield f"`{name}` {_NAMES[name]}"
            elif name.startswith("_") and name.strip("_"):
                yield f"`{name}` is a private name"
        for name in _attributes_in(node):
            if not _allowed(name):
                yield f"`.{name}` is not an answer's business"
        match node:
            case ast.Attribute(attr=name) if name in _BY_TEXT and not _plain(node.value):
                yield f"`.{name}` of a text that asks for parts of objects"
            case ast.Attribute(attr=name) if name in _JOINERS and node not in self._joined:
                yield f"`.{name}` takes its parts in square brackets here, two at least"
            case ast.Attribute(attr=name, ctx=ast.Store() | ast.Del()) if name not in _KEPT:
                yield f"it changes `.{name}` of an object"
            case ast.ClassDef():
                yield _CLASS
            case ast.Name(id="type") if node not in self._asked_types:
                yield _CLASS
            case ast.Global():
                yield "it changes names outside its function (`global`)"

    def _follow(self, tree):
        """Withhold what was made of withheld data outside functions, too."""
        for node in tree.body:
            read = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
            if isinstance(node, ast.FunctionDef):
                self._functions.add(node.name)
            elif not isinstance(node, ast.Import | ast.ImportFrom) and read & self.withheld:
                self.withheld |= _changed_by(node) - self._functions


def _asked_types(tree):
    """Return the nodes of `type` that ask for the type of one object, and make none."""
    found = set()
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="type") as name, args=[one], keywords=[]):
                if not isinstance(one, ast.Starred):
                    found.add(name)
    return found


def _joined(tree):
    """Return the nodes of `np.r_` and `np.c_` behind which several parts stand in brackets."""
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript)
        and isinstance(node.slice, ast.Slice | ast.Tuple)
        and isinstance(node.value, ast.Attribute)
    }


def _names_in(node):
    """Yield the names that one node reads or binds, in whatever way."""
    match node:
        case ast.Name(id=name) | ast.arg(arg=name):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.alias(name=name, asname=other):
            yield other or name.split(".")[0]
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
            yield name
        case ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
            yield name


def _attributes_in(node):
    """Yield the attributes that one node reads or sets: a pattern of `match` reads them, too."""
    match node:
        case ast.Attribute(attr=name):
            yield name
        case ast.MatchClass(kwd_attrs=names):
            yield from names


def _plain(node):
    """Tell whether a node is a written text that asks for no part of an object."""
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return False

    def fields(text):
        for _, field, inside, _ in string.Formatter().parse(text):
            if field is not None:
                yield field
                yield from fields(inside)

    try:
        return not any(set(field) & set(".[") for field in fields(node.value))
    except ValueError:  # not a text that can be filled in
        return True


def _changed_by(node):
    """Return the names that a statement binds, whose methods it calls, or that calls may fill."""
    names = set()
    for part in ast.walk(node):
        match part:
            case ast.Name(id=name, ctx=ast.Store()):
                names.add(name)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name))):
                names.add(name)
                names |= _passed(part)
            case ast.Call(func=ast.Name(id=name)) if name != "print":
                names |= _passed(part)
            case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store()):
                names.add(name)
    return names - {"np", "pd"}


def _passed(call):
    return {argument.id for argument in call.args if isinstance(argument, ast.Name)}


def _read_by_definitions(tree):
    """Return the names that definitions read on the spot: for defaults and by decorators."""
    parts = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.Lambda):
            parts += [*node.args.defaults, *filter(None, node.args.kw_defaults)]
            parts += getattr(node, "decorator_list", [])
    return {n.id for part in parts for n in ast.walk(part) if isinstance(n, ast.Name)}


def _read_in_functions(tree):
    """Return the names that functions read from outside themselves."""

    def read(table, inside):
        names = set()
        for child in table.get_children():
            deeper = inside or child.get_name() not in _COMPREHENSIONS
            if deeper:
                symbols = child.get_symbols()
                names |= {s.get_name() for s in symbols if s.is_global() and s.is_referenced()}
            names |= read(child, deeper)
        return names

    return read(symtable.symtable(ast.unparse(tree), "<answer>", "exec"), False)


def _allowed(*names):
    forbidden = _FRAMES | _INSIDE | _FILES | _MEMORY | _ELSEWHERE
    return not any(
        n.startswith(("_", "read_")) or n in forbidden or (n.startswith("to_") and n not in _TO)
        for n in names
    )
