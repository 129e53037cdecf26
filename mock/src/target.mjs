// The target of a request, taken as it came: `new URL` would mend it, and a client that forgot to escape a value would
// reach another path without ever being told.

import { Refusal } from './envelope.mjs'
import { printable } from './text.mjs'

const LONGEST_TARGET = 8 * 1024
const ABSOLUTE = /^http:\/\/([^/?#:@[\]]+|\[[0-9a-f:.]+\])(?::(\d{1,5}))?(?=[/?]|$)/i
const PATH = /^\/(?:[\w.~!$&'()*+,;=:@/-]|%[\dA-F]{2})*$/i // RFC 3986, path-absolute

/** The path and the query of a target; a Refusal says why it has none. A proxy's client names the whole URL. */
export function readTarget (target, port, access) {
  if (target.length > LONGEST_TARGET) {
    throw new Refusal(414, `the path has ${target.length} characters, more than the ${LONGEST_TARGET} that the mock takes`)
  }
  const { path, query } = split(withoutOwnOrigin(target, port, access))
  if (!PATH.test(path) || !isUtf8(path)) {
    throw new Refusal(400, `the path ${printableTarget(target)} cannot be read; percent-encode what is not a letter or digit`)
  }
  return { path, query: readQuery(new URLSearchParams(query)) }
}

/** A target for people: neither its query nor a password is shown. */
export function printableTarget (target) {
  return printable(split(target).path.replace(/\/\/[^/]*@/, '//'))
}

function withoutOwnOrigin (target, port, access) {
  const absolute = ABSOLUTE.exec(target)
  if (!absolute || !access.knows(absolute[1]) || Number(absolute[2] ?? 80) !== port) return target
  const rest = target.slice(absolute[0].length)
  return rest.startsWith('/') ? rest : `/${rest}`
}

function split (target) {
  const [path, ...query] = target.split('?')
  return { path, query: query.join('?') }
}

function isUtf8 (path) {
  try {
    decodeURIComponent(path)
    return true
  } catch {
    return false
  }
}

/** A parameter that is repeated has a list of values. */
function readQuery (parameters) {
  const all = name => parameters.getAll(name)
  return Object.fromEntries([...new Set(parameters.keys())].map(name => [name, all(name).length === 1 ? all(name)[0] : all(name)]))
}
