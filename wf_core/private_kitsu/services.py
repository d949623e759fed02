"""Redis and Zou's web server for a private Kitsu: how each is started and asked.

Both listen on 127.0.0.1 only. Zou's socket is bound here and handed over, so its port cannot be
taken by somebody else in between.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
from pathlib import Path

from wf_core.errors import ServerError
from wf_core.private_kitsu.database import LIVE, USER
from wf_core.private_kitsu.environment import ZouEnvironment
from wf_core.private_kitsu.home import Home, write_private
from wf_core.private_kitsu.processes import Identity, is_alive, spawn, wait_until
from wf_core.private_kitsu.venvs import tail

__all__ = [
    "STOP_REDIS",
    "STOP_ZOU",
    "bind",
    "flush_redis",
    "free_port",
    "ping",
    "start_redis",
    "start_zou",
    "zou_environment",
]

STOP_REDIS = (("SIGTERM", 10.0), ("SIGKILL", 5.0))
STOP_ZOU = (("SIGTERM", 10.0), ("SIGKILL", 5.0))

# Below the ports systems give to outgoing connections, so that none of those sits on ours.
_FIRST_PORT, _LAST_PORT = 21000, 29999

# Redis is recognized by its command line, which a title would replace.
_REDIS_CONF = """\
set-proc-title no
bind 127.0.0.1
port {port}
dir "{folder}"
requirepass {password}
daemonize no
save 60 1
loglevel notice
"""


def bind(preferred: int) -> socket.socket:
    """A socket listening on loopback: on the preferred port, else on another free one.

    Raises:
        ServerError: no port is free.
    """
    for port in _ports(preferred):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            # A port whose last owner is gone still has connections closing for a minute.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", port))
            listener.listen(2048)
        except OSError:
            listener.close()
            continue
        return listener
    raise ServerError(f"No port between {_FIRST_PORT} and {_LAST_PORT} is free on 127.0.0.1.")


def free_port(preferred: int) -> int:
    """A port on loopback that was free a moment ago: the preferred one, if possible."""
    with bind(preferred) as listener:
        return int(listener.getsockname()[1])


def start_redis(home: Home, zou: ZouEnvironment, password: str, port: int) -> Identity:
    """Start Redis and wait until it answers.

    Raises:
        ServerError: it did not come up; its log says why.
    """
    text = _REDIS_CONF.format(port=port, folder=home.redis, password=password)
    write_private(home.redis_conf, text)
    log = home.log("redis")
    process = spawn([str(zou.redis), str(home.redis_conf)], log=log, cwd=home.redis, env=_plain())
    wait_until(lambda: not is_alive(process) or _redis(port, password, "PING") == "+PONG", 30)
    if not is_alive(process) or _redis(port, password, "PING") != "+PONG":
        raise ServerError(f"Redis did not start: {tail(log)}", hint=f"The whole log: {log}")
    return process


def flush_redis(port: int, password: str) -> None:
    """Forget every session and cached record.

    Raises:
        ServerError: Redis does not answer.
    """
    if _redis(port, password, "FLUSHALL") != "+OK":
        raise ServerError("Redis does not answer; caches of the old database remain in it.")


def start_zou(
    home: Home, zou: ZouEnvironment, listener: socket.socket, *, workers: int
) -> Identity:
    """Start Zou's web server on a listening socket and wait until it answers.

    Raises:
        ServerError: it did not come up; its log says why.
    """
    settings = Path(__file__).with_name("gunicorn_settings.py")
    write_private(home.gunicorn_conf, settings.read_text(encoding="utf-8"))
    log = home.log("zou")
    address = ["-b", f"fd://{listener.fileno()}"]
    process = spawn(
        [str(zou.python), "-m", "gunicorn", "-c", str(home.gunicorn_conf), *address, "zou.app:app"],
        log=log,
        cwd=home.zou,
        env={**zou_environment(home, database=LIVE), "WEB_CONCURRENCY": str(workers)},
        pass_fds=[listener.fileno()],
    )
    port = int(listener.getsockname()[1])
    wait_until(lambda: not is_alive(process) or ping(port), 120, every=0.1)
    if not is_alive(process) or not ping(port):
        raise ServerError(f"Zou did not start: {tail(log)}", hint=f"The whole log: {log}")
    return process


def ping(port: int, seconds: float = 5.0) -> bool:
    """Whether a Zou answers on this port of loopback."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request("GET", "/")
        answer = connection.getresponse()
        document = json.loads(answer.read(65536))
    except (OSError, ValueError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return isinstance(document, dict) and document.get("api") == "Zou"


def zou_environment(home: Home, *, database: str) -> dict[str, str]:
    """The environment Zou runs in: everything it reads is set, nothing of ours leaks in.

    CACHE_TYPE stays unset: an empty one breaks Zou's start, and without it Redis is used.
    """
    known = home.secrets()
    return _plain() | {
        "SECRET_KEY": known.secret_key,
        "DB_HOST": "127.0.0.1",
        "DB_PORT": str(known.database_port),
        "DB_USERNAME": USER,
        "DB_PASSWORD": known.database_password,
        "DB_DATABASE": database,
        "KV_HOST": "127.0.0.1",
        "KV_PORT": str(known.redis_port),
        "KV_PASSWORD": known.redis_password,
        "PREVIEW_FOLDER": str(home.previews),
        "TMP_DIR": str(home.tmp),
        "PLUGIN_FOLDER": str(home.zou / "plugins"),
        "EVENT_HANDLERS_FOLDER": str(home.zou / "event_handlers"),
        "MAIL_ENABLED": "false",
        "MAIL_CHECK_DELIVERABILITY": "false",  # asks the internet about a person's domain
        "BCRYPT_LOG_ROUNDS": "4",
        "IS_SELF_HOSTED": "false",  # no statistics to Kitsu's makers from a private server
        "DOMAIN_NAME": f"127.0.0.1:{known.port}",
        "DOMAIN_PROTOCOL": "http",
    }


def _ports(preferred: int) -> list[int]:
    span = _LAST_PORT - _FIRST_PORT + 1
    start = int.from_bytes(os.urandom(4), "big") % span
    others = [_FIRST_PORT + (start + step * 37) % span for step in range(500)]
    return [preferred, *others] if preferred else others


def _redis(port: int, password: str, command: str) -> str:
    """The answer to one command without arguments, in Redis's inline form."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(f"AUTH {password}\r\n{command}\r\n".encode())
            lines = connection.makefile("r", encoding="ascii", newline="\r\n")
            if lines.readline().strip() != "+OK":
                return ""
            return lines.readline().strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _plain() -> dict[str, str]:
    kept = ("PATH", "HOME", "TMPDIR", "TZ", "SSL_CERT_FILE")
    found = {name: os.environ[name] for name in kept if name in os.environ}
    return found | {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "PYTHONUNBUFFERED": "1"}
