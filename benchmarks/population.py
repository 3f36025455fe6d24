"""How much a town of people costs the simulator: memory, and processor at a steady pace of messages.

    python benchmarks/population.py [--people 10000] [--rate 1000] [--seconds 20]

It starts a simulator, a receiver for its webhooks, and sends a template to the people at `rate` messages a
second, everything on loopback. Prints one JSON object. Reads /proc, so Linux only.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import unused_port

ROOT = Path(__file__).resolve().parent.parent
TOKEN = "token"
NUMBER, ACCOUNT = "106540352242922", "102290129340398"
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
TEMPLATE = {
    "name": "prova",
    "language": "it",
    "category": "UTILITY",
    "parameter_format": "NAMED",
    "message_send_ttl_seconds": 21_600,
    "components": [{"type": "BODY", "text": "Allerta {{livello}} in tutto il territorio del Comune."}],
}


def processor_seconds(pid: int) -> float:
    """What the process has used so far, in its own and the kernel's name."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS


def memory_mb(pid: int, name: str) -> float:
    """VmRSS (now) or VmHWM (at most), in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    return 0.0


def message(number: str) -> bytes:
    """The request's body for one person."""
    parameters = [{"type": "text", "parameter_name": "livello", "text": "ARANCIONE"}]
    template = {
        "name": "prova",
        "language": {"code": "it"},
        "components": [{"type": "body", "parameters": parameters}],
    }
    body = {"messaging_product": "whatsapp", "to": number, "type": "template", "template": template}
    return json.dumps(body | {"biz_opaque_callback_data": f"b:{number}"}).encode()


async def receiver(port: int) -> tuple[web.AppRunner, list[int]]:
    """Take every webhook; the list holds how many bytes came."""
    taken = [0]

    async def get(request: web.Request) -> web.Response:
        return web.Response(text=request.query["hub.challenge"])

    async def post(request: web.Request) -> web.Response:
        taken[0] += len(await request.read())
        return web.Response()

    app = web.Application(client_max_size=4 * 1024 * 1024)
    app.router.add_get("/", get)
    app.router.add_post("/", post)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    return runner, taken


async def until_answers(session: aiohttp.ClientSession, url: str) -> None:
    """Wait for the simulator to be there."""
    async with asyncio.timeout(20):
        while True:
            try:
                async with session.get(f"{url}/__sim__/state") as answer:
                    if (await answer.json())["handshake"]:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.05)


async def control(session: aiohttp.ClientSession, url: str, path: str, body: Any = None) -> Any:
    """One call of the control API."""
    method = "GET" if body is None else "POST"
    async with session.request(method, f"{url}/__sim__/{path}", json=body) as answer:
        answer.raise_for_status()
        return await answer.json()


async def steadily(
    session: aiohttp.ClientSession, url: str, numbers: list[str], rate: int, seconds: int
) -> int:
    """Send at this pace; returns how many were accepted."""
    address = f"{url}/v25.0/{NUMBER}/messages"
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    accepted = 0

    async def one(number: str) -> None:
        nonlocal accepted
        async with session.post(address, data=message(number), headers=headers) as answer:
            accepted += answer.status == 200

    began = time.monotonic()
    running: set[asyncio.Task[None]] = set()
    for index in range(rate * seconds):
        if (ahead := index / rate - (time.monotonic() - began)) > 0.002:
            await asyncio.sleep(ahead)
        task = asyncio.create_task(one(numbers[index % len(numbers)]))
        running.add(task)
        task.add_done_callback(running.discard)
    await asyncio.gather(*running)
    return accepted


async def measure(people: int, rate: int, seconds: int) -> dict[str, Any]:
    """Start, populate, send, count."""
    hook, port = unused_port(), unused_port()
    runner, taken = await receiver(hook)
    url = f"http://127.0.0.1:{port}"
    options = {"port": port, "webhook-url": f"http://127.0.0.1:{hook}/", "throughput": rate * 4, "pace": 0.2,
               "latency-ms": 50, "batch": 500, "no-pair-limit": None}  # fmt: skip
    words = [part for name, value in options.items() for part in (f"--{name}", value) if part is not None]
    simulator = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simulator", *map(str, words), cwd=ROOT
    )
    try:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=400)) as session:
            await until_answers(session, url)
            empty = memory_mb(simulator.pid, "VmRSS")
            await control(session, url, "population", {"size": people, "join_s": 30})
            body = json.dumps(TEMPLATE).encode()
            headers = {"Authorization": f"Bearer {TOKEN}"}
            async with session.post(
                f"{url}/v25.0/{ACCOUNT}/message_templates", data=body, headers=headers
            ) as made:
                made.raise_for_status()
            found = await control(session, url, f"phones?limit={people}")
            numbers = [phone["phone"] for phone in found["phones"]]
            await asyncio.sleep(2)
            before, began = processor_seconds(simulator.pid), time.monotonic()
            accepted = await steadily(session, url, numbers, rate, seconds)
            took = time.monotonic() - began
            used = processor_seconds(simulator.pid) - before
            await asyncio.sleep(5)  # what is under way arrives; late readers are not waited for
            state = await control(session, url, "state")
            return {
                "people": state["phones"],
                "messages": accepted,
                "seconds": round(took, 1),
                "messages_per_second": round(accepted / took),
                "cores": round(used / took, 2),
                "processor_ms_per_message": round(used / accepted * 1000, 2),
                "memory_empty_mb": round(empty),
                "memory_most_mb": round(memory_mb(simulator.pid, "VmHWM")),
                "statuses": {k: state["counters"].get(k, 0) for k in ("sent", "delivered", "read", "failed")},
                "acts": (await control(session, url, "population"))["acted"],
                "webhook_mb": round(taken[0] / 1e6, 1),
            }
    finally:
        if simulator.returncode is None:
            simulator.terminate()
            await simulator.wait()
        await runner.cleanup()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--rate", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=20)
    options = parser.parse_args()
    print(json.dumps(asyncio.run(measure(options.people, options.rate, options.seconds))))


if __name__ == "__main__":
    main()
