// gRPC with grpc-js: `server` prints its port, and echoes in all kinds of calls; `client ADDRESS` makes them, and prints
// what came as JSON. Messages are bytes.
'use strict';
const grpc = require('@grpc/grpc-js');

const bytes = { serialize: (value) => value, deserialize: (value) => value };
const method = (name, requestStream, responseStream) => ({
  path: `/test.Echo/${name}`, requestStream, responseStream,
  requestSerialize: bytes.serialize, requestDeserialize: bytes.deserialize,
  responseSerialize: bytes.serialize, responseDeserialize: bytes.deserialize,
});
const definition = {
  unary: method('Unary', false, false), server: method('Server', false, true),
  client: method('Client', true, false), both: method('Both', true, true),
  fail: method('Fail', false, false), sleep: method('Sleep', false, false),
  cancelled: method('Cancelled', false, false),
};

function serve() {
  let cancelled = 0;
  const server = new grpc.Server();
  server.addService(definition, {
    unary(call, done) {
      const begin = new grpc.Metadata();
      begin.set('x-begin', call.metadata.get('x-mine')[0] || 'none');
      begin.set('x-raw-bin', call.metadata.get('x-raw-bin')[0] || Buffer.from([0]));
      call.sendMetadata(begin);
      const end = new grpc.Metadata();
      end.set('x-end', '2');
      done(null, call.request, end);
    },
    server(call) {
      for (let i = 0; i < Number(call.request); i += 1) call.write(Buffer.from(String(i)));
      call.end();
    },
    client(call, done) {
      let size = 0;
      call.on('data', (part) => { size += part.length; });
      call.on('end', () => done(null, Buffer.from(String(size))));
    },
    both(call) {
      call.on('data', (part) => call.write(Buffer.from(String(part).toUpperCase())));
      call.on('end', () => call.end());
    },
    fail(call, done) { done({ code: grpc.status.NOT_FOUND, details: 'no such thing: é%' }); },
    sleep(call) { call.on('cancelled', () => { cancelled += 1; }); },
    cancelled(call, done) { done(null, Buffer.from(String(cancelled))); },
  });
  server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => {
    if (error) throw error;
    console.log(port);
  });
  process.stdin.on('end', () => process.exit(0)).resume();
}

async function ask(address) {
  const Client = grpc.makeGenericClientConstructor(definition, 'Echo');
  const client = new Client(address, grpc.credentials.createInsecure());
  const within = () => ({ deadline: Date.now() + 20000 });
  const unary = (name, message, options, metadata) => new Promise((resolve) => {
    const seen = {};
    const call = client[name](Buffer.from(message), metadata || new grpc.Metadata(), options || within(),
      (error, answer) => { seen.answer = answer ? String(answer) : ''; });
    call.on('metadata', (begin) => {
      seen.begin = begin.get('x-begin')[0];
      seen.raw = begin.get('x-raw-bin').map((each) => each.toString('hex'))[0];
    });
    call.on('status', ({ code, details, metadata: end }) => setImmediate(() =>
      resolve({ ...seen, code, details, end: end.get('x-end')[0] })));
    if (options && options.cancels) setTimeout(() => call.cancel(), 100);
  });
  const collect = (call) => new Promise((resolve, reject) => {
    const parts = [];
    call.on('data', (part) => parts.push(String(part)));
    call.on('error', reject);
    call.on('end', () => resolve(parts));
  });

  const result = {};
  const metadata = new grpc.Metadata();
  metadata.set('x-mine', '3');
  metadata.set('x-raw-bin', Buffer.from([0, 255, 10]));
  result.unary = await unary('unary', 'hello', null, metadata);
  result.many = (await Promise.all(Array.from({ length: 200 }, (_, i) => unary('unary', `call ${i}`))))
    .every((each, i) => each.answer === `call ${i}`);
  result.server = (await collect(client.server(Buffer.from('500'), within()))).length;
  result.client = await new Promise((resolve) => {
    const call = client.client(within(), (error, answer) => resolve(error ? error.code : Number(answer)));
    for (let i = 0; i < 50; i += 1) call.write(Buffer.alloc(10000, 'x'));
    call.end();
  });
  const both = client.both(within());
  const answers = collect(both);
  both.on('data', (part) => { if (String(part) === 'A') both.write(Buffer.from('b')); else both.end(); });
  both.write(Buffer.from('a'));
  result.both = await answers;
  result.fail = await unary('fail', '');
  result.deadline = (await unary('sleep', '', { deadline: Date.now() + 300 })).code;
  result.cancel = (await unary('sleep', '', { ...within(), cancels: true })).code;
  const until = Date.now() + 20000;
  do {
    result.cancelledAtServer = Number((await unary('cancelled', '')).answer);
  } while (result.cancelledAtServer < 2 && Date.now() < until);
  client.close();
  console.log(JSON.stringify(result));
}

if (process.argv[2] === 'server') serve();
else ask(process.argv[3]).catch((error) => { console.error(error); process.exit(1); });
