"""`make palestra`: a practice ground next to the real thing, which cannot be mistaken for it.

The demo with another folder, other ports, another colour, the word PALESTRA on every page, and a number that
is none. It never uses the servers of the real installation, whatever the environment says.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path

from whatsempoli.demo import DemoError, Place, leave, only_one, refuse_the_world, reset, run
from whatsempoli.engines import EngineError
from whatsempoli.stack import HOST, ROOT

DATA = ROOT / ".data" / "palestra"
SITE_PORT = 8400
SIMULATOR_PORT = 8490
NUMBER = "390000000000"  # as whatsempoli/town_copy.py writes it into the profile
NOT_OURS = ("DATABASE_URL", "REDIS_URL", "DATABASE_URL_FILE", "REDIS_URL_FILE")

GREETING = """
  PALESTRA. Qui ci si esercita: nessun messaggio esce da questo computer.

    Sito       {site}/
    Redazione  {site}/admin/
    Telefoni   {phones}/

    In redazione si entra con la password {password}:
{people}

  Sono cittadini inventati, il numero non esiste e ogni pagina è viola e dice PALESTRA.
  Ctrl-C ferma tutto. I dati restano in {data}, i registri sono in {logs}.
"""


def place(town: Path | None) -> Place:
    """The practice ground, with the town's data from a file of `manage.py town_data` if there is one."""
    command = ("practice_ground", str(town.absolute())) if town else ("practice_ground",)
    options = ("--display-number", NUMBER, "--verified-name", "PALESTRA", "--training")
    return Place(GREETING, SITE_PORT, SIMULATOR_PORT, {"TRAINING": "1"}, options, (command,))


def main(arguments: list[str]) -> int:
    """The command line: 0 after an orderly stop, 1 with one sentence when something cannot be."""
    parser = argparse.ArgumentParser(prog="python -m whatsempoli.palestra", description="La palestra.")
    parser.add_argument("--reset", action="store_true", help="cancella ciò che la palestra conserva")
    parser.add_argument("--town", type=Path, help="i dati del Comune, da «manage.py town_data»")
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
            print("La palestra ha dimenticato tutto.")
            return 0
        if options.town and not options.town.is_file():
            raise DemoError(f"Il file {options.town} non c'è: lo scrive «manage.py town_data».")
        refuse_the_world(os.environ, options.host)
        for name in NOT_OURS:
            os.environ.pop(name, None)
        with only_one(data):
            return run(data, verbose=options.verbose, place=place(options.town))
    except (DemoError, EngineError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
