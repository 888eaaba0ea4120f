"""The process with the encoder answers for the others on this machine: one question, one answer, then goodbye.

Messages are JSON, never pickle, so that whoever reaches the door can at most ask a question. The door is a socket file
that only this user may open; where there are no such files it is a port on this machine and a key in a file that only
this user may read.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener, answer_challenge, deliver_challenge
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

from webcare.errors import ModelMissing, ModelUnusable
from webcare.guard.base import Learned, Score

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

log = logging.getLogger(__name__)
_Answer = TypeVar("_Answer")

#: How long a question may wait for its answer; reading a long draft with ten notes takes a quarter of this.
DEADLINE_S = 2.0
#: After silence nobody is asked for so long: a desk without an encoder must not be slow as well.
_QUIET_S = 3.0
_FOLDER, _SOCKET, _KEY = "heads", "door", "key"
#: Longest path of a socket file that every system takes.
_LONGEST_PATH = 100
_LARGEST = 4 << 20
#: Questions answered at a time; the encoder takes one after the other anyway.
_AT_ONCE = 8
#: A visitor who says nothing is shown out after this.
_PATIENCE_S = 5.0


@runtime_checkable
class Embedder(Protocol):
    """What texts are about, as vectors."""

    def embed(self, texts: Sequence[str]) -> tuple[str, Floats]:
        """The model's name and a row (N, H) of length 1 for each text. Raises ModelMissing where there is no model."""


class Service:
    """Answers for the heads in this process until it is closed."""

    def __init__(self, heads: Learned, data_dir: Path) -> None:
        self._heads = heads
        self._folder = data_dir / _FOLDER
        self._room = threading.BoundedSemaphore(_AT_ONCE)
        self._closing = threading.Event()
        self._listener: Listener | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> bool:
        """Open the door and answer on a thread; False where another process answers already. Raises OSError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        os.chmod(self._folder, 0o700)
        if _answers(self._folder):
            return False
        self._listener = _open(self._folder)
        self._thread = threading.Thread(target=self._welcome, args=(self._listener,), name="webcare-heads", daemon=True)
        self._thread.start()
        return True

    def close(self) -> None:
        """Answer no more and take the door away. May be called twice."""
        if self._listener is None or self._closing.is_set():
            return
        self._closing.set()
        with suppress(OSError, ModelMissing):
            # Wakes the thread, which waits for somebody to come. It may be gone already: no word is waited for here.
            _reach(self._folder).close()
        if self._thread is not None:
            self._thread.join(_PATIENCE_S)
        self._listener.close()
        for name in (_SOCKET, _KEY):
            (self._folder / name).unlink(missing_ok=True)

    def _welcome(self, listener: Listener) -> None:
        while not self._closing.is_set():
            try:
                visitor = listener.accept()
            except (OSError, EOFError):
                continue  # they left before they were let in
            if self._closing.is_set() or not self._room.acquire(blocking=False):
                visitor.close()
                continue
            threading.Thread(target=self._serve, args=(visitor,), name="webcare-heads-answer", daemon=True).start()

    def _serve(self, visitor: Connection[Any, Any]) -> None:
        try:
            with visitor:
                if _is_known(visitor, self._folder) and visitor.poll(_PATIENCE_S):
                    visitor.send_bytes(self._answer(visitor.recv_bytes(_LARGEST)))
        except (OSError, EOFError, AuthenticationError) as error:
            log.info("somebody who asked the guard's heads went away: %s", type(error).__name__)
        finally:
            self._room.release()

    def _answer(self, message: bytes) -> bytes:
        try:
            asked = json.loads(message)
            if "embed" in asked:
                return self._vectors(_texts(asked["embed"]))
            question = (str(asked["draft"]), _texts(asked["notes"]), _texts(asked["public"]))
            scores = self._heads.scores(*question)
        except (ValueError, KeyError, TypeError) as error:
            return json.dumps({"error": f"not a question: {type(error).__name__}"}).encode()
        except (ModelMissing, ModelUnusable) as error:
            return json.dumps({"error": str(error)}).encode()
        rows = [[score.start, score.end, score.note_like, score.leak, score.note, score.humour] for score in scores]
        return json.dumps({"version": self._heads.version, "scores": rows}).encode()

    def _vectors(self, texts: Sequence[str]) -> bytes:
        if not isinstance(self._heads, Embedder):
            raise ModelMissing("these heads give no vectors")
        version, rows = self._heads.embed(texts)
        packed = base64.b64encode(rows.astype("<f4").tobytes()).decode()
        return json.dumps({"version": version, "rows": len(texts), "vectors": packed}).encode()


class Remote:
    """The learned heads of another process on this machine. Safe for threads."""

    def __init__(self, data_dir: Path, *, deadline_s: float = DEADLINE_S) -> None:
        self.version = ""  #: of the heads that answered last; empty before the first answer
        self._folder = data_dir / _FOLDER
        self._deadline_s = deadline_s
        self._quiet_until = 0.0

    def scores(self, draft: str, notes: Sequence[str], public: Sequence[str]) -> Sequence[Score]:
        """Ask the process with the encoder. Raises ModelMissing when nobody answers in time."""
        if time.monotonic() < self._quiet_until:
            raise ModelMissing("the process with the encoder does not answer")
        message = {"draft": draft, "notes": list(notes), "public": list(public)}
        answer, scores = self._ask(message, lambda answer: [_score(row) for row in answer["scores"]])
        self.version = str(answer.get("version", ""))
        return scores

    def embed(self, texts: Sequence[str]) -> tuple[str, Floats]:
        """Ask the process with the encoder. Raises ModelMissing when nobody answers in time."""
        if time.monotonic() < self._quiet_until:
            raise ModelMissing("the process with the encoder does not answer")
        answer, rows = self._ask({"embed": list(texts)}, lambda answer: _rows(answer, len(texts)))
        return str(answer["version"]), rows

    def _ask(self, message: Mapping[str, Any], read: Callable[[Any], _Answer]) -> tuple[Mapping[str, Any], _Answer]:
        """The answer as it came and as `read` understands it; after silence nobody is asked for a while."""
        try:
            answer = json.loads(_exchange(self._folder, json.dumps(message).encode(), self._deadline_s))
            refused = str(answer["error"]) if "error" in answer else ""
            understood = None if refused else read(answer)
        except (OSError, EOFError, AuthenticationError, ValueError, TypeError, LookupError, ModelMissing) as error:
            self._quiet_until = time.monotonic() + _QUIET_S
            detail = str(error) if isinstance(error, ModelMissing) else "the process with the encoder does not answer"
            raise ModelMissing(detail) from error
        if understood is None:
            raise ModelMissing(refused)
        return answer, understood


class Heads:
    """The heads wherever they are: in this process once they were brought here, until then asked of another."""

    def __init__(self, data_dir: Path) -> None:
        self.here: Learned | None = None
        self._elsewhere = Remote(data_dir)

    @property
    def version(self) -> str:
        """Of the heads that answer; empty before the first answer."""
        return (self.here or self._elsewhere).version

    def scores(self, draft: str, notes: Sequence[str], public: Sequence[str]) -> Sequence[Score]:
        """Ask whoever is nearest. Raises ModelMissing when nobody answers."""
        return (self.here or self._elsewhere).scores(draft, notes, public)

    def embed(self, texts: Sequence[str]) -> tuple[str, Floats]:
        """Ask whoever is nearest. Raises ModelMissing when nobody answers."""
        here = self.here
        return (here if isinstance(here, Embedder) else self._elsewhere).embed(texts)


def _rows(answer: Mapping[str, Any], count: int) -> Floats:
    # Here, so that a command which asks nothing does not load numpy.
    import numpy as np

    if answer["rows"] != count:
        raise ValueError("as many vectors as texts are wanted")
    found = np.frombuffer(base64.b64decode(answer["vectors"]), dtype="<f4").reshape(count, -1)
    return found.astype(np.float32)


def _score(row: Sequence[Any]) -> Score:
    start, end, note_like, leak, note, humour = row
    return Score(int(start), int(end), float(note_like), float(leak), str(note), float(humour))


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError("a list of texts is wanted")
    return tuple(str(text) for text in value)


def _exchange(folder: Path, message: bytes, deadline_s: float) -> bytes:
    with _knock(folder) as door:
        door.send_bytes(message)
        if not door.poll(deadline_s):
            raise ModelMissing("the process with the encoder is too slow to answer")
        return door.recv_bytes(_LARGEST)


def _has_socket_files(folder: Path) -> bool:
    return hasattr(socket, "AF_UNIX") and os.name == "posix" and len(os.fsencode(folder / _SOCKET)) <= _LONGEST_PATH


def _open(folder: Path) -> Listener:
    """Listen where others will look; nobody but this user can reach it, or knows the key."""
    if _has_socket_files(folder):
        # The folder is this user's alone, so the moment before chmod harms nobody.
        (folder / _SOCKET).unlink(missing_ok=True)
        listener = Listener(str(folder / _SOCKET), family="AF_UNIX", backlog=16)
        os.chmod(folder / _SOCKET, 0o600)
        return listener
    listener = Listener(("127.0.0.1", 0), family="AF_INET", backlog=16)
    key = {"port": listener.address[1], "key": secrets.token_hex(32)}
    (folder / _KEY).unlink(missing_ok=True)
    with open(os.open(folder / _KEY, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
        json.dump(key, file)
    return listener


def _knock(folder: Path) -> Connection[Any, Any]:
    """A connection to the process that answers. Raises ModelMissing where no door is, OSError where nobody opens."""
    door = _reach(folder)
    if not _has_socket_files(folder):
        if not door.poll(_PATIENCE_S):
            door.close()
            raise OSError("the process with the encoder does not open its door")
        _, key = _key(folder)
        answer_challenge(door, key)
        deliver_challenge(door, key)
    return door


def _reach(folder: Path) -> Connection[Any, Any]:
    """A connection on which nobody has said a word. Raises ModelMissing where no door is, OSError where it is shut."""
    if not _has_socket_files(folder):
        return Client(("127.0.0.1", _key(folder)[0]), family="AF_INET")
    if not (folder / _SOCKET).exists():
        raise ModelMissing("no process with the encoder runs")
    return Client(str(folder / _SOCKET), family="AF_UNIX")


def _is_known(visitor: Connection[Any, Any], folder: Path) -> bool:
    """Let in whoever could open the socket file; at a port, whoever knows the key."""
    if _has_socket_files(folder):
        return True
    _, key = _key(folder)
    deliver_challenge(visitor, key)
    answer_challenge(visitor, key)
    return True


def _key(folder: Path) -> tuple[int, bytes]:
    try:
        found = json.loads((folder / _KEY).read_text(encoding="utf-8"))
        return int(found["port"]), str(found["key"]).encode()
    except FileNotFoundError:
        raise ModelMissing("no process with the encoder runs") from None


def _answers(folder: Path) -> bool:
    """Whether some process stands behind the door already."""
    try:
        _knock(folder).close()
    except (OSError, EOFError, AuthenticationError, ValueError, LookupError, ModelMissing):
        return False
    return True
