// An upstream on Node's http2: gives back what it gets, resets, and says what it knows of its peer. Prints its port.
'use strict';
const http2 = require('http2');

const server = http2.createServer();

server.on('stream', (stream, headers) => {
  const path = headers[':path'];
  stream.on('error', () => {});
  if (path === '/reset') {
    stream.respond({ ':status': 200 });
    stream.write('half', () => stream.destroy(new Error('reset')));
    return;
  }
  if (path === '/refuse-once' && !server.refused) {
    server.refused = true;
    stream.close(http2.constants.NGHTTP2_REFUSED_STREAM);
    return;
  }
  if (path === '/push') {
    stream.respond({ ':status': 200 });
    stream.end(JSON.stringify({ pushAllowed: stream.pushAllowed }));
    return;
  }
  let trailers = {};
  stream.on('trailers', (received) => { trailers = received; });
  const chunks = [];
  stream.on('data', (chunk) => chunks.push(chunk));
  stream.on('end', () => {
    stream.additionalHeaders({ ':status': 103, link: '</style.css>' });
    stream.respond({ ':status': 200, 'x-one': '1' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-seen': trailers['x-check'] || 'none' }));
    stream.end(Buffer.concat(chunks));
    if (path === '/goaway') stream.session.close();
  });
});

server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.on('end', () => process.exit(0)).resume();
