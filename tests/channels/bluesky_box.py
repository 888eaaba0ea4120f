"""The real Bluesky network in a box: data server and app view of its makers on this machine, without the internet.

Needs a folder with node and `@atproto/dev-env` (docs/bluesky.md says how to make one) and a network of its own, because
the servers listen on every interface: run the tests in `unshare -n`.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

#: Names the folder; without it the tests against the real network are skipped.
FOLDER = "WEBCARE_BLUESKY_ENV"
PORT, REDIS_PORT, POSTGRES_PORT = 2583, 6390, 5490
_PASSWORD = "made-up-password"
_READY_WITHIN_S = 90.0


def why_not() -> str:
    """Why the box cannot be started here; empty where it can."""
    folder = os.environ.get(FOLDER)
    if not folder:
        return f"{FOLDER} names no folder with @atproto/dev-env (docs/bluesky.md says how to make one)"
    if not (Path(folder) / "node_modules/@atproto/dev-env").is_dir():
        return f"{folder} holds no node_modules/@atproto/dev-env"
    if {name for _, name in socket.if_nameindex()} != {"lo"}:
        return "the box listens on every interface; run it in `unshare -n`, with `ip link set lo up`"
    return ""


class Refused(Exception):
    """An answer that is no success, as the network gave it."""

    def __init__(self, status: int, payload: dict[str, Any], headers: dict[str, str]) -> None:
        super().__init__(f"{status} {payload}")
        self.status, self.payload, self.headers = status, payload, headers


@dataclass
class Person:
    """Somebody with an account in the box, who acts by plain HTTP and not through our channel."""

    url: str
    did: str
    handle: str
    token: str
    password: str = _PASSWORD
    app_password: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def ask(self, nsid: str, **params: Any) -> dict[str, Any]:
        query = urllib.parse.urlencode({name: one for name, one in params.items() if one is not None}, doseq=True)
        return self._call(f"{nsid}?{query}", None)

    def do(self, nsid: str, **body: Any) -> dict[str, Any]:
        return self._call(nsid, body) if body else self._call(nsid, b"", "")

    def post(self, text: str, *, at: str = "", **more: Any) -> dict[str, str]:
        """Write a post that everybody can see; gives its `uri` and `cid`."""
        record = {"$type": "app.bsky.feed.post", "text": text, "createdAt": at or iso_now(), **more}
        made = self.do("com.atproto.repo.createRecord", repo=self.did, collection="app.bsky.feed.post", record=record)
        # What answers a post before the app view has seen it is shown to nobody, so the next one waits for it.
        wait_for(lambda: self.ask("app.bsky.feed.getPosts", uris=[made["uri"]])["posts"])
        return {"uri": made["uri"], "cid": made["cid"]}

    def mention(self, whom: Person, text: str, **more: Any) -> dict[str, str]:
        """Write a post that names somebody first."""
        name = f"@{whom.handle}"
        feature = {"$type": "app.bsky.richtext.facet#mention", "did": whom.did}
        facet = {"index": {"byteStart": 0, "byteEnd": len(name)}, "features": [feature]}
        return self.post(f"{name} {text}", facets=[facet], **more)

    def reply(self, parent: dict[str, str], text: str, *, root: dict[str, str] | None = None, **more: Any) -> Any:
        return self.post(text, reply={"root": root or parent, "parent": parent}, **more)

    def record(self, collection: str, rkey: str | None = None, **record: Any) -> dict[str, Any]:
        """Write a record of any kind."""
        more = {"rkey": rkey} if rkey else {}
        record = {"$type": collection, "createdAt": iso_now(), **record}
        return self.do("com.atproto.repo.createRecord", repo=self.did, collection=collection, record=record, **more)

    def upload(self, data: bytes, kind: str) -> Any:
        """Hand over a file; gives the reference that a post holds."""
        return self._call("com.atproto.repo.uploadBlob", data, kind)["blob"]

    def delete(self, uri: str) -> None:
        _, _, repo, collection, rkey = uri.split("/")
        self.do("com.atproto.repo.deleteRecord", repo=repo, collection=collection, rkey=rkey)

    def _call(self, path: str, body: Any, kind: str = "application/json") -> dict[str, Any]:
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        headers |= {"content-type": kind} if kind and data is not None else {}
        request = urllib.request.Request(f"{self.url}/xrpc/{path}", data, headers | self.headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            said = error.read()
            payload = json.loads(said) if said.startswith(b"{") else {"html": said.decode(errors="replace")}
            raise Refused(error.code, payload, dict(error.headers)) from None


class Box:
    """The network, running while the context lasts."""

    def __init__(self) -> None:
        self.folder = Path(os.environ[FOLDER])
        self.url = f"http://localhost:{PORT}"
        self._running: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        self._scratch = Path(tempfile.mkdtemp(prefix="bluesky-box-"))
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        for process in reversed(self._running):
            process.terminate()
        for process in self._running:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def person(self, handle: str) -> Person:
        """A new account; `handle` without its end."""
        nobody = Person(self.url, "", "", "")
        body = {"email": f"{handle}@mail.example", "handle": f"{handle}.test", "password": _PASSWORD}
        made = nobody.do("com.atproto.server.createAccount", **body)
        return Person(self.url, made["did"], made["handle"], made["accessJwt"])

    def admin(self, nsid: str, **body: Any) -> dict[str, Any]:
        """What only the people who run the data server may do."""
        return Person(self.url, "", "", "", headers={"authorization": "Basic YWRtaW46YWRtaW4tcGFzcw=="}).do(
            nsid, **body
        )

    def _start(self) -> None:
        environment = {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "HOME": str(self._scratch),
            "TMPDIR": str(self._scratch),
            "DB_POSTGRES_URL": f"postgresql://box@127.0.0.1:{POSTGRES_PORT}/postgres",
            "DB_POSTGRES_SCHEMA": "dev",
            "REDIS_HOST": f"127.0.0.1:{REDIS_PORT}",
            "BOX_PORT": str(PORT),
            "LOG_ENABLED": "false",
        }
        self._start_postgres(environment)
        redis = ["redis-server", "--port", str(REDIS_PORT), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        own = self.folder / "redis/usr"
        libraries = {"LD_LIBRARY_PATH": str(own / "lib/x86_64-linux-gnu")} if own.is_dir() else {}
        self._run(redis, environment | libraries | {"PATH": f"{own / 'bin'}:{environment['PATH']}"})
        node = self._run(["node", "--input-type=module", "-"], environment, stdin=Path(__file__).with_suffix(".mjs"))
        log = self._scratch / "node.log"
        wait_for(lambda: b"box is ready" in log.read_bytes() or node.poll() is not None, _READY_WITHIN_S)
        if node.poll() is not None:
            raise RuntimeError(f"the box did not start:\n{log.read_text()[-4000:]}")

    def _start_postgres(self, environment: dict[str, str]) -> None:
        """PostgreSQL with pg_trgm, which the app view needs; it does not run as root."""
        data = self._scratch / "postgres"
        data.mkdir()
        as_user = []
        if os.geteuid() == 0:
            as_user = ["runuser", "-u", "postgres", "--"]
            self._scratch.chmod(0o755)
            shutil.chown(data, "postgres")
        subprocess.run(
            [*as_user, "initdb", "-D", str(data), "-U", "box", "--auth=trust"],
            check=True,
            capture_output=True,
            env=environment,
            timeout=120,
        )
        sockets = ["-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={data}", "-c", "fsync=off"]
        server = self._run([*as_user, "postgres", "-D", str(data), "-p", str(POSTGRES_PORT), *sockets], environment)
        wait_for(lambda: server.poll() is not None or _listens(POSTGRES_PORT), _READY_WITHIN_S)

    def _run(self, command: list[str], environment: dict[str, str], stdin: Path | None = None) -> Any:
        given = stdin.open("rb") if stdin else subprocess.DEVNULL
        with (self._scratch / f"{command[0]}.log").open("wb") as log:
            process = subprocess.Popen(
                command, cwd=self.folder, env=environment, stdin=given, stdout=log, stderr=subprocess.STDOUT
            )
        self._running.append(process)
        return process


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_for(condition: Callable[[], Any], within_s: float = 20.0) -> Any:
    """What the condition gives once it gives something. Raises TimeoutError."""
    end = time.monotonic() + within_s
    while True:
        if found := condition():
            return found
        if time.monotonic() > end:
            raise TimeoutError("the box did not come to it in time")
        time.sleep(0.1)


def iso_now(**earlier: float) -> str:
    """The present as the network writes it, or some time before."""
    moment = datetime.now(UTC) - timedelta(**earlier)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
