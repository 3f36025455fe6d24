"""What the shape of the code promises: which way imports point, what stays pure, how long things get.

Reads files only: no database, no settings. `make lint` runs it too.
"""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("broadcasts", "policy", "simulator", "staff", "subscribers", "whatsapp", "whatsempoli")

# What each package may import of ours; whatsempoli is the wiring, and may import all.
MAY_IMPORT = {
    "broadcasts": {"broadcasts", "subscribers", "policy", "staff", "whatsapp", "whatsempoli.clock"},
    "subscribers": {"subscribers", "policy", "staff", "whatsapp", "whatsempoli.clock"},
    "policy": {"policy", "staff", "whatsempoli.clock"},
    "staff": {"staff", "whatsempoli.clock"},
    "whatsapp": {"whatsapp"},
    "simulator": {"simulator"},
}

# Rules: data in, value out. They touch neither database, nor broker, nor network, nor the clock's shell.
PURE = [
    "policy/calendar.py",
    "policy/cap.py",
    "policy/decision.py",
    "policy/rules.py",
    "subscribers/commands.py",
    "subscribers/cores.py",
    "subscribers/near.py",
    "subscribers/reading.py",
    "subscribers/understood.py",
    "subscribers/words.py",
    "subscribers/words_around.py",
    "whatsapp/webhook.py",
    "whatsapp/signature.py",
    "whatsapp/errors.py",
    "whatsapp/payloads.py",
]
IMPURE = {
    "django",
    "celery",
    "kombu",
    "redis",
    "requests",
    "aiohttp",
    "psycopg",
    "subprocess",
    "socket",
    "os",
}

FILE_LINES = 500
FUNCTION_LINES = 60
LONG_FUNCTION = 40
LONG_SHARE = 0.05  # of all functions may be longer than LONG_FUNCTION

Function = ast.FunctionDef | ast.AsyncFunctionDef


def sources() -> list[Path]:
    """Every module of ours that ships, migrations aside."""
    found = (path for name in PACKAGES for path in sorted((ROOT / name).rglob("*.py")))
    return [path for path in found if "migrations" not in path.parts]


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and dotted name of every import: `from a import b` is "a.b"."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, f"{node.module}.{name.name}") for name in node.names)


def functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def wrong_imports(package: str, tree: ast.AST) -> list[str]:
    """What this module of that package imports of ours and may not."""
    allowed = MAY_IMPORT[package]
    wrong = []
    for line, name in imported(tree):
        if name.split(".")[0] not in PACKAGES:
            continue
        if not any(name == place or name.startswith(f"{place}.") for place in allowed):
            wrong.append(f"{line}: {name}")
    return wrong


def inner_imports(tree: ast.AST) -> list[int]:
    """Lines of imports inside a function; `AppConfig.ready` is where Django wants what needs the models."""
    inside = [function for function in functions(tree) if function.name != "ready"]
    return [line for function in inside for line, _name in imported(function)]


def length(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def tracked(pattern: str, *paths: str) -> list[str]:
    """Lines of tracked text files that match the extended pattern."""
    command = ["git", "grep", "-nIE", pattern, "--", *paths]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
class TestModule:
    def test_imports_point_one_way(self, path: Path) -> None:
        package = path.relative_to(ROOT).parts[0]
        if package != "whatsempoli":
            assert wrong_imports(package, parsed(path)) == []

    def test_no_import_inside_a_function(self, path: Path) -> None:
        assert inner_imports(parsed(path)) == []

    def test_a_file_is_not_too_long(self, path: Path) -> None:
        assert len(path.read_text(encoding="utf-8").splitlines()) <= FILE_LINES

    def test_no_function_is_too_long(self, path: Path) -> None:
        long = [f.name for f in functions(parsed(path)) if length(f) > FUNCTION_LINES]
        assert long == []

    def test_no_drawer_of_odds_and_ends(self, path: Path) -> None:
        assert path.stem not in {"utils", "util", "helpers", "services", "misc", "common", "signals"}


@pytest.mark.parametrize("name", PURE)
def test_a_rule_is_pure(name: str) -> None:
    path = ROOT / name
    if not path.exists():
        pytest.skip("not written yet")
    touched = {module.split(".")[0] for _line, module in imported(parsed(path))}
    assert touched & IMPURE == set()
    clock = re.findall(r"\bdatetime\.now\(|\btime\.time\(|\bdate\.today\(", path.read_text(encoding="utf-8"))
    assert clock == []


def test_few_functions_are_long() -> None:
    lengths = [length(f) for path in sources() for f in functions(parsed(path))]
    long = sum(one > LONG_FUNCTION for one in lengths)
    assert long <= LONG_SHARE * len(lengths), f"{long} of {len(lengths)} are over {LONG_FUNCTION} lines"


@pytest.mark.parametrize(
    "pattern",
    [
        r"/(root|home/[a-z]+|Users/[A-Za-z]+|work)/",  # one machine's paths
        r"(pypi|pythonhosted|npmjs|jsdelivr|unpkg|cdnjs|googleapis)\.(org|com|net)",  # a registry
        r"(--(extra-)?index-url|--find-links|file://)",
    ],
)
def test_nothing_of_one_machine_or_registry_is_tracked(pattern: str) -> None:
    assert tracked(pattern, ".", ":!tests/test_architecture.py", ":!static/vendor") == []


class TestTheChecksThemselves:
    """A check that cannot fail is a defect."""

    def test_an_upward_import_is_seen(self) -> None:
        tree = ast.parse(
            "from subscribers.models import Subscriber\nfrom whatsempoli import clock\nimport json"
        )
        assert wrong_imports("policy", tree) == ["1: subscribers.models.Subscriber"]
        assert wrong_imports("subscribers", tree) == []

    def test_the_project_package_is_not_open_to_the_apps(self) -> None:
        assert wrong_imports("broadcasts", ast.parse("from whatsempoli.demo import run")) != []

    def test_an_inner_import_is_seen(self) -> None:
        assert inner_imports(ast.parse("def f():\n    if True:\n        import json")) == [3]

    def test_a_tracked_line_is_found(self) -> None:
        assert tracked(r"^Django==", "requirements.txt") != []
