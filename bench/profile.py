#!/usr/bin/env python3
"""Records which paths of Sluice are hot, for the compiler (-fprofile-use): cmake/release.profdata.

An instrumented binary proxies small, middle and large answers, with and without its access log, over HTTP/1.1, TLS,
WebSocket tunnels, HTTP/2 and as gRPC. What was recorded of a function that changed since is ignored, so that an old
record costs nothing but its gain."""

import os
import pathlib
import subprocess
import sys
import tempfile

import peers
import protocols

SIZES = (128, 16 * 1024, 1024 * 1024)
SECONDS = 2


def train(instrumented, load, raw):
  os.environ["LLVM_PROFILE_FILE"] = str(raw / "%p-%m.profraw")
  for name, clients in (("sluice", "http"), ("sluice-log", "http"), ("sluice", "tls"), ("sluice", "websocket")):
    for size in SIZES:
      with tempfile.TemporaryDirectory(prefix="sluice-profile-") as folder:
        running = peers.start(name, instrumented, folder, None, peers.Settings(clients=clients))
        try:
          figures = peers.load_result(peers.start_load(running, load, size, None, 0.2, SECONDS))
          print(f"profile: {name}, {clients}, {size} B: {figures['rps']:.0f} requests/s", file=sys.stderr)
        finally:
          running.stop()
  for kind in ("h2", "grpc"):
    with tempfile.TemporaryDirectory(prefix="sluice-profile-") as folder:
      bench = protocols.Bench(folder, kind, instrumented.sluice)
      try:
        for size, (_, count) in protocols.KINDS[kind].items():
          bench.once("sluice", size, count)
          print(f"profile: {kind}, {size} B: {count} requests", file=sys.stderr)
      finally:
        bench.stop()


def main():
  build = peers.REPOSITORY / "build"
  output = peers.REPOSITORY / "cmake" / "release.profdata"
  with tempfile.TemporaryDirectory(prefix="sluice-profile-") as folder:
    raw = pathlib.Path(folder)
    train(peers.Programs(build / "profile"), peers.Programs(build / "release"), raw)
    records = sorted(raw.glob("*.profraw"))
    if not records:
      raise peers.PeerError("the instrumented binary recorded nothing")
    output.parent.mkdir(exist_ok=True)
    subprocess.run(["llvm-profdata-19", "merge", "--sparse", "-o", output, *records], check=True)
  print(f"profile: wrote {output.relative_to(peers.REPOSITORY)}, {output.stat().st_size // 1024} KiB", file=sys.stderr)


if __name__ == "__main__":
  try:
    main()
  except peers.PeerError as error:
    sys.exit(f"profile: {error}")
