// The HTTP front: whatever arrives on the socket, an envelope goes back, and the process lives on.

import { STATUS_CODES } from 'node:http'

import { parseJson, readBody } from './body.mjs'
import { Refusal } from './envelope.mjs'

const LONGEST_PATH = 8 * 1024
const LONGEST_LOGGED_PATH = 120

/** Listeners for an HTTP server. `log` takes one line per request; no header and no body is ever in it. */
export function createFront (prism, log) {
  async function onRequest (request, response) {
    const started = performance.now()
    let answer
    try {
      answer = await respond(prism, request)
    } catch (error) {
      if (request.destroyed && !request.complete) return // the client went away
      if (!(error instanceof Refusal)) log(`mock: internal error: ${error.stack}`)
      answer = (error instanceof Refusal ? error : new Refusal(500, 'the mock failed; its log says why')).answer
    }
    const milliseconds = (performance.now() - started).toFixed(1)
    const note = answer.status < 400 ? '' : `  ${answer.body?.message ?? ''}`
    log(`${clock()} ${request.method} ${printable(request.url)} ${answer.status} ${milliseconds} ms${note}`)
    send(response, answer)
  }

  return {
    onRequest,

    onContinue (request, response) {
      response.writeContinue()
      onRequest(request, response)
    },

    onConnect (request, socket) {
      log(`${clock()} CONNECT ${printable(request.url)} 405`)
      sendRaw(socket, new Refusal(405, 'the mock is not a proxy', { allow: prism.methods }).answer)
    },

    /** What Node could not even parse as HTTP. */
    onClientError (error, socket) {
      if (error.code === 'ECONNRESET' || !socket.writable) return socket.destroy()
      const refusal = {
        HPE_HEADER_OVERFLOW: new Refusal(431, 'the request line and headers are too long'),
        ERR_HTTP_REQUEST_TIMEOUT: new Refusal(408, 'the request did not arrive in time')
      }[error.code] ?? new Refusal(400, `this is not HTTP: ${error.reason ?? error.message}`)
      log(`${clock()} (unreadable request) ${refusal.status}  ${refusal.message}`)
      sendRaw(socket, refusal.answer)
    }
  }
}

async function respond (prism, request) {
  const body = await readBody(request)
  const url = readUrl(request.url)
  const operation = prism.route(request.method, url.pathname)
  const asked = {
    method: operation.method,
    url: { path: url.pathname, query: readQuery(url.searchParams) },
    headers: withoutBodyHeaders(request.headers),
    body: undefined
  }
  if (operation.request?.body) {
    try {
      asked.body = parseJson(body, request.headers)
      asked.headers = request.headers
    } catch (refusal) {
      // Who has no key is told that first.
      const violations = await prism.violations(asked)
      throw violations?.status === 401 ? new Refusal(401, violations.messages[0]) : refusal
    }
    // Prism takes a body that is falsy in JavaScript for a missing one.
    if (!asked.body) throw new Refusal(422, `the body is ${JSON.stringify(asked.body)}; it must be an object`)
  }
  return await prism.answer(asked)
}

function readUrl (target) {
  if (target.length > LONGEST_PATH) {
    throw new Refusal(414, `the path has ${target.length} characters, more than the ${LONGEST_PATH} that the mock takes`)
  }
  let url
  try {
    url = new URL(target, 'http://mock.invalid')
    if (url.host !== 'mock.invalid') throw new Error('it names a host')
    decodeURIComponent(url.pathname)
  } catch {
    throw new Refusal(400, `the path ${printable(target)} cannot be read; percent-encode what is not a letter or digit`)
  }
  return url
}

function readQuery (parameters) {
  const query = {}
  for (const name of new Set(parameters.keys())) {
    const values = parameters.getAll(name)
    query[name] = values.length === 1 ? values[0] : values
  }
  return query
}

/** An operation without a body ignores one that is sent all the same. */
function withoutBodyHeaders (headers) {
  const { 'content-length': length, 'content-type': type, 'transfer-encoding': encoding, ...rest } = headers
  return rest
}

function send (response, { status, headers, body }) {
  const content = status === 204 || status === 304 ? '' : JSON.stringify(body ?? null)
  response.writeHead(status, { ...headers, 'content-type': 'application/json', 'content-length': Buffer.byteLength(content) })
  response.end(content)
}

function sendRaw (socket, { status, headers, body }) {
  const content = JSON.stringify(body)
  const head = Object.entries({ ...headers, 'content-type': 'application/json', 'content-length': Buffer.byteLength(content), connection: 'close' })
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${content}`)
}

function clock () {
  return new Date().toTimeString().slice(0, 8)
}

/** A path for people: shortened, without its query, on one line. */
function printable (target) {
  const path = target.split('?')[0]
  const shown = path.length > LONGEST_LOGGED_PATH ? `${path.slice(0, LONGEST_LOGGED_PATH)}…` : path
  return JSON.stringify(shown).slice(1, -1)
}
