"""The link storm: everybody opens the page of the notice that is leaving.

The web server is the product's (gunicorn, two processes of four threads), out of the demo, where nothing is
kept. Files are served by nginx where there is one, else by benchmarks/files.py: a line on stderr says which.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from pathlib import Path

import requests

from benchmarks.figures.sending import accepted, fresh
from benchmarks.figures.size import Size
from benchmarks.measure import Numbers, medians
from benchmarks.rig import Rig
from broadcasts.models import Broadcast
from broadcasts.written import file_of
from whatsempoli.supervisor import free_port

OFFERED = 300  # visits a second
SENT = 80  # messages a second
CONNECTIONS = 16
OUTSIDE = {"DEMO": "0", "TESTING": "1"}  # TESTING: style sheets under their own names, none collected
NGINX = """
daemon off; worker_processes 2; pid {folder}/nginx.pid; error_log {folder}/nginx.err;
events {{ worker_connections 1024; }}
http {{ access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    keepalive_requests 1000000;
    server {{ listen 127.0.0.1:{port}; root {root}; index index.html; }} }}
"""


def public(rig: Rig, size: Size) -> Numbers:
    """Ours beside a send; the same page kept and drawn each time; the same page as a file."""
    rig.worker("worker", 2, "routine")
    rig.start("beat")
    found = medians(lambda: _beside_a_send(rig, size), size.runs)
    rig.stop("beat", "worker")
    notice = Broadcast.objects.filter(started_at__isnull=False).order_by("-started_at")[0]
    path = notice.get_absolute_url()
    kept = _flat_out(rig, size, path)
    drawn = _flat_out(rig, size, path, "benchmarks.uncached")
    static = _static(rig, size, path)
    return {
        "public_rps": found["rps"],
        "public_p99_ms": found["p99_ms"],
        "public_p50_ms": found["p50_ms"],
        "public_wrong": found["wrong"],
        "public_cached_rps": kept["rps"],
        "public_uncached_rps": drawn["rps"],
        "public_cached_ratio": kept["rps"] / drawn["rps"],
        "static_rps": static["rps"],
        "static_p99_ms": static["p99_ms"],
    }


def _beside_a_send(rig: Rig, size: Size) -> Numbers:
    people = int(SENT * size.storm * 1.4)
    fresh(rig, people)
    rig.rate(SENT)
    _serve(rig)
    notice = rig.leaving()
    rig.until("it leaves", lambda: accepted(notice) > 0, 30)
    before = accepted(notice)
    began = time.monotonic()
    found = _visits(rig, notice.get_absolute_url(), rig.stack.site_port, size.storm, OFFERED)
    pace = (accepted(notice) - before) / (time.monotonic() - began)
    print(f"  {found['rps']:.0f} visits a second beside {pace:.0f} messages", file=sys.stderr)
    rig.stop("web")
    return found


def _flat_out(rig: Rig, size: Size, path: str, application: str = "whatsempoli.wsgi") -> Numbers:
    _serve(rig, application)
    found = medians(lambda: _visits(rig, path, rig.stack.site_port, size.storm / 3, 0), size.runs)
    rig.stop("web")
    return found


def _serve(rig: Rig, application: str = "whatsempoli.wsgi") -> None:
    command = next(child.command for child in rig.stack.children() if child.name == "web")
    command = tuple(application if part == "whatsempoli.wsgi" else part for part in command)
    rig.start("web", command, **OUTSIDE)
    rig.until("the site answers", lambda: _answers(f"{rig.stack.site_url}/healthz"), 60)


def _static(rig: Rig, size: Size, path: str) -> Numbers:
    """All pages written out by the product's own command, then one of them served."""
    root, port = rig.folder / "public", free_port(8500)
    began = time.monotonic()
    write = rig.start("write", [sys.executable, "manage.py", "write_site", str(root)], **OUTSIDE)
    assert write.wait(120) == 0 and (root / file_of(path)).exists(), "the pages were not written"
    print(f"  all pages written in {time.monotonic() - began:.1f} s", file=sys.stderr)
    rig.stop("write")
    rig.start("files", _file_server(rig.folder, root, port))
    rig.until("the files answer", lambda: _answers(f"http://127.0.0.1:{port}{path}"), 20)
    found = medians(lambda: _visits(rig, path, port, size.storm / 3, 0), size.runs)
    rig.stop("files")
    return found


def _file_server(folder: Path, root: Path, port: int) -> list[str]:
    nginx = shutil.which("nginx")
    print(f"  files are served by {nginx or 'benchmarks/files.py'}", file=sys.stderr)
    if nginx is None:
        return [sys.executable, "-m", "benchmarks.files", str(root), str(port)]
    settings = folder / "nginx.conf"
    settings.write_text(NGINX.format(folder=folder, root=root, port=port))
    return [nginx, "-c", str(settings), "-p", str(folder)]


def _visits(rig: Rig, path: str, port: int, seconds: float, rate: int) -> Numbers:
    url = f"http://127.0.0.1:{port}{path}"
    numbers = [str(seconds), str(rate), str(CONNECTIONS)]
    log = rig.folder / "visits.log"
    process = rig.start("visits", [sys.executable, "-m", "benchmarks.visits", url, *numbers])
    assert process.wait(seconds * 4 + 30) == 0, "the visits did not end"
    rig.stop("visits")
    found: Numbers = json.loads(log.read_text().splitlines()[-1])
    return found


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).status_code == 200
    except requests.RequestException:
        return False
