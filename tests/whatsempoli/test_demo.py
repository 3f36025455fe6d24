"""What the demo refuses, and that it cannot be taken for production."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from whatsempoli.demo import DemoError, greeting, main, manage, only_one, refuse_the_world, reset
from whatsempoli.engines import private_corner
from whatsempoli.stack import Stack, is_loopback, kept_secret


def stack(data: Path) -> Stack:
    return Stack(site_port=8001, simulator_port=8091, data=data, secret="s", logs=data)


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "localhost", "::1", "http://127.0.0.1:8090", "http://[::1]:1/x"]
)
def test_loopback(address: str) -> None:
    assert is_loopback(address)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "",
        "::",
        "192.168.1.4",
        "https://graph.facebook.com",
        "http://127.0.0.1@graph.facebook.com/",
        "http://127.0.0.1.example.org",
        "http://localhost.example.org/",
        "//",
    ],
)
def test_not_loopback(address: str) -> None:
    assert not is_loopback(address)


class TestRefusals:
    def test_a_real_provider(self) -> None:
        with pytest.raises(DemoError, match="fornitore vero"):
            refuse_the_world({"WHATSAPP_BASE_URL": "https://graph.facebook.com"}, "127.0.0.1")

    def test_an_address_open_to_others(self, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
        assert main(["--host", "0.0.0.0", "--data", str(tmp_path / "data")]) == 1
        assert capsys.readouterr().err.count("\n") == 1
        assert not (tmp_path / "data").exists()

    def test_the_simulator_is_welcome(self) -> None:
        refuse_the_world({"WHATSAPP_BASE_URL": "http://127.0.0.1:8090"}, "localhost")

    def test_a_second_one_and_a_reset_while_one_runs(self, tmp_path: Path) -> None:
        corner = private_corner().exists()
        with only_one(tmp_path):
            with pytest.raises(DemoError, match=f"processo {os.getpid()}"), only_one(tmp_path):
                pass
            with pytest.raises(DemoError, match="già in funzione"):
                reset(tmp_path)
        reset(tmp_path)
        assert not tmp_path.exists()
        assert private_corner().exists() == corner  # nothing is made in order to be forgotten

    def test_the_lock_of_a_killed_one_holds_nobody(self, tmp_path: Path) -> None:
        script = (
            "import os; from pathlib import Path; from whatsempoli.demo import only_one\n"
            f"with only_one(Path({str(tmp_path)!r})): os.kill(os.getpid(), 9)"
        )
        assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -9
        with only_one(tmp_path):
            pass


class TestEnvironment:
    def test_it_is_a_demo_towards_the_simulator(self, tmp_path: Path) -> None:
        outer = {"WHATSAPP_TOKEN": "real", "DEMO": "0", "PATH": "/bin", "SECRET_KEY_FILE": "/run/secret"}
        env = stack(tmp_path).env(outer, {"DATABASE_URL": "d"})
        assert env["DEMO"] == "1"
        assert env["PATH"] == "/bin"
        assert "real" not in env.values()
        assert "SECRET_KEY_FILE" not in env
        assert is_loopback(env["WHATSAPP_BASE_URL"])
        assert is_loopback(env["SITE_URL"])

    def test_every_process_listens_on_loopback_alone(self, tmp_path: Path) -> None:
        commands = {child.name: child.command for child in stack(tmp_path).children()}
        assert set(commands) == {"simulator", "web", "worker-routine", "worker-emergency", "beat"}
        web, simulator = commands["web"], commands["simulator"]
        assert web[web.index("--bind") + 1] == "127.0.0.1:8001"
        assert simulator[simulator.index("--host") + 1] == "127.0.0.1"

    def test_the_secret_is_made_once_and_is_private(self, tmp_path: Path) -> None:
        file = tmp_path / "secret"
        first = kept_secret(file)
        assert len(first) > 50
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert kept_secret(file) == first

    def test_a_secret_cut_short_is_made_again(self, tmp_path: Path) -> None:
        (tmp_path / "secret").touch()
        assert len(kept_secret(tmp_path / "secret")) > 50


class TestWords:
    def test_the_greeting_says_where_to_look(self, tmp_path: Path) -> None:
        told = greeting(stack(tmp_path))
        for word in ("http://127.0.0.1:8001/admin/", "http://127.0.0.1:8091/", "anna", "bruno", "carla"):
            assert word in told
        assert all(len(line) <= 100 for line in told.splitlines() if str(tmp_path) not in line)

    def test_a_preparation_that_fails_is_one_sentence(self, tmp_path: Path) -> None:
        with pytest.raises(DemoError, match=r"«no_such_command» non è riuscito: .+preparation\.log\)"):
            manage(stack(tmp_path), os.environ, "no_such_command")
