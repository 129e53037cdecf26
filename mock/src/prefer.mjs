// What a request wishes for: `Prefer: code=…, example=…, dynamic=true`, or `?__code=…&__example=…&__dynamic=true`.
//
// The wishes are Prism's own. They are read here because Prism overlooks some: each that it would, is a test that passes
// for the wrong reason.

import { Refusal } from './envelope.mjs'
import { printable } from './text.mjs'

// From a wish's text to Prism's setting; undefined where the text says nothing.
const READERS = new Map([
  ['code', text => /^[2-9]\d\d$/.test(text) ? { code: Number(text) } : undefined],
  ['example', text => text ? { exampleKey: text } : undefined],
  ['dynamic', text => ['true', 'false'].includes(text) ? { dynamic: text === 'true' } : undefined],
  ['seed', text => text ? { seed: text } : undefined]
])
// RFC 7240 has commas between preferences; people write semicolons as well.
const PREFERENCE = /([^\s=,;]+)\s*(?:=\s*("[^"]*"|[^,;]*))?/g

/** The settings of Prism that a request wishes for: `{code, exampleKey, dynamic, seed}`, each only if it is wished for. */
export function readWishes ({ headers, url }) {
  const settings = {}
  const seen = new Set()
  for (const { name, text, source } of headers.prefer === undefined ? inQuery(url.query) : inHeader(headers.prefer)) {
    const setting = READERS.get(name)(text)
    if (!setting) {
      throw new Refusal(422, `'${printable(source)}' cannot be read; there are code=… from 200 to 999, example=…, dynamic=true`)
    }
    if (seen.has(name)) throw new Refusal(422, `'${printable(source)}' comes after another ${name}; wish for one`)
    seen.add(name)
    Object.assign(settings, setting)
  }
  // An example is what it is.
  if (settings.exampleKey !== undefined) delete settings.dynamic
  return settings
}

/** The wishes in a header; preferences that are nobody's wish are for others. */
function inHeader (header) {
  return [...header.matchAll(PREFERENCE)]
    .map(([whole, name, text = '']) => ({ name: name.toLowerCase(), text: unquoted(text.trim()), source: `Prefer: ${whole.trim()}` }))
    .filter(({ name }) => READERS.has(name))
}

function inQuery (query) {
  return [...READERS.keys()].flatMap(name => [query[`__${name}`] ?? []].flat()
    .map(text => ({ name, text, source: `__${name}=${text}` })))
}

function unquoted (text) {
  return /^".*"$/.test(text) ? text.slice(1, -1) : text
}
