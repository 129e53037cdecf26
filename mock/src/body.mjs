// The body of a request, read whole, decoded strictly.

import { Refusal } from './envelope.mjs'
import { printable } from './text.mjs'

export const LARGEST_BODY = 4 * 1024 * 1024
const MOST_TO_DISCARD = 256 * 1024 * 1024
const MOST_VALUES = 10_000 // a request of this API has some hundreds; each may have several findings, and each costs time
const [QUOTE, BACKSLASH, ...OPENING_AND_COMMA] = Buffer.from('"\\[{,')
const BEFORE_VALUES = new Set(OPENING_AND_COMMA)

/**
 * Reads a request's body to its end, keeping no more than LARGEST_BODY of it. Reading to the end even what is too large
 * matters: a client that is still sending when the connection closes does not get to see the answer.
 */
export async function readBody (request) {
  const chunks = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    if (size > MOST_TO_DISCARD) break
    if (size <= LARGEST_BODY) chunks.push(chunk)
    else chunks.length = 0
  }
  return { bytes: Buffer.concat(chunks), size }
}

/** The JSON value of a body that an operation asks for; a Refusal says why there is none. */
export function parseJson ({ bytes, size }, headers) {
  if (size > LARGEST_BODY) {
    throw new Refusal(413, `the body has ${size} bytes, more than the ${LARGEST_BODY} that the mock takes`)
  }
  if (size === 0) throw new Refusal(400, 'the body is empty; send a JSON object')
  const mediaType = (headers['content-type'] ?? '').split(';')[0].trim().toLowerCase()
  if (mediaType !== 'application/json') {
    throw new Refusal(415, `the content type is '${printable(mediaType)}'; send Content-Type: application/json`)
  }
  const encoding = headers['content-encoding']
  if (encoding && encoding !== 'identity') {
    throw new Refusal(415, `the content encoding is '${printable(encoding)}'; send the body as it is`)
  }
  if (hasMoreValuesThan(MOST_VALUES, bytes)) {
    throw new Refusal(413, `the body has more values than the ${MOST_VALUES} that the mock takes`)
  }
  return parse(bytes)
}

function parse (bytes) {
  let text
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new Refusal(400, 'the body is not UTF-8')
  }
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Refusal(400, `the body is not JSON: ${withoutExcerpt(error.message)}`)
  }
}

/** JSON.parse quotes the text around the error, which may hold a secret. */
function withoutExcerpt (message) {
  const position = /position \d+( \(line \d+ column \d+\))?/.exec(message)
  if (position) return `syntax error at ${position[0]}`
  return /end of JSON input/.test(message) ? 'it ends too early' : 'syntax error'
}

/** Counts what can only come before a value, in the bytes: to parse millions of values takes seconds by itself. */
function hasMoreValuesThan (most, bytes) {
  let values = 1
  let inText = false
  for (let index = 0; index < bytes.length; index++) {
    const character = bytes[index]
    if (character === QUOTE) inText = !inText
    else if (inText && character === BACKSLASH) index++
    else if (!inText && BEFORE_VALUES.has(character) && ++values > most) return true
  }
  return false
}
