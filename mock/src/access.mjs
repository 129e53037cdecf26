// Which hosts and origins a request may name. A web page of any site can send requests to a server of this machine. DNS
// rebinding makes such a page name its own host, and without rebinding the browser names the page's origin: `Host`,
// `Origin` and `Sec-Fetch-Site` show both. The simulator has the same rules.

import { Refusal } from './envelope.mjs'
import { printable } from './text.mjs'

const HOST = '\\[[0-9a-f:.]+\\]|[a-z0-9_-]+(?:\\.[a-z0-9_-]+)*\\.?'
const AUTHORITY = new RegExp(`^(${HOST})(?::(\\d{0,5}))?$`, 'i')
const ORIGIN = new RegExp(`^([a-z][a-z0-9+.-]*)://(${HOST})(?::(\\d{1,5}))?$`, 'i')
const IPV4_BYTE = '(?:25[0-5]|2[0-4]\\d|1\\d{2}|[1-9]?\\d)'
const LOOPBACK = new RegExp(`^(?:(?:.+\\.)?localhost|127(?:\\.${IPV4_BYTE}){3}|\\[::1\\])$`)
const NAMES = /^[a-z0-9!#$%&'*+.^_`|~, -]{1,4000}$/i
const DEFAULT_PORTS = { http: '80', https: '443' }
const OWN_SITES = new Set(['same-origin', 'none'])
const HINT = '--allow-origin ORIGIN allows one'
const EXPOSED = 'Allow, Location, Retry-After, X-Request-Id'
const PREFLIGHT_SECONDS = '600'

/** The hosts, without ports, and the origins that a server answers besides those of this machine. */
export class Access {
  #hosts
  #origins

  constructor ({ hosts = [], origins = [] } = {}) {
    this.#hosts = new Set(hosts.map(readHost))
    this.#origins = new Set(origins.map(readOrigin))
  }

  /** Whether a host, without its port, is this machine or was named. */
  knows (host) {
    const name = canonicalHost(host)
    return name !== undefined && (LOOPBACK.test(name) || this.#hosts.has(name))
  }

  /** Checks `Host` alone, and gives it; a Refusal says that it is not allowed. */
  checkHost ({ headersDistinct }, hint = '') {
    const hosts = headersDistinct.host ?? []
    if (hosts.length > 1) throw new Refusal(400, 'this is not HTTP: the header Host is there more than once')
    const [host] = hosts
    if (host !== undefined && !this.knows(AUTHORITY.exec(host)?.[1] ?? '')) {
      throw new Refusal(403, `the header Host is '${printable(host)}', which is not a name of this machine${hint}`)
    }
    return host
  }

  /**
   * Checks `Host`, `Origin` and `Sec-Fetch-Site` of a request; a Refusal says which of them is not allowed. What comes
   * back is the foreign origin that the request comes from and that may read the answer, or undefined. A request
   * without `Host` passes: every browser sends one.
   */
  check (request) {
    const host = this.checkHost(request, '; --allow-host HOST allows it')
    const { headers } = request
    const { origin, 'sec-fetch-site': site } = headers
    if (origin !== undefined) {
      const sentBy = parsedOrigin(origin)
      if (this.#origins.has(sentBy)) return origin
      if (sentBy === undefined || host === undefined || sentBy !== parsedOrigin(`http://${host}`)) {
        throw new Refusal(403, `the header Origin is '${printable(origin)}', which is another origin; ${HINT}`)
      }
    }
    if (site !== undefined && !OWN_SITES.has(site)) {
      throw new Refusal(403, `the header Sec-Fetch-Site is '${printable(site)}': a page of another origin sent the request; ${HINT}`)
    }
  }
}

/** The headers of every answer that let a page of an allowed origin read it; none without such an origin. */
export function corsHeaders (origin) {
  return origin === undefined ? {} : { 'access-control-allow-origin': origin, 'access-control-expose-headers': EXPOSED, vary: 'Origin' }
}

/** The answer to a CORS preflight of an allowed origin, or undefined. `methods` are those that a page may use. */
export function preflight ({ method, headers }, methods) {
  if (method !== 'OPTIONS' || headers['access-control-request-method'] === undefined) return undefined
  const names = headers['access-control-request-headers'] ?? ''
  return {
    status: 204,
    headers: {
      'access-control-allow-methods': methods,
      'access-control-max-age': PREFLIGHT_SECONDS,
      ...(NAMES.test(names) && { 'access-control-allow-headers': names }),
      ...(headers['access-control-request-private-network'] === 'true' && { 'access-control-allow-private-network': 'true' })
    }
  }
}

function readHost (text) {
  const bracketed = text.split(':').length > 2 && !text.startsWith('[') ? `[${text}]` : text
  const host = canonicalHost(bracketed)
  if (host === undefined) throw new Error(`the allowed host '${printable(text)}' is not a host; write a name or an address, without a port`)
  return host
}

function readOrigin (text) {
  const origin = parsedOrigin(text)
  if (origin === undefined) throw new Error(`the allowed origin '${printable(text)}' is not an origin; write scheme, host and port alone, such as http://localhost:3000`)
  return origin
}

/** A host in the one form in which it is compared; undefined if it is not a host. */
function canonicalHost (text) {
  if (!new RegExp(`^(?:${HOST})$`, 'i').test(text)) return undefined
  const host = text.toLowerCase()
  if (host.startsWith('[')) return URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : undefined
  // A name may end with the dot of the root; an address may not.
  return /(?:^|\.)\d+\.?$/.test(host) ? host : host.replace(/\.$/, '')
}

/** Scheme, host and port as one text; undefined if it is not an origin. */
function parsedOrigin (text) {
  const [, scheme, name, port] = ORIGIN.exec(text) ?? []
  const host = name && canonicalHost(name)
  if (host === undefined) return undefined
  return `${scheme.toLowerCase()}://${host}:${port ?? DEFAULT_PORTS[scheme.toLowerCase()] ?? ''}`
}
