"""Posts the lines of a file to one address of 127.0.0.1, as fast as it is answered, in its own process.

A line is a signature, a tab and a body. Prints one JSON object: seconds and answers by status.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp

CONNECTIONS = 16


async def flood(url: str, lines: list[bytes]) -> dict[str, object]:
    """Post every line once."""
    if urlsplit(url).hostname != "127.0.0.1":
        raise ValueError("only this computer is flooded")
    answers: Counter[int] = Counter()
    rest, began = iter(lines), time.monotonic()
    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(_post(session, url, rest, answers) for _n in range(CONNECTIONS)))
    return {"seconds": time.monotonic() - began, "answers": dict(answers)}


async def _post(
    session: aiohttp.ClientSession, url: str, lines: Iterator[bytes], answers: Counter[int]
) -> None:
    for line in lines:
        signature, body = line.split(b"\t", 1)
        headers = {"X-Hub-Signature-256": signature.decode(), "Content-Type": "application/json"}
        async with session.post(url, data=body, headers=headers) as answer:
            await answer.read()
            answers[answer.status] += 1


if __name__ == "__main__":
    print(json.dumps(asyncio.run(flood(sys.argv[1], Path(sys.argv[2]).read_bytes().splitlines()))))
