#!/usr/bin/env python3
"""How many instructions a request takes whose route has no plugins, alone and beside 1,000 routes that have some.

Callgrind counts those of a whole run; what start and end take falls out of the difference between two runs with
different numbers of requests. Fails where other routes' plugins cost a request more than the counts vary by."""

import http.client
import json
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

import peers

ROUTES = 1000
REQUESTS = (1000, 3000)
TOLERANCE = 0.005
PLUGINS = ["key-auth", "cors", "correlation-id", "request-transformer", "response-transformer"]


def configuration(ports, plugins):
  upstream, port, status = ports
  other = [{"name": f"r{number}", "paths": [f"/other/{number:04}"],
            "plugins": [{"name": name} for name in plugins]} for number in range(ROUTES)]
  return {
      "_format_version": "3.0",
      "services": [{"name": "s", "url": f"http://127.0.0.1:{upstream}",
                    "routes": [{"name": "plain", "paths": ["/plain"]}, *other]}],
      "gateway": {"workers": 1, "listeners": [{"address": f"127.0.0.1:{port}"}],
                  "status": {"address": f"127.0.0.1:{status}"}, "access_log": None},
  }


def ask(port, count):
  connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
  for _ in range(count):
    connection.request("GET", "/plain")
    answer = connection.getresponse()
    answer.read()
    if answer.status != 200:
      raise peers.PeerError(f"got status {answer.status}")
  connection.close()


def instructions(sluice, file, port, count):
  """Of one run with that many requests."""
  command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", sluice, "run", file]
  with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as node:
    limit = time.monotonic() + 120
    while True:
      try:
        ask(port, 1)
        break
      except OSError:
        if node.poll() is not None or time.monotonic() > limit:
          raise peers.PeerError("sluice does not answer under valgrind") from None
        time.sleep(0.1)
    ask(port, count)
    node.send_signal(signal.SIGTERM)
    return int(re.search(r"Collected : (\d+)", node.communicate(timeout=120)[1])[1])


def per_request(sluice, folder, ports, plugins):
  file = pathlib.Path(folder) / "sluice.yaml"
  file.write_text(json.dumps(configuration(ports, plugins)))
  few, many = (instructions(sluice, file, ports[1], count) for count in REQUESTS)
  return (many - few) / (REQUESTS[1] - REQUESTS[0])


def main():
  sluice = peers.Programs(peers.REPOSITORY / "build" / "release").sluice
  ports = peers.free_ports(3)
  with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder, \
      subprocess.Popen([sluice, "echo", "--listen", f"127.0.0.1:{ports[0]}"], stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL) as echo:
    try:
      alone = per_request(sluice, folder, ports, [])
      beside = per_request(sluice, folder, ports, PLUGINS)
    finally:
      echo.terminate()
  print(f"instructions a request: {alone:.0f} without plugins anywhere, {beside:.0f} beside {ROUTES} routes with "
        f"{len(PLUGINS)} plugins each")
  return 0 if abs(beside - alone) <= TOLERANCE * alone else 1


if __name__ == "__main__":
  try:
    sys.exit(main())
  except peers.PeerError as error:
    sys.exit(f"instructions: {error}")
