"""Node's http2 and grpc-js on both sides of the gateway: streams, trailers, resets, metadata, deadlines, cancels."""

import json
import pathlib
import subprocess
import unittest

from support import PATIENCE, GatewayTest, service

FOLDER = pathlib.Path(__file__).with_name("node")


class NodeTest(GatewayTest):

  def server(self, *words):
    """The port of a server that ends with its standard input."""
    process = subprocess.Popen(["node", *words], cwd=FOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    self.addCleanup(process.communicate)
    said = process.stdout.readline()
    self.assertTrue(said.strip().isdigit(), f"node {words} did not start: {said}")
    return int(said)

  def client(self, *words):
    done = subprocess.run(["node", *words], cwd=FOLDER, capture_output=True, text=True, timeout=2 * PATIENCE,
                          check=False)
    self.assertEqual((done.returncode, done.stderr), (0, ""))
    return json.loads(done.stdout)


class Http2(NodeTest):

  def test_streams_trailers_and_resets(self):
    port = self.server("http2_server.js")
    gateway = self.gateway(service(port, protocol_version=2), gateway={"workers": 1}, listener={"h2c": True})
    got = self.client("http2_client.js", f"http://127.0.0.1:{gateway.port}")
    echo = got["echo"]
    self.assertEqual((echo["status"], echo["text"], echo["one"], echo["trailers"], echo["hints"]),
                     (200, "hello", "1", "yes", 1))
    self.assertEqual((got["big"]["status"], got["big"]["size"]), (200, 1_500_000))
    self.assertEqual(got["many"], [True] * 300)
    self.assertEqual(set(got["cancelled"]), {8})  # CANCEL, of the client itself
    # INTERNAL_ERROR: visibly cut. A reset may overtake the head (RFC 9113 §5.1), which is 0 here.
    self.assertEqual(got["reset"]["code"], 2)
    self.assertIn(got["reset"]["status"], (0, 200))
    self.assertEqual((got["refused"]["status"], got["refused"]["text"]), (200, "again"))
    self.assertEqual((json.loads(got["push"]), got["pushed"]), ({"pushAllowed": False}, 0))
    self.assertEqual(got["goaway"], [["once"] * 3] * 5)
    self.assertEqual((got["after"], got["connect"], got["streams"]), (200, True, 100))


class Grpc(NodeTest):

  def test_all_kinds_of_calls(self):
    port = self.server("grpc_peers.js", "server")
    gateway = self.gateway(
        {"name": "calls", "url": f"grpc://127.0.0.1:{port}",
         "routes": [{"name": "calls", "protocols": ["grpc"], "paths": ["/test.Echo/"]}]},
        gateway={"workers": 1}, listener={"h2c": True})
    got = self.client("grpc_peers.js", "client", f"127.0.0.1:{gateway.port}")
    self.assertEqual(got["unary"], {"code": 0, "details": "OK", "answer": "hello", "begin": "3", "raw": "00ff0a",
                                    "end": "2"})
    self.assertTrue(got["many"])
    self.assertEqual((got["server"], got["client"], got["both"]), (500, 500_000, ["A", "B"]))
    self.assertEqual((got["fail"]["code"], got["fail"]["details"]), (5, "no such thing: \u00e9%"))
    self.assertEqual((got["deadline"], got["cancel"], got["cancelledAtServer"]), (4, 1, 2))


if __name__ == "__main__":
  unittest.main()
