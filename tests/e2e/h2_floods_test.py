"""Floods of HTTP/2, each by attackers that come again, while a victim and a canary are served on connections of their
own: only connections that attack are closed, and the invariants I1 to I8 hold.

  I1  the origin sees the requests that the gateway's log says it forwarded, each once, and nothing else
  I2  the canary is answered all the time
  I3  memory grows by no more than the connections that attack may take, and comes back
  I4  an attack of a megabit a second costs next to no processor time
  I5  the victim's p99 is at most three times what it is beside a neighbour who is as busy and means well
  I6  descriptors and threads are what they were
  I7  the access log has one line of JSON for each request, without control bytes
  I8  what has no valid key does not pass key-auth

`./dev flood` plays each flood for ten seconds on a release binary, with strict limits, and prints a table;
`./dev flood 10 2.4 2.5` those of two scripts. Without it: SLUICE_FLOOD_SECONDS=10 SLUICE_FLOOD_SCRIPTS="2.4 2.5"
SLUICE_BINARY=build/release/sluice python3 tests/e2e/h2_floods_test.py. By default each lasts a few tenths of a second,
and limits on time are generous (h2_flood.py)."""

import json
import os
import pathlib
import subprocess
import sys
import time
import unittest

from h2_attackers import ATTACKERS, FLOODS, NEIGHBOUR, SCRIPTS
from h2_flood import (CANARY_EVERY, LIMITS, MEGABIT, SECONDS, STRICT, VICTIM_EVERY, AccessLog, Gauge, Look, Served,
                      all_faults, closed_faults, framing_faults, served_faults)
from h2_flood_origin import ATTACKER, KEY
from h2_wire import Client
from support import PATIENCE, GatewayTest, free_port, wait_until

FOLDER = pathlib.Path(__file__).parent
ONLY = os.environ.get("SLUICE_FLOOD_SCRIPTS", "").split()
KEPT_MAX = 512  # Idle connections to one address, by default.
QUIET = None
WARM_UP_SECONDS = 1
HEADING = f"""{'':40} at full speed: a victim's median, p99 and worst, the canary's worst (ms), MB above cold, cores,
{'':40} MB sent, connections closed | at 1 Mbit/s: p99 (ms), cores | behind it: MB of memory, descriptors,
{'':40} threads | lines of the log, requests at the origin, refused for their key"""


class Child:
  """A Python program beside the test that answers lines with lines."""

  def __init__(self, test, *command):
    self.process = subprocess.Popen([sys.executable, *map(str, command)], stdin=subprocess.PIPE,
                                    stdout=subprocess.PIPE, text=True)
    test.addCleanup(self.process.communicate)

  def line(self):
    return json.loads(self.process.stdout.readline())

  def ask(self, *words):
    self.process.stdin.write(" ".join(map(str, words)) + "\n")
    self.process.stdin.flush()
    return self.line()


class Floods(GatewayTest):

  def setUp(self):
    self.origin = Child(self, FOLDER / "h2_flood_origin.py")
    hostile = free_port()
    services = [
        {"name": "origin", "url": f"http://127.0.0.1:{self.origin.line()}", "routes": [
            {"name": "attack", "paths": ["/attack"], "strip_path": False, "plugins": [{"name": "key-auth"}]},
            {"name": "served", "paths": ["/victim", "/canary"], "strip_path": False}]},
        {"name": "hostile", "url": f"http://127.0.0.1:{hostile}", "protocol_version": 2, "retries": 0,
         "connect_timeout": 1000, "routes": [{"name": "hostile", "paths": ["/hostile"]}]}]
    # One worker: whoever attacks shares it with the victims. Connections to the origin are kept for a second, so that
    # descriptors soon are what they were.
    self.gate = self.gateway(*services, consumers=[{"username": ATTACKER, "keyauth_credentials": [{"key": KEY}]}],
                             gateway={"workers": 1, "timeouts": {"header": 3},
                                      "upstream": {"keepalive_idle_timeout": 1}},
                             listener={"h2c": True})
    self.attackers = Child(self, FOLDER / "h2_attackers.py", self.gate.port, hostile)
    self.gauge, self.log = Gauge(self.gate.process.pid), AccessLog(self.gate.log)
    self.requests = 0  # That ended before what is looked at.
    self.cold = self.gauge.memory()
    self.grown = {}  # What the warm-up finds, by index.

  # What is measured ------------------------------------------------------------------------------------------------

  def look(self, index, seconds, rate=0):
    """A victim by HTTP/2 and a canary by HTTP/1.1 while something happens."""
    clients = [Client(self.gate.connect()), self.gate.client()]

    def ask_as(client, name):
      return lambda count: self.assertEqual(client.get(f"/{name}/{count}").body, f"/{name}/{count}".encode())

    before = self.reset_peak()
    spent, begun = self.gauge.processor(), time.monotonic()
    victim = Served(ask_as(clients[0], "victim"), VICTIM_EVERY)
    canary = Served(ask_as(clients[1], "canary"), min(CANARY_EVERY, seconds / 5))
    if index is QUIET:
      attack = {"bytes": 0, "closed": 0, "asked": 0}
      time.sleep(seconds)
    else:
      attack = self.attackers.ask(index, seconds, rate)
    took = time.monotonic() - begun
    cores = (self.gauge.processor() - spent) / took
    for served, client in zip((victim, canary), clients):
      served.stop()
      client.connection.close()
    return Look(attack, took, victim, canary, cores, self.gauge.peak() - self.cold, self.growth_faults(before))

  def reset_peak(self):
    self.gauge.reset_peak()
    return self.gauge.memory()

  def growth_faults(self, before):
    """I3. Who stays within what another flood has left is not to blame."""
    peak = self.gauge.peak()
    grown = peak > before and peak - self.cold > ATTACKERS * LIMITS.memory_each + LIMITS.memory_all
    return [f"I3 {(peak - self.cold) / 1e6:.1f} MB more memory"] if grown else []

  def server(self):
    return json.loads(self.gate.status()[1])["server"]

  def settled(self):
    """The lines of the log and what the origin saw since the last time, once all connections are closed."""
    wait_until(lambda: self.server()["connections_active"] == 0, "the end of all that attacked")
    ended = self.server()["total_requests"]
    fresh, self.requests = ended - self.requests, ended
    wait_until(lambda: self.log.count() >= fresh, f"{fresh} lines of the log: it has {self.log.count()}")
    lines, faults = self.log.take()
    if len(lines) != fresh:
      faults.append(f"{len(lines)} lines for {fresh} requests")
    return lines, [f"I7 {fault}" for fault in faults], self.origin.ask()

  def take_times(self):
    """The baselines of what depends on time: quiet, and beside neighbours."""
    self.quiet, self.neighbour = self.look(QUIET, SECONDS), self.look(NEIGHBOUR, SECONDS)
    for what, look in (("(quiet)", self.quiet), ("(busy neighbours)", self.neighbour)):
      self.assertEqual(served_faults(look), [])
      self.say(what, look)
    lines, faults, origin = self.settled()
    self.assertEqual(faults + framing_faults(lines, origin) + closed_faults(lines), [])

  def take_baseline(self):
    self.look(NEIGHBOUR, SECONDS)
    self.cold = self.gauge.memory()
    if STRICT:
      # What an allocator keeps of what was once in use at a time does not come back, and must not grow either: the
      # memory that others have to come back to is that behind all floods, each played for a moment.
      for index in range(len(FLOODS)):
        before = self.reset_peak()
        self.attackers.ask(index, WARM_UP_SECONDS, 0)
        self.grown[index] = self.growth_faults(before)
    self.settled()
    self.take_times()
    if STRICT:
      time.sleep(3)  # Idle connections to the origin go after one second.
    self.before = {name: getattr(self.gauge, name)() for name in ("descriptors", "threads", "memory")}
    self.say_before()

  # What must hold --------------------------------------------------------------------------------------------------

  def check(self, index):
    """([what does not hold], [what does not hold and depends on time])."""
    flood = FLOODS[index]
    full = self.look(index, SECONDS)
    lines, faults, origin = self.settled()
    faults += all_faults(full, lines, origin)
    if flood.closes and not full.attack["closed"] and not self.closes(index):
      faults.append("the connection that attacks goes on")
    faults += full.grown + self.grown.get(index, [])
    if origin["peak"] > ATTACKERS * 100 + KEPT_MAX + 2:  # In use, and kept.
      faults.append(f"I1 {origin['peak']} connections to the origin")
    timed = self.time_faults(full)
    paced = None
    if STRICT:
      paced = self.look(index, SECONDS / 2, MEGABIT)
      timed += self.cost_faults(paced)
      more_lines, more, more_origin = self.settled()
      faults += paced.grown + more + all_faults(paced, more_lines, more_origin) + self.return_faults()
    self.say(flood, full, paced, lines, origin)
    return faults, timed

  def closes(self, index):
    """Attackers who had no processor time get more of it: theirs is what the others leave."""
    return any(self.attackers.ask(index, seconds, 0)["closed"] for seconds in (1, 3, 10))

  def time_faults(self, look):
    faults = []
    if look.canary.at(1) > LIMITS.canary:
      faults.append(f"I2 the canary waited {look.canary.at(1):.3f} s")
    bound = LIMITS.fairness * max(self.neighbour.victim.at(0.99), LIMITS.p99_floor)
    if STRICT and look.victim.at(0.99) > bound:
      faults.append(f"I5 the victim's p99 is {look.victim.at(0.99):.3f} s, of {bound:.3f}")
    return faults

  def cost_faults(self, paced):
    """At a megabit a second: what the victims cost is not the attack's."""
    faults = []
    cores, bound = paced.processor - self.quiet.processor, ATTACKERS * LIMITS.cores
    if cores > bound:
      faults.append(f"I4 a megabit a second costs {cores:.3f} cores, of {bound:.3f}")
    bound = LIMITS.fairness * max(self.quiet.victim.at(0.99), LIMITS.p99_floor)
    if paced.victim.at(0.99) > bound:
      faults.append(f"I5 at a megabit a second the victim's p99 is {paced.victim.at(0.99):.3f} s, of {bound:.3f}")
    return faults

  def return_faults(self):
    """I6, and the second half of I3."""
    faults, begun = [], time.monotonic()
    bounds = [("I6", "descriptors", self.before["descriptors"], LIMITS.returns_in),
              ("I6", "threads", self.before["threads"], LIMITS.returns_in)]
    if STRICT:
      bounds.append(("I3", "memory", self.before["memory"] * LIMITS.memory_kept, LIMITS.memory_returns_in))
    for which, name, most, seconds in bounds:
      read = getattr(self.gauge, name)
      while read() > most and time.monotonic() < begun + seconds:
        time.sleep(0.05)
      if read() > most:
        faults.append(f"{which} {name}: {read()} after {seconds} s, {self.before[name]} before")
        self.before[name] = read()  # Those behind it are not to blame.
    return faults

  # What is told -----------------------------------------------------------------------------------------------------

  def say_before(self):
    if STRICT:
      print(f"{self.cold / 1e6:.1f} MB cold; before: {self.before['memory'] / 1e6:.1f} MB, "
            f"{self.before['descriptors']} descriptors, {self.before['threads']} threads\n{HEADING}", flush=True)

  def say(self, what, full, paced=None, lines=None, origin=None):
    if not STRICT:
      return
    text = (f"{str(what):40} {full.say()} {full.growth / 1e6:5.1f} {full.processor:5.2f}"
            f" {full.attack['bytes'] / 1e6:7.1f}")
    if paced:
      refused = sum(line.status == 401 for line in lines.values())
      text += (f" {full.attack['closed']:6} | {paced.victim.at(0.99) * 1000:6.1f}"
               f" {paced.processor - self.quiet.processor:6.3f} | {self.gauge.memory() / 1e6:5.1f}"
               f" {self.gauge.descriptors():3} {self.gauge.threads():2} | {len(lines):7}"
               f" {len(origin['answered']) + len(origin['held']):7} {refused:6}")
    print(text, flush=True)

  def stand(self, index):
    faults, timed = self.check(index)
    if timed and not faults and STRICT:
      # A machine that did something else meanwhile does so once; a gateway that is slow is slow again.
      self.say("again: " + ", ".join(timed), self.neighbour)
      self.take_times()
      faults, timed = self.check(index)
    self.assertEqual(faults + timed, [])

  def test_floods_leave_the_others_served(self):
    self.take_baseline()
    for index, flood in enumerate(FLOODS):
      if not ONLY or flood.script in ONLY:
        with self.subTest(f"{flood.script} {SCRIPTS[flood.script]}: {flood.what}"):
          self.stand(index)
    with self.subTest("behind all of them"):
      self.assertEqual(self.return_faults(), [])


if __name__ == "__main__":
  unittest.main()
