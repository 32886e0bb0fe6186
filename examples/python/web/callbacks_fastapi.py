"""Takes CY.SEND's callbacks in a FastAPI application, beside the program that sells.

    export TILLGATE_JOURNAL=journal CYSEND_URL=https://… CYSEND_USER=till CALLBACK_PATH=/callbacks/7f3a…
    uvicorn --workers 2 --limit-concurrency 100 --factory callbacks_fastapi:create_app

Orders name the address of this application as their `callback_url`. Callbacks carry voucher codes: put a
server that speaks TLS before it, choose a path that nobody guesses (`tillgate.new_callback_path()` makes
one), and log no bodies.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import tillgate
from fastapi import FastAPI, Request, Response

# A gateway's callbacks are far smaller, and come at once.
BODY_SIZE_MAX = 1 << 20
BODY_WITHIN_S = 3


# sample: fastapi
def create_app() -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with await open_till() as app.state.till:
            yield

    app = FastAPI(lifespan=lifespan, openapi_url=None)

    @app.post(os.environ["CALLBACK_PATH"])
    async def callback(request: Request) -> Response:
        try:
            # The bytes as they came: whatever parses them before the till does may change or lose them.
            body = await asyncio.wait_for(read(request), BODY_WITHIN_S)
        except asyncio.TimeoutError:
            return Response(status_code=408)
        if body is None:
            return Response(status_code=413)
        answer = await request.app.state.till.handle_callback(tillgate.CallbackRequest(body=body))
        # 200 once it is written down. If it cannot be (an error becomes 500), the gateway sends it again.
        return Response(status_code=answer.http_status)

    return app


async def read(request: Request) -> bytes | None:
    """The body, or nothing when it is too large: FastAPI has no limit of its own."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > BODY_SIZE_MAX:
            return None
    return bytes(body)


# sample ends


async def open_till() -> tillgate.AsyncTill:
    """A second door to the journal of the program that sells: it reads, and writes down that a callback came.

    Any number of processes may have one. They ask the gateway nothing, so they have neither its password nor
    the journal's key: within two seconds the program that sells takes the hint up and asks.
    """
    journal = tillgate.TillConfig(journal_path=os.environ["TILLGATE_JOURNAL"], read_only=True)
    till = await tillgate.AsyncTill.open(journal)
    # Whose orders these are: the same address and user as there.
    unused = tillgate.Secret("unused")
    credentials = tillgate.CysendCredentials(user=os.environ["CYSEND_USER"], password=unused)
    config = tillgate.CysendConfig(credentials=credentials, base_url=os.environ["CYSEND_URL"])
    await till.attach_cysend(tillgate.CysendAccount(client=tillgate.AsyncCysendClient(config)))
    return till
