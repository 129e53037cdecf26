// Prism's own proxy, as `prism proxy --errors` makes it: what a request or an answer has against the contract is found on
// its way, and the answer is then one of Prism's.
//
// Four things are otherwise. Prism makes up an answer where the server's is 501: a test would take it for the server's.
// It keeps connections to the server, and where the server has just closed one, says that the server failed. It adds
// headers for browsers. And it gives the server the server's own name as `Host`, so the one that came is checked before: by
// DNS rebinding, a web page would reach through the proxy what the server itself refuses.

import http from 'node:http'
import https from 'node:https'

import { createLogger } from '@stoplight/prism-core'
import { getHttpOperationsFromSpec, ProblemJsonError } from '@stoplight/prism-http'
import { createServer } from '@stoplight/prism-http-server'

import { Access } from './access.mjs'
import { readContract } from './contract.mjs'

const CHECKS = { errors: true, checkSecurity: true, validateRequest: true, validateResponse: true }
const NOT_IMPLEMENTED = { type: 'UPSTREAM_NOT_IMPLEMENTED', title: 'The upstream answered 501', status: 501 }

/** Reads a contract; what comes back makes a proxy in front of an upstream. */
export async function loadChecker (path) {
  const operations = await getHttpOperationsFromSpec(await readContract(path))
  if (operations.length === 0) throw new Error('it has no operations')
  for (const module of [http, https]) module.globalAgent = new module.Agent({ keepAlive: false })
  return upstream => createServer(operations, {
    cors: false,
    components: { logger: createLogger('prism', { level: 'silent' }), mock: () => refuseToMock },
    config: { ...CHECKS, isProxy: true, upstream, upstreamProxy: undefined, mock: { dynamic: false } }
  })
}

/** From here on, the servers of this process answer 403 where the host of a request is not one of this machine. */
export function refuseOtherHosts () {
  const access = new Access()
  const { emit } = http.Server.prototype
  http.Server.prototype.emit = function (event, request, response) {
    if (event === 'request') {
      try {
        access.checkHost(request)
      } catch ({ status, message }) {
        const content = JSON.stringify({ type: 'HOST_NOT_ALLOWED', title: 'The host is not allowed', status, detail: message })
        response.writeHead(status, { 'content-type': 'application/problem+json', 'content-length': Buffer.byteLength(content) })
        response.end(content)
        return request.resume()
      }
    }
    return emit.apply(this, arguments)
  }
}

/** Stands where Prism would make up an answer. */
function refuseToMock () {
  return { _tag: 'Left', left: ProblemJsonError.fromTemplate(NOT_IMPLEMENTED, 'Prism would make up an answer; it is told not to.') }
}
