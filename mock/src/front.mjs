// The HTTP front: whatever arrives on the socket, an envelope goes back, and the process lives on.

import { createServer, STATUS_CODES } from 'node:http'

import { Access, corsHeaders, preflight } from './access.mjs'
import { LARGEST_BODY, parseJson, readBody } from './body.mjs'
import { Budget } from './budget.mjs'
import { Refusal } from './envelope.mjs'
import { printableTarget, readTarget } from './target.mjs'
import { printable } from './text.mjs'

const LARGEST_HEAD = 8 * 1024 * 1024 // so that an overlong path still comes here, where it can be said what is wrong
const LONGEST_HEADERS = 16 * 1024 // Node's own limit, without the path
const LONGEST_NOTE = 1000
const LAST_MS = 5000 // for a client to take the last answer
const PATIENCE = { headersTimeout: 10_000, requestTimeout: 10_000, connectionsCheckingInterval: 1000 } // milliseconds
const WITHOUT_CONTENT = new Set([204, 205, 304])

/**
 * An HTTP server that answers from the contract.
 *
 * `log` takes one line per request. No value of a header or a body is in it, save what the message of an answer repeats:
 * a name or a wish that is wrong, escaped and shortened. `access` says which hosts and origins a request may name,
 * and `budget` how many bytes all connections may hold; other options are Node's.
 */
export function createFront (prism, log, { access = new Access(), budget = new Budget(), ...options } = {}) {
  const owed = new Owed()

  /** Counts what a connection sends until it is answered. What is more than one may hold is read, and thrown away. */
  function onConnection (socket) {
    socket.on('data', chunk => {
      const size = Math.min(chunk.length, LARGEST_HEAD + LARGEST_BODY - budget.heldBy(socket))
      if (size <= 0 || budget.take(socket, size) || owed.closes(socket)) return
      socket.removeAllListeners('data')
      sendRaw(socket, new Refusal(503, 'the mock holds as many bytes of requests as it takes; ask again when others are done').answer)
      socket.resume() // a client that is still sending would not get to see the answer
      setTimeout(() => socket.destroy(), LAST_MS).unref()
    })
    socket.once('close', () => budget.release(socket))
  }

  async function onRequest (request, response) {
    owed.add(request, response)
    response.once('close', () => budget.release(request.socket))
    const started = performance.now()
    let answer
    let cors = {}
    try {
      const body = await readBody(request)
      const origin = access.check(request)
      cors = corsHeaders(origin)
      answer = (origin && preflight(request, prism.methods)) ?? await respond(prism, access, request, body)
    } catch (error) {
      if (request.destroyed && !request.complete) return // the client went away
      if (!(error instanceof Refusal)) log(`mock: internal error: ${error.stack}`)
      answer = (error instanceof Refusal ? error : new Refusal(500, 'the mock failed; its log says why')).answer
    }
    const milliseconds = (performance.now() - started).toFixed(1)
    const note = answer.status < 400 ? '' : `  ${printable(answer.body?.message ?? '', LONGEST_NOTE)}`
    log(`${clock()} ${request.method} ${printableTarget(request.url)} ${answer.status} ${milliseconds} ms${note}`)
    send(response, { ...answer, headers: { ...inLowerCase(answer.headers), ...cors } })
  }

  async function onConnect (request, socket) {
    let refusal = new Refusal(405, 'the mock is not a proxy', { allow: prism.methods })
    try {
      access.check(request)
    } catch (other) {
      refusal = other
    }
    log(`${clock()} CONNECT ${printableTarget(request.url)} ${refusal.status}`)
    await owed.paid(socket)
    sendRaw(socket, refusal.answer)
  }

  /** What Node could not even parse as HTTP. */
  async function onClientError (error, socket) {
    if (owed.closes(socket)) return
    await owed.paid(socket)
    if (error.code === 'ECONNRESET' || !socket.writable) return socket.destroy()
    const refusal = {
      HPE_HEADER_OVERFLOW: new Refusal(431, 'the request line and headers are too long'),
      ERR_HTTP_REQUEST_TIMEOUT: new Refusal(408, 'the request did not arrive in time')
    }[error.code] ?? new Refusal(400, `this is not HTTP: ${error.reason ?? error.message}`)
    log(`${clock()} (unreadable request) ${refusal.status}  ${refusal.message}`)
    sendRaw(socket, refusal.answer)
  }

  const server = createServer({ maxHeaderSize: LARGEST_HEAD, requireHostHeader: false, ...PATIENCE, ...options }, onRequest)
  server.on('connection', onConnection)
  server.on('checkExpectation', onRequest)
  server.on('connect', onConnect)
  server.on('clientError', onClientError)
  return server
}

/** The answers that a connection is still to give: whatever is said last on it must come after them. */
class Owed {
  #answers = new WeakMap()
  #closing = new WeakSet()

  add (request, response) {
    const answers = this.#answers.get(request.socket) ?? new Set()
    const answer = { request, response }
    this.#answers.set(request.socket, answers.add(answer))
    response.once('close', () => answers.delete(answer))
  }

  /** Resolves when every request that came whole is answered. */
  async paid (socket) {
    const whole = [...this.#answers.get(socket) ?? []].filter(({ request }) => request.complete)
    await Promise.all(whole.map(({ response }) => new Promise(resolve => response.once('close', resolve))))
  }

  /** Marks a connection as one that closes; whether it was already. Node reports each piece of what it cannot read. */
  closes (socket) {
    const already = this.#closing.has(socket)
    this.#closing.add(socket)
    return already
  }
}

async function respond (prism, access, request, body) {
  const { path, query } = readTarget(request.url, request.socket.localPort, access)
  const length = request.rawHeaders.reduce((sum, text) => sum + text.length, 0)
  if (length > LONGEST_HEADERS) throw new Refusal(431, `the headers have ${length} characters, more than the ${LONGEST_HEADERS} that the mock takes`)
  const operation = prism.route(request.method, path)
  const asked = { method: operation.method, url: { path, query }, headers: withoutBodyHeaders(request.headers), body: undefined }
  if (operation.request?.body) {
    try {
      asked.body = parseJson(body, request.headers)
      asked.headers = request.headers
    } catch (refusal) {
      // Who has no key is told that first.
      const other = await prism.refusal(operation, asked)
      throw other?.status === 401 ? other : refusal
    }
    // Prism takes a body that is falsy in JavaScript for a missing one.
    if (!asked.body) throw new Refusal(422, `the body is ${JSON.stringify(asked.body)}; it must be an object`)
  }
  return await prism.answer(operation, asked)
}

/** An operation without a body ignores one that is sent all the same. */
function withoutBodyHeaders (headers) {
  const { 'content-length': length, 'content-type': type, 'transfer-encoding': encoding, ...rest } = headers
  return rest
}

function send (response, answer) {
  const { status, headers, content } = written(answer)
  response.writeHead(status, headers)
  response.end(content)
}

function sendRaw (socket, answer) {
  const { status, headers, content } = written(answer)
  const head = Object.entries({ ...headers, connection: 'close' }).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head.join('')}\r\n${content}`)
}

/** An answer as it is sent. Each header is there once, whatever the case that Prism writes its name in. */
function written ({ status, headers, body }) {
  const { 'content-type': type, ...others } = inLowerCase(headers)
  if (WITHOUT_CONTENT.has(status)) return { status, headers: status === 205 ? { ...others, 'content-length': 0 } : others, content: '' }
  const content = JSON.stringify(body ?? null)
  return { status, headers: { ...others, 'content-type': 'application/json', 'content-length': Buffer.byteLength(content) }, content }
}

function inLowerCase (headers) {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}

function clock () {
  return new Date().toTimeString().slice(0, 8)
}
