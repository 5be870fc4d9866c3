"""Translate the rules of the verdicts from Python to JavaScript, for the page `wgan lab`.

    python benchmarks/lab_verdicts.py

The functions of `MODULES` are read as syntax trees, so a changed rule changes the page. What operators, NumPy and the
built-in functions do to numbers, texts, lists and columns is written once by hand in `mathematics/python.js`. Syntax
that is not translated below raises `NotImplementedError` here, and never gives a wrong rule.
"""

import ast
import importlib
import inspect
import json
from pathlib import Path

from wgan.game.constraints import CONSTRAINTS
from wgan.runs.quantities import QUANTITIES

OUT = Path(__file__).parents[1] / "src/wgan/lab/mathematics/verdicts.generated.js"
# The modules in which rules are written, the ones that others use first.
MODULES = ("runs.quantity", "runs.quantities", "runs.best", "reports.series", "reports.remedies", "reports.unfinished",
           "reports.far", "reports.verdicts")  # fmt: skip
# Points have no structure, no levels and no condition, so these rules find nothing in the page.
NOTHING = {
    "elsewhere": "() => null",
    "ignored": "() => null",
    "levels": "{ in_words: () => null }",
    "structure": "{ in_words: () => null }",
}
BUILT_IN = {"len", "max", "min", "abs", "int", "float", "str", "sorted", "any", "all", "isinstance", "zip", "range",
            "sum", "list", "tuple", "enumerate", "bool", "set"}  # fmt: skip
RESERVED = {
    "true",
    "false",
    "null",
    "new",
    "function",
    "var",
    "default",
    "delete",
    "typeof",
    "void",
    "this",
    "switch",
    "case",
}
BINARY = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div", ast.FloorDiv: "floordiv", ast.Mod: "mod",
          ast.Pow: "pow", ast.BitAnd: "and_", ast.BitOr: "or_"}  # fmt: skip
COMPARE = {ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge", ast.Eq: "eq", ast.NotEq: "ne", ast.In: "in_"}


class Renamed(ast.NodeTransformer):
    """Names that JavaScript reserves, with an underscore."""

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(f"{node.id}_", node.ctx) if node.id in RESERVED else node

    def visit_arg(self, node: ast.arg) -> ast.arg:
        return ast.arg(f"{node.arg}_") if node.arg in RESERVED else node


class Module:
    """The translation of one module: its names in JavaScript are its own name and theirs."""

    def __init__(self, name: str, known: dict[str, dict[str, str]]):
        self.module = importlib.import_module(f"wgan.{name}")
        self.name, self.tree = name, Renamed().visit(ast.parse(inspect.getsource(self.module)))
        self.prefix = name.rpartition(".")[2]
        self.names: dict[str, str] = {}
        for node in self.tree.body:
            self._import(node, known)
        for node in self.tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                self.names[node.name] = f"{self.prefix}_{node.name}"
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                    for one in ast.walk(target):
                        if isinstance(one, ast.Name):
                            self.names[one.id] = f"{self.prefix}_{one.id}"

    def _import(self, node: ast.stmt, known: dict[str, dict[str, str]]) -> None:
        if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("wgan."):
            return
        source = (node.module or "").removeprefix("wgan.")
        for alias in node.names:
            if alias.name in NOTHING:
                self.names[alias.name] = f"NOTHING.{alias.name}"
            elif source in known and alias.name in known[source]:
                self.names[alias.name] = known[source][alias.name]
            elif f"{source}.{alias.name}" in known:
                self.names[alias.name] = f"@{source}.{alias.name}"
            elif alias.name in ("CONSTRAINTS", "METRICS"):
                self.names[alias.name] = alias.name

    def defined(self) -> dict[str, ast.stmt]:
        """What defines each name of the module."""
        found: dict[str, ast.stmt] = {}
        for node in self.tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                found[node.name] = node
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                    found |= {one.id: node for one in ast.walk(target) if isinstance(one, ast.Name)}
        return found

    def text(self, known: dict[str, dict[str, str]], wanted: set[str]) -> str:
        """The definitions in JavaScript whose names in JavaScript are `wanted`."""
        chosen = {id(node): node for name, node in self.defined().items() if self.names[name] in wanted}
        return "\n".join(self._definition(node, known) for node in chosen.values())

    def _definition(self, node: ast.stmt, known: dict[str, dict[str, str]]) -> str:
        function = Function(self, known)
        match node:
            case ast.FunctionDef(name=name):
                return function.define(node, self.names[name])
            case ast.ClassDef():
                return self._named_tuple(node, known)
            case ast.Assign(targets=[target], value=value) | ast.AnnAssign(target=target, value=ast.expr() as value):
                return f"const {function.target(target)} = {function.value(value)};"
        raise NotImplementedError(ast.unparse(node))

    def read_by(self, node: ast.stmt) -> set[str]:
        """The names in JavaScript that a definition reads; annotations are not read."""
        names: set[str] = set()
        left: list[ast.AST] = [node]
        while left:
            one = left.pop()
            if isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name):
                place = self.names.get(one.value.id, "")
                names |= {f"{place[1:].rpartition('.')[2]}_{one.attr}"} if place.startswith("@") else set()
            if isinstance(one, ast.Name) and one.id in self.names:
                names.add(self.names[one.id])
            annotations = {getattr(one, "annotation", None), getattr(one, "returns", None)}
            left += [child for child in ast.iter_child_nodes(one) if child not in annotations]
        return names

    def _named_tuple(self, node: ast.ClassDef, known: dict[str, dict[str, str]]) -> str:
        fields, defaults, properties = [], [], []
        for part in node.body:
            if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
                fields.append(part.target.id)
                if part.value is not None:
                    defaults.append(f"{part.target.id}: {Function(self, known).value(part.value)}")
            elif isinstance(part, ast.FunctionDef):
                body = Function(self, known).define(part, "").removeprefix("function ")
                properties.append(f"{part.name}: function {body}")
        return (
            f"const {self.names[node.name]} = py.namedTuple({json.dumps(fields)}, {{ {', '.join(defaults)} }}, "
            f"{{ {', '.join(properties)} }});"
        )


class Function:
    """The translation of one function, whose local names are declared where it begins."""

    def __init__(self, module: Module, known: dict[str, dict[str, str]]):
        self.module, self.known = module, known
        self.local: set[str] = set()

    def define(self, node: ast.FunctionDef, name: str) -> str:
        arguments = node.args
        if arguments.vararg or arguments.kwarg or arguments.kwonlyargs:
            raise NotImplementedError(f"the arguments of {node.name}")
        names = [one.arg for one in arguments.args]
        defaults = [None] * (len(names) - len(arguments.defaults)) + arguments.defaults
        outside = [None if one is None else self.value(one) for one in defaults]
        self.local = set(names)
        given = [one if default is None else f"{one} = {default}" for one, default in zip(names, outside, strict=True)]
        found = {one.id for part in node.body for one in ast.walk(part) if isinstance(one, ast.Name)
                 and isinstance(one.ctx, ast.Store)}  # fmt: skip
        inner = {one.id for part in node.body for comp in ast.walk(part) if isinstance(comp, ast.comprehension)
                 for one in ast.walk(comp.target) if isinstance(one, ast.Name)}  # fmt: skip
        stored = sorted((found - inner | self._stored_outside(node)) - self.local)
        self.local |= set(stored)
        lines = [self.statement(part) for part in node.body]
        declared = f"let {', '.join(stored)};\n" if stored else ""
        return f"function {name}({', '.join(given)}) {{\n{declared}{''.join(lines)}}}"

    def _stored_outside(self, node: ast.FunctionDef) -> set[str]:
        """Names that are stored by a statement or a walrus, and not only as the target of a comprehension."""
        stored = set()
        for part in ast.walk(node):
            targets = {ast.Assign: "targets", ast.AugAssign: "target", ast.AnnAssign: "target", ast.For: "target",
                       ast.NamedExpr: "target"}.get(type(part))  # fmt: skip
            if targets is None:
                continue
            places = getattr(part, targets)
            for place in places if isinstance(places, list) else [places]:
                stored |= {one.id for one in ast.walk(place) if isinstance(one, ast.Name)}
        return stored

    # Statements.

    def statement(self, node: ast.stmt) -> str:
        match node:
            case ast.Return(value=value):
                return f"return {'null' if value is None else self.value(value)};\n"
            case (
                ast.Expr(value=ast.Constant(value=str())) | ast.Assert() | ast.Import() | ast.ImportFrom() | ast.Pass()
            ):
                return ""
            case ast.Expr(value=value):
                return f"{self.value(value)};\n"
            case ast.Assign(targets=[target], value=value):
                return f"{self.assigned(target, self.value(value))}\n"
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                return f"{self.assigned(target, self.value(value))}\n"
            case ast.AugAssign(target=ast.Name(id=name), op=op, value=value):
                return f"{name} = py.{BINARY[type(op)]}({name}, {self.value(value)});\n"
            case ast.If(test=test, body=body, orelse=orelse):
                text = f"if (py.truth({self.value(test)})) {{\n{''.join(map(self.statement, body))}}}"
                return text + (f" else {{\n{''.join(map(self.statement, orelse))}}}\n" if orelse else "\n")
            case ast.For(target=target, iter=iterated, body=body, orelse=[]):
                inside = f"{self.assigned(target, '$item')}\n{''.join(map(self.statement, body))}"
                return f"for (const $item of py.items({self.value(iterated)})) {{\n{inside}}}\n"
            case ast.Raise(exc=ast.Call(func=ast.Name(), args=[text])):
                return f"throw py.problem({self.value(text)});\n"
        raise NotImplementedError(ast.unparse(node))

    def assigned(self, target: ast.expr, value: str) -> str:
        if isinstance(target, ast.Name):
            return f"{target.id} = {value};"
        return f"{self.target(target)} = py.items({value});"

    def target(self, node: ast.expr) -> str:
        match node:
            case ast.Name(id=name):
                return name if name in self.local or name not in self.module.names else self.module.names[name]
            case ast.Tuple(elts=parts):
                return f"[{', '.join(map(self.target, parts))}]"
            case ast.Starred(value=value):
                return f"...{self.target(value)}"
        raise NotImplementedError(ast.unparse(node))

    # Expressions.

    def value(self, node: ast.expr | None) -> str:
        match node:
            case ast.Constant(value=value):
                return "null" if value is None else json.dumps(value, ensure_ascii=False)
            case ast.Name():
                return self.name(node.id)
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                return f"[{', '.join(map(self.value, parts))}]"
            case ast.Dict(keys=keys, values=values):
                pairs = zip(keys, values, strict=True)
                return f"{{ {', '.join(f'[{self.value(key)}]: {self.value(one)}' for key, one in pairs)} }}"
            case ast.Starred(value=value):
                return f"...py.items({self.value(value)})"
            case ast.BinOp(left=left, op=op, right=right):
                return f"py.{BINARY[type(op)]}({self.value(left)}, {self.value(right)})"
            case ast.UnaryOp(op=op, operand=operand):
                of = self.value(operand)
                names = {ast.Not: f"!py.truth({of})", ast.USub: f"py.mul(-1, {of})", ast.Invert: f"py.not_({of})"}
                return names[type(op)]
            case ast.BoolOp(op=op, values=values):
                kind = "and" if isinstance(op, ast.And) else "or"
                return f"py.{kind}({', '.join(f'() => {self.value(one)}' for one in values)})"
            case ast.Compare():
                return self.comparison(node)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return f"(py.truth({self.value(test)}) ? {self.value(body)} : {self.value(orelse)})"
            case ast.NamedExpr(target=ast.Name(id=name), value=value):
                return f"({name} = {self.value(value)})"
            case ast.JoinedStr(values=values):
                return f"py.join({', '.join(map(self.part, values))})"
            case ast.Subscript(value=value, slice=ast.Slice(lower=lower, upper=upper, step=None)):
                ends = ["null" if one is None else self.value(one) for one in (lower, upper)]
                return f"py.slice({self.value(value)}, {', '.join(ends)})"
            case ast.Subscript(value=value, slice=key):
                return f"py.get({self.value(value)}, {self.value(key)})"
            case ast.ListComp(elt=elt, generators=[one]) | ast.GeneratorExp(elt=elt, generators=[one]):
                return self.comprehension(elt, one)
            case ast.DictComp(key=key, value=value, generators=[one]):
                return f"Object.fromEntries({self.comprehension(ast.List([key, value], ast.Load()), one)})"
            case ast.Lambda(args=arguments, body=body):
                return self.inside([one.arg for one in arguments.args], body)
            case ast.Attribute(value=ast.Name(id="math" | "np" as library), attr=attr):
                return f"py.{library}.{attr}"
            case ast.Attribute(value=ast.Name(id=name), attr=attr) if self.module.names.get(name, "").startswith("@"):
                return self.known[self.module.names[name][1:]][attr]
            case ast.Attribute(value=value, attr=attr):
                return f"{self.value(value)}.{attr}"
            case ast.Call():
                return self.call(node)
        raise NotImplementedError(ast.unparse(node) if node else "**")

    def name(self, name: str) -> str:
        if name in self.local:
            return name
        if name in self.module.names:
            return self.module.names[name]
        if name in BUILT_IN or name == "rankdata":
            return f"py.builtin.{name}"
        if name == "setting":
            return "py.setting"
        if name == "object":  # the dtype of a column
            return json.dumps(name)
        raise NotImplementedError(f"the name {name} in {self.module.name}")

    def comparison(self, node: ast.Compare) -> str:
        left, found = node.left, []
        for op, right in zip(node.ops, node.comparators, strict=True):
            first, second = self.value(left), self.value(right)
            match op:
                case ast.Is():
                    found.append(f"py.is({first}, {second})")
                case ast.IsNot():
                    found.append(f"!py.is({first}, {second})")
                case ast.NotIn():
                    found.append(f"!py.in_({first}, {second})")
                case _:
                    found.append(f"py.{COMPARE[type(op)]}({first}, {second})")
            left = right
        return found[0] if len(found) == 1 else f"({' && '.join(found)})"

    def comprehension(self, elt: ast.expr, one: ast.comprehension) -> str:
        iterated = self.value(one.iter)
        names = [part.id for part in ast.walk(one.target) if isinstance(part, ast.Name)]
        target = one.target.id if isinstance(one.target, ast.Name) else self._pattern(one.target)
        before = self.local
        self.local = before | set(names)
        conditions = " && ".join(f"py.truth({self.value(test)})" for test in one.ifs) or "true"
        text = f"py.items({iterated}).filter(({target}) => {conditions}).map(({target}) => {self.value(elt)})"
        self.local = before
        return text

    def _pattern(self, node: ast.expr) -> str:
        if isinstance(node, ast.Name):
            return node.id
        assert isinstance(node, ast.Tuple)
        return f"[{', '.join(map(self._pattern, node.elts))}]"

    def inside(self, names: list[str], body: ast.expr) -> str:
        before = self.local
        self.local = before | set(names)
        text = f"(({', '.join(names)}) => {self.value(body)})"
        self.local = before
        return text

    def part(self, node: ast.expr) -> str:
        match node:
            case ast.Constant(value=value):
                return json.dumps(value, ensure_ascii=False)
            case ast.FormattedValue(value=value, format_spec=None):
                return f"py.builtin.str({self.value(value)})"
            case ast.FormattedValue(value=value, format_spec=ast.JoinedStr(values=[ast.Constant(value=spec)])):
                return f"py.format({self.value(value)}, {json.dumps(spec)})"
        raise NotImplementedError(ast.unparse(node))

    def call(self, node: ast.Call) -> str:
        given = [self.value(one) for one in node.args]
        named = {one.arg: self.value(one.value) for one in node.keywords}
        if isinstance(node.func, ast.Name) and node.func.id == "isinstance":
            return f"py.isinstance({given[0]}, {json.dumps(ast.unparse(node.args[1]))})"
        if isinstance(node.func, ast.Attribute) and not self._is_module(node.func.value):
            options = [f"{{ {', '.join(f'{name}: {value}' for name, value in named.items())} }}"] if named else []
            return (
                f"py.method({', '.join([self.value(node.func.value), json.dumps(node.func.attr), *given, *options])})"
            )
        signature = self._signature(node.func)
        if signature is not None:
            for name in signature[len(given) :]:
                given.append(named.pop(name, "undefined"))
            while given and given[-1] == "undefined":
                given.pop()
        if isinstance(node.func, ast.Attribute) and self._is_module(node.func.value) and named:
            given.append(
                f"{{ {', '.join(f'{name}: {value}' for name, value in named.items())} }}"
            )  # a function of NumPy
        elif named:
            given.append(f"py.named({{ {', '.join(f'{name}: {value}' for name, value in named.items())} }})")
        return f"{self.value(node.func)}({', '.join(given)})"

    def _is_module(self, node: ast.expr) -> bool:
        return (
            isinstance(node, ast.Name)
            and node.id not in self.local
            and (node.id in ("math", "np") or self.module.names.get(node.id, "").startswith(("@", "NOTHING")))
        )

    def _signature(self, node: ast.expr) -> list[str] | None:
        """The names of the arguments of a translated function or class; None for others."""
        name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
        return SIGNATURES.get(name) if name not in BUILT_IN else None


SIGNATURES: dict[str, list[str]] = {}


def reached(modules: list[Module], start: str) -> set[str]:
    """The names in JavaScript of all that a rule reads."""
    definitions = {module.names[name]: (module, node) for module in modules for name, node in module.defined().items()}
    found, left = set(), [start]
    while left:
        name = left.pop()
        if name in found or name not in definitions or name.endswith("_QUANTITIES"):
            continue
        found.add(name)
        module, node = definitions[name]
        left += module.read_by(node)
    return found


def tables() -> str:
    """The tables that the rules read: titles and floors of quantities, and what constraints say of themselves."""
    quantities = {key: {"title": one.title, "floor": one.floor} for key, one in QUANTITIES.items()}
    constraints = {}
    for name, make in CONSTRAINTS.items():
        made = make()
        constraints[name] = {"bounds_layers": made.bounds_layers, "wanted_slope": made.wanted_slope}
    nothing = ", ".join(f"{name}: {text}" for name, text in NOTHING.items())
    return (
        f"const quantities_QUANTITIES = {json.dumps(quantities, ensure_ascii=False)};\n"
        f"const CONSTRAINTS = py.makers({json.dumps(constraints)});\n"
        "const METRICS = {}; // the page measures by the energy distance\n"
        f"const NOTHING = {{ {nothing} }};\n"
    )


def text() -> str:
    """The generated module."""
    known: dict[str, dict[str, str]] = {name: {} for name in MODULES}
    modules = []
    for name in MODULES:
        module = Module(name, known)
        known[name] = {local: as_known for local, as_known in module.names.items() if not as_known.startswith("@")}
        modules.append(module)
    for module in modules:
        for node in module.tree.body:
            if isinstance(node, ast.FunctionDef):
                SIGNATURES[node.name] = [one.arg for one in node.args.args]
            elif isinstance(node, ast.ClassDef):
                SIGNATURES[node.name] = [
                    part.target.id
                    for part in node.body
                    if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name)
                ]
    wanted = reached(modules, "verdicts_verdicts")
    bodies = "\n\n".join(f"// {module.name}\n{module.text(known, wanted)}" for module in modules)
    return (
        "// Made by benchmarks/lab_verdicts.py from the rules of the Python package; change those, not this file.\n"
        'import * as py from "./python.js";\n\n'
        f"{tables()}\n{bodies}\n\nexport const verdicts = verdicts_verdicts;\n"
    )


if __name__ == "__main__":
    OUT.write_text(text(), encoding="utf-8")
