"""Floods of HTTP/2, each by several attackers that come again, while a victim and a canary are served on connections of
their own: only connections that attack are closed, memory stays bounded, and nothing of it reaches another exchange."""

import json
import os
import pathlib
import subprocess
import sys
import threading
import unittest

import h2_flood
from h2_attackers import ATTACKERS, FLOODS
from h2_flood import LATENCY_MAX, MEMORY_ALL, MEMORY_EACH, SECONDS, Served, Watch
from h2_wire import Client
from support import PATIENCE, GatewayTest, ok, service, wait_until

TELLS = "SLUICE_FLOOD_SECONDS" in os.environ
KEPT_MAX = 512  # Idle connections to one address, by default.
SCRIPT = pathlib.Path(__file__).with_name("h2_attackers.py")


class Floods(GatewayTest):

  def setUp(self):
    self.held = threading.Event()
    self.addCleanup(self.held.set)
    self.large = b"x" * 2_000_000
    self.origin = self.upstream(self.answer)
    route = {"paths": ["/attack", "/victim", "/canary"], "strip_path": False}
    self.gate = self.gateway(service(self.origin.port, route=route),
                             gateway={"workers": 1, "timeouts": {"header": 3}}, listener={"h2c": True})
    self.attackers = subprocess.Popen([sys.executable, str(SCRIPT), str(self.gate.port)], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, text=True)
    self.addCleanup(self.attackers.communicate)

  def answer(self, head, connection):
    path = head.split(" ")[1]
    if path == "/attack/held":
      self.held.wait(SECONDS + PATIENCE)
      return None
    return ok(self.large if path == "/attack/large" else path.encode())

  def ask_by_h2(self, victim):
    def ask(count):
      path = f"/victim/{count}"
      self.assertEqual(victim.get(path).body, path.encode())
    return ask

  def ask_by_http_1_1(self, canary):
    return lambda count: self.assertEqual(canary.get(f"/canary/{count}").body, b"/canary/%d" % count)

  def stand(self, index, must_close):
    """One attack, and what must hold meanwhile and behind it."""
    watch = Watch(self.gate.process.pid, self.origin.port)
    clients = [Client(self.gate.connect()), self.gate.client()]
    served = [Served(self.ask_by_h2(clients[0])), Served(self.ask_by_http_1_1(clients[1]))]
    self.attackers.stdin.write(f"{index} {SECONDS}\n")
    self.attackers.stdin.flush()
    attack = json.loads(self.attackers.stdout.readline())
    for each, client in zip(served, clients):
      each.stop()
      client.connection.close()
    watch.stop()
    for each in served:
      self.assertIsNone(each.fault, "a connection that did not attack was not served")
      self.assertGreater(len(each.times), 0)
      self.assertLess(max(each.times), LATENCY_MAX)
    spent = watch.processor() - watch.seconds_before
    if TELLS:
      print(f"    {served[0].say()}; {attack['bytes'] / 1e6:.1f} MB, {attack['closed']} connections closed, "
            f"{(watch.peak - watch.before) / 1e6:.1f} MB more memory, {spent:.1f} s of processor, "
            f"{watch.connections} connections to the origin", flush=True)
    if must_close:
      self.assertGreater(attack["closed"], 0, "the connection that attacks goes on")
    self.assertLess(watch.peak - watch.before, ATTACKERS * MEMORY_EACH + MEMORY_ALL)
    # In use, and kept.
    self.assertLessEqual(watch.connections, ATTACKERS * 100 + KEPT_MAX + 2)
    # A second of processor for each megabit at most, but for what the victims cost.
    self.assertLess(spent, attack["bytes"] * 8 / 1e6 + SECONDS + 2)

  def test_floods_end_where_they_begin(self):
    for index, (number, what, _, must_close) in enumerate(FLOODS):
      with self.subTest(f"{number}: {what}"):
        if TELLS:
          print(f"{number} {what}", flush=True)
        self.stand(index, must_close)
    self.held.set()
    self.invariants_behind_it()

  def invariants_behind_it(self):
    def connections():
      return json.loads(self.gate.status()[1])["server"]["connections_active"]

    wait_until(lambda: connections() == 0, "the end of all that attacked")
    for head in self.origin.heads:
      path = head.split(" ")[1]
      self.assertRegex(path, r"^/(attack|victim|canary)")
      self.assertIn("\r\nX-Kong-Request-Id: ", head)
    self.assertEqual(h2_flood.log_faults(self.gate.log), [])


if __name__ == "__main__":
  unittest.main()
