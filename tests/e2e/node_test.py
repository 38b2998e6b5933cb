"""The node as its operators see it: start, reload, drain, status, logs."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import threading
import time
import unittest

from support import BINARY, ROOT, GatewayTest, free_port, ok, read_all, read_answer, service, wait_until


class Starting(GatewayTest):

  def fails(self, *arguments):
    begun = time.monotonic()
    done = subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=10, check=False)
    self.assertNotEqual(done.returncode, 0)
    # A second for the plain build; sanitizers take their own time.
    self.assertLess(time.monotonic() - begun, 5)
    return done.stderr

  def test_a_taken_port_is_named_with_a_remedy(self):
    gateway = self.gateway(service(1))
    taken = socket.create_server(("127.0.0.1", 0))
    self.addCleanup(taken.close)
    gateway.write({"services": []}, {"listeners": [{"address": f"127.0.0.1:{taken.getsockname()[1]}"}],
                                     "status": None})

    said = self.fails("run", gateway.file)

    self.assertIn(f"cannot bind 127.0.0.1:{taken.getsockname()[1]}: Address already in use; another process", said)

  def test_a_bad_file_is_shown_line_by_line(self):
    gateway = self.gateway(service(1))
    path = os.path.join(gateway.folder.name, "bad.yaml")
    pathlib.Path(path).write_text('_format_version: "3.0"\nservices:\n- {name: a, url: "http://h", retrys: 3}\n')

    said = self.fails("run", path)

    self.assertRegex(said, r'bad.yaml:3:\d+: services\[0\].*: unknown field "retrys", did you mean "retries"\?')
    self.assertEqual(said, self.fails("check", path))
    self.assertIn("missing.yaml", self.fails("run", "missing.yaml"))

  def test_an_unwritable_log_is_an_error(self):
    gateway = self.gateway(service(1))
    gateway.write({"services": []}, {"access_log": {"path": "/nowhere/log"}, "status": None,
                                     "listeners": [{"address": f"127.0.0.1:{free_port()}"}]})

    self.assertIn("cannot write the access log /nowhere/log", self.fails("run", gateway.file))

  def test_examples_load(self):
    for example in sorted((ROOT / "examples").glob("*.yaml")):
      subprocess.run([BINARY, "check", str(example)], check=True, capture_output=True, timeout=10)


class Reloading(GatewayTest):

  def setUp(self):
    self.origin = self.upstream(lambda head, _: ok(head.split(" ")[1].encode()))

  def reloads(self, gateway):
    return json.loads(gateway.status()[1])["configuration"]

  def test_new_routes_are_served_and_a_bad_file_changes_nothing(self):
    gateway = self.gateway(service(self.origin.port, route={"paths": ["/old"]}))
    gateway.write({"services": [service(self.origin.port, route={"paths": ["/new"]})]})
    gateway.signal(signal.SIGHUP)
    wait_until(lambda: self.reloads(gateway)["reloads"] == 1, "the reload")
    self.assertTrue(gateway.get("/new").startswith(b"HTTP/1.1 200 "))
    self.assertTrue(gateway.get("/old").startswith(b"HTTP/1.1 404 "))

    gateway.write({"services": [{"name": "x", "url": "http://h", "port": "many"}]})
    gateway.signal(signal.SIGHUP)
    wait_until(lambda: self.reloads(gateway)["reloads_failed"] == 1, "the refusal")

    self.assertTrue(gateway.get("/new").startswith(b"HTTP/1.1 200 "))
    self.assertIn("services[0].port", self.reloads(gateway)["last_problem"])
    self.assertIn("the old one stays in force", gateway.said())

  def test_a_watched_file_is_loaded_when_it_changes(self):
    gateway = self.gateway(service(self.origin.port, route={"paths": ["/old"]}), gateway={"watch": True})

    gateway.write({"services": [service(self.origin.port, route={"paths": ["/new"]})]})

    wait_until(lambda: gateway.get("/new").startswith(b"HTTP/1.1 200 "), "the new route")

  def test_listeners_come_and_go_and_their_exchanges_end(self):
    hanging = threading.Event()
    slow = self.upstream(lambda head, _: ok(b"late") if hanging.wait(20) else None)
    gateway = self.gateway(service(slow.port))
    connection = gateway.raw(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", False)
    wait_until(lambda: slow.heads, "the request")
    second = free_port()

    gateway.write({"services": [service(slow.port)]}, {"listeners": [{"address": f"127.0.0.1:{second}"}]})
    gateway.signal(signal.SIGHUP)
    wait_until(lambda: self.reloads(gateway)["reloads"] == 1, "the reload")

    socket.create_connection(("127.0.0.1", second), timeout=5).close()

    def refused():
      try:
        socket.create_connection(("127.0.0.1", gateway.port), timeout=5).close()
      except ConnectionRefusedError:
        return True
      return False

    wait_until(refused, "the old port to refuse")
    hanging.set()
    answer = read_all(connection)
    self.assertTrue(answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"late"), answer)
    self.assertIn(b"\r\nConnection: close\r\n", answer)

  def test_no_request_fails_while_files_are_loaded(self):
    gateway = self.gateway(service(self.origin.port))
    stop, failures, served = threading.Event(), [], [0]

    def ask():
      connection = gateway.connect()
      while not stop.is_set():
        connection.sendall(b"GET /x HTTP/1.1\r\nHost: h\r\n\r\n")
        answer = read_answer(connection)
        served[0] += 1
        if not answer.startswith(b"HTTP/1.1 200 "):
          failures.append(answer)
          return

    clients = [threading.Thread(target=ask) for _ in range(4)]
    for client in clients:
      client.start()
    for count in range(1, 11):
      gateway.write({"services": [service(self.origin.port), service(1, f"other-{count}", route={"paths": ["/o"]})]})
      gateway.signal(signal.SIGHUP)
      wait_until(lambda wanted=count: self.reloads(gateway)["reloads"] >= wanted, "a reload")
    stop.set()
    for client in clients:
      client.join()

    self.assertEqual(failures, [])
    self.assertGreater(served[0], 10)


class Draining(GatewayTest):

  def test_sigterm_ends_what_is_in_flight_and_nothing_else_begins(self):
    hanging = threading.Event()
    slow = self.upstream(lambda head, _: ok(b"late") if hanging.wait(20) else None)
    gateway = self.gateway(service(slow.port), gateway={"drain": {"delay": 0.2, "limit": 15}})
    idle = gateway.connect()
    connection = gateway.raw(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", False)
    wait_until(lambda: slow.heads, "the request")

    gateway.signal(signal.SIGTERM)
    wait_until(lambda: gateway.status("/status/ready") == (503, '{"message":"draining"}'), "not ready")
    self.assertEqual(read_all(idle), b"")
    hanging.set()
    answer = read_all(connection)

    self.assertTrue(answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"late"), answer)
    self.assertIn(b"\r\nConnection: close\r\n", answer)
    self.assertEqual(gateway.process.wait(20), 0)

  def test_drain_limit_cuts_what_does_not_end(self):
    stuck = self.upstream(lambda head, connection: connection.recv(1) and None)
    gateway = self.gateway(service(stuck.port), gateway={"drain": {"limit": 0.2}})
    gateway.raw(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", False)
    wait_until(lambda: stuck.heads, "the request")

    gateway.signal(signal.SIGTERM)

    self.assertEqual(gateway.process.wait(20), 1)


class Watching(GatewayTest):

  def test_status_metrics_and_log_agree(self):
    upstream = self.upstream(lambda head, _: ok(b"12345", b"Set-Cookie: secret=1\r\n"))
    gateway = self.gateway(service(upstream.port, route={"paths": ["/served"]}), gateway={"workers": 1})
    gateway.get("/served?q=\"1", "Authorization: Basic c2VjcmV0\r\nX-Odd: a\tb\r\n")
    gateway.raw(b"NONSENSE \x01\r\n\r\n")
    gateway.get("/nothing")

    lines = gateway.log_lines(3)
    self.assertEqual([line["response"]["status"] for line in lines], [200, 400, 404])
    first = lines[0]
    self.assertEqual(first["request"]["headers"]["authorization"], "REDACTED")
    self.assertEqual(first["response"]["headers"]["set-cookie"], "REDACTED")
    self.assertNotIn("via", first["request"]["headers"])
    self.assertEqual((first["request"]["method"], first["request"]["uri"], first["request"]["querystring"]),
                     ("GET", "/served?q=\"1", "q=\"1"))
    self.assertEqual((first["upstream_status"], first["source"], first["route"]["name"], first["service"]["name"]),
                     (200, "upstream", "s-route", "s"))
    self.assertEqual(set(first["latencies"]), {"kong", "proxy", "request", "receive"})
    self.assertEqual((first["tries"][0]["ip"], first["tries"][0]["port"]), ("127.0.0.1", upstream.port))
    self.assertEqual(lines[1]["error"], "bad_request")

    metrics = gateway.status("/metrics")[1]
    self.assertRegex(metrics, r'kong_nginx_requests_total\{node_id="[0-9a-f-]{36}",subsystem="http"\} 3\n')
    self.assertIn('sluice_responses_total{class="4xx"} 2\n', metrics)
    self.assertIn('sluice_errors_total{error="no_route"} 1\n', metrics)
    self.assertEqual(json.loads(gateway.status()[1])["server"]["total_requests"], 3)
    self.assertEqual(gateway.status("/other")[0], 404)

  def test_names_are_resolved_and_weights_shared(self):
    heads = []
    a = self.upstream(lambda head, _: heads.append("a") or ok())
    b = self.upstream(lambda head, _: heads.append("b") or ok())
    gateway = self.gateway(
        {"name": "s", "host": "pair", "routes": [{"name": "r", "paths": ["/"]}]}, gateway={"workers": 1},
        upstreams=[{"name": "pair", "targets": [{"target": f"localhost:{a.port}", "weight": 300},
                                                {"target": f"127.0.0.1:{b.port}", "weight": 100}]}])

    for _ in range(8):
      self.assertTrue(gateway.get().startswith(b"HTTP/1.1 200 "))

    self.assertEqual((heads.count("a"), heads.count("b")), (6, 2))


if __name__ == "__main__":
  unittest.main()
