// A client on Node's http2: `node http2_client.js URL` plays many streams on one connection, and prints what came of
// them as JSON.
'use strict';
const http2 = require('http2');

const session = http2.connect(process.argv[2]);
const failed = (error) => { console.error(error); process.exit(1); };
session.on('error', failed);
let pushed = 0;
session.on('stream', () => { pushed += 1; });

function ask(path, { method = 'GET', body, trailers, cancels } = {}) {
  return new Promise((resolve) => {
    const answer = { status: 0, size: 0, hints: 0, trailers: null, code: 0, text: '' };
    const sends = body !== undefined || trailers !== undefined;
    const request = session.request({ ':path': path, ':method': method }, { endStream: !sends,
      waitForTrailers: trailers !== undefined });
    request.on('headers', () => { answer.hints += 1; });
    request.on('response', (headers) => { answer.status = headers[':status']; answer.one = headers['x-one']; });
    request.on('trailers', (headers) => { answer.trailers = headers['x-seen']; });
    request.on('data', (chunk) => {
      answer.size += chunk.length;
      if (answer.size < 1000) answer.text += chunk;
      if (cancels) request.close(http2.constants.NGHTTP2_CANCEL);
    });
    request.on('error', () => {});
    request.on('close', () => { answer.code = request.rstCode; resolve(answer); });
    request.on('wantTrailers', () => request.sendTrailers(trailers));
    if (sends) request.end(body);
  });
}

async function main() {
  const big = Buffer.alloc(1500000, 'x');
  const result = {};
  result.echo = await ask('/echo', { method: 'POST', body: 'hello', trailers: { 'x-check': 'yes' } });
  result.big = await ask('/echo', { method: 'POST', body: big });
  result.many = await Promise.all(Array.from({ length: 300 }, (_, i) =>
    ask('/echo', { method: 'POST', body: `body ${i}` }).then((answer) => answer.text === `body ${i}`)));
  result.cancelled = await Promise.all(Array.from({ length: 4 }, () =>
    ask('/echo', { method: 'POST', body: big, cancels: true }).then((answer) => answer.code)));
  result.reset = await ask('/reset');
  result.refused = await ask('/refuse-once', { method: 'POST', body: 'again' });
  result.push = (await ask('/push')).text;
  result.goaway = [];
  for (let i = 0; i < 5; i += 1) {
    result.goaway.push(await Promise.all(['/goaway', '/echo', '/echo'].map((path) =>
      ask(path, { method: 'POST', body: 'once' }).then((answer) => answer.text))));
  }
  result.after = (await ask('/echo')).status;
  result.pushed = pushed;
  result.connect = session.remoteSettings.enableConnectProtocol;
  result.streams = session.remoteSettings.maxConcurrentStreams;
  session.ping((error) => {
    if (error) failed(error);
    console.log(JSON.stringify(result));
    session.close();
  });
}

main().catch(failed);
