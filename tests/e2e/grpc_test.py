"""gRPC through the gateway, with grpcio on both sides: every kind of call, deadlines, cancellation, refusals."""

import concurrent.futures
import threading
import time
import unittest

import grpc

from support import PATIENCE, GatewayTest, wait_until

SERVICE = "test.Echo"


class Echo(grpc.GenericRpcHandler):
  """Answers with what came; messages are bytes."""

  def __init__(self):
    self.started, self.cancelled = threading.Event(), threading.Event()
    self.metadata = []
    self.remaining = []

  def service(self, details):
    method = details.method.rsplit("/", 1)[1]
    if not details.method.startswith(f"/{SERVICE}/"):
      return None
    return {
        "Unary": grpc.unary_unary_rpc_method_handler(self.unary),
        "Fail": grpc.unary_unary_rpc_method_handler(self.fail),
        "Sleep": grpc.unary_unary_rpc_method_handler(self.sleep),
        "Server": grpc.unary_stream_rpc_method_handler(self.server),
        "Client": grpc.stream_unary_rpc_method_handler(self.client),
        "Both": grpc.stream_stream_rpc_method_handler(self.both),
    }.get(method)

  def unary(self, request, context):
    self.metadata.append(dict(context.invocation_metadata()))
    self.remaining.append(context.time_remaining())
    context.send_initial_metadata([("x-begin", "1")])
    context.set_trailing_metadata([("x-end", "2")])
    return request

  def fail(self, request, context):
    context.abort(grpc.StatusCode.NOT_FOUND, "no such thing: \u00e9")

  def sleep(self, request, context):
    context.add_callback(self.cancelled.set)
    self.started.set()
    self.cancelled.wait(PATIENCE)
    return request

  @staticmethod
  def server(request, context):
    for i in range(int(request)):
      yield b"%d" % i

  @staticmethod
  def client(requests, context):
    return b"".join(requests)

  @staticmethod
  def both(requests, context):
    for request in requests:
      yield request.upper()


class GrpcTest(GatewayTest):

  def setUp(self):
    self.echo = Echo()
    self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(16), handlers=[self.echo])
    port = self.server.add_insecure_port("127.0.0.1:0")
    self.server.start()
    self.addCleanup(lambda: self.server.stop(0))
    self.gate = self.gateway(
        {"name": "calls", "url": f"grpc://127.0.0.1:{port}",
         "routes": [{"name": "calls", "protocols": ["grpc"], "paths": [f"/{SERVICE}/"]}]},
        {"name": "guarded", "url": f"grpc://127.0.0.1:{port}",
         "routes": [{"name": "guarded", "protocols": ["grpc"], "paths": ["/guarded.Echo/"],
                     "plugins": [{"name": "key-auth"}]}]},
        {"name": "gone", "url": "grpc://127.0.0.1:1", "retries": 0,
         "routes": [{"name": "gone", "protocols": ["grpc"], "paths": ["/gone.Echo/"]}]},
        gateway={"workers": 1}, listener={"h2c": True})
    self.channel = grpc.insecure_channel(f"127.0.0.1:{self.gate.port}")
    self.addCleanup(self.channel.close)

  def call(self, kind, method, service=SERVICE):
    return getattr(self.channel, kind)(f"/{service}/{method}")

  def test_unary_with_metadata_both_ways(self):
    answer, call = self.call("unary_unary", "Unary").with_call(b"hello", metadata=[("x-mine", "3")], timeout=PATIENCE)
    self.assertEqual(answer, b"hello")
    self.assertEqual(self.echo.metadata[0]["x-mine"], "3")
    self.assertEqual(dict(call.initial_metadata())["x-begin"], "1")
    self.assertEqual(dict(call.trailing_metadata())["x-end"], "2")

  def test_streams_in_all_directions(self):
    self.assertEqual(list(self.call("unary_stream", "Server")(b"500", timeout=PATIENCE)),
                     [b"%d" % i for i in range(500)])
    parts = [b"x" * 10_000] * 50
    self.assertEqual(self.call("stream_unary", "Client")(iter(parts), timeout=PATIENCE), b"".join(parts))
    self.assertEqual(list(self.call("stream_stream", "Both")(iter([b"a", b"b"]), timeout=PATIENCE)), [b"A", b"B"])

  def test_a_conversation_waits_for_nobody(self):
    """Each message goes on before the next is there."""
    turn = threading.Semaphore(1)

    def questions():
      for i in range(20):
        turn.acquire()
        yield b"q%d" % i

    answers = []
    for answer in self.call("stream_stream", "Both")(questions(), timeout=PATIENCE):
      answers.append(answer)
      turn.release()
    self.assertEqual(len(answers), 20)

  def test_many_calls_share_a_connection(self):
    call = self.call("unary_unary", "Unary")
    calls = [call.future(b"%d" % i, timeout=PATIENCE) for i in range(300)]
    self.assertEqual([each.result() for each in calls], [b"%d" % i for i in range(300)])

  def code_of(self, call, *arguments, **more):
    with self.assertRaises(grpc.RpcError) as raised:
      call(*arguments, **more)
    return raised.exception.code(), raised.exception.details()

  def test_errors_of_the_server_come_through(self):
    code, details = self.code_of(self.call("unary_unary", "Fail"), b"", timeout=PATIENCE)
    self.assertEqual((code, details), (grpc.StatusCode.NOT_FOUND, "no such thing: \u00e9"))

  def test_refusals_of_the_gateway_are_statuses(self):
    unary = self.call("unary_unary", "Unary", "guarded.Echo")
    code, details = self.code_of(unary, b"", timeout=PATIENCE)
    self.assertEqual((code, details), (grpc.StatusCode.UNAUTHENTICATED, "No API key found in request"))
    code, _ = self.code_of(self.call("unary_unary", "Unary", "gone.Echo"), b"", timeout=PATIENCE)
    self.assertEqual(code, grpc.StatusCode.UNAVAILABLE)
    code, _ = self.code_of(self.call("unary_unary", "Unary", "nobody.Echo"), b"", timeout=PATIENCE)
    self.assertEqual(code, grpc.StatusCode.NOT_FOUND)

  def test_a_deadline_ends_the_call_and_is_told_to_the_server(self):
    self.call("unary_unary", "Unary")(b"", timeout=17)
    self.assertLess(self.echo.remaining[0], 17.1)
    self.assertGreater(self.echo.remaining[0], 5)
    begun = time.monotonic()
    code, _ = self.code_of(self.call("unary_unary", "Sleep"), b"", timeout=0.4)
    self.assertEqual(code, grpc.StatusCode.DEADLINE_EXCEEDED)
    self.assertLess(time.monotonic() - begun, PATIENCE / 2)
    wait_until(self.echo.cancelled.is_set, "the cancellation at the server")

  def test_a_cancelled_call_is_cancelled_at_the_server(self):
    call = self.call("unary_unary", "Sleep").future(b"", timeout=PATIENCE)
    wait_until(self.echo.started.is_set, "the call at the server")
    call.cancel()
    wait_until(self.echo.cancelled.is_set, "the cancellation at the server")


if __name__ == "__main__":
  unittest.main()
