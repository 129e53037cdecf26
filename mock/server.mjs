// Prism on the contract, for people and tests: `node server.mjs --port 4010`.
//
// Standard output carries one line, `ready http://127.0.0.1:PORT`, once requests are answered. The log of requests goes
// to standard error. SIGINT and SIGTERM end it.

import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

import { createFront } from './src/front.mjs'
import { whenParentIsDone } from './src/parent.mjs'
import { loadContract } from './src/prism.mjs'
import { printable } from './src/text.mjs'

const HOST = '127.0.0.1'

function fail (message) {
  console.error(`mock: ${message}`)
  process.exit(1)
}

function readArguments () {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: 'string', default: '4010' },
        contract: { type: 'string', default: fileURLToPath(new URL('../openapi.yaml', import.meta.url)) },
        'follow-parent': { type: 'string' }
      }
    })
    const port = /^\d{1,5}$/.test(values.port) ? Number(values.port) : NaN
    if (!(port <= 65535)) fail(`port '${printable(values.port)}' is not a number from 0 to 65535; 0 takes a free one`)
    return { ...values, port }
  } catch (error) {
    fail(error.message.split('\n')[0])
  }
}

// Who read the log may go away; the mock stays.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

const { port, contract, 'follow-parent': parent } = readArguments()

const stop = () => process.exit(0)
process.once('SIGINT', stop)
process.once('SIGTERM', stop)
if (parent) whenParentIsDone(Number(parent), stop)

let prism
try {
  prism = await loadContract(contract)
} catch (error) {
  const reason = printable(error.message.split('\n')[0], 300)
  fail(`${contract} is not a contract that Prism can serve (${reason}); 'make check' says what is wrong with it`)
}

const server = createFront(prism, line => console.error(line))

server.on('error', error => {
  if (error.code === 'EADDRINUSE') fail(`port ${port} is in use; stop what listens there, or choose another: make mock PORT=0`)
  if (error.code === 'EACCES') fail(`port ${port} is not yours to open; choose another: make mock PORT=0`)
  fail(error.message)
})

// Prism is a large body of code that we do not own. Whatever it throws after its answer was sent must not end the mock.
process.on('uncaughtException', error => console.error(`mock: internal error, still serving: ${error.stack}`))

server.listen(port, HOST, () => console.log(`ready http://${HOST}:${server.address().port}`))
