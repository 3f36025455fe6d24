"""What the files for a server promise, read: nothing of it needs docker, systemd or a database."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path

import pytest

from tests.deploy import compose
from tests.deploy.compose import ROOT
from whatsempoli.celery import app

UNITS = sorted((ROOT / "deploy" / "systemd").glob("whatsempoli-*.service"))


def names_read(path: Path) -> set[str]:
    """Every name that a module reads from the environment."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
            continue
        first = node.args[0]
        if ast.unparse(node.func.value) in ("env", "os.environ") and isinstance(first, ast.Constant):
            found.add(str(first.value))
    return found


def test_the_example_has_every_name_that_is_read_and_no_other() -> None:
    text = (ROOT / ".env.example").read_text()
    written = re.findall(r"^#?([A-Z][A-Z0-9_]+)=", text, re.M)
    read = names_read(ROOT / "whatsempoli/settings.py") | names_read(ROOT / "deploy/gunicorn.py")
    assert len(written) == len(set(written))
    assert set(written) == read | set(compose.VARIABLE.findall(compose.text()))


def test_it_holds_no_secret() -> None:
    for line in (ROOT / ".env.example").read_text().splitlines():
        name, _sign, value = line.partition("=")
        if re.fullmatch(r"[A-Z_]*(KEY|SECRET|TOKEN|PASSWORD)", name):
            assert value == ""


@pytest.mark.parametrize("name", sorted(compose.services()))
def test_a_service_has_little_power_and_a_limit(name: str) -> None:
    service = compose.services()[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["mem_limit"]
    assert "healthcheck" in service or name == "migrate"
    assert "user" in service or "unprivileged" in service["image"]
    assert ":latest" not in service["image"] and "privileged" not in service
    assert ("ports" in service) == (name == "proxy")


@pytest.mark.parametrize("name", sorted(set(compose.ours()) - {"migrate"}))
def test_nothing_starts_before_the_migrations(name: str) -> None:
    waits = compose.ours()[name]["depends_on"]
    assert waits["migrate"]["condition"] == "service_completed_successfully"
    assert waits["db"]["condition"] == waits["valkey"]["condition"] == "service_healthy"


def test_every_queue_has_a_worker() -> None:
    routes = {route["queue"] for route in app.conf.task_routes.values()} | {app.conf.task_default_queue}
    listened = set()
    for service in compose.ours().values():
        words = compose.command(service)
        if "-Q" in words:
            listened |= set(words[words.index("-Q") + 1].split(","))
    assert listened == routes


def test_an_emergency_has_a_worker_of_its_own() -> None:
    assert compose.command(compose.ours()["emergency"])[-1:] and "-Q emergency " in compose.ours()[
        "emergency"
    ]["command"].replace("\n", " ")


def test_the_units_run_what_compose_runs() -> None:
    """The backup has a timer there, and here the watch makes it."""
    run = {}
    for unit in UNITS:
        found = re.search(r"^ExecStart=/opt/whatsempoli/\.venv/bin/(.+)$", unit.read_text(), re.M)
        assert found
        run[unit.stem.removeprefix("whatsempoli-")] = shlex.split(found[1].replace("%%", "%"))
    assert run.pop("backup") == ["python", "manage.py", "backup"]
    expected = {name: compose.command(service) for name, service in compose.ours().items()}
    expected["watch"].remove("--backups")
    assert run == expected


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_a_unit_is_nobody_special(unit: Path) -> None:
    lines = unit.read_text().splitlines()
    assert "User=whatsempoli" in lines
    assert {"NoNewPrivileges=yes", "ProtectSystem=strict", "ProtectHome=yes"} <= set(lines)
    if "migrate" not in unit.stem and "backup" not in unit.stem:
        assert {"Requires=whatsempoli-migrate.service", "Restart=always"} <= set(lines)


def test_the_image_is_not_root_and_holds_no_secret() -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert re.findall(r"^USER (.+)$", text, re.M)[-1] == "10001:10001"
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert {".env", ".git", "deploy/certs"} <= set(ignored)
    assert not re.search(r"(SECRET|TOKEN|PASSWORD|KEY)=", text)


class TestProxy:
    text = (ROOT / "deploy" / "nginx.conf").read_text()

    def test_it_is_well_formed(self) -> None:
        bare = re.sub(r"#.*", "", self.text)
        assert bare.count("{") == bare.count("}")
        for line in filter(None, map(str.strip, bare.splitlines())):
            assert line[-1] in "{};" or line.startswith("proxy_cache_path"), line

    def test_it_believes_no_visitor_about_where_they_come_from(self) -> None:
        assert "X-Forwarded-For $remote_addr" in self.text
        assert "$proxy_add_x_forwarded_for" not in self.text

    def test_only_what_is_public_is_kept(self) -> None:
        kept = [
            block for block in re.findall(r"location [^{]+\{[^}]*\}", self.text) if "proxy_cache " in block
        ]
        assert len(kept) == 1 and kept[0].startswith("location / {")
        assert "proxy_cache_use_stale error timeout" in kept[0]
        assert "$cookie_sessionid" in kept[0]
