"""`make demo`: the whole system on this computer, with a believable town and the simulator for provider.

It cannot be taken for production: it refuses a real provider's address and any listening address but
loopback. What it keeps is in .data/demo and is found again; `--reset` forgets it.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from whatsempoli.account import die_with_parent
from whatsempoli.engines import EngineError, engines, forget
from whatsempoli.stack import HOST, ROOT, Stack, is_loopback, kept_secret
from whatsempoli.supervisor import Supervisor, held_port

DATA = ROOT / ".data" / "demo"
SITE_PORT = 8000
SIMULATOR_PORT = 8090
PASSWORD = "empoli-demo"  # noqa: S105 - the demo's people; `seed_demo` reads it as DEMO_PASSWORD
PEOPLE = (("anna", "scrive"), ("bruno", "approva"), ("carla", "amministra"), ("paola", "guarda"))

GREETING = """
  WhatsEmpoli è pronto. È una demo: nessun messaggio esce da questo computer.

    Sito       {site}/
    Redazione  {site}/admin/
    Telefoni   {phones}/

    In redazione si entra con la password {password}:
{people}

  Che cosa provare per prima
    1. Nella pagina dei telefoni scegliete o inventate un cittadino e scrivete ATTIVA ISCRIZIONE.
    2. In redazione, come anna, scrivete un avviso e mandatelo in approvazione.
    3. In una finestra anonima, come bruno, approvatelo, e guardate l'invio e il telefono.
    4. Dal telefono scrivete DISATTIVA ISCRIZIONE, poi leggete sul sito che cosa si promette.

  Ctrl-C ferma tutto. I dati restano in {data} («make demo-reset» li cancella),
  i registri sono in {logs}.
"""


@dataclass(frozen=True, slots=True)
class Place:
    """What is the demo's own, and another ground of the same kind has otherwise."""

    greeting: str = GREETING
    site_port: int = SITE_PORT
    simulator_port: int = SIMULATOR_PORT
    env: Mapping[str, str] = field(default_factory=dict)
    simulator_options: tuple[str, ...] = ()
    after_seed: tuple[tuple[str, ...], ...] = ()  # management commands


class DemoError(RuntimeError):
    """The demo cannot go on; the message is one sentence for the person at the terminal."""


def refuse_the_world(env: Mapping[str, str], host: str) -> None:
    """Raises DemoError when something would leave this computer or be reached from outside."""
    provider = env.get("WHATSAPP_BASE_URL", "")
    if provider and not is_loopback(provider):
        raise DemoError(
            f"La demo non parla con un fornitore vero e WHATSAPP_BASE_URL è {provider}: "
            "toglietelo dall'ambiente."
        )
    if not is_loopback(host):
        raise DemoError(f"La demo ascolta solo su questo computer (127.0.0.1), non su {host}.")


@contextmanager
def only_one(data: Path) -> Iterator[None]:
    """Hold the data folder; the lock ends with the process, however it ends. Raises DemoError."""
    data.mkdir(parents=True, exist_ok=True)
    with (data / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            pid = lock.read().strip()
            raise DemoError(
                f"Una demo è già in funzione (processo {pid}): fermatela con Ctrl-C, poi riprovate."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def reset(data: Path) -> None:
    """Forget what the demo keeps. Raises DemoError while one runs."""
    with only_one(data):
        forget(data)
        shutil.rmtree(data)


def manage(stack: Stack, env: Mapping[str, str], *command: str) -> None:
    """Run a management command to its end, its words in the log. Raises DemoError with the last of them."""
    log = (stack.logs or stack.data) / "preparation.log"
    with log.open("ab") as output:
        done = subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=ROOT,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
            preexec_fn=die_with_parent(signal.SIGKILL),
        )
    if done.returncode:
        last = log.read_text(errors="replace").strip().rsplit("\n", 1)[-1]
        raise DemoError(f"«{' '.join(command)}» non è riuscito: {last} (registro: {log})")


def greeting(stack: Stack, words: str = GREETING) -> str:
    """What a person who has just started the demo needs to know."""
    return words.format(
        site=stack.site_url,
        phones=stack.simulator_url,
        password=PASSWORD,
        people="\n".join(f"      {name:<6} {role}" for name, role in PEOPLE),
        data=_short(stack.data),
        logs=_short(stack.logs or stack.data),
    )


def _short(path: Path) -> Path:
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


def run(data: Path, *, verbose: bool, place: Place | None = None) -> int:
    """Start everything, greet, and stay until Ctrl-C. Raises DemoError, EngineError."""
    place = place or Place()
    logs = data / "logs"
    logs.mkdir(exist_ok=True)
    # Held until our own processes take them: a second demo, started meanwhile, steps around.
    site, site_port = _held("Il sito", place.site_port)
    phones, simulator_port = _held("La pagina dei telefoni", place.simulator_port)
    stack = Stack(
        site_port=site_port,
        simulator_port=simulator_port,
        data=data,
        secret=kept_secret(data / "secret"),
        logs=None if verbose else logs,
        simulator_options=place.simulator_options,
    )
    print("Avvio PostgreSQL e Valkey…", flush=True)
    with engines(data, durable=True) as urls:
        env = {**stack.env(os.environ, urls), "DEMO_PASSWORD": PASSWORD, "TRAINING": "0", **place.env}
        print("Preparo il database e il paese di prova…", flush=True)
        manage(stack, env, "migrate", "--noinput", "--verbosity", "0")
        manage(stack, env, "seed_demo")
        for command in place.after_seed:
            manage(stack, env, *command)
        print("Avvio sito, simulatore e lavoratori…", flush=True)

        async def greet() -> None:
            await stack.answers()
            await asyncio.to_thread(manage, stack, env, "seed_simulator")
            print(greeting(stack, place.greeting), flush=True)

        site.close()
        phones.close()
        code = Supervisor(stack.children(), env, then=greet, cwd=ROOT).run()
        print("Fermo il database…", flush=True)
    return code


def _held(who: str, preferred: int) -> tuple[socket.socket, int]:
    holder = held_port(preferred)
    port: int = holder.getsockname()[1]
    if port != preferred:
        print(f"La porta {preferred} è occupata. {who} usa la {port}.", flush=True)
    return holder, port


def leave(_number: int, _frame: FrameType | None) -> None:
    """A signal ends the demo as Ctrl-C does."""
    raise KeyboardInterrupt


def main(arguments: list[str]) -> int:
    """The command line: 0 after an orderly stop, 1 with one sentence when something cannot be."""
    parser = argparse.ArgumentParser(prog="python -m whatsempoli.demo", description="La demo di WhatsEmpoli.")
    parser.add_argument("--reset", action="store_true", help="cancella ciò che la demo conserva")
    parser.add_argument("--host", default=HOST, help="l'indirizzo su cui ascoltare: solo questo computer")
    parser.add_argument("--data", type=Path, default=DATA, help="la cartella dei dati")
    parser.add_argument("--verbose", action="store_true", help="mostra qui ciò che i processi dicono")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGHUP, leave)
    data = options.data.absolute()
    try:
        if options.reset:
            reset(data)
            print("La demo ha dimenticato tutto.")
            return 0
        refuse_the_world(os.environ, options.host)
        with only_one(data):
            return run(data, verbose=options.verbose)
    except (DemoError, EngineError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
