// What the programs of this folder have in common: their arguments, how they say in one line why they do not start, the
// one line on standard output once they answer requests, and their end.

import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

import { whenParentIsDone } from './parent.mjs'
import { printable } from './text.mjs'

export const HOST = '127.0.0.1'

const OPTIONS = {
  port: { type: 'string', default: '4010' },
  contract: { type: 'string', default: fileURLToPath(new URL('../../openapi.yaml', import.meta.url)) },
  'follow-parent': { type: 'string' }
}

export function fail (message) {
  console.error(`mock: ${message}`)
  process.exit(1)
}

/** Reads the arguments, `options` being those of this program alone; from here on a signal or the parent's end ends it. */
export function begin (options = {}) {
  // Who read the log may go away; the mock stays.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  const values = readArguments({ ...OPTIONS, ...options })
  const stop = () => process.exit(0)
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  if (values['follow-parent']) whenParentIsDone(Number(values['follow-parent']), stop)
  return values
}

function readArguments (options) {
  try {
    const { values } = parseArgs({ options })
    const port = /^\d{1,5}$/.test(values.port) ? Number(values.port) : NaN
    if (!(port <= 65535)) fail(`port '${printable(values.port)}' is not a number from 0 to 65535; 0 takes a free one`)
    return { ...values, port }
  } catch (error) {
    fail(error.message.split('\n')[0])
  }
}

/** What `load` makes of the file of a contract. */
export async function loaded (contract, load) {
  try {
    return await load(contract)
  } catch (error) {
    const reason = printable(error.message.split('\n')[0], 300)
    fail(`${contract} is not a contract that Prism can serve (${reason}); 'make check' says what is wrong with it`)
  }
}

/** Says why a port cannot be opened; `another` is what takes a free one. */
export function failToListen ({ code, message }, port, another) {
  if (code === 'EADDRINUSE') fail(`port ${port} is in use; stop what listens there, or choose another: ${another}`)
  if (code === 'EACCES') fail(`port ${port} is not yours to open; choose another: ${another}`)
  fail(message)
}

/** Says that requests are answered, and sees to it that they go on being. */
export function announce (baseUrl) {
  // Prism is a large body of code that we do not own. Whatever it throws after its answer was sent must not end the mock.
  process.on('uncaughtException', error => console.error(`mock: internal error, still serving: ${error.stack}`))
  console.log(`ready ${baseUrl}`)
}
