"""An application of ours behind a real socket of this process, for tests that ask it over HTTP."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette

#: A thread of a busy machine starts within seconds, so many at most.
START_S = 60


@contextmanager
def listening(app: Starlette) -> Iterator[int]:
    """Serve it until the block ends; gives the port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        running = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            deadline = time.monotonic() + START_S
            while not running.started:
                assert time.monotonic() < deadline, "the server did not start"
                time.sleep(0.01)
            yield listener.getsockname()[1]
        finally:
            running.should_exit = True
            thread.join()
