// Prism on the contract, for people and tests: `node server.mjs --port 4010`.
//
// Standard output carries one line, `ready http://127.0.0.1:PORT`, once requests are answered. The log of requests goes
// to standard error. SIGINT and SIGTERM end it.

import { Access } from './src/access.mjs'
import { createFront } from './src/front.mjs'
import { loadContract } from './src/prism.mjs'
import { announce, begin, fail, failToListen, HOST, loaded } from './src/program.mjs'

const { port, contract, ...values } = begin({
  'allow-host': { type: 'string', multiple: true },
  'allow-origin': { type: 'string', multiple: true }
})
const access = readAccess(values)
const prism = await loaded(contract, loadContract)
const server = createFront(prism, line => console.error(line), { access })

server.on('error', error => failToListen(error, port, 'make mock PORT=0'))
server.listen(port, HOST, () => announce(`http://${HOST}:${server.address().port}`))

function readAccess ({ 'allow-host': hosts, 'allow-origin': origins }) {
  try {
    return new Access({ hosts, origins })
  } catch (error) {
    fail(error.message)
  }
}
