"""Runs a program on a terminal of its own and types what it is told to, as a person would.

Reads {argv, columns, steps: [{after, type}]} from standard input: each text is typed once the output since the last
one holds `after`. Prints {code, signal, output}; the environment and the directory are those it was started with.
"""
import fcntl
import json
import os
import pty
import select
import struct
import sys
import termios
import time

LIMIT_S = 45

task = json.load(sys.stdin)
pid, terminal = pty.fork()
if pid == 0:
    os.execvpe(task["argv"][0], task["argv"], os.environ)
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, task["columns"], 0, 0))

output = b""
seen = 0
steps = list(task["steps"])
deadline = time.monotonic() + LIMIT_S
while time.monotonic() < deadline:
    readable, _, _ = select.select([terminal], [], [], 0.1)
    if readable:
        try:
            chunk = os.read(terminal, 65536)
        except OSError:
            chunk = b""
        if not chunk:
            break
        output += chunk
    while steps and steps[0]["after"].encode() in output[seen:]:
        after = steps[0]["after"].encode()
        seen += output[seen:].index(after) + len(after)
        os.write(terminal, steps.pop(0)["type"].encode())
else:
    os.kill(pid, 9)

_, status = os.waitpid(pid, 0)
result = {
    "code": os.WEXITSTATUS(status) if os.WIFEXITED(status) else None,
    "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else None,
    "output": output.decode("utf-8", "replace"),
    "untyped": len(steps),
}
json.dump(result, sys.stdout)
