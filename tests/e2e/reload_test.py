"""Reloads: what changes, what survives, and that a bad file changes nothing."""

import json
import os
import signal
import socket
import threading
import unittest

from support import PATIENCE, GatewayTest, free_port, ok, read_all, read_answer, service, wait_until


class Reloading(GatewayTest):

  def setUp(self):
    self.origin = self.upstream(lambda head, _: ok(head.split(" ")[1].encode()))

  def test_new_routes_are_served_and_a_bad_file_changes_nothing(self):
    gateway = self.gateway(service(self.origin.port, route={"paths": ["/old"]}))
    gateway.write({"services": [service(self.origin.port, route={"paths": ["/new"]})]})
    gateway.signal(signal.SIGHUP)
    wait_until(lambda: gateway.configuration()["reloads"] == 1, "the reload")
    self.assertTrue(gateway.get("/new").startswith(b"HTTP/1.1 200 "))
    self.assertTrue(gateway.get("/old").startswith(b"HTTP/1.1 404 "))

    gateway.write({"services": [{"name": "x", "url": "http://h", "port": "many"}]})
    gateway.signal(signal.SIGHUP)
    wait_until(lambda: gateway.configuration()["reloads_failed"] == 1, "the refusal")

    self.assertTrue(gateway.get("/new").startswith(b"HTTP/1.1 200 "))
    self.assertIn("services[0].port", gateway.configuration()["last_problem"])
    self.assertIn("the old one stays in force", gateway.said())

  def test_logs_that_cannot_be_written_refuse_a_reload(self):
    gateway = self.gateway(service(self.origin.port, route={"paths": ["/old"]}))
    pipe = os.path.join(gateway.folder.name, "pipe")
    os.mkfifo(pipe)
    new = {"services": [service(self.origin.port, route={"paths": ["/new"]})]}
    log = {"path": gateway.log}
    below = {"path": gateway.file + "/log"}  # Below a file there is no folder.
    for settings, why in (({"access_log": below}, f"cannot write the access log {below['path']}: Not a directory"),
                          ({"access_log": log, "log": below}, f"cannot write the log {below['path']}: Not a dir"),
                          ({"log": {"path": pipe}}, f"cannot write the log {pipe}: nobody reads that pipe")):
      with self.subTest(why):
        before = gateway.configuration()["reloads_failed"]
        gateway.write(new, settings)
        gateway.signal(signal.SIGHUP)
        wait_until(lambda: gateway.configuration()["reloads_failed"] > before, "the refusal")
        self.assertIn(why, gateway.configuration()["last_problem"])
        self.assertTrue(gateway.get("/old").startswith(b"HTTP/1.1 200 "))
    gateway.reload(new, {"log": {"path": "/dev/stderr"}})
    self.assertTrue(gateway.get("/new").startswith(b"HTTP/1.1 200 "))
    self.assertEqual(len(gateway.log_lines(4)), 4)

  def test_a_pipe_in_the_place_of_the_file_is_refused(self):
    gateway = self.gateway(service(self.origin.port))
    os.remove(gateway.file)
    os.mkfifo(gateway.file)
    gateway.signal(signal.SIGHUP)
    wait_until(lambda: gateway.configuration()["reloads_failed"] == 1, "the refusal")
    self.assertIn("is no regular file", gateway.configuration()["last_problem"])
    gateway.signal(signal.SIGTERM)
    self.assertEqual(gateway.process.wait(PATIENCE), 0)

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
    wait_until(lambda: gateway.configuration()["reloads"] == 1, "the reload")

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
      wait_until(lambda wanted=count: gateway.configuration()["reloads"] >= wanted, "a reload")
    stop.set()
    for client in clients:
      client.join()

    self.assertEqual(failures, [])
    self.assertGreater(served[0], 10)

  def test_a_new_listener_that_cannot_be_bound_refuses_the_whole_file(self):
    gateway = self.gateway(service(self.origin.port, route={"paths": ["/old"]}))
    taken = socket.create_server(("127.0.0.1", 0))
    self.addCleanup(taken.close)
    other = free_port()

    gateway.write({"services": [service(self.origin.port, route={"paths": ["/new"]})]}, {"listeners": [
        {"address": f"127.0.0.1:{port}"} for port in (gateway.port, other, taken.getsockname()[1])]})
    gateway.signal(signal.SIGHUP)
    wait_until(lambda: gateway.configuration()["reloads_failed"] == 1, "the refusal")

    self.assertIn("Address already in use", gateway.configuration()["last_problem"])
    self.assertEqual(gateway.client().get("/old").status, 200)
    self.assertEqual(gateway.client().get("/new").status, 404)
    with self.assertRaises(ConnectionRefusedError):
      socket.create_connection(("127.0.0.1", other), timeout=PATIENCE)

  def test_idle_connections_on_a_listener_that_stays_survive(self):
    gateway = self.gateway(service(self.origin.port, route={"paths": ["/old"]}))
    client = gateway.client()
    self.assertEqual(client.get("/old").status, 200)

    gateway.reload({"services": [service(self.origin.port, route={"paths": ["/new"]})]})

    self.assertEqual(client.get("/new").status, 200)
    self.assertEqual(client.get("/old").status, 404)

  def test_idle_connections_on_a_listener_that_goes_are_closed(self):
    gateway = self.gateway(service(self.origin.port))
    client = gateway.client()
    client.get()

    gateway.reload({"services": []}, {"listeners": [{"address": f"127.0.0.1:{free_port()}"}]})

    self.assertTrue(client.ended())

  def test_an_exchange_ends_on_the_configuration_that_it_began_with(self):
    go_on = threading.Event()
    slow = self.upstream(lambda head, _: ok(b"late") if go_on.wait(PATIENCE) else None)
    marker = {"name": "correlation-id", "config": {"header_name": "X-Old", "echo_downstream": True}}
    gateway = self.gateway(service(slow.port, "old", plugins=[marker]))
    client = gateway.client()
    client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    wait_until(lambda: slow.heads, "the request")

    gateway.reload({"services": []})
    go_on.set()
    answer = client.response()

    self.assertEqual((answer.status, answer.body), (200, b"late"))
    self.assertIsNotNone(answer.get("X-Old"))
    self.assertEqual(gateway.log_lines(1)[0]["service"]["name"], "old")
    self.assertEqual(client.get().status, 404)

  def test_an_upload_and_a_tunnel_survive(self):
    def script(head, connection):
      stream = upstream.stream_of(connection)
      if "Upgrade" in head:
        connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
        return stream.exactly(4)
      return ok(stream.exactly(8))

    upstream = self.upstream(script)
    gateway = self.gateway(service(upstream.port))
    upload, tunnel = gateway.client(), gateway.client()
    upload.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 8\r\n\r\nhalf")
    self.assertEqual(tunnel.ask(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n").status, 101)
    wait_until(lambda: len(upstream.heads) == 2, "both requests")

    for _ in range(3):
      gateway.reload({"services": []})
    upload.send(b"half")
    tunnel.send(b"ping")

    self.assertEqual(upload.response().body, b"halfhalf")
    self.assertEqual(tunnel.stream.exactly(4), b"ping")

  def test_pools_and_counters_survive(self):
    gateway = self.gateway(service(self.origin.port), gateway={"workers": 1})
    gateway.client().get()

    gateway.reload({"services": [service(self.origin.port)]})
    gateway.client().get()

    self.assertEqual(len(self.origin.streams), 1)
    self.assertEqual(json.loads(gateway.status()[1])["server"]["total_requests"], 2)

  def test_the_status_api_moves(self):
    gateway = self.gateway(service(self.origin.port))
    moved = free_port()
    gateway.write({"services": [service(self.origin.port)]}, {"status": {"address": f"127.0.0.1:{moved}"}})
    gateway.signal(signal.SIGHUP)
    gateway.status_port = moved

    wait_until(lambda: gateway.status("/status/ready")[0] == 200, "the status API at its new address")

  def test_the_access_log_moves_stops_and_comes_back(self):
    gateway = self.gateway(service(self.origin.port))
    entities = {"services": [service(self.origin.port)]}
    first, second = gateway.log, gateway.log + ".second"
    gateway.client().get("/first")
    gateway.reload(entities, {"access_log": {"path": second}})
    gateway.client().get("/second")
    gateway.reload(entities, {"access_log": None})
    gateway.client().get("/nowhere")
    gateway.reload(entities, {"access_log": {"path": first}})
    gateway.client().get("/third")

    self.assertEqual([line["request"]["uri"] for line in gateway.log_lines(2)], ["/first", "/third"])
    gateway.log = second
    self.assertEqual([line["request"]["uri"] for line in gateway.log_lines(1)], ["/second"])

  def test_a_rotated_access_log_is_opened_again(self):
    gateway = self.gateway(service(self.origin.port))
    gateway.client().get("/before")
    gateway.log_lines(1)
    os.rename(gateway.log, gateway.log + ".1")

    gateway.signal(signal.SIGHUP)
    wait_until(lambda: os.path.exists(gateway.log), "the new file")
    gateway.client().get("/behind")

    self.assertEqual([line["request"]["uri"] for line in gateway.log_lines(1)], ["/behind"])

  def test_what_needs_a_restart_is_said_and_the_rest_applies(self):
    gateway = self.gateway(service(self.origin.port, route={"paths": ["/old"]}), gateway={"workers": 1})

    gateway.reload({"services": [service(self.origin.port, route={"paths": ["/new"]})]},
                   {"workers": 3, "limits": {"connections": 77}, "dns": {"timeout": 1}})

    waiting = [f"gateway.{name} changes with a restart" for name in ("workers", "limits.connections", "dns")]
    wait_until(lambda: all(text in gateway.said() for text in waiting), "the warnings")
    self.assertNotIn("gateway.tcp changes", gateway.said())
    self.assertEqual(gateway.configuration()["warnings"], waiting)
    self.assertEqual(gateway.client().get("/new").status, 200)

    # Still not in force, whatever else is loaded; and no longer wanted.
    gateway.reload({"services": []})
    self.assertEqual(gateway.configuration()["warnings"], waiting)
    gateway.reload({"services": []}, {"workers": 1, "limits": {}, "dns": {}})
    self.assertNotIn("warnings", gateway.configuration())

  def test_many_signals_at_once_end_in_the_newest_file(self):
    gateway = self.gateway(service(self.origin.port, route={"paths": ["/0"]}))

    for number in range(1, 30):
      gateway.write({"services": [service(self.origin.port, route={"paths": [f"/v{number}/"]})]})
      gateway.signal(signal.SIGHUP)

    wait_until(lambda: gateway.client().get("/v29/").status == 200, "the newest file")

  def test_a_watched_file_may_be_written_in_place_broken_and_mended(self):
    gateway = self.gateway(service(self.origin.port, route={"paths": ["/old"]}), gateway={"watch": True})
    with open(gateway.file, encoding="utf-8") as file:
      good = file.read()

    with open(gateway.file, "w", encoding="utf-8") as file:
      file.write(good[:len(good) // 2])
    wait_until(lambda: gateway.configuration()["reloads_failed"] >= 1, "the refusal")
    self.assertEqual(gateway.client().get("/old").status, 200)
    with open(gateway.file, "w", encoding="utf-8") as file:
      file.write(good.replace("/old", "/new"))

    wait_until(lambda: gateway.client().get("/new").status == 200, "the mended file")

  def test_a_watched_file_may_go_for_a_while(self):
    gateway = self.gateway(service(self.origin.port, route={"paths": ["/old"]}), gateway={"watch": True})
    os.rename(gateway.file, gateway.file + ".away")
    gateway.signal(signal.SIGHUP)
    wait_until(lambda: gateway.configuration()["reloads_failed"] == 1, "the refusal")

    gateway.write({"services": [service(self.origin.port, route={"paths": ["/new"]})]})

    wait_until(lambda: gateway.client().get("/new").status == 200, "the new file")


if __name__ == "__main__":
  unittest.main()
