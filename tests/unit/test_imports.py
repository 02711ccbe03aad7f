"""Arrows go down only."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
FLASK = {"web", "cli.py", "cli_group.py", "cli_portals.py", "i18n.py", "resources.py"}
FLASK |= {"__init__.py"}
LIBRARIES = {
    "flask": FLASK,
    "flask_babel": FLASK,
    "redis": {"store", "resources.py", "embedded.py"},
    "urllib3": {"bitrix", "resources.py"},
    "requests": {"bitrix", "resources.py"},
    "authlib": {"bitrix"},
}
FLOOR = ("records", "errors", "settings", "i18n", "observe", "keys", "crypto")
# What each room may import of ours.
BELOW = {
    "bitrix": ("bitrix", "records", "errors", "settings"),
    "store": ("store", "keys", "crypto", "records", "errors"),
    "resources.py": ("bitrix", "store", *FLOOR),
    "actions": ("actions", "bitrix", "store", "resources", *FLOOR),
    "jobs.py": ("actions", "resources", "jobs_bulk", "jobs_drift", *FLOOR),
    "jobs_bulk.py": ("actions", "resources", *FLOOR),
    "jobs_drift.py": ("actions", "resources", *FLOOR),
    "cli.py": ("actions", "resources", "jobs", "cli_group", *FLOOR),
    "cli_group.py": ("resources", *FLOOR),
    "cli_portals.py": ("actions", "resources", "cli_group", "cli_records", *FLOOR),
    "cli_records.py": ("actions", *FLOOR),
    "web": ("web", "actions", "bitrix", "resources", "jobs", "jobs_bulk", "jobs_drift", *FLOOR),
    "launch.py": ("settings", "errors"),
    "embedded.py": ("settings",),
}
MODULES = sorted((ROOT / "b24app").rglob("*.py"))


def imports(path: Path) -> list[str]:
    """Full names of everything a module imports, wherever in it."""
    names = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def room(path: Path) -> str:
    return path.relative_to(ROOT / "b24app").parts[0]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_room_imports_only_what_lies_below_it(path):
    allowed = BELOW.get(room(path), FLOOR)
    ours = [name.split(".")[1] for name in imports(path) if name.startswith("b24app.")]

    if room(path) != "__init__.py":
        assert set(ours) <= set(allowed)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_library_is_known_only_in_its_rooms(path):
    known = {name.split(".")[0] for name in imports(path)}

    assert {name for name in known & set(LIBRARIES) if room(path) not in LIBRARIES[name]} == set()


def test_the_application_and_the_sandbox_do_not_know_each_other():
    ours = [name for path in MODULES for name in imports(path)]
    theirs = [name for path in (ROOT / "sandbox").rglob("*.py") for name in imports(path)]

    assert [name for name in ours if name.split(".")[0] in ("sandbox", "tests")] == []
    assert [name for name in theirs if name.split(".")[0] in ("b24app", "tests")] == []


def test_nothing_is_imported_inside_a_function():
    def inner(path: Path) -> list[ast.stmt]:
        functions = [
            node
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.FunctionDef)
        ]
        return [
            node
            for function in functions
            for node in ast.walk(function)
            if isinstance(node, ast.Import | ast.ImportFrom)
        ]

    paths = [*MODULES, *(ROOT / "sandbox").rglob("*.py")]
    assert [path for path in paths if inner(path)] == []
