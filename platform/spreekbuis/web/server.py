"""Settings of the web server, gunicorn. It writes no access log: ours has no addresses."""

import gc
import os

bind = f"127.0.0.1:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_WORKERS", "2"))
worker_class = "gthread"
threads = 8
preload_app = True
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: PTH112, S108 (heartbeats in memory)
control_socket_disable = True
accesslog = None
loglevel = "warning"
timeout = 60
graceful_timeout = 20
keepalive = 5
limit_request_line = 4094
limit_request_fields = 60
proc_name = "spreekbuis"


def when_ready(_server: object) -> None:
    """Before the workers fork: the garbage collector leaves alone what was loaded, so it stays shared and is not
    searched again at each request.
    """
    gc.collect()
    gc.freeze()
