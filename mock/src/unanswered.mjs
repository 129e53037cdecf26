// Prism's own server leaves some requests without any answer, so that a test waits until its patience ends. Here they get one.

import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe } from 'node:diagnostics_channel'

const current = new AsyncLocalStorage()

/** From here on, every request to a server of this process is answered. */
export function answerEveryRequest () {
  subscribe('http.server.request.start', ({ request, response }) => {
    current.enterWith(response)
    // Where the body is not JSON, Prism waits for the end of a request that has already ended.
    request.once('end', () => setImmediate(() => request.emit('end')))
  })
  // Where a path or a media type cannot be read, Prism throws, and looks no further.
  process.on('uncaughtException', error => answer(current.getStore(), error))
}

function answer (response, error) {
  if (!response || response.headersSent) return
  const content = JSON.stringify({ type: 'about:blank', title: String(error), status: 500, detail: 'Prism failed on this request or its answer.' })
  response.writeHead(500, { 'content-type': 'application/problem+json', 'content-length': Buffer.byteLength(content) })
  response.end(content)
}
